"""Scores of a trained model: of masks averaged over symmetries, of other sets, and of classes."""

import pytest
import torch
from torch import nn

from course_lib.checkpoints import Epoch, Progress
from course_lib.classification import turn
from course_lib.config import Settings
from course_lib.data.classification import ClassificationSet
from course_lib.data.segmentation import SegmentationSet, Splits
from course_lib.evaluation import SymmetryAverage
from course_lib.scores import Validation
from course_lib.scoring import MOST_TURNED, lacks, make_entry, score_classes

PROGRESS = Progress(epochs=[Epoch(0.5, 0.6, 1.0), Epoch(0.4, 0.7, 1.0)], peak_memory_mb=100.0)
VALIDATION = Validation(
    score_name="AUC", score=0.7, epoch=2, loss_per_epoch=[1, 0.5], score_per_epoch=[0.6, 0.7]
)


def blobs(n=4, name="a"):
    masks = torch.zeros(n, 1, 8, 8, dtype=torch.uint8)
    for i in range(n):
        masks[i, 0, i : i + 4, 2:6] = 1
    images = (200 * masks).expand(n, 3, 8, 8).contiguous()
    return SegmentationSet(images, masks, tuple(f"{name}{i}" for i in range(n)), tuple("g" * n))


class LeansLeft(nn.Module):
    """Marks what is bright in the left half only."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x):
        left = torch.arange(x.shape[-1]) < x.shape[-1] / 2
        return (x.mean(1, keepdim=True) - 0.3) * left - 0.1 * ~left


def mask_entry(model, **options):
    splits = Splits(blobs(), blobs(), blobs(), "kvasir-seg", "0" * 64, "free")
    return make_entry(
        model, splits, Settings(data="kvasir-seg", size=8), PROGRESS, accelerator="cpu", **options
    )


def test_averaged_masks_turn_with_the_image_whatever_the_model():
    entry = mask_entry(LeansLeft(), average=True)
    quarter = entry.segmentation.agreement.angles_deg.index(90)
    assert entry.segmentation.agreement.mean[quarter] < 0.7
    assert entry.segmentation.averaged is not None
    assert entry.segmentation.averaged.agreement.mean[quarter] == 1
    assert mask_entry(LeansLeft()).segmentation.averaged is None


def test_average_of_an_equivariant_model_is_the_model():
    class Bright(nn.Module):
        def forward(self, x):
            return x.mean(1, keepdim=True) - 0.3

    x = torch.rand(2, 3, 6, 6)
    assert torch.allclose(SymmetryAverage(Bright())(x), Bright()(x).sigmoid() - 0.5, atol=1e-6)


def test_averaging_brings_each_answer_back_to_its_place():
    x = torch.rand(1, 3, 6, 6)
    average = SymmetryAverage(LeansLeft())
    assert torch.allclose(average(x).rot90(1, (-2, -1)), average(x.rot90(1, (-2, -1))), atol=1e-6)
    assert torch.allclose(average(x).flip(-1), average(x.flip(-1)), atol=1e-6)
    assert not torch.allclose(average(x), average(x.flip(-1)))


def test_other_sets_are_scored_upright():
    entry = mask_entry(LeansLeft(), also={"cvc-clinicdb": blobs(3, "b")})
    other = entry.segmentation.also["cvc-clinicdb"]
    assert list(other.dice.per_image) == ["b0", "b1", "b2"]
    assert 0.5 < other.dice.mean < 0.8


class UpperHalf(nn.Module):
    """Class 1 if the upper half is the brighter one."""

    def forward(self, x):
        upper, lower = (half.flatten(1).mean(dim=1) for half in x.tensor_split(2, dim=-2))
        return 9 * torch.stack([lower, upper], dim=1)


def halves(n):
    images = torch.zeros(n, 1, 8, 8, dtype=torch.uint8)
    images[::2, :, :4] = 255
    images[1::2, :, 4:] = 255
    names = tuple(str(i) for i in range(n))
    return ClassificationSet(images, (1 - torch.arange(n) % 2), names, names)


def test_classes_by_hand():
    scores = score_classes(UpperHalf(), halves(6), VALIDATION)
    assert (scores.test.auc, scores.test.accuracy) == (1, 1)
    assert scores.test.answers == scores.test.labels == [1, 0] * 3
    assert scores.test.probabilities is not None
    assert sum(scores.test.probabilities[0]) == pytest.approx(1, abs=1e-4)
    plane = scores.turned["plane"]
    assert len(plane.angles_deg) == 36
    assert plane.accuracy[0] == 1
    assert plane.accuracy[18] == 0
    assert (scores.flipped["x"].accuracy, scores.flipped["y"].accuracy) == (1, 0)


def test_large_sets_keep_no_probabilities_and_turn_some_images_only():
    scores = score_classes(UpperHalf(), halves(10 * MOST_TURNED + 1), VALIDATION)
    assert scores.test.probabilities is None
    assert len(scores.test.answers) == 10 * MOST_TURNED + 1
    assert len(scores.turned["plane"].correct) <= MOST_TURNED


def test_volumes_are_turned_about_three_axes():
    images = torch.zeros(4, 1, 6, 6, 6, dtype=torch.uint8)
    images[:2, :, :, :3] = 255
    images[2:, :, :, 3:] = 255
    test = ClassificationSet(images, torch.tensor([1, 1, 0, 0]), tuple("abcd"), tuple("abcd"))
    scores = score_classes(UpperHalf(), test, VALIDATION)
    assert list(scores.turned) == ["z", "y", "x"]
    half = scores.turned["z"].angles_deg.index(180)
    assert {axis: one.accuracy[half] for axis, one in scores.turned.items()} == {"z": 0, "y": 1, "x": 0}
    assert list(scores.flipped) == ["x", "y", "z"]
    assert turn(images.float(), 180, "y").shape == images.shape


def test_a_classifier_has_no_masks_to_average():
    splits = Splits(halves(4), halves(4), halves(4), "breastmnist", "0" * 64, "free")
    settings = Settings(data="breastmnist", model="resnet", size=8, split="official")
    with pytest.raises(ValueError, match="for segmentation only"):
        make_entry(UpperHalf(), splits, settings, PROGRESS, average=True)


def test_the_set_that_was_learned_is_no_other_set():
    with pytest.raises(ValueError, match="must not be the run's own, got kvasir-seg"):
        mask_entry(LeansLeft(), also={"kvasir-seg": blobs()})


def test_an_entry_says_what_it_lacks():
    entry = mask_entry(LeansLeft())
    assert lacks(entry, average=False, also=[]) == []
    assert lacks(entry, average=True, also=["cvc-clinicdb"]) == ["--also cvc-clinicdb", "--average"]
    whole = mask_entry(LeansLeft(), average=True, also={"cvc-clinicdb": blobs()})
    assert lacks(whole, average=True, also=["cvc-clinicdb"]) == []


def test_device_and_versions_are_those_of_the_training():
    there = {"device": "a GPU", "versions": {"torch": "2.4"}}
    trained = Progress(epochs=PROGRESS.epochs, peak_memory_mb=1.0, state=there)
    splits = Splits(blobs(), blobs(), blobs(), "kvasir-seg", "0" * 64, "free")
    entry = make_entry(LeansLeft(), splits, Settings(data="kvasir-seg", size=8), trained)
    assert (entry.device, entry.versions) == ("a GPU", {"torch": "2.4"})
