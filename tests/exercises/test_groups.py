"""The unit on groups: its references by hand, and against the library."""

import pytest
import torch

from course_lib.checks import groups
from course_lib.checks.groups_actions import moves_of_pictures, moves_of_pixels, orbit_facts
from course_lib.checks.groups_axioms import LOOP, first_broken
from course_lib.checks.groups_regular import correlation, regular_matrix
from course_lib.checks.groups_tables import renamed, table_of
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.representations import Regular


def test_the_product_and_the_sense_of_rotation_by_hand():
    product, act = (groups.QUESTIONS[name].reference for name in ("product", "action"))
    assert [product(5, 1), product(1, 5), product(4, 1), product(4, 4)] == [4, 6, 7, 0]
    f = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]], dtype=torch.float64)
    assert act(1, f).tolist() == [[[2, 4], [1, 3]]]  # counter-clockwise
    assert act(4, f).tolist() == [[[2, 1], [4, 3]]]  # left and right
    assert act(5, f).tolist() == [[[1, 3], [2, 4]]]  # the flip first


def test_every_product_that_can_be_drawn_is_that_of_the_library():
    for question in groups.QUESTIONS["product"].variants:
        group = DihedralGroup(question.value)
        pairs = ((g, h) for g in group.elements for h in group.elements)
        assert all(question.reference(g, h) == group.product(g, h) for g, h in pairs)


@pytest.mark.parametrize("group", [CyclicGroup(5), DihedralGroup(3), DihedralGroup(4)], ids=str)
def test_matrices_and_renamed_tables_are_those_of_the_library(group):
    table = table_of(group)
    for g in group.elements:
        assert torch.equal(regular_matrix(table, g), Regular(group).matrix(g))
    names = [*reversed(group.elements)]
    for g in group.elements:
        for h in group.elements:
            assert renamed(table, names)[names[g]][names[h]] == names[group.product(g, h)]
    assert first_broken(renamed(table, names)) == "group"


def test_tables_that_are_no_groups():
    assert first_broken(LOOP) == "not associative"
    assert all(sorted(line) == [0, 1, 2, 3, 4] for line in (*LOOP, *zip(*LOOP, strict=True)))
    assert first_broken(((0, 1, 2), (1, 1, 2), (2, 2, 2))) == "no inverses"  # maximum
    assert first_broken(((0, 2, 1), (1, 0, 2), (2, 1, 0))) == "no identity"  # difference


def test_orbits_by_hand():
    assert moves_of_pixels(2)[1] == (2, 0, 3, 1)  # top left goes to the bottom left
    assert orbit_facts(moves_of_pixels(3), 0) == (4, 2, 3)
    assert orbit_facts(moves_of_pixels(3), 4) == (1, 8, 3)
    assert orbit_facts(moves_of_pictures(), 0b0001) == (4, 2, 6)
    assert orbit_facts(moves_of_pictures(), 0b1001) == (2, 4, 6)  # a diagonal


def test_the_correlation_commutes_and_the_broken_one_only_with_the_centre():
    group = DihedralGroup(4)
    table, rho = table_of(group), Regular(group).matrix
    broken = groups.QUESTIONS["correlation"].mistakes[0].function
    generator = torch.Generator().manual_seed(0)
    f, w = torch.randn(2, 8, dtype=torch.float64, generator=generator)

    def commutes(layer, g):
        return torch.allclose(layer(table, rho(g) @ f, w), rho(g) @ layer(table, f, w))

    assert all(commutes(correlation, g) for g in group.elements)
    assert [g for g in group.elements if commutes(broken, g)] == [0, 2]
    assert correlation(table, f, w)[0] == pytest.approx(float(f @ w))
