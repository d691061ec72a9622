"""Splits: disjoint, complete, repeatable, by whole groups and near the wanted shares."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from course_lib.data.polyps import clinicdb_groups
from course_lib.data.splits import keep_fraction, shuffled, three_way

seeds = st.integers(0, 2**32)
labels = st.lists(st.integers(0, 60).map(str), min_size=30, max_size=300)


def divided(groups, seed):
    assume(len(set(groups)) >= 15)
    return three_way(groups, seed)


@given(groups=labels, seed=seeds)
def test_the_parts_are_disjoint_and_complete(groups, seed):
    parts = divided(groups, seed)
    assert sorted(i for part in parts for i in part) == list(range(len(groups)))


@given(groups=labels, seed=seeds)
def test_no_group_stands_on_two_sides(groups, seed):
    train, val, test = ({groups[i] for i in part} for part in divided(groups, seed))
    assert not train & val and not train & test and not val & test


@given(groups=labels, seed=seeds)
def test_equal_seeds_give_equal_splits(groups, seed):
    assert divided(groups, seed) == three_way(groups, seed)


def test_another_seed_gives_another_split():
    names = [str(i) for i in range(100)]
    assert three_way(names, 0) != three_way(names, 1)


@given(seed=seeds)
def test_single_pictures_are_divided_70_15_15(seed):
    assert [len(part) for part in three_way([str(i) for i in range(1000)], seed)] == [700, 150, 150]


@given(seed=seeds)
def test_sequences_are_divided_near_70_15_15(seed):
    groups = list(clinicdb_groups().values())
    train, val, test = (len(part) / len(groups) for part in three_way(groups, seed))
    assert abs(train - 0.70) < 0.05 and abs(val - 0.15) < 0.025 and abs(test - 0.15) < 0.025


@given(groups=labels, seed=seeds, shares=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)))
def test_smaller_parts_lie_inside_larger_ones_and_keep_groups_whole(groups, seed, shares):
    small, large = (set(keep_fraction(groups, share, seed)) for share in sorted(shares))
    assert small and small <= large
    kept = {groups[i] for i in small}
    assert small == {i for i, group in enumerate(groups) if group in kept}


@given(groups=labels, seed=seeds, share=st.floats(0.01, 1))
def test_the_kept_share_is_the_nearest_that_whole_groups_allow(groups, seed, share):
    kept = [groups[i] for i in keep_fraction(groups, share, seed)]
    if len(set(kept)) > 1:
        assert abs(len(kept) - share * len(groups)) <= max(map(groups.count, groups)) / 2 + 1e-6


@pytest.mark.parametrize(
    ("fraction", "count"), [(0.05, 10), (0.36, 10), (0.4, 20), (0.6, 20), (0.65, 30), (1, 40)]
)
def test_whole_groups_of_ten_are_rounded_to_the_nearest(fraction, count):
    assert len(keep_fraction(list("abcd") * 10, fraction, seed=0)) == count


@pytest.mark.parametrize(("fraction", "count"), [(0.1, 70), (0.3, 210), (1.0, 700)])
def test_the_fraction_is_exact_for_single_pictures(fraction, count):
    assert len(keep_fraction([str(i) for i in range(700)], fraction, seed=0)) == count


def test_the_order_is_the_same_for_good():
    """Written down once: a published number depends on it."""
    assert shuffled("abcdefgh", seed=0, purpose="split") == list("bahgedcf")


@pytest.mark.parametrize("fraction", [0, -0.1, 1.01, float("nan")])
def test_a_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        keep_fraction(["a"], fraction, seed=0)


def test_too_few_groups_are_refused():
    with pytest.raises(ValueError, match="at least three groups, got 2"):
        three_way(["a", "b", "b"], seed=0)


def test_groups_too_large_for_a_split_are_refused():
    with pytest.raises(ValueError, match="too large"):
        three_way(["a"] * 50 + ["b"] * 50 + ["c"] * 50, seed=0)
