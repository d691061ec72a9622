"""Augmentation: exact turns, any angle as the action, image and mask together, labels left alone."""

import pytest
import torch

from course_lib.actions import rotate
from course_lib.augmentation import augment, cube_turns, quarter_turns, random_rotations, rotations, turned_by


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_quarter_turns_are_exact_and_of_each_sample():
    x = torch.rand(4, 3, 6, 6)
    turned = quarter_turns(x, torch.tensor([0, 1, 2, 3]))
    for k in range(4):
        assert torch.equal(turned[k], x[k].rot90(k, (-2, -1)))


@pytest.mark.parametrize("angle", [0, 30, 90, 135, 301])
def test_any_angle_equals_the_action_inside_the_frame(angle):
    x = torch.rand(2, 3, 12, 12)
    x[..., :2, :], x[..., -2:, :], x[..., :2], x[..., -2:] = 0, 0, 0, 0
    turned = rotations(x, torch.full((2,), float(angle)))
    assert torch.allclose(turned, rotate(x, angle), atol=1e-5)


@pytest.mark.parametrize("kind", ["quarter-turns", "rotations"])
def test_image_and_mask_turn_together_by_different_angles(kind):
    masks = torch.zeros(16, 1, 32, 32)
    masks[..., 6:12, 10:20] = 1
    images, turned = augment(masks.expand(16, 3, 32, 32), masks, kind, torch.Generator().manual_seed(0))
    assert set(turned.unique().tolist()) == {0, 1}
    assert torch.equal(images[:, :1] >= 0.5, turned > 0)
    assert len({mask.numpy().tobytes() for mask in turned}) >= (4 if kind == "quarter-turns" else 14)


def test_no_augmentation_changes_nothing_and_draws_nothing():
    generator = torch.Generator().manual_seed(0)
    images, masks = torch.rand(2, 3, 4, 4), torch.ones(2, 1, 4, 4)
    assert augment(images, masks, "none", generator)[0] is images
    assert torch.equal(generator.get_state(), torch.Generator().manual_seed(0).get_state())


def test_labels_stay_while_images_turn():
    images, labels = torch.rand(8, 1, 6, 6), torch.arange(8)
    for kind in ("quarter-turns", "rotations"):
        turned, same = augment(images, labels, kind, generator())
        assert same is labels
        assert not torch.equal(turned, images)


def test_cube_turns_are_the_24_rotations_of_the_cube():
    cube = torch.rand(1, 1, 3, 3, 3).expand(24, 1, 3, 3, 3)
    turned = cube_turns(cube, torch.arange(24))
    found = {one.numpy().tobytes() for one in turned}
    assert len(found) == 24
    mirror = cube[0].flip(-1).numpy().tobytes()
    assert mirror not in found
    assert torch.equal(turned[0], cube[0])
    for axes in ((-2, -1), (-3, -1), (-3, -2)):  # a group: turning once more gives no new ones
        assert {one.rot90(1, axes).numpy().tobytes() for one in turned} == found


def test_random_rotations_keep_lengths_and_hands():
    matrices = random_rotations(500, generator()).double()
    assert torch.allclose(matrices @ matrices.mT, torch.eye(3, dtype=torch.float64), atol=1e-5)
    assert torch.allclose(torch.linalg.det(matrices), torch.ones(500, dtype=torch.float64), atol=1e-5)
    assert matrices.mean(dim=0).abs().max() < 0.1  # every direction goes everywhere


def test_volumes_are_read_at_turned_points():
    volume = torch.zeros(1, 1, 5, 5, 5)
    volume[0, 0, 2, 2, 4] = 1  # at x = 1, y = z = 0
    quarter = torch.tensor([[[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]])  # reads x from y: moves x to y
    turned = turned_by(volume, quarter)[0, 0]
    assert (turned > 0.9).nonzero().tolist() == [[2, 4, 2]]
    images, labels = torch.rand(4, 1, 5, 5, 5), torch.arange(4)
    for kind in ("quarter-turns", "rotations"):
        turned, same = augment(images, labels, kind, generator())
        assert same is labels
        assert turned.shape == images.shape
