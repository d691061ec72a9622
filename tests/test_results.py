"""Runs put together by method: what is compared is comparable, and the numbers are the ledger's."""

import pytest

from course_lib.results import (
    elsewhere,
    find_book,
    methods,
    strongest_augmented,
)
from tests.results_entries import RUNS, entry


def test_runs_are_put_together_by_method_plain_first():
    found = methods(RUNS)
    assert [method.label for method in found] == ["plain", "plain + quarter turns", "p4"]
    assert [run.seed for run in found[0].runs] == [0, 1]
    assert found[0].per_image() == pytest.approx({"a": 0.55, "b": 0.75})
    assert found[0].dice_per_seed == pytest.approx([0.6, 0.7])


def test_difference_is_paired():
    plain, _, p4 = methods(RUNS)
    difference = p4.difference(plain)
    assert difference.mean == pytest.approx(0.05)
    # Every image gains the same, so that no resampling can change it, however much the images differ.
    assert difference.high - difference.low == pytest.approx(0.1)  # the two runs of plain differ by as much
    first = methods([RUNS[0], RUNS[2]])[1].difference(methods([RUNS[2]])[0])
    assert first.low == pytest.approx(0.1) == first.high
    assert p4.mean().high - p4.mean().low > 0.1
    assert p4.difference(plain, "agreement").mean == pytest.approx(0.2)


def test_missed_images_and_outliers_are_counted_run_by_run():
    many = {f"i{k}": 0.8 + 0.01 * k for k in range(8)}
    one = entry(seed=0, scores={**many, "lost": 0.1, "poor": 0.6})
    two = entry(seed=1, scores={**many, "lost": 0.2, "poor": 0.49})
    (method,) = methods([one, two])
    assert method.per_image("missed") == {**dict.fromkeys(many, 0.0), "lost": 1.0, "poor": 0.5}
    # Quartiles of both runs: 0.8025 and 0.8575, so the whisker ends at 0.72.
    assert method.per_image("outlier") == {**dict.fromkeys(many, 0.0), "lost": 1.0, "poor": 1.0}
    assert method.mean("missed").mean == pytest.approx(0.15)


def test_averaged_masks_are_a_method_of_their_own():
    with_average = entry("plain", 0, averaged={"a": 0.9, "b": 0.7})
    found = methods([with_average, entry("plain", 1), entry("p4", averaged={"a": 0.9, "b": 0.7})])
    assert [method.label for method in found] == ["plain", "plain, averaged over 8", "p4"]
    averaged = found[1]
    assert [run.seed for run in averaged.runs] == [0]
    assert averaged.per_image() == {"a": 0.9, "b": 0.7}
    assert averaged.at_angle("agreement").tolist() == [[1.0, 0.85] * 4]


def test_scores_on_another_set():
    far = {"c": 0.2, "d": 0.4}
    found = methods([entry("plain", also={"cvc-clinicdb": far}), entry("plain", 1), entry("p4")])
    (there,) = elsewhere(found, "cvc-clinicdb")
    assert there.label == "plain" and there.per_image() == far
    assert there.groups == {"c": "y", "d": "z"}
    with pytest.raises(ValueError, match="agreement on own test images; got 'agreement'"):
        there.per_image("agreement")
    with pytest.raises(ValueError, match="what must be one of dice, iou, missed, outlier"):
        found[0].per_image("loss")


def test_the_strongest_augmentation_is_chosen_on_validation():
    better_on_test = entry("plain", shift=0.2, augmentation="quarter-turns", validation=0.5)
    better_on_validation = entry("plain", augmentation="rotations", validation=0.6)
    of_p4 = entry("p4", augmentation="rotations", validation=0.9)
    found = methods([entry("plain", validation=0.7), better_on_test, better_on_validation, of_p4])
    chosen = strongest_augmented(found)
    assert chosen is not None and chosen.label == "plain + rotations"
    assert strongest_augmented(methods([entry("plain")])) is None


def test_unlike_runs_are_not_compared():
    with pytest.raises(
        ValueError, match="must differ only in augmentation, family, seed, widths; got 2 kinds"
    ):
        methods([*RUNS, entry("p4", epochs=99)])
    with pytest.raises(ValueError, match='what must be "agreement", "dice" or "floor"'):
        methods(RUNS)[0].at_angle("loss")


def test_no_runs_are_no_methods():
    assert methods([]) == []


def test_the_book_is_found_from_inside_a_checkout(tmp_path):
    (tmp_path / "book" / "ledger").mkdir(parents=True)
    inside = tmp_path / "book" / "notebooks"
    inside.mkdir()
    assert find_book(inside) == tmp_path / "book"
    with pytest.raises(ValueError, match="no folder book/ledger"):
        find_book(tmp_path.parent)
