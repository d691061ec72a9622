"""Runs of the ledger, put together by method: what the results chapters compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from course_lib.ledger import Entry
from course_lib.plotting import FAMILY_COLOURS
from course_lib.results_plan import AUGMENTATIONS, method_label
from course_lib.scores import MaskScores, UprightScores
from course_lib.statistics import Interval, bootstrap_difference, bootstrap_mean

MISSED = 0.5  # an image with a lower Dice counts as missed
WHISKER = 1.5  # boxes below the lower quartile at which the box-plot rule calls an image an outlier


@dataclass(frozen=True)
class Method:
    """All runs of one method on one data set: they differ in their seed only.

    Args:
        runs: Ledger entries, sorted by seed; at least one.
        averaged: Whether the masks are averaged over the 8 symmetries of the square.
        other: Another data set, on whose images the runs are scored; empty for their own test images.
    """

    runs: tuple[Entry, ...]
    averaged: bool = False
    other: str = ""

    @property
    def label(self) -> str:
        """Family, and what was done about turned images if anything was."""
        return method_label(self.runs[0].settings) + ", averaged over 8" * self.averaged

    @property
    def rank(self) -> tuple[int, bool, int]:
        """Place in tables and figures: by family, plain first, then by what was done about turned images."""
        settings = self.runs[0].settings
        families, kinds = list(FAMILY_COLOURS), list(AUGMENTATIONS)
        return families.index(settings.family), self.averaged, kinds.index(settings.augmentation)

    @property
    def colour(self) -> str:
        """The family's colour throughout the course."""
        return FAMILY_COLOURS[self.runs[0].family]

    @property
    def augmented(self) -> bool:
        """Whether training images were turned."""
        return self.runs[0].settings.augmentation != "none"

    @property
    def masks(self) -> list[MaskScores]:
        """Scores of each run on its own test images, upright and turned."""
        scores = [run.segmentation.averaged if self.averaged else run.segmentation for run in self.runs]
        return [of_run for of_run in scores if of_run is not None]

    @property
    def upright(self) -> list[UprightScores]:
        """Scores of each run on upright images."""
        if self.other:
            return [run.segmentation.also[self.other] for run in self.runs]
        return [of_run.test for of_run in self.masks]

    @property
    def groups(self) -> dict[str, str]:
        """Group of each test image."""
        return self.upright[0].groups

    def per_image(self, what: str = "dice") -> dict[str, float]:
        """A quantity of each test image, mean over the seeds.

        Args:
            what: ``"dice"``, ``"iou"``; ``"missed"``: whether the Dice is below one half; ``"outlier"``:
                whether the Dice is an outlier by the box-plot rule among the run's test images;
                ``"agreement"``: mean over all angles.

        Raises:
            ValueError: If there is no such quantity, or it was not measured on these images.
        """
        rows = self.rows(what)
        return {image: float(np.mean([row[image] for row in rows])) for image in rows[0]}

    def rows(self, what: str = "dice") -> Sequence[Mapping[str, float]]:
        """A quantity of each test image, for each run; see ``per_image``."""
        if what == "agreement" and not self.other:
            rows = [of_run.agreement.per_image_mean for of_run in self.masks]
        elif what in QUANTITIES:
            rows = [QUANTITIES[what](of_run) for of_run in self.upright]
        else:
            raise ValueError(
                f"what must be one of {', '.join(QUANTITIES)}, or agreement on own test images; got {what!r}"
            )
        return rows

    def mean(self, what: str = "dice") -> Interval:
        """Mean over test images of a quantity, with its interval over resampled groups of images and runs."""
        return bootstrap_mean(self.rows(what), self.groups)

    def difference(self, baseline: "Method", what: str = "dice") -> Interval:
        """Mean of a quantity minus the baseline's on the same images, with its interval."""
        return bootstrap_difference(self.rows(what), baseline.rows(what), self.groups)

    @property
    def dice_per_seed(self) -> list[float]:
        """Mean Dice of each run."""
        return [of_run.dice.mean for of_run in self.upright]

    def at_angle(self, what: str) -> np.ndarray:
        """Curves over the angle, a row a seed: ``"agreement"``, its ``"floor"``, or ``"dice"``."""
        if what not in ("agreement", "dice", "floor"):
            raise ValueError(f'what must be "agreement", "dice" or "floor", got {what!r}')
        if what == "dice":
            return np.array([of_run.dice_at_angle for of_run in self.masks])
        agreements = [of_run.agreement for of_run in self.masks]
        return np.array([one.mean if what == "agreement" else one.floor for one in agreements])

    @property
    def angles_deg(self) -> list[int]:
        """Angles of ``at_angle``."""
        return self.masks[0].agreement.angles_deg

    @property
    def validation(self) -> float:
        """Validation Dice of the chosen epoch, mean over the seeds."""
        return float(np.mean([run.segmentation.validation.score for run in self.runs]))


def _missed(scores: UprightScores) -> dict[str, float]:
    return {image: float(dice < MISSED) for image, dice in scores.dice.per_image.items()}


def _outliers(scores: UprightScores) -> dict[str, float]:
    low, high = np.quantile(list(scores.dice.per_image.values()), [0.25, 0.75])
    limit = low - WHISKER * (high - low)
    return {image: float(dice < limit) for image, dice in scores.dice.per_image.items()}


QUANTITIES = {
    "dice": lambda scores: scores.dice.per_image,
    "iou": lambda scores: scores.iou.per_image,
    "missed": _missed,
    "outlier": _outliers,
}


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

    Runs of the plain family without augmentation that were also scored with averaged masks
    make a second method.

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
    together = [Method(tuple(runs)) for runs in found.values()]
    scored = [run for run in found.get(("plain", "none"), []) if run.segmentation.averaged]
    averaged = [Method(tuple(scored), averaged=True)] if scored else []
    return sorted(together + averaged, key=lambda method: method.rank)


def elsewhere(found: Sequence[Method], other: str) -> list[Method]:
    """The same methods on all images of another data set, for those that were scored there."""
    scored = [
        replace(method, other=other, runs=runs)
        for method in found
        if not method.averaged
        and (runs := tuple(run for run in method.runs if other in run.segmentation.also))
    ]
    return scored


def strongest_augmented(found: Sequence[Method]) -> Method | None:
    """The plain method that was trained on turned images and has the best *validation* Dice; None if none is.

    The choice is made on validation, so that the test images do not favour it.
    """
    candidates = [method for method in found if method.augmented and method.runs[0].family == "plain"]
    return max(candidates, key=lambda method: method.validation, default=None)
