"""The steerable unit: its references by hand, and against the layers of the course."""

import math

import pytest
import torch

from course_lib.checks import steerable
from course_lib.checks.steerable_paths import harmonics_between
from course_lib.filters import turned_back
from course_lib.groups import CyclicGroup
from course_lib.layers.irreps import NormNonlinearity
from course_lib.layers.steerable import ring_harmonics
from course_lib.representations import Irreps


def reference(name):
    return steerable.QUESTIONS[name].reference


def test_the_wave_by_hand():
    cos, sin = reference("wave")(1, 3)
    half = math.sqrt(0.5)
    expected = [[half, 1, half], [0, 0, 0], [-half, -1, -half]]  # up is positive
    assert torch.allclose(sin, torch.tensor(expected).double())
    assert torch.allclose(cos, torch.tensor(expected).double().rot90(-1))  # right is positive
    assert reference("wave")(0, 3)[0].eq(1).all()


def test_a_positive_angle_turns_counter_clockwise():
    up, left = torch.zeros(2, 2, 1, 2).double()
    up[1, 0, 1] = -1  # Re(-i exp(i phi)) = sin(phi): up is positive
    left[1, 0, 0] = -1  # - cos(phi)
    assert torch.allclose(reference("steer")(up, 90.0), left)


def test_steering_agrees_with_the_library_at_an_odd_angle():
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(4, 1, 2, dtype=torch.float64, generator=generator)
    outermost = {
        angle: torch.stack([wave[-1] for wave in ring_harmonics(*turned_back(9, angle), 3).values()])
        for angle in (0, 25.5)
    }

    def kernel(w, angle):
        return torch.einsum("nj, nyx -> yx", torch.view_as_complex(w.contiguous()), outermost[angle]).real

    assert torch.allclose(kernel(reference("steer")(weight, 25.5), 0), kernel(weight, 25.5), atol=1e-9)


def test_paths_and_rooms_by_hand():
    paths, band = harmonics_between, reference("band")
    assert [paths(0, 0), paths(0, 2), paths(2, 0), paths(1, 1), paths(2, 1), paths(1, 2)] == [
        (0,), (2,), (2,), (0, 2), (1, 3), (1, 3)
    ]  # fmt: skip
    assert [band(size) for size in (3, 5, 7, 9)] == [(0, 1), (2, 6), (3, 13), (4, 22)]


def test_the_nonlinearity_by_hand_and_against_the_layer():
    x = torch.tensor([3.0, 4.0], dtype=torch.float64).view(1, 1, 2, 1, 1)
    short = reference("norm")(x, torch.tensor([2.5], dtype=torch.float64))
    assert torch.allclose(short.flatten(), torch.tensor([1.5, 2.0], dtype=torch.float64))
    layer = NormNonlinearity(Irreps(CyclicGroup(4), 1), 1).double()
    with_scalar = torch.cat([torch.zeros_like(x[:, :, :1]), x], dim=2)
    mine = reference("norm")(x, layer.threshold.detach()[:, 0])
    assert torch.allclose(layer(with_scalar)[:, :, 1:], mine, atol=1e-9)


@pytest.mark.parametrize("angle", [17, 90, 180])
def test_relu_on_pairs_is_wrong_at_every_turn_but_the_full_one(angle):
    assert steerable.relu_error(angle) > 0.1
    assert steerable.relu_error(360) < 1e-12
