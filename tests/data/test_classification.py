"""Classification sets: their parts have equal lengths and stay together."""

import pytest
import torch

from course_lib.data.classification import ClassificationSet, Description, numbered

IMAGES = torch.arange(3, dtype=torch.uint8)[:, None, None, None].expand(3, 1, 2, 2)


def test_a_set_whose_parts_differ_in_length_is_refused():
    with pytest.raises(ValueError, match=r"same length, got \(3, 3, 3, 2\)"):
        ClassificationSet(IMAGES, torch.zeros(3).long(), ("a", "b", "c"), ("a", "b"))


def test_a_subset_keeps_image_label_name_and_group_together():
    chosen = ClassificationSet(IMAGES, torch.tensor([5, 6, 7]), ("a", "b", "c"), ("x", "y", "z")).subset(
        [2, 0]
    )
    assert chosen.images[:, 0, 0, 0].tolist() == [2, 0] and chosen.targets.tolist() == [7, 5]
    assert chosen.ids == ("c", "a") and chosen.groups == ("z", "x") and len(chosen) == 2


def test_images_without_names_are_numbered_from_zero():
    part = numbered(IMAGES, torch.zeros(3, 14).long(), "test")
    assert part.ids == part.groups == ("test-0", "test-1", "test-2")


def test_there_is_one_logit_for_each_class():
    assert Description(("a", "b"), channels=1, dims=2, multi_label=False, size=28).n_logits == 2
