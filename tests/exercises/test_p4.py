"""The p4 unit: its references by hand, and its rule of sizes against networks that were measured."""

from itertools import product

import pytest
import torch

from course_lib.checks import p4
from course_lib.checks.p4_sizes import LAYERS, REGULAR, count, measured_error, network
from course_lib.layers.regular import GroupConv
from tests.exactness import EXACT


def test_the_sense_of_rotation_by_hand():
    # The reference answers rest on course_lib; these numbers do not.
    x = torch.zeros(1, 1, 4, 2, 2, dtype=torch.float64)
    x[0, 0, 0, 0, 0] = 1  # top left, direction 0
    turned = p4.QUESTIONS["action"].reference(1, x)
    assert turned[0, 0, 1, 1, 0] == 1 and turned.sum() == 1  # bottom left, direction 1
    kernel = p4.QUESTIONS["group"].reference(x)
    assert kernel[0, 1, 0, 1, 1, 0] == 1 and kernel[0, 3, 0, 3, 0, 1] == 1


CHAINS = [*product(LAYERS, repeat=1), *product(LAYERS, repeat=2), ("stride", "up", "pool", "conv", "stride")]


@pytest.mark.parametrize("layers", CHAINS, ids="-".join)
def test_the_rule_of_sizes_agrees_with_measured_networks(layers):
    for size in range(8, 12):
        assert count(2, size, layers) == (measured_error(size, layers) < EXACT), size


@pytest.mark.parametrize("step", [3, 4, 5])
@pytest.mark.parametrize("layers", [("pool",), ("stride",), ("stride", "up", "pool")], ids="-".join)
def test_the_rule_holds_for_every_step(step, layers):
    for size in range(2 * step * step, 2 * step * step + 2 * step):
        assert count(step, size, layers) == (measured_error(size, layers, step=step) < EXACT), size


def test_the_measuring_network_is_made_of_the_layers_of_the_course():
    conv = GroupConv(REGULAR, 1, 1, bias=False).double()
    weight = torch.randn(1, 1, 1, 4, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    conv.load_state_dict({"weight": weight[0]})
    x = torch.randn(1, 1, 4, 5, 6, dtype=torch.float64)
    assert torch.allclose(network(["conv"], seed=3)(x), conv(x), atol=1e-12)
    with pytest.raises(ValueError, match="got 'dense'"):
        network(["conv", "dense"])
