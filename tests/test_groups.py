"""Group axioms, and hand-written products that fix the conventions."""

from itertools import product

import pytest

from course_lib.groups import CyclicGroup, DihedralGroup

GROUPS = [CyclicGroup(n) for n in (1, 2, 3, 4, 8, 12, 16)] + [DihedralGroup(n) for n in (1, 2, 3, 4, 6, 8)]


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_group_axioms(group):
    e = group.identity
    for g, h, k in product(group.elements, repeat=3):
        assert group.product(g, h) in group.elements
        assert group.product(group.product(g, h), k) == group.product(g, group.product(h, k))
    for g in group.elements:
        assert group.product(g, e) == g == group.product(e, g)
        assert group.product(g, group.inverse(g)) == e == group.product(group.inverse(g), g)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_order_counts_distinct_elements(group):
    assert group.order == len(set(group.elements)) == (2 if isinstance(group, DihedralGroup) else 1) * group.n
    # Latin square: every row of the Cayley table holds every element once.
    for g in group.elements:
        assert sorted(group.product(g, h) for h in group.elements) == list(group.elements)


def test_flip_then_turn_is_not_turn_then_flip():
    d4 = DihedralGroup(4)
    quarter_turn, flip = 1, 4
    assert d4.product(quarter_turn, flip) == 5  # flip first, then turn: element 4 + 1 by definition
    assert d4.product(flip, quarter_turn) == 7
    assert d4.product(flip, flip) == d4.identity


def test_angles_and_grid_symmetries():
    c12 = CyclicGroup(12)
    assert [c12.angle_deg(k) for k in (0, 1, 3, 11)] == [0, 30, 90, 330]
    assert [k for k in c12.elements if c12.is_grid_symmetry(k)] == [0, 3, 6, 9]
    d8 = DihedralGroup(8)
    assert [k for k in d8.elements if d8.is_grid_symmetry(k)] == [0, 2, 4, 6, 8, 10, 12, 14]
    assert [d8.is_flip(k) for k in (7, 8)] == [False, True]
    assert [k for k in CyclicGroup(3).elements if CyclicGroup(3).is_grid_symmetry(k)] == [0]


@pytest.mark.parametrize("n", [0, -4, True])
def test_bad_n_is_refused(n):
    with pytest.raises(ValueError, match="n must be a positive integer"):
        CyclicGroup(n)


def test_foreign_element_is_refused():
    with pytest.raises(ValueError, match="an element of C_4 is an integer from 0 to 3; got 4"):
        CyclicGroup(4).product(1, 4)
    with pytest.raises(ValueError, match="D_4"):
        DihedralGroup(4).inverse(-1)
