"""The U-Net unit: its references by hand, and against the library's network, scores and bootstrap."""

import pytest
import torch

from course_lib.checks import unet
from course_lib.checks.unet_blocks import WIDTH_FAMILIES, parameters
from course_lib.evaluation import dice
from course_lib.families import FAMILIES
from course_lib.models.unet import UNet
from course_lib.statistics import bootstrap_difference


def reference(name):
    return unet.QUESTIONS[name].reference


@pytest.mark.parametrize("name", ["plain", "p4", "steerable-so2"])
def test_the_block_is_the_first_block_of_the_library(name):
    image = torch.randn(2, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    network = UNet(FAMILIES[name], 3, 1, widths=(2, 2))
    assert torch.allclose(reference("block")(name, 2, image), unet.fill(network.down[0])(image.unsqueeze(2)))


def test_fill_depends_on_the_shape_alone():
    one, other = (unet.fill(FAMILIES["p4"].conv(2, 3)) for _ in range(2))
    assert torch.equal(one.weight, other.weight) and one.weight.dtype == torch.float64
    assert one.weight.std() > 0.01


@pytest.mark.parametrize("name", ["plain", *WIDTH_FAMILIES])
def test_parameters_are_those_of_a_real_block(name):
    block = UNet(FAMILIES[name], 1, 1, widths=(7, 7)).down[1]  # from features to features
    assert parameters(name, 7) == sum(p.numel() for p in block.parameters())


def test_widths_by_hand():
    # Plain, 8: 18 * 64 + 6 * 8 = 1200. p4: 72 w^2 + 6 w, 1176 at 4. sre: 6 w^2 + 6 w, 1092 at 13, 1260 at 14.
    widths = {question.value: question.reference for question in unet.QUESTIONS["width"].variants}
    assert widths["p4"](8) == 4
    assert widths["sre"](8) == 14


def test_scores_by_hand_and_against_the_library():
    found = torch.tensor([[[1.0, 1, 0, 0]], [[1, 0, 0, 0]], [[0, 0, 0, 0]]], dtype=torch.float64)
    truth = torch.tensor([[[1.0, 1, 0, 0]], [[0, 1, 1, 1]], [[0, 0, 0, 0]]], dtype=torch.float64)
    mean, pooled = reference("dice")(found, truth)
    assert (mean, pooled) == (pytest.approx(2 / 3), 0.5)
    assert mean == pytest.approx(dice(found[:, None] > 0, truth[:, None] > 0).mean().item())


def test_the_loss_by_hand():
    logits = torch.zeros(1, 1, 1, 2, dtype=torch.float64)  # p = 1/2 at both pixels
    masks = torch.tensor([1.0, 0.0], dtype=torch.float64).view(1, 1, 1, 2)
    assert reference("loss")(logits, masks) == pytest.approx(1 - 2 / 3)


def test_the_split_by_hand():
    assert reference("split")(("a", "a", "b", "c"), ("a", "c", "b"), 0.25) == ((2, 3), (0, 1))
    assert reference("split")(("a", "b", "a", "c"), ("c", "a", "b"), 0.5) == ((1,), (0, 2, 3))


def test_the_resampled_means_by_hand_and_their_interval_against_the_library():
    ours = torch.tensor([0.9, 0.8, 0.4, 0.6], dtype=torch.float64)
    baseline = torch.tensor([0.8, 0.8, 0.1, 0.6], dtype=torch.float64)
    group = torch.tensor([0, 0, 1, 2])
    drawn = torch.tensor([[0, 1, 2], [1, 1, 0]])
    means = reference("bootstrap")(ours, baseline, group, drawn)
    assert torch.allclose(means, torch.tensor([0.1, 0.7 / 4], dtype=torch.float64))

    generator = torch.Generator().manual_seed(0)
    many = torch.randint(0, 3, (10_000, 3), generator=generator)
    means = reference("bootstrap")(ours, baseline, group, many)
    names = {str(i): str(g) for i, g in enumerate(group.tolist())}
    sides = [{str(i): value for i, value in enumerate(side.tolist())} for side in (ours, baseline)]
    interval = bootstrap_difference([sides[0]], [sides[1]], names)
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    assert (low, high) == (pytest.approx(interval.low, abs=0.01), pytest.approx(interval.high, abs=0.01))
