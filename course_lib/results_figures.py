"""Figures of the results chapters: methods in, Axes out."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_lib.results import Method
from course_lib.results_plan import by_label
from course_lib.results_tables import union

Panels = Sequence[Axes] | np.ndarray
LINES = {"none": "-", "quarter-turns": "--", "rotations": "-."}
HATCHES = {"none": "", "quarter-turns": "///", "rotations": "xxx"}


def line_style(method: Method) -> str:
    """Solid; dashed for augmentation; dotted for averaged masks."""
    return ":" if method.averaged else LINES[method.runs[0].settings.augmentation]


def face(method: Method) -> dict[str, Any]:
    """Fill of a box: the family's colour, pale and hatched if something was done about turned images."""
    hatch = "..." if method.averaged else HATCHES[method.runs[0].settings.augmentation]
    return {"facecolor": method.colour, "alpha": 0.35 if hatch else 0.75, "hatch": hatch}


def plot_over_angle(
    found: Sequence[Method], what: str, *, floor: bool = False, ax: Axes | None = None
) -> Axes:
    """Agreement or Dice against the angle: mean over seeds, the band from lowest to highest seed.

    The curves are closed: the value at 360 degrees is that at 0.

    Args:
        found: Methods to compare.
        what: ``"agreement"`` or ``"dice"``.
        floor: Whether to draw what interpolation alone allows; for the agreement.
        ax: Where to draw.
    """
    ax = ax or plt.subplots()[1]
    if floor and found:
        of_masks = found[0].at_angle("floor")[0]
        angles = [*found[0].angles_deg, 360]
        ax.plot(angles, [*of_masks, of_masks[0]], color="black", lw=1, label="interpolation alone")
    for method in found:
        curves = method.at_angle(what)
        mean, low, high = ([*row, row[0]] for row in (curves.mean(0), curves.min(0), curves.max(0)))
        angles = [*method.angles_deg, 360]
        ax.plot(angles, mean, line_style(method), color=method.colour, label=method.label)
        ax.fill_between(angles, low, high, color=method.colour, alpha=0.2, lw=0)
    ax.set(xlabel="angle of the image (degrees)", ylabel=f"{what.capitalize()}, mean over images")
    ax.set_xticks(range(0, 361, 90))
    return ax


def plot_boxes(found: Mapping[str, Sequence[Method]], axes: Panels) -> None:
    """Box plots of the Dice of each test image, mean over seeds: a panel a data set, a row a method.

    Boxes hold the middle half, the line is the median, whiskers reach 1.5 times the box,
    and every image beyond is a point.

    Args:
        found: Methods of each data set, by its title.
        axes: Where to draw, one for each data set.
    """
    for place, method, ax in _rows(found, axes):
        box = ax.boxplot(
            list(method.per_image().values()),
            positions=[place],
            widths=0.65,
            orientation="horizontal",
            patch_artist=True,
            flierprops={"marker": ".", "markersize": 4, "markeredgecolor": "#333333"},
            medianprops={"color": "black"},
            manage_ticks=False,
        )
        box["boxes"][0].set(**face(method))
    for ax in axes:
        ax.set(xlabel="Dice of each test image", xlim=(-0.03, 1.03))


def plot_forest(
    found: Mapping[str, Sequence[Method]],
    axes: Panels,
    *,
    baseline: str = "plain",
    what: str = "dice",
) -> None:
    """What each method gains over a baseline, with intervals: a panel a data set, a row a method.

    Args:
        found: Methods of each data set, by its title; the baseline itself is not drawn.
        axes: Where to draw, one for each data set.
        baseline: Label of the method to compare with.
        what: Quantity of ``Method.per_image``.
    """
    others = {
        title: [method for method in of_set if method.label != baseline] for title, of_set in found.items()
    }
    references = [by_label(of_set).get(baseline) for of_set in found.values()]
    reference = dict(zip(axes, references, strict=True))
    for place, method, ax in _rows(others, axes):
        against = reference[ax]
        if against is None:
            continue
        gain = method.difference(against, what)
        reach = [[gain.mean - gain.low], [gain.high - gain.mean]]
        filled = method.colour if line_style(method) == "-" else "white"
        ax.errorbar(
            gain.mean, place, xerr=reach, fmt="o", color=method.colour, markerfacecolor=filled, capsize=3
        )
    for ax in axes:
        ax.axvline(0, color="black", lw=1)
        ax.set_xlabel(f"{what.capitalize()} minus that of {baseline}")


def _rows(found: Mapping[str, Sequence[Method]], axes: Panels) -> list[tuple[int, Method, Axes]]:
    """Place from the top, method and panel of all that is to be drawn; titles and names are written."""
    labels = union(found)
    for ax, title in zip(axes, found, strict=True):
        ax.set_title(title)
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.grid(False, axis="y")
    for ax in axes[1:]:
        ax.tick_params(labelleft=False)
    return [
        (labels.index(method.label), method, ax)
        for ax, of_set in zip(axes, found.values(), strict=True)
        for method in of_set
    ]


def plot_over_fraction(found: Mapping[float, Sequence[Method]], *, ax: Axes | None = None) -> Axes:
    """Dice against the share of the training images: mean with its interval, and a point a seed.

    Args:
        found: Methods by share; those with a single share are left out.
        ax: Where to draw.
    """
    ax = ax or plt.subplots()[1]
    for label in union({str(share): of_share for share, of_share in found.items()}):
        shares = sorted(share for share, of_share in found.items() if label in by_label(of_share))
        if len(shares) < 2:
            continue
        runs = [by_label(found[share])[label] for share in shares]
        means = [method.mean() for method in runs]
        colour, percent = runs[0].colour, [100 * share for share in shares]
        ax.plot(percent, [mean.mean for mean in means], line_style(runs[0]), color=colour, label=label)
        low, high = [mean.low for mean in means], [mean.high for mean in means]
        ax.fill_between(percent, low, high, color=colour, alpha=0.15, lw=0)
        for x, method in zip(percent, runs, strict=True):
            ax.plot([x] * len(method.runs), method.dice_per_seed, ".", color=colour, markersize=5)
    ax.set_xscale("log")
    ticks = [100 * share for share in sorted(found)]
    ax.set_xticks(ticks, [f"{tick:g} %" for tick in ticks])
    ax.minorticks_off()
    ax.set(xlabel="share of the training images", ylabel="Dice, mean over test images")
    return ax
