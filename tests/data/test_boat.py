"""The boat: in the frame, asymmetric, and sampled with rows that count downwards."""

import pytest
import torch

from course_lib.actions import act
from course_lib.data.boat import boat, sample
from course_lib.groups import DihedralGroup
from course_lib.representations import Trivial


def test_colours_are_in_range_and_the_corners_are_black():
    picture = sample(boat, size=33)
    assert picture.shape == (3, 33, 33) and picture.dtype == torch.float64
    assert 0 <= picture.min() and picture.max() <= 1
    right, up = sample(lambda p: p, size=33)
    assert picture[:, torch.hypot(right, up) > 1].abs().max() == 0


def test_no_symmetry_of_the_square_leaves_it_alone():
    d4, picture = DihedralGroup(4), sample(boat, size=32)
    moved = [act(g, picture, Trivial(d4)) for g in d4.elements]
    for g in d4.elements:
        assert all((moved[g] - moved[h]).norm() > 0.3 * picture.norm() for h in d4.elements if h != g)


def test_moon_is_up_and_left_and_the_sea_is_down():
    red, _, blue = sample(boat, size=64)
    assert red[16, 17] == 1 and red[16, 46] < 0.1
    assert blue[58, 32] > 0.7 and blue[5, 32] < 0.1


def test_points_may_have_any_shape():
    assert boat(torch.zeros(2, 7)).shape == (3, 7)
    with pytest.raises(ValueError, match="size must be at least 1 pixel, got 0"):
        sample(boat, size=0)
