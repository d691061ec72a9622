"""From ledger entries to the tables and figures of the results chapters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_lib.ledger import Entry
from course_lib.plotting import FAMILY_COLOURS
from course_lib.statistics import Interval, bootstrap_difference, bootstrap_mean

METHODS = {"none": "", "quarter-turns": " + quarter turns", "rotations": " + rotations"}


@dataclass(frozen=True)
class Method:
    """All runs of one method on one data set: they differ in their seed only.

    Args:
        runs: Ledger entries, sorted by seed.
    """

    runs: tuple[Entry, ...]

    @property
    def label(self) -> str:
        """Family, and augmentation if there is one."""
        return self.runs[0].family + METHODS[self.runs[0].settings.augmentation]

    @property
    def colour(self) -> str:
        """The family's colour throughout the course."""
        return FAMILY_COLOURS[self.runs[0].family]

    @property
    def augmented(self) -> bool:
        """Whether training images were turned; drawn dashed and pale."""
        return self.runs[0].settings.augmentation != "none"

    @property
    def groups(self) -> dict[str, str]:
        """Group of each test image."""
        return self.runs[0].segmentation.test.groups

    @property
    def dice_per_image(self) -> dict[str, float]:
        """Dice of each test image, mean over the seeds."""
        images = self.runs[0].segmentation.test.dice.per_image
        return {
            image: float(np.mean([run.segmentation.test.dice.per_image[image] for run in self.runs]))
            for image in images
        }

    @property
    def dice(self) -> Interval:
        """Mean Dice with its interval over resampled groups of test images."""
        return bootstrap_mean(self.dice_per_image, self.groups)

    @property
    def dice_per_seed(self) -> list[float]:
        """Mean Dice of each run."""
        return [run.segmentation.test.dice.mean for run in self.runs]

    def difference(self, baseline: "Method") -> Interval:
        """Mean Dice minus the baseline's on the same images, with its interval."""
        return bootstrap_difference(self.dice_per_image, baseline.dice_per_image, self.groups)

    def at_angle(self, what: str) -> np.ndarray:
        """Curves over the angle, a row a seed: ``"agreement"`` or ``"dice"``."""
        if what not in ("agreement", "dice"):
            raise ValueError(f'what must be "agreement" or "dice", got {what!r}')
        return np.array(
            [
                run.segmentation.agreement.mean if what == "agreement" else run.segmentation.dice_at_angle
                for run in self.runs
            ]
        )


def find_book(start: Path | None = None) -> Path:
    """The folder ``book`` of the course, found from a folder inside the checkout.

    Args:
        start: Where to begin; the current folder if not given. Its parents follow.

    Raises:
        ValueError: If neither the folder nor a parent holds ``book/ledger``.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "book" / "ledger").is_dir():
            return folder / "book"
    raise ValueError(f"no folder book/ledger in {start} or above it; start in a checkout of the course")


def methods(entries: Sequence[Entry]) -> list[Method]:
    """Runs of one data set, put together by method; plain ones first.

    Raises:
        ValueError: If the runs differ in more than family, widths, augmentation and seed.
    """
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.seed):
        found.setdefault((entry.family, entry.settings.augmentation), []).append(entry)
    free = {"family", "widths", "augmentation", "seed"}
    common = {entry.settings.model_dump_json(exclude=free) for entry in entries}
    if len(common) > 1:
        raise ValueError(
            f"to be compared, runs must differ only in {', '.join(sorted(free))}; got {len(common)} kinds: "
            "filter them"
        )
    order = list(FAMILY_COLOURS)
    keys = sorted(found, key=lambda key: (order.index(key[0]), list(METHODS).index(key[1])))
    return [Method(tuple(found[key])) for key in keys]


def results_table(found: Sequence[Method]) -> str:
    """Results of one data set as a Markdown table; the first method is the baseline.

    Scores are means over images. Intervals, in brackets, are 95 % over resampled groups of
    test images. Minutes are wall-clock time of one training run.
    """
    rows = [
        "| method | Dice | each seed | against the first | agreement at 45°, 90° | parameters, M | minutes |",
        "|---" * 7 + "|",
    ]
    for method in found:
        angles = method.runs[0].segmentation.agreement.angles_deg
        agreement = method.at_angle("agreement").mean(axis=0)
        at = {angle: f"{agreement[angles.index(angle)]:.3f}" for angle in (45, 90)}
        difference = "" if method is found[0] else _interval(method.difference(found[0]), sign="+")
        minutes = np.mean([run.seconds for run in method.runs]) / 60
        rows.append(
            f"| {method.label} | {_interval(method.dice)} "
            f"| {', '.join(f'{dice:.3f}' for dice in method.dice_per_seed)} "
            f"| {difference} | {at[45]}, {at[90]} | {method.runs[0].parameters / 1e6:.3f} | {minutes:.1f} |"
        )
    return "\n".join(rows)


def _interval(value: Interval, *, sign: str = "") -> str:
    return f"{value.mean:{sign}.3f} ({value.low:{sign}.2f} to {value.high:{sign}.2f})"


def plot_over_angle(
    found: Sequence[Method], what: str, *, floor: bool = False, ax: Axes | None = None
) -> Axes:
    """Agreement or Dice against the angle: mean over seeds, the band from lowest to highest seed.

    Args:
        found: Methods to compare.
        what: ``"agreement"`` or ``"dice"``.
        floor: Whether to draw what interpolation alone allows; for the agreement.
        ax: Where to draw.
    """
    ax = ax or plt.subplots()[1]
    first = found[0].runs[0].segmentation.agreement
    if floor:
        ax.plot(first.angles_deg, first.floor, color="black", linestyle=":", label="interpolation alone")
    for method in found:
        curves = method.at_angle(what)
        style = "--" if method.augmented else "-"
        ax.plot(first.angles_deg, curves.mean(axis=0), style, color=method.colour, label=method.label)
        ax.fill_between(
            first.angles_deg, curves.min(axis=0), curves.max(axis=0), color=method.colour, alpha=0.2
        )
    ax.set(xlabel="angle of the image (degrees)", ylabel=f"{what.capitalize()}, mean over images")
    ax.set_xticks(range(0, 361, 90))
    ax.legend(fontsize=9)
    return ax


def plot_boxes(found: Mapping[str, Sequence[Method]], *, ax: Axes | None = None) -> Axes:
    """Box plots of the Dice of each test image, mean over seeds, side by side for each data set.

    Boxes hold the middle half, the line is the median, whiskers reach 1.5 times the box,
    and every image beyond is a point.

    Args:
        found: Methods of each data set, by its title.
        ax: Where to draw.
    """
    ax = ax or plt.subplots()[1]
    place, middles = 0.0, []
    for column in found.values():
        start = place
        for method in column:
            box = ax.boxplot(
                list(method.dice_per_image.values()),
                positions=[place],
                widths=0.7,
                patch_artist=True,
                flierprops={"marker": ".", "markersize": 4},
                medianprops={"color": "black"},
                manage_ticks=False,
            )
            box["boxes"][0].set(facecolor=method.colour, alpha=_opacity(method))
            place += 1
        middles.append((start + place - 1) / 2)
        place += 1
    ax.set_xticks(middles, list(found))
    for method in max(found.values(), key=len):
        ax.bar(0, 0, color=method.colour, alpha=_opacity(method), label=method.label)
    ax.set(ylabel="Dice of each test image", ylim=(-0.02, 1.02))
    ax.grid(False, axis="x")
    ax.legend(fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    return ax


def _opacity(method: Method) -> float:
    return 0.3 if method.augmented else 0.75


def ledger_table(entries: Sequence[Entry], *, address: str) -> str:
    """All runs as a Markdown table, each name a link to its entry.

    Args:
        entries: Ledger entries.
        address: Address of the folder that holds them.
    """
    rows = [
        "| run | Dice | agreement at 45° | parameters, M | epoch | minutes | MB | data |",
        "|---" * 8 + "|",
    ]
    for entry in entries:
        agreement = entry.segmentation.agreement
        at_45 = agreement.mean[agreement.angles_deg.index(45)]
        rows.append(
            f"| [{entry.name.replace('_', ' ')}]({address}/{entry.name}.json) "
            f"| {entry.segmentation.test.dice.mean:.3f} | {at_45:.3f} | {entry.parameters / 1e6:.3f} "
            f"| {entry.scores.validation.epoch} of {entry.settings.epochs} | {entry.seconds / 60:.1f} "
            f"| {entry.peak_memory_mb:,.0f} | `{entry.data_sha256[:8]}` |"
        )
    return "\n".join(rows)
