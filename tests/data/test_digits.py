"""Digits: the format of the files and its faults, the turn, and the real file where it is."""

import gzip
from hashlib import md5

import numpy as np
import pytest
import torch

from course_lib.data import digits, load
from course_lib.data.digits import DigitFile, DigitSet, angle_deg, turn


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A folder with a small MNIST of blots: 30 and 20 images, the first file unpacked."""
    rng, files = np.random.default_rng(0), {}
    for source, n in (("train", 30), ("t10k", 20)):
        images = np.zeros((n, 28, 28), np.uint8)
        images[:, 6:20, 10:18] = rng.integers(1, 256, (n, 14, 8))
        labels = np.arange(n, dtype=np.uint8) % 10
        files[source] = ()
        for name, array in ((f"{source}-images-idx3-ubyte", images), (f"{source}-labels-idx1-ubyte", labels)):
            file = DigitFile(name, array.shape, "")
            data = file.header + array.tobytes()
            files[source] += (DigitFile(name, array.shape, md5(data).hexdigest()),)
            packed = source == "t10k"
            path = tmp_path / "mnist" / (f"{name}.gz" if packed else name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(gzip.compress(data) if packed else data)
    monkeypatch.setattr(digits, "FILES", files)
    monkeypatch.setattr(
        digits,
        "SETS",
        {
            name: DigitSet(spec.sources, (10, 5, 5) if len(spec.sources) == 1 else (15, 5, 20), spec.turned)
            for name, spec in digits.SETS.items()
        },
    )
    return tmp_path


@pytest.mark.parametrize("kind", ["", "-10k"])
def test_turned_and_upright_sets_hold_the_same_digits(mnist, kind):
    turned, upright = (load(f"{name}-digits{kind}", root=mnist) for name in ("rotated", "upright"))
    for a, b in ((turned.train, upright.train), (turned.val, upright.val), (turned.test, upright.test)):
        assert a.ids == b.ids and torch.equal(a.labels, b.labels) and not torch.equal(a.images, b.images)
        assert np.array_equal(a.images[0, 0], turn(b.images[0, 0].numpy(), angle_deg(a.ids[0])))
    ids = [name for part in (turned.train, turned.val, turned.test) for name in part.ids]
    assert len(set(ids)) == len(ids) == (20 if kind else 40)
    assert {name.split("-")[0] for name in ids} == ({"t10k"} if kind else {"train", "t10k"})
    assert turned.sha256 == upright.sha256


def test_image_and_label_of_a_digit_stay_together(mnist):
    data = load("upright-digits", root=mnist)
    for name, label in zip(data.test.ids, data.test.labels.tolist(), strict=True):
        assert label == int(name.split("-")[1]) % 10


def test_quarter_turns_move_pixels_counter_clockwise_and_nothing_else():
    image = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    for k in range(4):
        assert np.array_equal(turn(image, 90 * k), np.rot90(image, k))


def test_a_turn_forth_and_back_hardly_changes_a_smooth_image():
    y, x = np.mgrid[-13.5:14, -13.5:14]
    blot = (255 * np.exp(-((x - 2) ** 2 + 2 * y**2) / 20)).astype(np.uint8)
    back = turn(turn(blot, 37), -37)
    assert np.abs(back.astype(int) - blot).max() <= 4
    assert np.abs(turn(blot, 37).astype(int) - blot).max() > 40


def test_angles_cover_the_circle_evenly_and_depend_on_the_name_alone():
    angles = np.array([angle_deg(f"train-{i}") for i in range(20_000)])
    assert angles.min() >= 0 and angles.max() < 360
    assert np.histogram(angles, 12, (0, 360))[0] == pytest.approx(20_000 / 12, rel=0.1)
    assert angle_deg("train-0") == pytest.approx(240.67536531864334, abs=1e-9)


def test_the_header_of_a_file_is_that_of_the_idx_format():
    images, labels = digits.FILES["train"]
    assert images.header.hex() == "00000803" + "0000ea60" + "0000001c" * 2
    assert labels.header.hex() == "00000801" + "0000ea60"


def damaged(data, kind):
    """The unpacked content with one fault, packed again."""
    if kind == "cut":
        return gzip.compress(data)[:-20]
    changed = {"short": data[:-1], "magic": b"\0\0\x0d" + data[3:], "pixel": data[:-1] + b"\7"}[kind]
    return gzip.compress(changed)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cut", "cannot be unpacked"),
        ("short", r"must hold 20 x 28 x 28 bytes in the IDX format, got 15695 bytes"),
        ("magic", "begin with 00000d03"),
        ("pixel", "MD5 of the unpacked file"),
    ],
)
def test_faults_are_named_with_a_remedy(mnist, kind, message):
    path = mnist / "mnist" / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damaged(gzip.decompress(path.read_bytes()), kind))
    with pytest.raises(ValueError, match=f"{message}.*download it again"):
        load("rotated-digits-10k", root=mnist)


def test_where_nothing_is_the_error_names_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte.gz of MNIST.*fetch rotated-digits'"):
        load("rotated-digits", root=tmp_path)


def test_the_real_file_gives_the_promised_numbers():
    try:
        data = load("rotated-digits-10k")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert [len(part) for part in (data.train, data.val, data.test)] == [1600, 400, 8000]
    corner = data.test.images[:, 0, :3, :3].float().mean()
    assert corner < 1 and 25 < data.test.images.float().mean() < 40
    assert data.train.labels.bincount().min() > 130
