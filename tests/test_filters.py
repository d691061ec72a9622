"""The rotation operator: sense, exactness, symmetry, and torch's own sampling as reference."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from course_lib.filters import disc_mask, ring_masks, rotation_operator


def test_sense_of_rotation_by_hand():
    grid = torch.tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]], dtype=torch.float64)
    turned = (rotation_operator(3, 90).to_dense() @ grid.flatten()).view(3, 3)
    assert turned.tolist() == [[3, 6, 9], [2, 5, 8], [1, 4, 7]]  # right column to the top: counter-clockwise


def test_small_angle_by_hand():
    # The pixel one step to the right of the centre, turned by 30 degrees, is read back from its old place.
    grid = torch.zeros(3, 3, dtype=torch.float64)
    grid[1, 2] = 1
    turned = (rotation_operator(3, 30).to_dense() @ grid.flatten()).view(3, 3)
    cos, sin = math.cos(math.radians(30)), math.sin(math.radians(30))
    # Target (up 1, right 1) reads from right cos + sin, up cos - sin.
    assert turned[0, 2].item() == pytest.approx((2 - cos - sin) * (1 - cos + sin), abs=1e-9)
    assert turned[1, 2].item() == pytest.approx(cos * (1 - sin), abs=1e-9)
    assert turned[0, 2] > turned[2, 2]  # it moved up


@given(size=st.integers(1, 9), turns=st.integers(-5, 9))
def test_quarter_turns_are_permutations(size, turns):
    operator = rotation_operator(size, 90.0 * turns).to_dense()
    expected = torch.eye(size**2, dtype=torch.float64).view(-1, size, size).rot90(turns, (1, 2)).flatten(1).T
    assert torch.equal(operator, expected)


@given(size=st.integers(2, 9), angle=st.floats(-720, 720))
def test_operator_agrees_with_grid_sample(size, angle):
    x = torch.randn(1, 1, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(size))
    a = math.radians(angle)
    # In torch's coordinates rows point down: the source of p is R(-angle) p.
    theta = torch.tensor(
        [[[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0]]], dtype=torch.float64
    )
    grid = F.affine_grid(theta, [1, 1, size, size], align_corners=False)
    expected = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    ours = (rotation_operator(size, angle).to_dense() @ x.flatten()).view_as(x)
    torch.testing.assert_close(ours, expected, atol=1e-9, rtol=0)


@given(size=st.integers(2, 9), angle=st.floats(0, 360), turns=st.integers(0, 3))
def test_operator_commutes_exactly_with_the_symmetries_of_the_grid(size, angle, turns):
    operator = rotation_operator(size, angle).to_dense().view(size, size, size, size)
    turned = operator.rot90(turns, (0, 1)).rot90(turns, (2, 3))
    assert torch.equal(turned, operator)
    mirrored = rotation_operator(size, -angle).to_dense().view(size, size, size, size)
    torch.testing.assert_close(operator.flip(1).flip(3), mirrored, atol=1e-11, rtol=0)


@pytest.mark.parametrize("n", [8, 12, 16])
def test_mirrored_angles_of_the_groups_have_identical_weights(n):
    for k in range(n):
        operator = rotation_operator(7, 360 * k / n).to_dense().view(7, 7, 7, 7)
        mirrored = rotation_operator(7, -360 * k / n).to_dense().view(7, 7, 7, 7)
        assert torch.equal(operator.flip(1).flip(3), mirrored)


@given(size=st.integers(3, 15), angle=st.floats(0, 360))
def test_constants_are_kept_inside_the_disc(size, angle):
    sums = rotation_operator(size, angle).to_dense().sum(1).view(size, size)
    inner = torch.zeros(size, size, dtype=torch.bool)
    inner[1:-1, 1:-1] = disc_mask(size - 2)
    assert torch.all(sums <= 1 + 1e-12)
    torch.testing.assert_close(sums[inner], torch.ones_like(sums[inner]))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 64])
def test_disc_mask_has_the_symmetries_of_the_square(size):
    mask = disc_mask(size)
    assert torch.equal(mask, mask.rot90(1, (0, 1))) and torch.equal(mask, mask.flip(1))
    assert mask[size // 2].all() or size == 2
    assert mask.double().mean().item() == pytest.approx(math.pi / 4, abs=0.25 if size < 8 else 0.05)


@pytest.mark.parametrize(
    "kernel_size, dims, pixels",
    [
        (3, 2, [1, 8]),
        (5, 2, [1, 8, 12]),
        (7, 2, [1, 8, 12, 16]),
        (9, 2, [1, 8, 12, 16, 32]),
        (11, 2, [1, 8, 12, 24, 24, 28]),
        (3, 3, [1, 18]),
        (5, 3, [1, 18, 62]),
    ],
)
def test_hard_rings_hold_the_published_number_of_pixels(kernel_size, dims, pixels):
    masks = ring_masks(kernel_size, dims=dims)
    assert masks.flatten(1).sum(dim=1).tolist() == pixels
    assert masks.sum(dim=0).max() == 1  # no pixel in two rings


def test_smooth_rings_by_hand():
    # k = 3: centres at 0 and 0.4 px, sigma 0.6 px; the corner lies sqrt(2) px from the centre.
    masks = ring_masks(3, rings="smooth")
    assert masks[:, 1, 1].tolist() == pytest.approx([1, math.exp(-0.16 / 0.72)])
    assert masks[:, 1, 2].tolist() == pytest.approx([math.exp(-1 / 0.72), math.exp(-0.36 / 0.72)])
    assert masks[1, 0, 0].item() == pytest.approx(math.exp(-((math.sqrt(2) - 0.4) ** 2) / 0.72))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("rings", ["hard", "smooth"])
@pytest.mark.parametrize("kernel_size", [1, 3, 5, 9])
def test_rings_depend_on_the_distance_alone_and_vanish_outside_the_disc(kernel_size, rings, dims):
    masks = ring_masks(kernel_size, rings=rings, dims=dims)
    half = kernel_size // 2
    offsets = torch.cartesian_prod(*[torch.arange(-half, half + 1)] * dims)
    square = (offsets**2).sum(dim=-1)
    flat = masks.flatten(1)
    for distance_square in square.unique():
        ring = flat[:, square == distance_square]
        assert torch.equal(ring, ring[:, :1].expand_as(ring))
        assert ring.any() == (distance_square < (half + 0.5) ** 2)
    assert torch.linalg.matrix_rank(flat.double()) == half + 1  # no ring can be made from the others


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="angle_deg must be a finite"):
        rotation_operator(3, math.nan)
    with pytest.raises(ValueError, match="size must be at least 1"):
        disc_mask(0)
    with pytest.raises(ValueError, match="kernel_size must be odd.*got 4"):
        ring_masks(4)
    for wrong in ({"rings": "sharp"}, {"dims": 1}):
        with pytest.raises((ValueError, TypeError), match="rings|dims"):
            ring_masks(3, **wrong)
