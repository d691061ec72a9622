"""The error of sampled rotations: how fast it falls, and what it depends on."""

import math

import pytest
import torch

from course_lib.explorers.lie_samples import sampling_error
from course_lib.lie_groups import SE2, SE3

pytestmark = pytest.mark.slow


def typical(group, samples, spacing, draws=4):
    errors = [sampling_error(group, samples, spacing, draw=draw) for draw in range(draws)]
    return math.sqrt(sum(error**2 for error in errors) / draws)


@pytest.mark.parametrize("group", [SE2, SE3], ids=str)
def test_random_rotations_fall_like_one_over_the_root(group):
    slope = math.log(typical(group, 32, "random") / typical(group, 8, "random")) / math.log(4)
    assert -0.75 < slope < -0.4


def test_equal_steps_from_a_random_start_fall_faster_and_equal_steps_vanish():
    slope = math.log(typical(SE2, 16, "offset") / typical(SE2, 4, "offset")) / math.log(4)
    assert slope < -0.8
    assert sampling_error(SE2, 16, "even") < 1e-6 < 1e-3 < sampling_error(SE2, 4, "even")


def test_only_the_samples_change_with_the_draw():
    first = sampling_error(SE2, 2, "random")
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    assert sampling_error(SE2, 2, "random") == first != sampling_error(SE2, 2, "random", draw=1)
    assert torch.rand(1) == expected, "the state of torch's generator is left alone"
    assert sampling_error(SE2, 2, "even", draw=5) == sampling_error(SE2, 2, "even")
