"""From ledger entries of moving particles to the table, the figure and the comparisons of their chapter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course_lib.data.particles import SETS
from course_lib.ledger import Entry
from course_lib.results_plan import AUGMENTATIONS, by_label, method_label
from course_lib.results_tables import interval, number, table
from course_lib.scores import Foresight
from course_lib.statistics import Interval, bootstrap_difference, bootstrap_mean
from course_lib.verdicts import verdict

COLOURS = {
    "graph": "#6b6b6b",
    "egnn": "#0072B2",
    "vectors": "#D55E00",
    "quadrupoles": "#8B3A00",
    "lie-t3": "#CC79A7",
    "lie-se3": "#009E73",
}
DRAWS = 1000
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # of the error
FREE = {"family", "widths", "augmentation", "seed"}  # in what compared runs may differ


@dataclass(frozen=True)
class MotionMethod:
    """All runs of one method on one number of training sets: they differ in their seed only.

    Args:
        runs: Ledger entries, sorted by seed; at least one.
    """

    runs: tuple[Entry, ...]

    @property
    def label(self) -> str:
        """Family, and augmentation if there is one."""
        return method_label(self.runs[0].settings)

    @property
    def rank(self) -> tuple[int, int]:
        """Place in tables and figures: by family, without augmentation first."""
        settings = self.runs[0].settings
        return list(COLOURS).index(settings.family), list(AUGMENTATIONS).index(settings.augmentation)

    @property
    def colour(self) -> str:
        """The family's colour."""
        return COLOURS[self.runs[0].family]

    @property
    def straight(self) -> float:
        """Mean squared error on the test sets if every particle just went on."""
        return self.runs[0].motion.straight

    def errors(self, *, turned: bool = False) -> list[float]:
        """Mean squared error of each run, on the test sets as they are or each turned by its own rotation."""
        return [self._foresight(run, turned).mse for run in self.runs]

    def errors_of_turn(self) -> list[float]:
        """Relative error of each run between turning before and turning after."""
        return [run.motion.error_of_turn for run in self.runs]

    def rows(self, *, turned: bool = False) -> list[dict[str, float]]:
        """Squared error of each test set, for each run."""
        found = [self._foresight(run, turned).per_set for run in self.runs]
        return [{str(place): error for place, error in enumerate(row)} for row in found]

    def mean(self, *, turned: bool = False) -> Interval:
        """Mean squared error with its 95 % interval over drawn test sets and runs."""
        rows = self.rows(turned=turned)
        return bootstrap_mean(rows, {name: name for name in rows[0]}, draws=DRAWS)

    def gain(self, baseline: "MotionMethod") -> Interval:
        """By how much the baseline's error is larger on the same test sets, with its 95 % interval."""
        rows = self.rows()
        return bootstrap_difference(baseline.rows(), rows, {name: name for name in rows[0]}, draws=DRAWS)

    def _foresight(self, run: Entry, turned: bool) -> Foresight:
        return run.motion.turned if turned else run.motion.foresight


@dataclass(frozen=True)
class Comparison:
    """The claim that one method errs less than another.

    Args:
        better: Label of the method that is said to err less.
        baseline: Label of the other.
        sets: Training sets of the first.
        baseline_sets: Training sets of the other; as many if not given.
    """

    better: str
    baseline: str
    sets: int
    baseline_sets: int | None = None


Found = Mapping[int, Sequence[MotionMethod]]


def by_size(entries: Sequence[Entry]) -> dict[int, list[MotionMethod]]:
    """Runs put together by method, for each number of training sets, the smallest first.

    Raises:
        ValueError: If runs with the same number of training sets differ in more than ``FREE``.
    """
    runs: dict[int, dict[str, list[Entry]]] = {}
    kinds: dict[int, set[str]] = {}
    for entry in sorted(entries, key=lambda entry: entry.seed):
        sets = round(entry.settings.fraction * SETS[entry.data][0])
        kinds.setdefault(sets, set()).add(entry.settings.model_dump_json(exclude=FREE))
        runs.setdefault(sets, {}).setdefault(method_label(entry.settings), []).append(entry)
    if mixed := [sets for sets, found in kinds.items() if len(found) > 1]:
        raise ValueError(
            f"runs on equally many sets must differ only in {', '.join(sorted(FREE))}; got more than one "
            f"kind with {mixed[0]} sets: filter them"
        )
    found = {sets: [MotionMethod(tuple(of)) for of in methods.values()] for sets, methods in runs.items()}
    return {sets: sorted(found[sets], key=lambda method: method.rank) for sets in sorted(found)}


def errors_table(found: Sequence[MotionMethod]) -> str:
    """Errors and costs of methods with equally many training sets, as a Markdown table.

    Errors are means over test sets and runs, with their interval; the error of a turn is the largest of
    the runs; seconds are the middle value over the runs.
    """
    header = [
        "network",
        "seeds",
        "MSE",
        "each seed",
        "MSE, turned",
        "error of a turn",
        "parameters",
        "s an epoch",
    ]
    rows = []
    for method in found:
        seconds = np.median([run.seconds / run.settings.epochs for run in method.runs])
        rows.append(
            [
                method.label,
                str(len(method.runs)),
                interval(method.mean(), digits=4),
                ", ".join(number(error, 4) for error in method.errors()),
                number(float(np.mean(method.errors(turned=True))), 4),
                f"{max(method.errors_of_turn()):.0e}",
                f"{method.runs[0].parameters:,}",
                number(float(seconds), 1),
            ]
        )
    return table(header, rows)


def compared(found: Found, claim: Comparison) -> Interval | None:
    """By how much the baseline's error is larger; None if one of the two has no runs."""
    better = by_label(found.get(claim.sets, ())).get(claim.better)
    baseline = by_label(found.get(claim.baseline_sets or claim.sets, ())).get(claim.baseline)
    return None if better is None or baseline is None else better.gain(baseline)


def comparisons_table(found: Found, claims: Sequence[Comparison]) -> str:
    """Claims with what was measured and the verdict, as a Markdown table."""
    rows = []
    for claim in claims:
        gain = compared(found, claim)
        sets = f"{claim.sets:,}"
        if claim.baseline_sets is not None:
            sets += f" against {claim.baseline_sets:,}"
        measured = "not measured" if gain is None else interval(gain, digits=4, sign=True)
        rows.append([f"{claim.better} errs less than {claim.baseline}", sets, measured, verdict(gain).value])
    return table(["claim", "training sets", "error that is saved", "verdict"], rows)


def plot_errors(found: Found, *, ax: Axes | None = None) -> Axes:
    """Error against the number of training sets, both axes logarithmic, with intervals.

    A dotted line is the error of going straight on.

    Args:
        found: Methods for each number of training sets.
        ax: Where to draw.
    """
    ax = ax or plt.subplots()[1]
    ranked = sorted((method.rank, method.label) for methods in found.values() for method in methods)
    labels = dict.fromkeys(label for _, label in ranked)
    for place, label in enumerate(labels):
        points = [
            (sets, by_label(methods)[label]) for sets, methods in found.items() if label in by_label(methods)
        ]
        errors = [method.mean() for _, method in points]
        ends = [[e.mean - e.low for e in errors], [e.high - e.mean for e in errors]]
        beside = [sets * 1.02 ** (place - len(labels) / 2) for sets, _ in points]
        style = "--" if " + " in label else "-"
        colour = points[0][1].colour
        means = [e.mean for e in errors]
        ax.errorbar(beside, means, ends, fmt="o" + style, ms=4, capsize=3, color=colour, label=label)
    if found:
        straight = next(iter(found.values()))[0].straight
        ax.axhline(straight, color="black", ls=":", lw=1, label="straight on")
    ax.set(xscale="log", yscale="log", xlabel="training sets", ylabel="mean squared error")
    ax.minorticks_off()
    ax.set_xticks(list(found), [f"{sets:,}" for sets in found])
    low, high = ax.get_ylim()
    ticks = [tick for tick in TICKS if low <= tick <= high]
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    return ax
