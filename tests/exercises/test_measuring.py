"""The unit on measuring: its references by hand, and against the library."""

import math

import pytest
import torch

from course_lib.checks import measuring
from course_lib.checks.measuring_masks import scores
from course_lib.checks.measuring_reports import verdict
from course_lib.evaluation import dice

REFERENCE = {name: question.reference for name, question in measuring.QUESTIONS.items()}


def test_the_error_by_hand():
    y = torch.zeros(1, 1, 4, 2, 2, dtype=torch.float64)
    y[0, 0, 0, 0, 0] = 2  # top left, direction 0
    moved = torch.zeros_like(y)
    moved[0, 0, 1, 1, 0] = 2  # bottom left, direction 1
    assert REFERENCE["error"](moved, y, 1) == (True, 0.0)
    assert REFERENCE["error"](1.5 * moved, y, 1) == (True, 0.5)
    assert REFERENCE["error"](y, y, 1) == (True, pytest.approx(math.sqrt(2)))
    assert REFERENCE["error"](moved, 0 * y, 1) == (False, 0.0)


def test_the_region_by_hand():
    expected = torch.ones(1, 1, 4, 4, dtype=torch.float64)
    found = expected.clone()
    found[..., 0, 0] = 9  # a corner
    assert REFERENCE["region"](found, expected) == 0
    found[..., 0, 1] = 1 + math.sqrt(3)
    assert REFERENCE["region"](found, expected) == pytest.approx(0.5)  # 12 pixels in the disc


def test_the_scores_of_masks_are_those_of_the_library():
    masks = torch.rand(3, 5, 6, 6, generator=torch.Generator().manual_seed(0)) < 0.3
    masks[0, 0] = masks[1, 0] = False
    agreement, against_truth, empty = scores(*masks.double())
    assert agreement == pytest.approx(dice(masks[0][:, None], masks[1][:, None]).mean().item(), abs=1e-6)
    assert against_truth == pytest.approx(dice(masks[0][:, None], masks[2][:, None]).mean().item(), abs=1e-6)
    assert empty == 0.2


def test_the_floor_rises_with_the_size_of_the_mask():
    areas, floors = zip(*(measuring.floor_of_a_disc(radius) for radius in (3, 6, 12, 24)), strict=True)
    assert areas == tuple(sorted(areas)) and floors == tuple(sorted(floors))
    assert 0.9 < floors[0] and floors[-1] < 1


def test_verdicts_by_hand():
    assert [verdict(angle, 2e-7, 4e-16, 0.0) for angle in (0, 90, -90, 360)] == [
        "nothing",
        "exact",
        "exact",
        "nothing",
    ]
    assert verdict(180, 2e-7, 7e-8, 0.0) == "fault"
    assert [verdict(30, e, e, 7e-4) for e in (0.0, 1e-3, 2e-2)] == ["unseen", "unseen", "seen"]


def test_the_broken_routine_passes_an_ordinary_convolution_and_the_repaired_one_does_not():
    outputs = measuring.plain_outputs()
    faults = [mistake.function(*outputs) for mistake in measuring.QUESTIONS["repair"].mistakes[:7]]
    truth = REFERENCE["repair"](*outputs)
    assert truth == pytest.approx(0.34, abs=0.005)
    assert faults[0] == pytest.approx(0.0047, abs=5e-4)  # all three faults
    assert faults[4:] == pytest.approx([0.04, 0.05, truth], abs=0.006)  # one fault alone
