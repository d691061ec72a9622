"""Bootstrap intervals over groups: frames of one sequence are not independent images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval.

    Args:
        mean: Mean over images.
        low: Lower end, the 2.5 % quantile of the resampled means.
        high: Upper end, the 97.5 % quantile.
    """

    mean: float
    low: float
    high: float


def bootstrap_mean(
    scores: Mapping[str, float], groups: Mapping[str, str], *, draws: int = 10_000, seed: int = 0
) -> Interval:
    """Mean over images, with an interval from drawing whole groups with replacement.

    Args:
        scores: Score of each image, by its id.
        groups: Group of each image, by its id: sequence, near duplicates.
        draws: Number of resamples.
        seed: Seed of the resampling.

    Raises:
        ValueError: If there is no image, or the group of an image is missing.

    Example:
        >>> bootstrap_mean({"a": 1.0, "b": 0.0}, {"a": "x", "b": "x"})
        Interval(mean=0.5, low=0.5, high=0.5)
    """
    if not scores:
        raise ValueError("scores must hold at least one image, got none; check the run")
    if missing := sorted(set(scores) - set(groups)):
        raise ValueError(f"every image needs a group, none for {missing[0]!r}; give each lone image its own")
    names = {name: i for i, name in enumerate(dict.fromkeys(groups[image] for image in scores))}
    of_image = np.array([names[groups[image]] for image in scores])
    total = np.bincount(of_image, weights=np.array(list(scores.values())), minlength=len(names))
    count = np.bincount(of_image, minlength=len(names))
    drawn = np.random.default_rng(seed).integers(len(names), size=(draws, len(names)))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(total.sum() / count.sum()), float(low), float(high))


def bootstrap_difference(
    scores: Mapping[str, float],
    baseline: Mapping[str, float],
    groups: Mapping[str, str],
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of score minus baseline on the same images, with an interval as in ``bootstrap_mean``.

    Raises:
        ValueError: If the two runs were not scored on the same images.
    """
    if set(scores) != set(baseline):
        odd = sorted(set(scores) ^ set(baseline))
        raise ValueError(
            f"both runs must be scored on the same images, {len(odd)} differ, first {odd[0]!r}; "
            "compare runs with the same data, split and split_seed"
        )
    paired = {image: scores[image] - baseline[image] for image in scores}
    return bootstrap_mean(paired, groups, draws=draws, seed=seed)
