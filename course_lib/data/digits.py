"""Handwritten digits of MNIST, each turned by an angle of its own, or left upright."""

import gzip
import zlib
from dataclasses import dataclass
from hashlib import md5, sha256
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from scipy import ndimage

from course_lib.data.classification import ClassificationSet, Description
from course_lib.data.segmentation import Splits
from course_lib.data.sources import data_folder, find_file
from course_lib.data.splits import shuffled

LICENCE = "MNIST by Y. LeCun, C. Cortes and C. Burges, made from files of NIST; CC BY-SA 3.0"
SIZE = 28
DESCRIPTION = Description(classes=tuple("0123456789"), channels=1, dims=2, multi_label=False, size=SIZE)


@dataclass(frozen=True)
class DigitFile:
    """One of the four files of MNIST.

    Args:
        name: File name, without ``.gz``.
        shape: Number of entries, and rows and columns of an image.
        md5: Of the content, unpacked. So it does not matter who packed the file.
    """

    name: str
    shape: tuple[int, ...]
    md5: str

    @property
    def header(self) -> bytes:
        """First bytes: two zeros, 8 for bytes, number of axes, then the length of each axis."""
        sides = b"".join(length.to_bytes(4, "big") for length in self.shape)
        return bytes((0, 0, 8, len(self.shape))) + sides


FILES = {
    "train": (
        DigitFile("train-images-idx3-ubyte", (60000, SIZE, SIZE), "6bbc9ace898e44ae57da46a324031adb"),
        DigitFile("train-labels-idx1-ubyte", (60000,), "a25bea736e30d166cdddb491f175f624"),
    ),
    "t10k": (
        DigitFile("t10k-images-idx3-ubyte", (10000, SIZE, SIZE), "2646ac647ad5339dbf082846283269ea"),
        DigitFile("t10k-labels-idx1-ubyte", (10000,), "27ae3e4e09519cfbb04c329615203637"),
    ),
}


@dataclass(frozen=True)
class DigitSet:
    """A set of digits that is made from MNIST.

    Args:
        sources: Which files of MNIST it is made from.
        counts: Number of training, validation and test images.
        turned: Whether each digit is turned.
    """

    sources: tuple[str, ...]
    counts: tuple[int, int, int]
    turned: bool


WHOLE, SMALL = (10_000, 2_000, 50_000), (1_600, 400, 8_000)
SETS = {
    "rotated-digits": DigitSet(("train", "t10k"), WHOLE, True),
    "rotated-digits-10k": DigitSet(("t10k",), SMALL, True),
    "upright-digits": DigitSet(("train", "t10k"), WHOLE, False),
    "upright-digits-10k": DigitSet(("t10k",), SMALL, False),
}


def locate(name: str, file: DigitFile, root: str | Path | None) -> Path:
    """One file of MNIST: below ``root``, else ``COURSE_DATA``, else the user's cache.

    Raises:
        FileNotFoundError: If it lies nowhere; it names the command that fetches it.
    """
    folder = data_folder(root)
    path = find_file([f"{file.name}.gz", file.name], folder, "mnist")
    if path is None:
        raise FileNotFoundError(
            f"{name} is made from {file.name}.gz of MNIST, which is not in {folder}; run "
            f"'python -m course_lib fetch {name}', or put the file there, or set COURSE_DATA to its folder; "
            "'synthetic-digits' needs no file"
        )
    return path


def content(file: DigitFile, path: Path) -> bytes:
    """Unpacked and checked content of a file of MNIST.

    Raises:
        ValueError: If it cannot be unpacked, is no such file, or differs from the original.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: cannot be unpacked ({error}); delete it and download it again") from error
    if not data.startswith(file.header) or len(data) != len(file.header) + np.prod(file.shape):
        raise ValueError(
            f"{path}: must hold {' x '.join(map(str, file.shape))} bytes in the IDX format, got {len(data)} "
            f"bytes that begin with {data[:4].hex()}; delete it and download it again"
        )
    found = md5(data, usedforsecurity=False).hexdigest()
    if found != file.md5:
        raise ValueError(
            f"{path}: MD5 of the unpacked file must be {file.md5}, got {found}; it is damaged or not of "
            "MNIST, delete it and download it again"
        )
    return data


def angle_deg(name: str) -> float:
    """Angle of a digit, from 0 to 360 degrees, uniform over the names.

    A hash of the name gives it, so it is the same on every machine, for good.
    """
    return int.from_bytes(sha256(f"angle {name}".encode()).digest()[:7], "big") / 2**56 * 360


def turn(image: UInt8[np.ndarray, "y x"], angle_deg: float | int) -> UInt8[np.ndarray, "y x"]:
    """Picture turned counter-clockwise as displayed, about its centre, black outside.

    The picture is continued by cubic splines, which blur less than bilinear weights. Where
    they overshoot, the value is cut at 0 and 255.
    """
    turned = ndimage.rotate(image.astype(np.float64), angle_deg, reshape=False, order=3)
    return turned.round().clip(0, 255).astype(np.uint8)


def read(name: str, root: str | Path | None) -> Splits:
    """A set of digits; the turned and the upright one of a kind hold the same digits.

    Args:
        name: One of ``SETS``.
        root: Where to look, as in ``load``.

    Raises:
        FileNotFoundError: If a file of MNIST is not there.
        ValueError: If one is damaged.

    Source:
        10,000 + 2,000 digits to learn from and 50,000 to test on, angles uniform: Larochelle
        et al. 2007, doi:10.1145/1273496.1273556. They published finished images;
        the choice of digits and angles here is our own.
    """
    spec = SETS[name]
    ids, pixels, labels, checksum = [], [], [], sha256()
    for source in spec.sources:
        data = [content(file, locate(name, file, root)) for file in FILES[source]]
        for part in data:
            checksum.update(part)
        images, classes = (
            np.frombuffer(part, np.uint8, offset=len(file.header)).reshape(file.shape)
            for part, file in zip(data, FILES[source], strict=True)
        )
        ids += [f"{source}-{i}" for i in range(len(images))]
        pixels.append(images)
        labels.append(classes)
    images, classes = np.concatenate(pixels), np.concatenate(labels).astype(np.int64)
    if classes.max() > 9:
        raise ValueError(f"{name}: labels must be from 0 to 9, got {classes.max()}; download MNIST again")
    position = {digit: i for i, digit in enumerate(ids)}
    order = [position[digit] for digit in shuffled(ids, 0, "digits")]
    parts, start = [], 0
    for count in spec.counts:
        chosen = sorted(order[start : start + count])
        start += count
        names = tuple(ids[i] for i in chosen)
        kept = images[chosen]
        if spec.turned:
            kept = np.stack([turn(image, angle_deg(digit)) for image, digit in zip(kept, names, strict=True)])
        parts.append(
            ClassificationSet(
                images=torch.from_numpy(kept)[:, None],
                labels=torch.from_numpy(classes[chosen]),
                ids=names,
                groups=names,
            )
        )
    return Splits(*parts, name=name, sha256=checksum.hexdigest(), licence=LICENCE)
