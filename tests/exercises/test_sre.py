"""The SRE unit: its references by hand, and its predictions against networks that were measured."""

from itertools import product

import pytest
import torch
from torch.nn import functional as F

from course_lib.checks import sre
from course_lib.checks.questions import variant
from course_lib.checks.sre_blind import MOVES, NETWORKS, moved
from course_lib.layers.isotropic import IsotropicConv2d
from tests.exactness import EXACT


def reference(name):
    return sre.QUESTIONS[name].reference


def test_the_rings_by_hand():
    assert reference("rings")(3).tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    five = [[-1, 2, 2, 2, -1], [2, 1, 1, 1, 2], [2, 1, 0, 1, 2], [2, 1, 1, 1, 2], [-1, 2, 2, 2, -1]]
    assert reference("rings")(5).tolist() == five
    nine = reference("rings")(9)
    assert [int((nine == r).sum()) for r in range(-1, 5)] == [12, 1, 8, 12, 16, 32]


def test_the_kernel_and_the_ring_sums_by_hand():
    weight = torch.tensor([[[3.0, 2.0]]], dtype=torch.float64)
    assert reference("kernel")(weight, "hard")[0, 0].tolist() == [[2, 2, 2], [2, 3, 2], [2, 2, 2]]
    x = torch.tensor([[[[1.0, 2], [3, 4]]]], dtype=torch.float64)
    sums, out = reference("sums")(x, weight)
    assert sums[0, 0].tolist() == [[[1, 2], [3, 4]], [[9, 8], [7, 6]]]
    assert out[0, 0].tolist() == [[21, 22], [23, 24]]


def test_ring_sums_times_weights_are_the_convolution_of_the_library():
    conv = IsotropicConv2d(3, 4, 5, padding="same", bias=False).double()
    x = torch.randn(2, 3, 7, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sums, out = reference("sums")(x, conv.weight.detach())
    assert torch.allclose(out, conv(x), atol=1e-12)
    assert torch.allclose(torch.einsum("ocr, bcryx -> boyx", conv.weight.detach(), sums), out, atol=1e-12)


def test_the_costs_by_hand():
    assert variant(sre.QUESTIONS["cost"], 5).reference(1, 1) == (25, 3, 25, 21 + 3)
    assert reference("cost")(64, 64) == (331776, 20480, 331776, 64 * (69 + 5 * 64))


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_told_apart_agrees_with_measured_networks(network):
    for length in range(4):
        for moves in product(MOVES, repeat=length):
            assert reference("blind")(network, moves) == (sre.measured_difference(network, moves) > 1e-6), (
                moves
            )


def test_the_moves_by_hand():
    picture = torch.tensor([[1, 2], [3, 4]])
    assert moved(picture, ("turn",)).tolist() == [[2, 4], [1, 3]]
    assert moved(picture, ("mirror",)).tolist() == [[2, 1], [4, 3]]
    assert moved(picture, ("flip",)).tolist() == [[3, 4], [1, 2]]
    with pytest.raises(ValueError, match="got 'shear'"):
        moved(picture, ("shear",))


@pytest.mark.parametrize("size", range(4, 10))
def test_the_mended_layer_is_exact_at_every_size_and_the_broken_one_at_odd_sizes(size):
    assert sre.halving_error(reference("halving"), size) < EXACT

    def broken(x, kernel):
        return F.conv2d(x, kernel, stride=2, padding=kernel.shape[-1] // 2)

    assert (sre.halving_error(broken, size) < EXACT) == (size % 2 == 1)
