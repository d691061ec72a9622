"""Tables of the results chapters, as Markdown."""

from collections.abc import Mapping, Sequence

import numpy as np

from course_lib.results import Method
from course_lib.results_classes import multiply_adds
from course_lib.results_plan import by_label
from course_lib.statistics import Interval

SYMMETRIES = 8  # of the square: so many forward passes make one averaged mask


def number(value: float, digits: int = 3, *, sign: bool = False) -> str:
    """A number as text, with a minus that is as long as a plus.

    Example:
        >>> number(-0.0456, sign=True)
        '−0.046'
    """
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def interval(value: Interval, *, digits: int = 3, sign: bool = False) -> str:
    """A mean and, in brackets, its interval.

    Example:
        >>> interval(Interval(0.5, 0.4, 0.6), digits=1)
        '0.5 (0.4 to 0.6)'
    """
    mean, low, high = (number(part, digits, sign=sign) for part in (value.mean, value.low, value.high))
    return f"{mean} ({low} to {high})"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def results_table(found: Sequence[Method]) -> str:
    """Scores of one data set.

    Dice and IoU are means over test images, in brackets with their 95 % interval over resampled
    groups of images. Agreement is the mean over images and seeds.
    """
    header = ["method", "Dice", "each seed", "IoU", "agreement at 45°", "at 90°", "parameters, M"]
    return table(
        header,
        [
            [
                method.label,
                interval(method.mean()),
                ", ".join(number(dice) for dice in method.dice_per_seed),
                number(method.mean("iou").mean),
                *(number(_at(method, angle)) for angle in (45, 90)),
                number(method.runs[0].parameters / 1e6),
            ]
            for method in found
        ],
    )


def _at(method: Method, angle: int) -> float:
    return float(method.at_angle("agreement").mean(axis=0)[method.angles_deg.index(angle)])


def difference_table(found: Sequence[Method], baselines: Sequence[Method], what: str = "dice") -> str:
    """What each method gains over each baseline, paired over the test images, with its interval."""
    return table(
        ["method", *(f"minus *{baseline.label}*" for baseline in baselines)],
        [
            [
                method.label,
                *(
                    "" if method == baseline else interval(method.difference(baseline, what), sign=True)
                    for baseline in baselines
                ),
            ]
            for method in found
        ],
    )


def failure_table(found: Sequence[Method]) -> str:
    """How often a method fails outright: shares of the test images in percent, mean over seeds.

    *Missed* are images with a Dice below one half, *outliers* those below the whisker of the
    run's box plot, *empty* those without a marked pixel. The last column is the mean Dice of
    the worst tenth of the images.
    """
    return table(
        ["method", "missed, %", "outliers, %", "empty, %", "Dice of the worst tenth"],
        [
            [
                method.label,
                interval(_percent(method.mean("missed")), digits=1),
                interval(_percent(method.mean("outlier")), digits=1),
                number(100 * float(np.mean([scores.empty for scores in method.upright])), 1),
                number(_worst_tenth(method)),
            ]
            for method in found
        ],
    )


def _percent(share: Interval) -> Interval:
    return Interval(100 * share.mean, 100 * share.low, 100 * share.high)


def _worst_tenth(method: Method) -> float:
    ordered = [np.sort(list(scores.dice.per_image.values())) for scores in method.upright]
    return float(np.mean([dice[: max(1, len(dice) // 10)].mean() for dice in ordered]))


def comparison_table(columns: Mapping[str, Sequence[Method]], *, baseline: str = "plain") -> str:
    """Dice under several conditions side by side, and beside each what is gained over a baseline.

    Args:
        columns: Methods under each condition, by its title; not every method need be everywhere.
        baseline: Label of the method to compare with.
    """
    header = ["method", *(text for title in columns for text in (f"{title}: Dice", f"minus *{baseline}*"))]
    rows = []
    for label in union(columns):
        row = [label]
        for found in map(by_label, columns.values()):
            gains = label in found and baseline in found and label != baseline
            row.append(interval(found[label].mean()) if label in found else "not run")
            row.append(interval(found[label].difference(found[baseline]), sign=True) if gains else "")
        rows.append(row)
    return table(header, rows)


def union(columns: Mapping[str, Sequence[Method]]) -> list[str]:
    """Labels of all methods of several data sets or conditions, each once, in the usual order."""
    ranks = {method.label: method.rank for found in columns.values() for method in found}
    return sorted(ranks, key=lambda label: ranks[label])


def cost_table(found: Sequence[Method]) -> str:
    """What each method costs.

    Multiply-adds are for the mask of one image. Seconds are wall-clock time of one epoch,
    validation included; they and the memory are those of the seed that was quickest.
    """
    rows = []
    for method in found:
        quickest = min(method.runs, key=lambda run: run.seconds)
        passes = SYMMETRIES if method.averaged else 1
        rows.append(
            [
                method.label,
                f"{quickest.parameters:,}",
                number(passes * multiply_adds(quickest.settings) / 1e6, 0),
                number(quickest.seconds / quickest.settings.epochs, 1),
                number(quickest.peak_memory_mb, 0),
            ]
        )
    return table(["method", "parameters", "multiply-adds, M", "seconds an epoch", "memory, MB"], rows)
