"""From ledger entries of classifiers to what the results chapters compare."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch.utils.flop_counter import FlopCounterMode

from course_lib.config import Settings
from course_lib.ledger import Entry
from course_lib.results_plan import AUGMENTATIONS, by_label, family_label, method_label
from course_lib.statistics import Interval
from course_lib.weights import build_model

ORDER = (
    *("plain", "p4", "p4m", "se2-8", "se2-12", "se2-16", "steerable-12", "steerable-so2"),
    *("e2cnn-12", "e2cnn-so2", "sre", "sre-hard", "sre-smooth", "p4-attention"),
    *("lie-t2", "lie-so2", "lie-se2"),
)
DRAWS = 2000
CHUNK = 250  # resamples at once
Scorer = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ClassMethod:
    """All runs of one method on one data set: they differ in their seed only.

    Args:
        runs: Ledger entries, sorted by seed.
    """

    runs: tuple[Entry, ...]

    @property
    def family(self) -> str:
        """Family, without regard to the number of axes."""
        return family_label(self.runs[0].settings)

    @property
    def label(self) -> str:
        """Family, and augmentation if there is one."""
        return method_label(self.runs[0].settings)

    @property
    def augmented(self) -> bool:
        """Whether training images were turned."""
        return self.runs[0].settings.augmentation != "none"

    @property
    def seeds(self) -> list[int]:
        """Seeds of the runs that there are."""
        return [run.seed for run in self.runs]

    @property
    def axes(self) -> list[str]:
        """Axes about which the images were turned."""
        return list(self.runs[0].classification.turned)

    @property
    def angles_deg(self) -> list[int]:
        """Angles at which the images were scored."""
        return self.runs[0].classification.turned[self.axes[0]].angles_deg

    def with_seeds(self, seeds: Sequence[int]) -> "ClassMethod":
        """The same method with these of its seeds only."""
        return ClassMethod(tuple(run for run in self.runs if run.seed in seeds))

    def upright(self, what: str) -> Float[np.ndarray, " seed"]:
        """``"auc"`` or ``"accuracy"`` of each run on the upright images."""
        return np.array([getattr(run.classification.test, what) for run in self.runs])

    def over_angle(self, what: str, axis: str | None = None) -> Float[np.ndarray, "seed angle"]:
        """``"auc"``, ``"accuracy"`` or ``"agreement"`` of each run at each angle, inside the disc.

        Args:
            what: Name of the score.
            axis: Axis of the turn; the mean over all axes if not given.
        """
        axes = self.axes if axis is None else [axis]
        return np.array(
            [
                np.mean([getattr(run.classification.turned[one], what) for one in axes], axis=0)
                for run in self.runs
            ]
        )

    def turned(self, what: str) -> Float[np.ndarray, " seed"]:
        """Mean over all angles, and over the axes of a volume, of each run; 0 degrees is one of them."""
        return self.over_angle(what).mean(axis=1)

    def flipped(self, what: str) -> Float[np.ndarray, " seed"]:
        """Mean over the mirrored copies of the test set, of each run."""
        flips = [run.classification.flipped.values() for run in self.runs]
        return np.array([np.mean([getattr(one, what) for one in of_run]) for of_run in flips])

    @property
    def n_images(self) -> int:
        """Number of test images."""
        return len(self.runs[0].classification.test.labels)

    def correct(self, *, turned: bool = False) -> Float[np.ndarray, "run image"]:
        """How right each test image is in each run, from 0 to 1; the mean over angles if turned."""
        rows = []
        for run in self.runs:
            scores = run.classification
            if turned:
                rows.append(np.mean([one.correct for one in scores.turned.values()], axis=0))
            else:
                right = np.equal(scores.test.labels, scores.test.answers)
                rows.append(right.mean(axis=1) if right.ndim == 2 else right)
        return np.array(rows, dtype=float)


def class_methods(entries: Sequence[Entry]) -> list[ClassMethod]:
    """Runs of one data set, put together by method; plain ones first.

    Raises:
        ValueError: If the runs differ in more than family, widths, augmentation and seed.
    """
    free = {"family", "widths", "augmentation", "seed"}
    kinds = {entry.settings.model_dump_json(exclude=free) for entry in entries}
    if len(kinds) > 1:
        raise ValueError(
            f"to be compared, runs must differ only in {', '.join(sorted(free))}; got {len(kinds)} kinds: "
            "filter them"
        )
    found: dict[tuple[int, int], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.seed):
        place = ORDER.index(family_label(entry.settings))
        found.setdefault((place, list(AUGMENTATIONS).index(entry.settings.augmentation)), []).append(entry)
    return [ClassMethod(tuple(found[key])) for key in sorted(found)]


def difference(
    methods: Mapping[str, ClassMethod], better: str, baseline: str, what: str, *, draws: int = DRAWS
) -> Interval | None:
    """Score minus the baseline's on the same test images, with a 95 % bootstrap interval.

    Only seeds that both have are compared, and the scores are means over them. The interval
    speaks of test images and of seeds that might have been others.

    Args:
        methods: Methods of one data set, by label.
        better: Label of the method that is claimed to be better.
        baseline: Label of the other.
        what: ``"auc"`` or ``"accuracy"`` on upright images, or ``"turned accuracy"``, the mean over all
            angles and axes.
        draws: Number of resamples.

    Returns:
        None if one of them was not run with a seed of the other, or the ledger lacks what is needed: the
        probabilities of large sets are not kept.

    Raises:
        ValueError: If ``what`` is something else.
    """
    if what not in ("auc", "accuracy", "turned accuracy"):
        raise ValueError(f"what must be auc, accuracy or turned accuracy, got {what!r}")
    if better not in methods or baseline not in methods:
        return None
    seeds = [seed for seed in methods[better].seeds if seed in methods[baseline].seeds]
    if not seeds:
        return None
    one, other = (methods[name].with_seeds(seeds) for name in (better, baseline))
    if what == "auc":
        sides = one_sided_aucs(one.runs), one_sided_aucs(other.runs)
        return None if None in sides else resampled([side for side in sides if side], one.n_images, draws)
    turned = what.startswith("turned")
    rows = [method.correct(turned=turned) for method in (one, other)]
    return resampled([partial(shares_right, of_side) for of_side in rows], rows[0].shape[1], draws)


def shares_right(
    correct: Float[np.ndarray, "run image"], count: Float[np.ndarray, "draw image"]
) -> Float[np.ndarray, "run draw"]:
    """Accuracy of each run, for each draw of images."""
    return correct @ count.T / correct.shape[1]


def differences(
    found: Mapping[str, Sequence[ClassMethod]], better: str, baseline: str, what: str
) -> dict[str, Interval | None]:
    """``difference`` on every data set, by its title."""
    return {title: difference(by_label(methods), better, baseline, what) for title, methods in found.items()}


def resampled(sides: Sequence[Scorer], n: int, draws: int) -> Interval:
    """Interval of one score minus another, whose images and runs are drawn again, with replacement.

    Images are drawn for both sides together, runs for each side alone.

    Args:
        sides: Two functions, each from how often every image was drawn to the score of each run.
        n: Number of images.
        draws: Number of resamples.
    """
    rng, found = np.random.default_rng(0), []
    every, mean, runs = np.ones((1, n), np.float32), 0.0, []
    for sign, scores in zip((1, -1), sides, strict=True):
        rows = scores(every)
        mean, runs = mean + sign * float(rows.mean()), [*runs, len(rows)]
    for _ in range(0, draws, CHUNK):
        count = rng.multinomial(n, np.full(n, 1 / n), size=min(CHUNK, draws)).astype(np.float32)
        total = np.zeros(len(count))
        for sign, scores, k in zip((1, -1), sides, runs, strict=True):
            shares = rng.multinomial(k, np.full(k, 1 / k), size=len(count)) / k
            total += sign * (shares.T * scores(count)).sum(axis=0)
        found.append(total)
    low, high = np.quantile(np.concatenate(found), [0.025, 0.975])
    return Interval(mean, float(low), float(high), min(runs), n)


def one_sided_aucs(runs: Sequence[Entry]) -> Scorer | None:
    """Function from how often every image was drawn to the mean AUC of each run; None without probabilities.

    The AUC of a class is the share of pairs (an image inside, one outside) in the right
    order. With images drawn several times each pair counts as often as both were drawn
    together; so one matrix of pairs serves all resamples.

    Args:
        runs: Runs of one method.
    """
    scores = [run.classification.test.probabilities for run in runs]
    if None in scores:
        return None
    array = np.array(scores, dtype=np.float64)  # run, image, class
    labels, classes = np.array(runs[0].classification.test.labels), np.arange(array.shape[2])
    truth = labels.astype(bool).T if labels.ndim == 2 else labels == classes[:, None]
    pairs = [ordered(array[:, :, k], truth[k]) for k in classes]

    def aucs(count: Float[np.ndarray, "draw image"]) -> Float[np.ndarray, "run draw"]:
        area, n_areas = np.zeros((len(array), len(count))), np.zeros(len(count))
        for is_in, of_class in zip(truth, pairs, strict=True):
            inside, outside = count[:, is_in], count[:, ~is_in]
            n_pairs = inside.sum(axis=1) * outside.sum(axis=1)
            area += np.array([((inside @ of_run) * outside).sum(axis=1) for of_run in of_class]) / np.maximum(
                n_pairs, 1
            )
            n_areas += n_pairs > 0  # a class that was not drawn is left out
        return area / np.maximum(n_areas, 1)

    return aucs


def ordered(
    score: Float[np.ndarray, "run image"], is_in: Bool[np.ndarray, " image"]
) -> Float[np.ndarray, "run inside outside"]:
    """For each pair of an image in the class and one outside: 1 in the right order, 1/2 if equal, else 0."""
    inside, outside = score[:, is_in, None], score[:, None, ~is_in]
    return ((inside > outside) + 0.5 * (inside == outside)).astype(np.float32)


def multiply_adds(settings: Settings) -> int:
    """Multiplications of the network for one image, all its kernels written out as ordinary ones."""
    network = build_model(settings)
    image = torch.rand(1, network.c_in, *[settings.size] * network.family.dims)
    plain = network.to_plain().eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        plain(image)
    return counter.get_total_flops() // 2


def majority_rate(method: ClassMethod) -> float:
    """Accuracy of always giving the commonest class of the test set; with findings, the commoner answer."""
    labels = np.array(method.runs[0].classification.test.labels)
    if labels.ndim == 2:
        return float(np.maximum(labels.mean(axis=0), 1 - labels.mean(axis=0)).mean())
    return float(np.bincount(labels).max() / len(labels))
