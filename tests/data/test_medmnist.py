"""MedMNIST: the facts of all 18 sets, files with each fault, and the real files where they are."""

from collections import defaultdict
from hashlib import md5

import numpy as np
import pytest
import torch

from course_lib.data import load, medmnist
from course_lib.data.medmnist import FLAGS, FLAGS_3D, PARTS, describe

REAL = ("breastmnist", "pneumoniamnist", "retinamnist", "adrenalmnist3d", "vesselmnist3d")
COUNTS = {"train": 5, "val": 3, "test": 2}


def contents(flag):
    """Arrays of a small stand-in for a set, in the layout of its file."""
    what, rng = describe(flag), np.random.default_rng(0)
    grid = (28,) * what.dims + ((3,) if what.channels == 3 else ())
    arrays = {}
    for part, n in COUNTS.items():
        arrays[f"{part}_images"] = rng.integers(0, 256, (n, *grid), dtype=np.uint8)
        shape, classes = ((n, 14), 2) if what.multi_label else ((n, 1), what.n_logits)
        arrays[f"{part}_labels"] = rng.integers(0, classes, shape, dtype=np.uint8)
    return arrays


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes the file of a set; its MD5 and its counts count as the official ones."""

    def writer(flag, **changes):
        arrays = contents(flag) | changes
        path = tmp_path / "medmnist" / f"{flag}.npz"
        path.parent.mkdir(exist_ok=True)
        np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
        known = medmnist.facts(flag) | {"n_samples": COUNTS, "MD5": md5(path.read_bytes()).hexdigest()}
        monkeypatch.setattr(medmnist, "facts", lambda flag: known)
        return path, arrays

    return writer


def test_the_names_are_those_of_the_authors_package():
    from medmnist import INFO

    assert set(FLAGS) == set(INFO) and len(FLAGS) == 18 and len(FLAGS_3D) == 6


@pytest.mark.parametrize("flag", FLAGS)
def test_each_set_is_described_without_its_file(flag):
    what, known = describe(flag), medmnist.facts(flag)
    assert what.n_logits == len(known["label"]) >= 2 and what.size == 28
    assert what.channels == known["n_channels"] and (what.dims == 3) == flag.endswith("3d")
    assert what.multi_label == (flag == "chestmnist")
    assert len(known["MD5"]) == 32 and known["url"].startswith("https://zenodo.org/")


def test_classes_are_in_the_order_of_their_numbers():
    assert describe("retinamnist").classes == ("0", "1", "2", "3", "4")
    assert describe("pathmnist").classes[8] == "colorectal adenocarcinoma epithelium"


@pytest.mark.parametrize(
    ("flag", "image", "label"),
    [
        ("breastmnist", (1, 28, 28), ()),
        ("bloodmnist", (3, 28, 28), ()),
        ("chestmnist", (1, 28, 28), (14,)),
        ("organmnist3d", (1, 28, 28, 28), ()),
    ],
)
def test_each_kind_of_file_is_read_with_its_parts_and_axes(write, tmp_path, flag, image, label):
    _, arrays = write(flag)
    data = load(flag, root=tmp_path)
    for part in PARTS:
        found, n = getattr(data, part), COUNTS[part]
        assert found.images.shape == (n, *image) and found.images.dtype == torch.uint8
        assert found.labels.shape == (n, *label) and found.labels.dtype == torch.int64
        assert np.array_equal(found.labels.reshape(n, -1), arrays[f"{part}_labels"])
        assert found.ids[-1] == f"{part}-{n - 1}"
    colour = data.train.images[4, -1, 3, 7].tolist()
    assert np.array_equal(colour, arrays["train_images"][4, 3, 7, ..., -1] if image[0] == 3 else colour)
    if image[0] == 1:
        assert np.array_equal(data.train.images[:, 0], arrays["train_images"])


def test_equal_images_share_a_group_across_the_parts(write, tmp_path):
    images = contents("breastmnist")
    test = images["test_images"].copy()
    test[1] = images["train_images"][3]
    write("breastmnist", test_images=test)
    data = load("breastmnist", root=tmp_path)
    assert data.test.groups == ("test-0", "train-3") and data.train.groups == data.train.ids


WHOLE = contents("breastmnist")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"val_labels": None}, "not a readable file of breastmnist .*val_labels.* download"),
        ({"val_labels": np.array([{}] * 3, object)[:, None]}, "allow_pickle"),
        ({"val_images": WHOLE["val_images"][:2]}, r"shape \(3, 28, 28\), got uint8 of shape \(2, 28, 28\)"),
        ({"val_images": WHOLE["val_images"].repeat(2, axis=1)}, r"got uint8 of shape \(3, 56, 28\)"),
        ({"val_images": WHOLE["val_images"] / 255}, "whole numbers .*got float64"),
        ({"val_labels": WHOLE["val_labels"] + 2}, "val_labels must be from 0 to 1, got 2"),
        ({"val_labels": WHOLE["val_labels"][:, 0]}, r"shape \(3, 1\), got uint8 of shape \(3,\)"),
    ],
)
def test_faults_are_named_with_a_remedy(write, tmp_path, changes, message):
    write("breastmnist", **changes)
    with pytest.raises(ValueError, match=message):
        load("breastmnist", root=tmp_path)


def test_a_file_with_another_checksum_is_refused(write, tmp_path):
    path, _ = write("breastmnist")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        ValueError, match="MD5 .* damaged or another version, delete it and run .* fetch breast"
    ):
        load("breastmnist", root=tmp_path)


def test_where_nothing_is_the_error_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="course_lib fetch dermamnist.*zenodo.*CC BY-NC 4.0"):
        load("dermamnist", root=tmp_path)


@pytest.fixture(params=REAL)
def real(request):
    try:
        return load(request.param)
    except FileNotFoundError as error:
        pytest.skip(str(error))


def test_the_real_files_have_the_official_counts(real):
    counts = [len(part) for part in (real.train, real.val, real.test)]
    assert counts == list(medmnist.facts(real.name)["n_samples"].values())
    assert len(real.sha256) == 64 and real.licence == "CC BY 4.0"


def twins(data):
    """Groups of equal images: names and labels by group."""
    groups = defaultdict(list)
    for part in (data.train, data.val, data.test):
        for name, group, label in zip(part.ids, part.groups, part.labels.tolist(), strict=True):
            groups[group].append((name, label))
    return [images for images in groups.values() if len(images) > 1]


def test_the_known_twins_of_the_real_files_are_found(real):
    found = twins(real)
    across = [g for g in found if len({name.split("-")[0] for name, _ in g}) > 1]
    if real.name == "breastmnist":
        assert found == [[("train-115", 0), ("test-76", 1)]]
    elif real.name == "pneumoniamnist":
        assert len(found) == 27 and len(across) == 8
        assert not any(name.startswith("test") for group in across for name, _ in group)
    else:
        assert not found
