"""The unit on LieConv: its references by hand, where they rest on the library alone."""

import math

import pytest
import torch

from course_lib.checks import lieconv

REFERENCE = {name: question.reference for name, question in lieconv.QUESTIONS.items()}


def test_half_a_circle_by_hand():
    u = REFERENCE["exponential"](math.pi, 0.0, math.pi)  # half a circle of length pi: 2 above the start
    expected = torch.tensor([[-1, 0, 0], [0, -1, 2], [0, 0, 1]], dtype=torch.float64)
    torch.testing.assert_close(u, expected, rtol=0, atol=1e-14)
    assert REFERENCE["logarithm"](-1.0, 0.0, 0.0, 2.0) == pytest.approx((math.pi, 0, math.pi))
    assert REFERENCE["logarithm"](-1.0, -1.2e-16, 0.0, 2.0)[2] == pytest.approx(math.pi)
    assert REFERENCE["logarithm"](0.0, -1.0, 0.0, 0.0)[2] == pytest.approx(-math.pi / 2)  # clockwise


def test_lifting_by_hand():
    (u,) = REFERENCE["lifting"](torch.tensor([[3.0, 4]]).double(), torch.tensor([math.pi / 2]).double())
    expected = torch.tensor([[0, -1, 3], [1, 0, 4], [0, 0, 1]], dtype=torch.float64)
    torch.testing.assert_close(u[0], expected)


def test_means_by_hand():
    line = torch.tensor([[0.0, 0], [2, 0], [3, 0], [7, 0]]).double()
    f = torch.tensor([[1.0], [2], [4], [8]]).double()
    mean = REFERENCE["neighbours"]
    assert mean(line, f, (True,) * 4, 2.0, 4)[:, 0].tolist() == [1.5, 7 / 3, 3, 8]
    assert mean(line, f, (True, True, False, True), 2.0, 4)[:, 0].tolist() == [1.5, 1.5, 0, 8]
    assert mean(line, f, (True,) * 4, 10.0, 2)[:, 0].tolist() == [1.5, 3, 3, 6]


def test_the_layer_by_hand():
    poses = torch.tensor([[0.0, 0, 0], [2, 0, 0], [9, 9, 9]]).double()
    answer = lieconv.convolve  # the check; the reference stands in the question
    assert answer(REFERENCE["convolve"]).is_right
    found = REFERENCE["convolve"](poses, torch.tensor([1.0, 10, 100]).double(), (True, True, False))
    to_the_right, to_the_left = 2 * math.exp(-0.5), 0.0  # kernel at log (2, 0, 0) and (-2, 0, 0)
    assert found.tolist() == pytest.approx([(1 + 10 * to_the_right) / 2, (10 + to_the_left) / 2, 0])


def test_samples_by_hand():
    needed = REFERENCE["samples"]
    assert needed(10, 10) == 4  # two answers of 8 differ by the error of one of 4
    assert needed(20, 10) == 16 and needed(10, 9) == 5 and needed(1, 100) == 1


def test_what_the_notebook_measures():
    errors = [lieconv.measured_error(n) for n in (8, 32)]
    assert 1.3 < errors[0] / errors[1] < 4
    assert lieconv.measured_error(32, spacing="even") < 1e-5
