"""The unit on SE(2, N): its references by hand, and against the library."""

import math

import pytest
import torch

from course_lib.checks import se2
from course_lib.checks.questions import variant
from course_lib.checks.se2_design import arch, choose
from course_lib.checks.se2_fiber import group_bank, read_by_angle, turns_on_the_disc
from course_lib.checks.se2_kernels import bank, turns_of_the_square
from course_lib.filters import disc_mask
from course_lib.groups import CyclicGroup
from course_lib.layers.regular import GroupConv
from course_lib.representations import Regular, Trivial

REFERENCE = {name: question.reference for name, question in se2.QUESTIONS.items()}


def test_the_matrix_by_hand():
    numbers = torch.tensor([1.0, 2, 3, 4], dtype=torch.float64)
    assert (REFERENCE["sampling"](2, 90) @ numbers).tolist() == [2, 4, 1, 3]
    half = math.sqrt(0.5)
    away = half - 0.5  # at 45 degrees each pixel comes from a point on an axis, half way between two pixels
    assert (REFERENCE["sampling"](2, 45) @ numbers)[0].item() == pytest.approx((1 - away) * (1 + 2) / 2)


@pytest.mark.parametrize("n", [4, 8, 12])
def test_the_banks_are_those_of_the_library(n):
    group = CyclicGroup(n)
    lift = GroupConv(Trivial(group), 2, 3, kernel_size=5, disc=True).double()
    conv = GroupConv(Regular(group), 2, 3, kernel_size=5, disc=True).double()
    for layer in (lift, conv):
        layer.orbit.turned = turned(n)
    assert torch.allclose(
        bank(lift.weight[:, :, 0], turns_of_the_square(n, 5)), lift.kernel()[:, :, :, 0], atol=1e-12
    )
    assert torch.allclose(group_bank(conv.weight, turns_on_the_disc(n, 5)), conv.kernel(), atol=1e-12)


def turned(n):
    """The orbit's buffer in float64; the layer is built in float32."""
    return turns_on_the_disc(n, 5).permute(2, 0, 1).unflatten(2, (5, 5))


def test_reading_by_angle_loses_the_identity_in_a_quarter_turn_of_c8():
    ones = torch.ones(1, 1, 8, 1, 1, dtype=torch.float64)
    lost = read_by_angle(ones, turns_on_the_disc(8, 1)).view(8, 8) < 0.5
    assert lost.nonzero().tolist() == [[2, 2]]
    four = torch.ones(1, 1, 4, 1, 1, dtype=torch.float64)
    assert torch.allclose(read_by_angle(four, turns_on_the_disc(4, 1)), torch.ones(()).double(), atol=1e-6)


def test_pooling_by_hand():
    x = torch.tensor([1.0, 5, 2, 3, 8, 6, 7, 4], dtype=torch.float64).view(1, 8, 1, 1)
    assert variant(se2.QUESTIONS["pool"], 4).reference(x).flatten().tolist() == [5, 8]


def test_designs_by_hand():
    assert [int(disc_mask(size).sum()) for size in (3, 5, 7)] == [9, 21, 37]
    assert choose(0.8, 40_000) == (4, 3, 33)  # 33 ** 2 * 36 = 39204
    assert choose(0.3, 40_000) == (12, 5, 11)  # 121 * 300 = 36300
    assert choose(0.1, 40_000)[:2] == (32, 7)
    assert arch(12) == pytest.approx(0.261, abs=5e-4)
