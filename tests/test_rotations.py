"""Rotations: series meet closed forms, logarithms are accurate at 0 and at pi, the cut has a convention."""

import math

import pytest
import torch

from course_lib import rotations

AXIS = torch.tensor([2.0, -1.0, 2.0], dtype=torch.float64) / 3
ANGLES = (0, 1e-300, 1e-9, 1e-3, 0.06, 0.0633, 0.2235, 0.2237, 1, 3, math.pi - 1e-7, math.pi - 1e-11)


@pytest.mark.parametrize(
    "function, closed",
    [
        (rotations.sinc, lambda t: t.sin() / t),
        (rotations.cosc, lambda t: (1 - t.cos()) / t**2),
        (rotations.sincc, lambda t: (t - t.sin()) / t**3),
        (rotations.cotc, lambda t: (1 - t / 2 / (t / 2).tan()) / t**2),
    ],
    ids=["sinc", "cosc", "sincc", "cotc"],
)
def test_series_meet_the_closed_forms(function, closed):
    t = torch.linspace(0.15, 3.1, 500, dtype=torch.float64)  # both sides of the switch at 0.2236
    torch.testing.assert_close(function(t**2), closed(t), rtol=1e-12, atol=0)
    at_zero = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(function(at_zero).sum(), at_zero)
    assert function(at_zero).item() in (1, 1 / 2, 1 / 6, 1 / 12) and slope.isfinite()


@pytest.mark.parametrize("angle", ANGLES)
def test_logarithms_are_accurate_at_every_angle(angle):
    for sign in (1, -1):
        w = sign * angle * AXIS
        torch.testing.assert_close(
            rotations.rotation_vector(rotations.space_rotation(w)), w, rtol=0, atol=4e-15
        )
        plane = rotations.plane_rotation(w.new_tensor(sign * angle))
        assert abs(rotations.plane_angle(plane).item() - sign * angle) < 1e-15


def test_rounding_does_not_choose_the_sign_at_the_cut():
    for turn in (math.pi, -math.pi, math.pi + 1e-15, -math.pi + 1e-15):
        angle = rotations.plane_angle(rotations.plane_rotation(torch.tensor(turn, dtype=torch.float64)))
        assert abs(angle.item() - math.pi) < 1e-14
        w = rotations.rotation_vector(rotations.space_rotation(turn * AXIS))
        torch.testing.assert_close(w, math.pi * AXIS, rtol=0, atol=1e-14)
    half_turn = torch.diag(torch.tensor([-1.0, -1, 1]))  # about the third axis, in whole numbers
    assert torch.equal(rotations.rotation_vector(half_turn), torch.tensor([0, 0, math.pi]))


def test_senses_of_rotation_by_hand():
    quarter = torch.tensor(math.pi / 2, dtype=torch.float64)
    turned = rotations.plane_rotation(quarter) @ quarter.new_tensor([1, 0])
    torch.testing.assert_close(turned, quarter.new_tensor([0, 1]))  # right becomes up
    turned = rotations.space_rotation(quarter * quarter.new_tensor([0, 0, 1])) @ quarter.new_tensor([1, 0, 0])
    torch.testing.assert_close(turned, quarter.new_tensor([0, 1, 0]))


def test_quaternions_give_back_every_rotation():
    q = torch.randn(500, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    turns = rotations.from_quaternion(q)
    torch.testing.assert_close(turns @ turns.mT, torch.eye(3).expand_as(turns).double(), rtol=0, atol=1e-14)
    assert (torch.linalg.det(turns) > 0).all()
    q = q / q.norm(dim=1, keepdim=True)
    found = rotations.quaternion(turns)
    torch.testing.assert_close(found * (found * q).sum(1, keepdim=True).sign(), q, rtol=0, atol=1e-14)


def test_random_rotations_have_no_preferred_direction():
    q = torch.randn(20_000, 4, generator=torch.Generator().manual_seed(1))
    assert rotations.from_quaternion(q).mean(0).abs().max() < 0.02  # each entry has a spread of 0.58
