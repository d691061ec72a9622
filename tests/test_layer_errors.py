"""The meter: exact networks are exact at every layer, plain ones are not, and what is measured is named."""

import pytest
import torch

from course_lib.evaluation import spline_rotate
from course_lib.families import FAMILIES
from course_lib.layer_errors import LayerErrors, fiber_turn, layer_outputs, measuring_picture
from course_lib.models.unet import UNet

pytestmark = pytest.mark.slow

EXACT = 1e-12


def network(family, widths=(6, 8)):
    torch.manual_seed(0)
    return UNet(FAMILIES[family], 3, 1, widths=widths).double().eval()


@pytest.fixture(scope="module")
def picture():
    return measuring_picture(32)


def test_the_picture_fades_to_black_inside_the_disc(picture):
    assert picture.shape == (1, 3, 32, 32)
    assert picture[..., :2, :].abs().max() == 0 and picture[..., 16, 16].min() > 0.05
    there_and_back = spline_rotate(spline_rotate(picture, 30), -30)
    assert (there_and_back - picture).norm() < 0.03 * picture.norm()


def test_the_picture_does_not_depend_on_the_default_type(picture):
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(measuring_picture(32), picture)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("family", ["p4", "steerable-so2", "sre"])
def test_exact_networks_are_exact_at_every_layer(family, picture):
    meter = LayerErrors(network(family), picture)
    assert max(meter.errors(90).values()) < EXACT
    assert max(meter.floors(90).values()) < EXACT
    assert meter.errors(30)["logits"] > 1e-6


def test_a_plain_network_is_exact_nowhere(picture):
    assert min(LayerErrors(network("plain"), picture).errors(90).values()) > 0.05


def test_errors_before_the_last_layer_count_the_fiber(picture):
    meter = LayerErrors(network("p4"), picture)
    first = meter.upright["down 1 conv 1"]
    still = spline_rotate(first, 90)  # pixels moved, entries of the fiber not
    found = layer_outputs(meter.model, spline_rotate(picture, 90))["down 1 conv 1"]
    assert (found - meter.empty["down 1 conv 1"] - still).norm() > 0.1 * still.norm()


def test_layers_come_in_the_order_of_the_network(picture):
    names = list(layer_outputs(network("plain", widths=(2, 2, 2)), picture))
    assert names[:6] == [
        "down 1 conv 1",
        "down 1 bend 1",
        "down 1 conv 2",
        "down 1 bend 2",
        "pool 1",
        "down 2 conv 1",
    ]
    assert names[14:] == [
        *("upsample 2", "up 2 conv 1", "up 2 bend 1", "up 2 conv 2", "up 2 bend 2"),
        *("upsample 1", "up 1 conv 1", "up 1 bend 1", "up 1 conv 2", "up 1 bend 2"),
        *("readout", "logits"),
    ]


def test_nothing_listens_afterwards(picture):
    model = network("plain")
    layer_outputs(model, picture)
    assert not any(layer._forward_hooks for layer in model.modules())


def test_a_fiber_turns_by_the_nearest_element():
    rep = FAMILIES["p4"].rep
    assert torch.equal(fiber_turn(rep, 100), rep.matrix(1))
    assert torch.equal(fiber_turn(rep, 350), rep.matrix(0))
    irreps = FAMILIES["steerable-so2"].rep
    assert torch.allclose(fiber_turn(irreps, 10), irreps.turn(10))
