"""Halving that keeps the symmetries of the grid at every size."""

from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_lib.layers.plain import Halve, to_plain


def test_halving_by_hand():
    x = torch.tensor([[1.0, 3, 5, 8], [2, 4, 6, 10], [6, 8, 10, 12]]).view(1, 1, 1, 3, 4)
    # columns in pairs; rows by threes around the first and the last, of which two lie inside
    assert Halve()(x)[0, 0, 0].tolist() == [[2.5, 7.25], [5.0, 9.5]]
    volume = torch.arange(3.0).view(1, 1, 1, 3, 1, 1).expand(1, 1, 1, 3, 2, 2)
    assert Halve(3)(volume).flatten().tolist() == [0.5, 1.5]


@given(sides=st.lists(st.integers(2, 9), min_size=2, max_size=3), seed=st.integers(0, 2**16))
def test_halving_is_exact_at_every_size(sides, seed):
    torch.manual_seed(seed)
    halve, x = Halve(len(sides)), torch.randn(2, 2, 3, *sides, dtype=torch.float64)
    out = halve(x)
    assert out.shape == (2, 2, 3, *((side + 1) // 2 for side in sides))
    axes = range(-len(sides), 0)
    for first, second in product(axes, axes):
        mirrored, swapped = halve(x.flip(first)), halve(x.transpose(first, second))
        torch.testing.assert_close(mirrored, out.flip(first), rtol=0, atol=1e-14)
        torch.testing.assert_close(swapped, out.transpose(first, second), rtol=0, atol=1e-14)
    torch.testing.assert_close(halve(torch.ones_like(x)), torch.ones_like(out))


@pytest.mark.parametrize("sides", [(4, 7), (3, 4, 5)], ids=str)
def test_halving_takes_the_folded_layout_too(sides):
    x = torch.randn(2, 3, 4, *sides)
    halve = Halve(len(sides))
    torch.testing.assert_close(halve(x.flatten(1, 2)), halve(x).flatten(1, 2), rtol=0, atol=0)


def test_one_pixel_cannot_be_halved():
    with pytest.raises(ValueError, match=r"at least 2 pixels to be halved, got \(4, 1\)"):
        Halve()(torch.zeros(1, 1, 1, 4, 1))


def test_parts_without_a_known_plain_copy_are_refused():
    for part, words in (
        (nn.MaxPool3d((1, 2, 2), stride=1), "pooling must be over 1 x 2 x 2"),
        (nn.InstanceNorm3d(2), "no plain copy of InstanceNorm3d"),
    ):
        with pytest.raises(ValueError, match=words):
            to_plain(nn.Sequential(part), 4)
