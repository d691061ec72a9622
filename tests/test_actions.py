"""The action is an action: identity, composition, adjoint; and it turns the right way."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.actions import act, rotate, turned_pixels
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.representations import Regular, Trivial

GROUPS = [
    CyclicGroup(4),
    CyclicGroup(8),
    CyclicGroup(12),
    DihedralGroup(4),
    DihedralGroup(8),
    DihedralGroup(12),
]
REPS = [rep(group) for group in GROUPS for rep in (Trivial, Regular)]


def grid_elements(group):
    return [g for g in group.elements if group.is_grid_symmetry(g)]


def field(rep, size, seed=0):
    return torch.randn(
        2, rep.dim, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


@pytest.mark.parametrize("rep", REPS, ids=str)
@given(size=st.integers(1, 8), data=st.data())
def test_composition_is_exact_on_the_grid(rep, size, data):
    g, h = (data.draw(st.sampled_from(grid_elements(rep.group))) for _ in range(2))
    x = field(rep, size)
    assert torch.equal(act(g, act(h, x, rep), rep), act(rep.group.product(g, h), x, rep))
    assert torch.equal(act(rep.group.identity, x, rep), x)


@pytest.mark.parametrize("rep", REPS, ids=str)
@given(size=st.integers(1, 8), data=st.data())
def test_inner_product_is_kept_on_the_grid(rep, size, data):
    g = data.draw(st.sampled_from(grid_elements(rep.group)))
    x, y = field(rep, size, 1), field(rep, size, 2)
    left = (act(g, x, rep) * y).sum()
    right = (x * act(rep.group.inverse(g), y, rep)).sum()
    torch.testing.assert_close(left, right)


def test_flip_comes_before_the_turn():
    x = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    scalars = Trivial(DihedralGroup(4))
    assert act(4, x, scalars).tolist() == [[[2, 1], [4, 3]]]
    assert act(5, x, scalars).tolist() == [[[1, 3], [2, 4]]]  # flip, then a quarter turn: the transpose


def test_regular_feature_turns_and_shifts():
    x = torch.zeros(4, 2, 2)
    x[0] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    turned = act(1, x, Regular(CyclicGroup(4)))
    assert turned[1].tolist() == [[2, 4], [1, 3]]
    assert turned[[0, 2, 3]].abs().sum() == 0


def test_exact_turns_take_rectangles_and_others_do_not():
    assert rotate(torch.zeros(3, 2, 5), 270).shape == (3, 5, 2)
    with pytest.raises(ValueError, match="needs a square grid, got 2 x 5; pad it"):
        rotate(torch.zeros(3, 2, 5), 30)


def test_turned_pixels_with_disc_use_no_corner():
    pixels = turned_pixels(CyclicGroup(12), 5, disc=True)
    assert pixels[0].abs().sum() == 0 == pixels[..., 0, 0].abs().sum()
    assert pixels[12, :, 2, 2].tolist() == [1.0] * 12
