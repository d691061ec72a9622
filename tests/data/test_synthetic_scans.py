"""Synthetic scans: repeatable, balanced, without a preferred direction, and learnable but not trivial."""

import pytest
import torch

from course_lib.data.synthetic_scans import lesions, synthetic_scans
from tests.data.learning import accuracy_of_a_small_net, accuracy_of_nearest_mean


def test_equal_seeds_give_equal_images_and_other_seeds_others():
    a, b, c = (synthetic_scans(2, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(a.train.images, b.train.images) and a.sha256 == b.sha256 != c.sha256


@pytest.mark.parametrize(("dims", "counts"), [(2, (420, 90, 90)), (3, (140, 30, 30))])
def test_the_parts_are_70_15_and_15_percent_and_balanced(dims, counts):
    data = synthetic_scans(dims)
    parts = (data.train, data.val, data.test)
    assert tuple(map(len, parts)) == counts
    assert all(part.labels.bincount().unique().numel() == 1 for part in parts)


def test_a_ring_is_darker_inside_than_a_solid_lesion_and_a_cluster_is_mostly_gaps():
    bright = [lesions(torch.full((200,), c), 28, 2, torch.Generator().manual_seed(0)) for c in (0, 1, 2)]
    solid, ring, cluster = (image.mean(dim=0) for image in bright)
    assert solid[14, 14] > 0.7 and ring[14, 14] < 0.7 * solid[14, 14]
    assert cluster.mean() < solid.mean()


@pytest.mark.parametrize("label", [0, 1, 2])
def test_no_direction_is_preferred(label):
    mean = lesions(torch.full((3000,), label), 28, 2, torch.Generator().manual_seed(1)).mean(dim=0)
    assert (mean - mean.rot90()).abs().max() < 0.06
    assert (mean - mean.flip(0)).abs().max() < 0.06


@pytest.mark.parametrize("dims", [2, 3])
def test_the_mean_image_fails_where_a_small_net_learns(dims):
    data = synthetic_scans(dims)
    easy = accuracy_of_nearest_mean(data)
    assert accuracy_of_a_small_net(data, steps=100) > max(0.8, easy + 0.05)
    assert easy < 0.9
