"""Scores of classifiers: AUC by hand and by scikit-learn, turns of images and volumes, and what they keep."""

import pytest
import torch
from sklearn.metrics import roc_auc_score

from course_lib.classification import auc, correct, mirrored, turn, turned_scores


def test_auc_by_hand():
    # Class 1 scores .8, .4 inside and .6, .4 outside: of four pairs two are right, one is a tie.
    probabilities = torch.tensor([[0.2, 0.8], [0.6, 0.4], [0.4, 0.6], [0.6, 0.4]])
    labels = torch.tensor([1, 1, 0, 0])
    assert auc(probabilities, labels) == pytest.approx(2.5 / 4)
    assert auc(1 - probabilities, labels) == pytest.approx(1.5 / 4)


@pytest.mark.parametrize("kind", ["classes", "findings"])
def test_auc_equals_that_of_scikit_learn(kind):
    torch.manual_seed(0)
    probabilities = torch.rand(60, 4).softmax(dim=1)
    labels = torch.randint(4, (60,)) if kind == "classes" else torch.randint(2, (60, 4))
    expected = roc_auc_score(labels, probabilities, average="macro", multi_class="ovr")
    assert auc(probabilities, labels) == pytest.approx(expected)


def test_auc_leaves_out_a_class_that_nobody_has_and_refuses_a_single_kind():
    probabilities = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])
    assert auc(probabilities, torch.tensor([0, 1])) == 1
    with pytest.raises(ValueError, match="one kind only"):
        auc(probabilities, torch.tensor([1, 1]))


def test_correct_by_hand():
    probabilities = torch.tensor([[0.9, 0.1], [0.6, 0.4]])
    assert correct(probabilities, torch.tensor([0, 1])).tolist() == [1, 0]
    assert correct(probabilities, torch.tensor([[1, 1], [1, 0]])).tolist() == [0.5, 1]


def test_turn_is_counter_clockwise_and_keeps_the_disc_only():
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 0, 2] = 1  # top
    image[0, 0, 0, 0] = 1  # corner, outside the disc
    turned = turn(image, 90)[0, 0]
    assert turned.nonzero().tolist() == [[2, 0]]  # left


@pytest.mark.parametrize(("axis", "place"), [("z", [2, 0, 2]), ("y", [0, 2, 2]), ("x", [2, 2, 4])])
def test_volume_turns_about_the_named_axis(axis, place):
    volume = torch.zeros(1, 1, 5, 5, 5)
    volume[0, 0, 2, 2, 4] = 1  # z, y in the middle, x at the end
    assert turn(volume, 90, axis)[0, 0].nonzero().tolist() == [place]


@pytest.mark.parametrize("axis", ["z", "y", "x"])
def test_four_quarter_turns_are_none_and_two_halves_one(axis):
    volume = turn(torch.rand(2, 1, 6, 6, 6), 0, axis)
    again = volume
    for _ in range(4):
        again = turn(again, 90, axis)
    assert torch.equal(again, volume)
    assert torch.equal(turn(turn(volume, 90, axis), 90, axis), turn(volume, 180, axis))


def test_turn_refuses_an_axis_that_the_images_do_not_have():
    with pytest.raises(ValueError, match="axis must be one of plane"):
        turn(torch.rand(1, 1, 4, 4), 90, "z")
    with pytest.raises(ValueError, match="axis must be one of z, y, x"):
        turn(torch.rand(1, 1, 4, 4, 4), 90)


def bright_half(images):
    """Class 1 if the upper half is the brighter one."""
    upper, lower = (half.flatten(1).mean(dim=1) for half in images.tensor_split(2, dim=-2))
    return torch.stack([lower, upper], dim=1).softmax(dim=1)


def test_a_classifier_that_sees_up_and_down_is_wrong_on_its_head():
    images = torch.zeros(6, 1, 8, 8)
    images[::2, :, :4] = 1
    images[1::2, :, 4:] = 1
    labels = torch.tensor([1, 0] * 3)
    scores = turned_scores(bright_half, images, labels, angles_deg=(0, 180))
    assert scores.accuracy == [1, 0]
    assert scores.auc == [1, 0]
    assert scores.agreement == [1, 0]
    assert scores.correct.tolist() == [0.5] * 6


def test_an_invariant_classifier_does_not_care():
    images = torch.rand(8, 1, 9, 9)
    labels = torch.tensor([0, 1] * 4)

    def bright(x):
        mean = x.mean(dim=(1, 2, 3))
        return torch.stack([1 - mean, mean], dim=1)

    scores = turned_scores(bright, images, labels, angles_deg=(0, 90, 180, 270))
    assert len(set(scores.auc)) == 1
    assert scores.agreement == [1, 1, 1, 1]


def test_angles_count_zero_once():
    def constant(x):
        return torch.tensor([[0.3, 0.7], [0.6, 0.4]])

    labels = torch.tensor([0, 1])
    flat = turned_scores(constant, torch.rand(2, 1, 4, 4), labels)
    solid = turned_scores(constant, torch.rand(2, 1, 4, 4, 4), labels, axis="y")
    assert flat.angles_deg == tuple(range(0, 360, 10))
    assert solid.angles_deg == tuple(range(0, 360, 30))


def test_mirrored_names_the_axes():
    volume = torch.arange(8.0).view(1, 1, 2, 2, 2)
    flips = mirrored(volume)
    assert list(flips) == ["x", "y", "z"]
    assert flips["x"][0, 0, 0, 0].tolist() == [1, 0]
    assert flips["z"][0, 0, 0].tolist() == [[4, 5], [6, 7]]
    assert list(mirrored(volume[:, :, 0])) == ["x", "y"]
