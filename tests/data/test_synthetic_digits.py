"""Synthetic digits: turned as said, legible, and learnable but not trivial."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from course_lib.data.digits import turn
from course_lib.data.synthetic_digits import STROKES, ink, segments, synthetic_digits
from tests.data.learning import accuracy_of_a_small_net, accuracy_of_nearest_mean

AXIS = (torch.arange(28) + 0.5) / 14 - 1
POINTS = torch.stack((AXIS.repeat(28), -AXIS.repeat_interleave(28)), dim=-1)


def plain(digit):
    """A digit without any distortion."""
    return ink(0.65 * segments(digit)[None], torch.tensor([0.18]), POINTS).reshape(28, 28)


def test_equal_seeds_give_equal_images_and_other_seeds_others():
    a, b, c = (synthetic_digits(seed=seed) for seed in (0, 0, 1))
    assert torch.equal(a.train.images, b.train.images) and a.sha256 == b.sha256 != c.sha256


def test_there_are_ten_classes_of_one_hundred():
    data = synthetic_digits()
    assert [len(part) for part in (data.train, data.val, data.test)] == [700, 150, 150]
    assert data.train.labels.bincount().tolist() == [70] * 10 and len(STROKES) == 10


def test_a_stroke_is_as_wide_as_the_pen():
    across = torch.stack((torch.linspace(-0.5, 0.5, 101), torch.zeros(101)), dim=-1)
    stroke = torch.tensor([[[[0.0, -1.0], [0.0, 1.0]]]])
    assert ink(stroke, torch.tensor([0.3]), across).mean().item() * 1.0 == pytest.approx(0.3, abs=0.01)


def test_turned_and_upright_digits_are_the_same_up_to_a_turn():
    turned, upright = synthetic_digits().test, synthetic_digits(turned=False).test
    assert torch.equal(turned.labels, upright.labels) and turned.ids == upright.ids
    ink_turned, ink_upright = (part.images.float().sum(dim=(1, 2, 3)) for part in (turned, upright))
    assert torch.allclose(ink_turned, ink_upright, rtol=0.03)
    assert (turned.images != upright.images).flatten(1).any(dim=1).all()


def test_no_turn_makes_a_digit_into_another_except_six_and_nine():
    alike = set()
    for a, b in itertools.combinations(range(10), 2):
        still = plain(b).flatten()
        image = (255 * plain(a)).round().to(torch.uint8).numpy()
        likeness = max(
            F.cosine_similarity(torch.from_numpy(turn(image, angle)).flatten().float(), still, dim=0).item()
            for angle in range(0, 360, 6)
        )
        if likeness > 0.9:
            alike.add((a, b))
    assert alike == {(6, 9)}


def test_the_mean_image_fails_where_a_small_net_learns():
    data = synthetic_digits()
    easy = accuracy_of_nearest_mean(data)
    assert easy < 0.5
    assert accuracy_of_a_small_net(data, steps=150) > easy + 0.15


def test_a_net_that_saw_upright_digits_fails_on_turned_ones():
    upright, turned = synthetic_digits(turned=False), synthetic_digits()
    assert accuracy_of_a_small_net(upright, steps=100) > 0.95
    assert accuracy_of_a_small_net(upright, steps=100, test=turned.test) < 0.6
