"""Bootstrap intervals over groups and over seeds: frames of one sequence are not independent images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

DRAWS = 10_000
Run = Mapping[str, float]  # score of each image, by its id


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval.

    Args:
        mean: Mean over images and runs.
        low: Lower end, the 2.5 % quantile of the resampled means.
        high: Upper end, the 97.5 % quantile.
        runs: Number of runs behind it, of the side that has fewer; None if it does not matter.
        groups: Number of groups of images behind it; None if it does not matter.
    """

    mean: float
    low: float
    high: float
    runs: int | None = None
    groups: int | None = None


def bootstrap_mean(
    runs: Sequence[Run], groups: Mapping[str, str], *, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Mean over images and runs, with an interval from drawing runs and whole groups with replacement.

    Args:
        runs: Score of each image, by its id, in each run: the same method with other seeds.
        groups: Group of each image, by its id: sequence, near duplicates.
        draws: Number of resamples.
        seed: Seed of the resampling.

    Raises:
        ValueError: If there is no run or no image, the runs have other images than each other, or
            the group of an image is missing.

    Example:
        >>> bootstrap_mean([{"a": 1.0, "b": 0.0}], {"a": "x", "b": "x"})
        Interval(mean=0.5, low=0.5, high=0.5, runs=1, groups=1)
    """
    return _bootstrap([runs], groups, draws, seed)


def bootstrap_difference(
    runs: Sequence[Run],
    baseline: Sequence[Run],
    groups: Mapping[str, str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Mean of score minus baseline on the same images, with an interval as in ``bootstrap_mean``.

    Groups are drawn for both sides together, runs for each side alone: images are paired, seeds
    are not.

    Raises:
        ValueError: As ``bootstrap_mean``; and if the two were not scored on the same images.
    """
    return _bootstrap([runs, baseline], groups, draws, seed)


def _bootstrap(sides: Sequence[Sequence[Run]], groups: Mapping[str, str], draws: int, seed: int) -> Interval:
    if not all(sides) or not sides[0][0]:
        raise ValueError("scores must hold at least one run with one image, got none; check the runs")
    images = list(sides[0][0])
    for run in (run for side in sides for run in side):
        if odd := sorted(set(run) ^ set(images)):
            raise ValueError(
                f"all runs must be scored on the same images, {len(odd)} differ, first {odd[0]!r}; "
                "compare runs with the same data, split and split_seed"
            )
    if missing := sorted(set(images) - set(groups)):
        raise ValueError(f"every image needs a group, none for {missing[0]!r}; give each lone image its own")
    names = {name: i for i, name in enumerate(dict.fromkeys(groups[image] for image in images))}
    of_image = np.array([names[groups[image]] for image in images])
    count = np.bincount(of_image, minlength=len(names))
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    mean, means = 0.0, np.zeros(draws)
    for sign, side in zip((1, -1), sides, strict=False):
        scores = np.array([[run[image] for image in images] for run in side])
        sums = np.array([np.bincount(of_image, weights=row, minlength=len(names)) for row in scores])
        means += sign * _drawn_means(sums, drawn, rng) / (drawn @ count)
        mean += sign * float(scores.mean())
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(mean, float(low), float(high), min(map(len, sides)), len(names))


def _drawn_means(
    sums: Float[np.ndarray, "run group"], drawn: np.ndarray, rng: np.random.Generator
) -> Float[np.ndarray, " draw"]:
    """Sum over drawn groups, mean over drawn runs, for each draw."""
    n = len(sums)
    shares = rng.multinomial(n, np.full(n, 1 / n), size=len(drawn)) / n
    return ((shares @ sums) * drawn).sum(axis=1)
