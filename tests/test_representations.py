"""Representations are homomorphisms, and apply() is the matrix at work."""

from itertools import product

import pytest
import torch

from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.representations import Irreps, Regular, Trivial

GROUPS = [CyclicGroup(4), CyclicGroup(12), DihedralGroup(4), DihedralGroup(3)]
REPS = [rep(group) for group in GROUPS for rep in (Trivial, Regular)]
REPS += [Irreps(CyclicGroup(12), 3), Irreps(DihedralGroup(5), 2), Irreps(CyclicGroup(1), 0)]


@pytest.mark.parametrize("rep", REPS, ids=str)
def test_matrices_multiply_as_the_elements_do(rep):
    for g, h in product(rep.group.elements, repeat=2):
        torch.testing.assert_close(rep.matrix(g) @ rep.matrix(h), rep.matrix(rep.group.product(g, h)))


@pytest.mark.parametrize("rep", REPS, ids=str)
def test_apply_equals_the_matrix(rep):
    x = torch.randn(2, rep.dim, 3, 4, dtype=torch.float64)
    for g in rep.group.elements:
        torch.testing.assert_close(rep.apply(g, x), torch.einsum("ij,bjyx->biyx", rep.matrix(g), x))


@pytest.mark.parametrize("rep", REPS, ids=str)
def test_the_invariant_vector_does_not_move(rep):
    vector = rep.invariant_vector()
    assert vector.norm() > 0
    for g in rep.group.elements:
        torch.testing.assert_close(rep.matrix(g) @ vector, vector)


def test_irreps_by_hand():
    rep = Irreps(DihedralGroup(8), 2)
    assert rep.frequencies == [0, 1, 1, 2, 2]
    quarter = rep.matrix(2)  # the vector to the right now points up; frequency 2 turns by a half
    assert torch.allclose(
        quarter @ torch.tensor([7.0, 1, 0, 1, 0]).double(), torch.tensor([7.0, 0, 1, -1, 0]).double()
    )
    flip = rep.matrix(8)  # right becomes left, up stays up
    assert torch.allclose(
        flip @ torch.tensor([7.0, 1, 2, 3, 4]).double(), torch.tensor([7.0, -1, 2, 3, -4]).double()
    )


@pytest.mark.parametrize("max_frequency", [-1, 2, 3])
def test_frequencies_that_the_group_cannot_tell_apart_are_refused(max_frequency):
    with pytest.raises(ValueError, match="below n / 2 = 2 for C_4.*take a group of more turns"):
        Irreps(CyclicGroup(4), max_frequency)


def test_regular_moves_entry_h_to_entry_gh():
    d4 = DihedralGroup(4)
    x = torch.zeros(8, 1, 1)
    x[4] = 1  # all weight on the flip
    moved = Regular(d4).apply(1, x)
    assert moved.flatten().tolist() == [0, 0, 0, 0, 0, 1, 0, 0]  # now on "flip, then quarter turn"


def test_wrong_fiber_and_foreign_element_are_refused():
    rep = Regular(CyclicGroup(4))
    with pytest.raises(ValueError, match="fiber axis must be 4 .* got 3; lift the image first"):
        rep.apply(1, torch.zeros(3, 5, 5))
    with pytest.raises(ValueError, match="an element of C_4"):
        Trivial(CyclicGroup(4)).apply(4, torch.zeros(1, 5, 5))
