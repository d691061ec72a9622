"""Point sets: what is refused, and images as points."""

import pytest
import torch

from course_lib.point_sets import checked_mask, image_points

POINTS, VALUES = torch.zeros(2, 3, 2), torch.zeros(2, 3, 1)
ALL = torch.ones(2, 3, dtype=torch.bool)


def with_number(number, part):
    """Points and values with a bad number in one place, and a mask that leaves this place out."""
    bad = [POINTS.clone(), VALUES.clone()]
    bad[part][1, 2, 0] = number
    mask = ALL.clone()
    mask[1, 2] = False
    return *bad, mask


def test_the_mask_of_good_sets_comes_back():
    assert torch.equal(checked_mask(POINTS, VALUES, None, space=2), ALL)
    mask = torch.tensor([[True, False, False], [True, True, True]])
    assert checked_mask(POINTS, VALUES, mask, space=2) is mask
    assert checked_mask(POINTS[:1], VALUES, None, space=2).shape == (1, 3)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("part, name", [(0, "coordinates"), (1, "values")])
def test_bad_numbers_are_refused_unless_they_are_padding(number, part, name):
    points, values, mask = with_number(number, part)
    with pytest.raises(ValueError, match=f"{name} must be finite where the mask is True"):
        checked_mask(points, values, None, space=2)
    checked_mask(points, values, mask, space=2)


@pytest.mark.parametrize(
    "points, values, mask, message",
    [
        (POINTS[:, :0], VALUES[:, :0], None, "one point or more, got an empty one"),
        (POINTS, VALUES, torch.zeros_like(ALL), "set 0 is masked out wholly"),
        (torch.zeros(2, 3, 3), VALUES, None, r"axes b n 2, got \(2, 3, 3\)"),
        (POINTS, VALUES, ALL.float(), "mask must be boolean .* got torch.float32"),
    ],
)
def test_malformed_sets_are_refused(points, values, mask, message):
    with pytest.raises(ValueError, match=message):
        unchecked(points, values, mask)


def unchecked(points, values, mask):
    """The function without the tests' check of its annotations, which would come first."""
    return checked_mask.__wrapped__(points, values, mask, space=2)


@pytest.mark.parametrize(
    "points, values, mask, message",
    [
        (POINTS[0], VALUES, None, "add the axis of the batch"),
        (POINTS, VALUES[:, :2], None, r"values must have the axes b n c .* got \(2, 2, 1\)"),
        (POINTS, VALUES, ALL[:, :2], r"got torch.bool with \(2, 2\)"),
        (POINTS, VALUES, ALL[0], r"got torch.bool with \(3,\)"),
    ],
)
def test_wrong_shapes_are_refused(points, values, mask, message):
    with pytest.raises(ValueError, match=message):
        unchecked(points, values, mask)


def test_pixels_become_points_right_and_up_of_the_centre():
    image = torch.tensor([[1.0, 2, 3], [4, 5, 6]])[None, None]
    points, values, mask = image_points(image)
    expected = [[-1, 0.5], [0, 0.5], [1, 0.5], [-1, -0.5], [0, -0.5], [1, -0.5]]
    assert torch.equal(points[0], torch.tensor(expected)) and mask.all()
    assert values.flatten().tolist() == [1, 2, 3, 4, 5, 6]


def test_a_quarter_turn_of_the_image_turns_the_points():
    image = torch.rand(1, 2, 4, 4, generator=torch.Generator().manual_seed(0)).double()
    points, values, _ = image_points(image)
    turned = points @ points.new_tensor([[0, -1], [1, 0]]).mT
    expected = {tuple(p): v for p, v in zip(turned[0].tolist(), values[0].tolist(), strict=True)}
    points, values, _ = image_points(image.rot90(1, (-2, -1)))
    assert {tuple(p): v for p, v in zip(points[0].tolist(), values[0].tolist(), strict=True)} == expected


def test_only_inked_pixels_are_kept_and_the_sets_are_padded():
    images = torch.zeros(2, 1, 3, 3)
    images[0, 0, 0, 0] = images[0, 0, 2, 1] = images[1, 0, 1, 1] = 1
    points, values, mask = image_points(images, ink=0.5)
    assert mask.tolist() == [[True, True], [True, False]]
    assert points.tolist() == [[[-1, 1], [0, -1]], [[0, 0], [0, 0]]]
    assert values[..., 0].tolist() == [[1, 1], [1, 0]]
    with pytest.raises(ValueError, match="image 1 has no pixel above ink = 2"):
        image_points(torch.stack([images[0] * 3, images[1]]), ink=2)
