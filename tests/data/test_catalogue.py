"""``load`` and ``describe``: the sets by name, and an answer to each bad argument."""

import pytest
import torch

from course_lib.data import load
from course_lib.data.catalogue import CLASSIFICATION, DRAWN, NAMES, describe
from course_lib.data.polyps import CLINICDB
from course_lib.data.segmentation import SegmentationSet
from tests.data.conftest import example_files, write_zip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a stand-in for CVC-ClinicDB."""
    path = tmp_path_factory.mktemp("data")
    write_zip(path / "CVC-ClinicDB.zip", example_files(CLINICDB))
    return path


@pytest.mark.parametrize("split", ["group", "random"])
def test_the_three_parts_are_the_whole_set(folder, split):
    data = load("cvc-clinicdb", size=8, split=split, root=folder)
    parts = (data.train, data.val, data.test)
    assert sorted(int(name) for part in parts for name in part.ids) == list(range(1, 613))
    assert data.name == "cvc-clinicdb" and len(data.sha256) == 64 and "research" in data.licence
    assert data.train.images.shape[1:] == (3, 8, 8) and data.train.images.dtype == torch.uint8
    assert data.train.masks.shape[1:] == (1, 8, 8) and data.train.masks.unique().tolist() == [0, 1]


def test_sequences_stay_together_only_in_the_group_split(folder):
    for split, shared in (("group", False), ("random", True)):
        data = load("cvc-clinicdb", size=8, split=split, root=folder)
        assert bool(set(data.train.groups) & set(data.test.groups)) == shared


@pytest.mark.parametrize("split", ["group", "random"])
def test_a_fraction_is_taken_from_the_training_set_alone(folder, split):
    whole, third, tenth = (
        load("cvc-clinicdb", size=8, split=split, seed=3, fraction=fraction, root=folder)
        for fraction in (1, 0.3, 0.1)
    )
    assert set(tenth.train.ids) < set(third.train.ids) < set(whole.train.ids)
    assert whole.val.ids == third.val.ids and whole.test.ids == tenth.test.ids
    assert len(tenth.train) / len(whole.train) == pytest.approx(0.1, abs=0.03 if split == "group" else 0.002)


def test_seeds_repeat_and_differ(folder):
    a, b, c = (load("cvc-clinicdb", size=8, seed=seed, root=folder) for seed in (1, 1, 2))
    assert a.test.ids == b.test.ids != c.test.ids and a.sha256 == c.sha256


def test_synthetic_polyps_need_no_file(tmp_path):
    data = load("synthetic-polyps", size=16, root=tmp_path)
    assert [len(part) for part in (data.train, data.val, data.test)] == [280, 60, 60]
    assert not set(data.train.groups) & set(data.test.groups)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "kvasir",
            {},
            "one of cvc-clinicdb, kvasir-seg, synthetic-polyps, .*got 'kvasir'; did you mean 'kvasir-seg'",
        ),
        ("ClinicDB", {}, "did you mean 'cvc-clinicdb'"),
        ("zzz", {}, "got 'zzz'; take one of them"),
        ("synthetic-polyps", {"split": "patient"}, "one of group, random, got 'patient'"),
        ("synthetic-polyps", {"size": 4}, "size must be from 8 to 1024 px, got 4"),
        ("synthetic-polyps", {"size": 5000}, "size must be from 8 to 1024 px, got 5000"),
        ("brestmnist", {}, "did you mean 'breastmnist'"),
        ("synthetic-medmnist", {"split": "group"}, "got 'group'; give split='official'"),
        ("synthetic-medmnist", {"size": 64}, "images of 28 px, got size 64; give one of"),
        ("synthetic-medmnist-3d", {"size": 28}, "give one of"),
        ("synthetic-digits", {"fraction": 0}, "fraction must be above 0"),
        ("synthetic-polyps", {"split": "official"}, "one of group, random, got 'official'"),
        ("synthetic-polyps", {"fraction": 0.0}, "fraction must be above 0 and at most 1, got 0"),
        ("synthetic-polyps", {"fraction": 1.5}, "fraction must be above 0 and at most 1, got 1.5"),
    ],
)
def test_bad_arguments_are_answered(name, options, message):
    with pytest.raises(ValueError, match=message):
        load(name, **options)


def test_a_set_that_is_not_there_is_answered(tmp_path):
    with pytest.raises(FileNotFoundError, match="polyp.grand-challenge.org"):
        load("cvc-clinicdb", root=tmp_path)


def test_every_name_is_there_once():
    assert len(set(NAMES)) == len(NAMES) == 3 + 18 + 4 + 4 + 2


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_every_set_for_classification_is_described(name):
    assert describe(name).n_logits >= 2


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_sets_are_as_described(name):
    what, data = describe(name), load(name, split="official")
    for part in (data.train, data.val, data.test):
        assert part.images.shape[1:] == (what.channels, *[what.size] * what.dims)
        assert part.labels.unique().tolist() == list(range(what.n_logits))
    assert data.name == name and len(data.sha256) == 64


def test_a_share_of_a_set_for_classification_is_nested_and_for_training_alone():
    whole, third, tenth = (load("synthetic-digits", seed=2, fraction=share) for share in (1, 0.3, 0.1))
    assert set(tenth.train.ids) < set(third.train.ids) < set(whole.train.ids)
    assert (len(third.train), len(tenth.train)) == (210, 70)
    assert tenth.test.ids == whole.test.ids and tenth.val.ids == whole.val.ids
    assert load("synthetic-digits", seed=3, fraction=0.1).train.ids != tenth.train.ids


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rotated-digit", "did you mean 'rotated-digits'"),
        ("synthetic-polyps", "got 'synthetic-polyps', which is for segmentation"),
    ],
)
def test_what_is_not_for_classification_is_not_described(name, message):
    with pytest.raises(ValueError, match=message):
        describe(name)


def test_real_sets_load_by_name(real):
    spec, _ = real
    data = load(spec.name, size=32)
    assert len(data.train) + len(data.val) + len(data.test) == spec.count
    assert not set(data.train.groups) & set(data.test.groups)


def test_a_set_whose_parts_differ_in_length_is_refused():
    zeros = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    with pytest.raises(ValueError, match="same length"):
        SegmentationSet(zeros, zeros[:, :1], ("a", "b"), ("a",))


def test_a_subset_keeps_picture_name_and_group_together():
    images = torch.arange(3, dtype=torch.uint8)[:, None, None, None].expand(3, 1, 2, 2)
    chosen = SegmentationSet(images, images, ("a", "b", "c"), ("x", "y", "z")).subset([2, 0])
    assert chosen.images[:, 0, 0, 0].tolist() == [2, 0]
    assert chosen.ids == ("c", "a") and chosen.groups == ("z", "x") and len(chosen) == 2


def test_half_size_is_the_mean_of_blocks_and_keeps_the_turns():
    whole, half = (load("synthetic-medmnist-3d", size=size).test.images for size in (None, 8))
    block = whole[0, 0, :2, 4:6, 2:4].double().mean().round()
    assert half[0, 0, 0, 2, 1] == block
    assert half.shape[2:] == (8, 8, 8)
    with pytest.raises(ValueError, match=r"16 px, got size 12; give one of \[4, 8, 16\]"):
        load("synthetic-medmnist-3d", size=12)
