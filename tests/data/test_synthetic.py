"""Synthetic polyps: repeatable, exact outlines, and a task that no threshold solves."""

import pytest
import torch
from torch.nn import functional as F

from course_lib.data import load
from course_lib.data.relief import dome, polar
from course_lib.data.synthetic import synthetic_polyps
from course_lib.families import FAMILIES
from course_lib.models.unet import UNet


def test_equal_seeds_give_equal_pictures_and_other_seeds_others():
    (a, first), (b, again), (c, other) = (
        synthetic_polyps(n_scenes=9, size=24, seed=seed) for seed in (0, 0, 1)
    )
    assert torch.equal(a.images, b.images) and torch.equal(a.masks, b.masks) and first == again
    assert first != other and not torch.equal(a.masks, c.masks)


def test_the_scenes_do_not_depend_on_the_size():
    (large, _), (small, _) = (synthetic_polyps(n_scenes=12, size=size) for size in (64, 32))
    for a, b, bound in ((large.images, small.images, 6), (255 * large.masks, 255 * small.masks, 6)):
        assert (F.avg_pool2d(a.float(), 2) - b.float()).abs().mean() < bound


def test_every_picture_holds_a_polyp_of_reasonable_size():
    pictures, _ = synthetic_polyps(size=32)
    share = pictures.masks.float().mean(dim=(1, 2, 3))
    assert share.min() > 0.003 and share.max() < 0.7 and 0.08 < share.mean() < 0.2
    assert share.quantile(0.9) > 5 * share.quantile(0.1), "sizes vary"
    assert pictures.images.float().mean(dim=(1, 2, 3)).std() > 10, "light varies"
    assert len(set(pictures.groups)) == 200 and len(set(pictures.ids)) == 400


def test_the_outline_of_a_round_blob_is_a_circle():
    axis = torch.linspace(-1, 1, 101)
    points = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)[None]
    one = torch.ones(1, 1)
    rho = polar(points, torch.zeros(1, 1, 2), 0.5 * one, one, 0 * one, torch.zeros(1, 1, 0, 2))
    assert torch.allclose(rho[0, 0], 2 * points[0].norm(dim=-1), atol=1e-5)
    assert dome(rho)[rho > 1].abs().max() == 0 and dome(rho).max() == 1


def test_lobes_are_waves_around_the_outline():
    """With one wave of three periods the radius is 1.2 at 0 and at 120 degrees, 0.8 at 60 degrees."""
    angle = torch.tensor([0.0, 60.0, 120.0]).deg2rad()
    points = torch.stack((angle.cos(), angle.sin()), dim=-1)[None, None]
    one, lobes = torch.ones(1, 1), torch.zeros(1, 1, 2, 2)
    lobes[0, 0, 1, 0] = 0.2
    rho = polar(points, torch.zeros(1, 1, 2), one, one, 0 * one, lobes)
    assert torch.allclose(1 / rho.flatten(), torch.tensor([1.2, 0.8, 1.2]), atol=1e-5)


@pytest.mark.parametrize("options", [{"n_scenes": 0}, {"n_frames": 0}, {"size": 0}])
def test_numbers_below_one_are_refused(options):
    with pytest.raises(ValueError, match="must be at least 1"):
        synthetic_polyps(**options)


def dice(predicted, masks):
    predicted, masks = predicted.flatten(1).float(), masks.flatten(1).float()
    return (2 * (predicted * masks).sum(1) / (predicted.sum(1) + masks.sum(1)).clamp_min(1)).mean().item()


def colours(images):
    """What a threshold could be put on: brightness, red, share of red, red minus green and blue."""
    x = images.float() / 255
    total = x.sum(dim=1) + 0.05
    return torch.stack((total, x[:, 0], x[:, 0] / total, x[:, 0] - x[:, 1], x[:, 0] - x[:, 2], -total), dim=1)


def best_threshold_dice(train, test):
    """Dice on the test set of the threshold, of all colours and levels, that is best in training."""
    best = (0.0, 0, 0.0)
    for channel, values in enumerate(colours(train.images).unbind(1)):
        lit = values[train.images.amax(dim=1) > 20]
        for level in torch.quantile(lit, torch.linspace(0.05, 0.98, 20)).tolist():
            best = max(best, (dice(values > level, train.masks[:, 0]), channel, level))
    _, channel, level = best
    return dice(colours(test.images)[:, channel] > level, test.masks[:, 0])


def trained_net_dice(train, test):
    """Dice on the test set of a small U-Net after a few seconds of training."""
    torch.manual_seed(0)
    net = UNet(FAMILIES["plain"], 3, 1, widths=(8, 16, 32))
    steps = 150
    optimiser = torch.optim.AdamW(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-2, total_steps=steps)
    for _ in range(steps):
        batch = torch.randint(len(train), (8,))
        logits, truth = net(train.images[batch].float() / 255), train.masks[batch].float()
        p = logits.sigmoid()
        overlap = 2 * (p * truth).sum() / (p + truth).sum()
        optimiser.zero_grad()
        (F.binary_cross_entropy_with_logits(logits, truth) - overlap).backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return dice(net.eval()(test.images.float() / 255)[:, 0] > 0, test.masks[:, 0])


def test_a_threshold_fails_where_a_small_net_learns():
    data = load("synthetic-polyps", size=32)
    threshold = best_threshold_dice(data.train, data.test)
    trained = trained_net_dice(data.train, data.test)
    assert threshold < 0.30
    assert trained > threshold + 0.08
