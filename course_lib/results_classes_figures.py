"""Tables and figures of the chapters on classification, from methods that were put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_lib.plotting import FAMILY_COLOURS
from course_lib.results_classes import ORDER, ClassMethod, multiply_adds
from course_lib.results_plan import by_label
from course_lib.statistics import Interval
from course_lib.verdicts import Verdict, verdict

COLOURS = {
    **FAMILY_COLOURS,
    **{"sre-smooth": FAMILY_COLOURS["sre"], "sre-hard": "#7A1F5C"},
    # These never stand beside the families on the grid whose colours they share.
    **{"lie-t2": "#E69F00", "lie-so2": "#009E73", "lie-se2": "#D55E00"},
}


@dataclass(frozen=True)
class Claim:
    """A claim and what was measured about it.

    Args:
        text: The claim.
        data: Data set, or what else it was tested on.
        measured: Difference, above zero if the claim holds; None if it could not be measured.
        percent: Whether it counts percent; otherwise it is a difference of shares, shown in points.
    """

    text: str
    data: str
    measured: Interval | None
    percent: bool = False


def scores_table(found: Sequence[ClassMethod]) -> str:
    """Scores of one data set as a Markdown table: mean over seeds, and the range of the seeds.

    Turned means inside the disc, mean over all angles, and over all axes of volumes.
    """
    rows = [
        "| method | seeds | AUC | accuracy | AUC, turned | accuracy, turned | same answer |",
        "|---" * 7 + "|",
    ]
    for method in found:
        columns = [method.upright("auc"), method.upright("accuracy")]
        columns += [method.turned(what) for what in ("auc", "accuracy", "agreement")]
        cells = " | ".join(spread(values) for values in columns)
        rows.append(f"| {method.label} | {len(method.runs)} | {cells} |")
    return "\n".join(rows)


def spread(values: np.ndarray) -> str:
    """Mean, and in brackets the lowest and the highest; the mean alone if there is one value."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{values.mean():.3f} ({values.min():.2f} to {values.max():.2f})"


def cost_table(found: Sequence[ClassMethod]) -> str:
    """What each method costs, as a Markdown table.

    Multiply-adds are those of one image, with all kernels written out as ordinary ones.
    Seconds and memory are the middle values over the runs.
    """
    rows = ["| method | parameters | multiply-adds, M | seconds an epoch | memory, MB |", "|---" * 5 + "|"]
    for method in found:
        seconds = np.median([run.seconds / run.settings.epochs for run in method.runs])
        memory = np.median([run.peak_memory_mb for run in method.runs])
        first = method.runs[0]
        rows.append(
            f"| {method.label} | {first.parameters:,} | {multiply_adds(first.settings) / 1e6:.1f} "
            f"| {seconds:.1f} | {memory:,.0f} |"
        )
    return "\n".join(rows)


def measured(value: Interval | None, *, percent: bool = False) -> str:
    """A difference with its interval, in points (hundredths), or in percent as it is."""
    if value is None:
        return "not measured"
    scale, unit = (1, " %") if percent else (100, "")
    mean, low, high = (f"{scale * number:+.1f}" for number in (value.mean, value.low, value.high))
    return f"{mean}{unit}" if value.low == value.high else f"{mean} ({low} to {high}){unit}"


def claims_table(claims: Sequence[Claim]) -> str:
    """Claims with what was measured and the verdict, as a Markdown table."""
    rows = ["| claim | data | measured | verdict |", "|---|---|---|---|"]
    for claim in claims:
        found = measured(claim.measured, percent=claim.percent)
        rows.append(f"| {claim.text} | {claim.data} | {found} | {verdict(claim.measured).value} |")
    return "\n".join(rows)


def verdicts_in_words(measured: Mapping[str, Interval | None]) -> str:
    """How many data sets led to which verdict.

    Args:
        measured: Difference on each data set, above zero if the claim holds there.

    Example:
        >>> verdicts_in_words({"a": Interval(2.0, 1.0, 3.0), "b": None})
        'confirmed on 1, not testable here on 1 of 2 sets'
    """
    reached = [verdict(value) for value in measured.values()]
    words = [f"{kind.value} on {reached.count(kind)}" for kind in Verdict if kind in reached]
    return f"{', '.join(words)} of {len(reached)} sets" if words else "no runs yet"


def points_table(
    found: Mapping[str, Sequence[ClassMethod]], value: Callable[[ClassMethod], np.ndarray], *, sign: str = "+"
) -> str:
    """One number for each data set (rows) and method (columns) as a Markdown table, in points.

    Args:
        found: Methods of each data set, by its title.
        value: From a method to a number for each seed, of which the mean is shown.
        sign: Format of the sign.
    """
    labels = list(dict.fromkeys(method.label for methods in found.values() for method in methods))
    labels.sort(key=lambda label: ORDER.index(label.split(" + ")[0]))
    rows = [f"| data | {' | '.join(labels)} |", "|---" * (len(labels) + 1) + "|"]
    for title, methods in found.items():
        named = by_label(methods)
        cells = (
            f"{100 * value(named[label]).mean():{sign}.1f}" if label in named else "" for label in labels
        )
        rows.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def ranking_table(found: Mapping[str, Sequence[ClassMethod]]) -> str:
    """Methods of each data set by their mean AUC, the best first; upright, and turned."""
    rows = ["| data | upright | turned |", "|---|---|---|"]
    for title, methods in found.items():
        scores = [{m.label: m.upright("auc").mean() for m in methods}]
        scores.append({m.label: m.turned("auc").mean() for m in methods})
        orders = (sorted(of, key=of.__getitem__, reverse=True) for of in scores)
        cells = (
            ", ".join(f"{label} {of[label]:.2f}" for label in order)
            for of, order in zip(scores, orders, strict=True)
        )
        rows.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def plot_turned(
    found: Sequence[ClassMethod], what: str, *, axis: str | None = None, ax: Axes | None = None
) -> Axes:
    """A score over the angle: mean over seeds, the band from the lowest to the highest seed.

    Args:
        found: Methods of one data set.
        what: ``"auc"``, ``"accuracy"`` or ``"agreement"``.
        axis: Axis of the turn; the mean over all axes if not given.
        ax: Where to draw.
    """
    ax = ax or plt.subplots()[1]
    for method in found:
        curves, colour = method.over_angle(what, axis), COLOURS[method.family]
        style = "--" if method.augmented else "-"
        ax.plot(method.angles_deg, curves.mean(axis=0), style, color=colour, label=method.label)
        ax.fill_between(
            method.angles_deg, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, lw=0
        )
    ax.set(xlabel="angle (degrees)", ylabel={"auc": "AUC"}.get(what, what), xticks=range(0, 361, 90))
    return ax


def plot_dumbbells(found: Mapping[str, Sequence[ClassMethod]], what: str, *, ax: Axes | None = None) -> Axes:
    """Upright (ring) against turned (dot) for every method of every data set; both inside the disc.

    Large marks are means over seeds; small ones are the seeds, turned.

    Args:
        found: Methods of each data set, by its title.
        what: ``"auc"`` or ``"accuracy"``.
        ax: Where to draw.
    """
    rows = [(title, method) for title, methods in found.items() for method in methods]
    ax = ax or plt.subplots(figsize=(6.4, 0.6 + 0.26 * (len(rows) + len(found))))[1]
    places, names, place = [], [], 0.0
    for title, methods in found.items():
        places.append(place)
        names.append(title)
        for method in methods:
            place += 1
            upright, turned = method.over_angle(what)[:, 0].mean(), method.turned(what)
            colour, style = COLOURS[method.family], "--" if method.augmented else "-"
            ax.plot([upright, turned.mean()], [place, place], style, color=colour, lw=2)
            ax.plot(upright, place, "o", ms=8, color=colour, mfc="white", mew=1.6)
            ax.plot(turned.mean(), place, "o", ms=8, color=colour)
            ax.plot(turned, np.full(len(turned), place), "|", ms=7, color="black", mew=0.8)
            places.append(place)
            names.append(method.label)
        place += 1.4
    ax.set_yticks(places, names)
    for label in ax.get_yticklabels():
        if label.get_text() in found:
            label.set_fontweight("bold")
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.set(xlabel={"auc": "AUC"}.get(what, what))
    return ax


def plot_error_against_cost(found: Sequence[ClassMethod], *, ax: Axes | None = None) -> Axes:
    """Error on upright images against the multiply-adds of one image: large dots are means, small ones seeds.

    Args:
        found: Methods of one data set.
        ax: Where to draw.
    """
    ax = ax or plt.subplots()[1]
    for method in found:
        millions = multiply_adds(method.runs[0].settings) / 1e6
        errors, colour = 100 * (1 - method.upright("accuracy")), COLOURS[method.family]
        ax.plot(millions, errors.mean(), "o", color=colour, ms=10, alpha=0.7, label=method.label)
        ax.plot(np.full(len(errors), millions), errors, ".", color=colour, ms=6)
    ax.set(xscale="log", xlabel="million multiply-adds for one image", ylabel="test error, %")
    return ax
