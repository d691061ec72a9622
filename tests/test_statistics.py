"""Bootstrap by group: intervals against known cases."""

import numpy as np
import pytest
from scipy import stats

from course_lib.statistics import bootstrap_difference, bootstrap_mean


def test_interval_of_lone_images_is_that_of_scipy():
    values = np.random.default_rng(3).normal(0.7, 0.2, 80)
    scores = {str(i): v for i, v in enumerate(values)}
    found = bootstrap_mean([scores], {image: image for image in scores})
    reference = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=10_000, rng=0)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(reference.confidence_interval.low, abs=2e-3)
    assert found.high == pytest.approx(reference.confidence_interval.high, abs=2e-3)


def test_frames_of_one_sequence_do_not_narrow_the_interval():
    scores = {f"{g}-{i}": g / 10 for g in range(10) for i in range(20)}
    by_group = bootstrap_mean([scores], {image: image.split("-")[0] for image in scores})
    by_image = bootstrap_mean([scores], {image: image for image in scores})
    assert by_group.high - by_group.low > 3 * (by_image.high - by_image.low)


def test_groups_of_unequal_size_weigh_by_their_images():
    # Drawn are {x,x}, {x,y}, {y,x}, {y,y}: means 0, 3/4, 3/4, 1.
    scores, groups = {"a": 0.0, "b": 1.0, "c": 1.0, "d": 1.0}, {"a": "x", "b": "y", "c": "y", "d": "y"}
    found = bootstrap_mean([scores], groups)
    assert (found.mean, found.low, found.high) == (0.75, 0.0, 1.0)


def test_paired_difference_removes_what_both_share():
    hard = np.random.default_rng(0).uniform(0, 0.8, 50)
    baseline = {str(i): v for i, v in enumerate(hard)}
    better = {image: value + 0.1 for image, value in baseline.items()}
    found = bootstrap_difference([better], [baseline], {image: image for image in baseline})
    assert (found.mean, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_few_runs_that_differ_widen_the_interval():
    images = {str(i): str(i) for i in range(50)}
    runs = [dict.fromkeys(images, value) for value in (0.5, 0.6, 0.7)]
    found = bootstrap_mean(runs, images)
    # All images are alike, so only the runs count: the same one three times in 1 of 27 draws.
    assert (found.mean, found.low, found.high) == pytest.approx((0.6, 0.5, 0.7))
    assert (found.runs, found.groups) == (3, 50)


def test_a_method_is_not_better_than_itself_with_other_seeds():
    rng = np.random.default_rng(1)
    hard = rng.uniform(0.3, 0.9, 40)
    images = {str(i): str(i) for i in range(40)}
    seeds = [dict(zip(images, hard + shift, strict=True)) for shift in (0.0, 0.03, 0.06, 0.02, -0.01, 0.05)]
    found = bootstrap_difference(seeds[::2], seeds[1::2], images)
    assert found.low < 0 < found.high
    fixed = bootstrap_difference(seeds[:1], seeds[1:2], images)
    assert fixed.high < 0  # one run a side: the interval knows nothing of seeds
    assert fixed.runs == 1


def test_odd_input_is_named():
    with pytest.raises(ValueError, match="at least one run"):
        bootstrap_mean([], {})
    with pytest.raises(ValueError, match="one image"):
        bootstrap_mean([{}], {})
    with pytest.raises(ValueError, match="'b'"):
        bootstrap_mean([{"a": 1.0, "b": 1.0}], {"a": "x"})
    with pytest.raises(ValueError, match="'c'"):
        bootstrap_difference([{"a": 1.0, "c": 1.0}], [{"a": 1.0}], {"a": "x", "c": "x"})


def left_out_by_chance(n_groups: int, *, trials: int = 300) -> float:
    """How often an interval leaves zero out though nothing differs: groups spread by 0.05, images by 0.15."""
    rng = np.random.default_rng(0)
    images = {str(i): str(i // 24) for i in range(24 * n_groups)}
    zero = dict.fromkeys(images, 0.0)
    count = 0
    for _ in range(trials):
        differences = np.repeat(rng.normal(0, 0.05, n_groups), 24) + rng.normal(0, 0.15, len(images))
        found = bootstrap_difference([dict(zip(images, differences, strict=True))], [zero], images, draws=400)
        count += not found.low <= 0 <= found.high
    return count / trials


def test_four_groups_are_too_few_and_thirty_are_not():
    """The chapter on polyp results quotes the first: one case of five, where one of twenty is promised."""
    assert left_out_by_chance(4) == pytest.approx(0.2, abs=0.05)
    assert left_out_by_chance(30) < 0.1
