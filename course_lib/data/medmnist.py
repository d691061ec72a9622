"""MedMNIST v2: 18 sets of small medical images and volumes, with the official labels and parts."""

import zipfile
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib.data.classification import ClassificationSet, Description, numbered
from course_lib.data.segmentation import Splits
from course_lib.data.sources import data_folder, find_file

FLAGS_2D = (
    *("pathmnist", "chestmnist", "dermamnist", "octmnist", "pneumoniamnist", "retinamnist"),
    *("breastmnist", "bloodmnist", "tissuemnist", "organamnist", "organcmnist", "organsmnist"),
)
FLAGS_3D = (
    *("organmnist3d", "nodulemnist3d", "adrenalmnist3d"),
    *("fracturemnist3d", "vesselmnist3d", "synapsemnist3d"),
)
FLAGS = (*FLAGS_2D, *FLAGS_3D)
SIZE = 28
PARTS = ("train", "val", "test")


def facts(flag: str) -> dict[str, Any]:
    """What the authors' package knows of a set: task, classes, counts, address, MD5, licence."""
    # Imported here: the package takes a second, and most of the course does without it.
    from medmnist import INFO

    return INFO[flag]


def describe(flag: str) -> Description:
    """Classes, channels and size of a set, without its file.

    Ordinal regression (RetinaMNIST) is treated as classes, as the official benchmark does.
    """
    known = facts(flag)
    return Description(
        classes=tuple(known["label"][str(i)] for i in range(len(known["label"]))),
        channels=known["n_channels"],
        dims=3 if flag in FLAGS_3D else 2,
        multi_label=known["task"].startswith("multi-label"),
        size=SIZE,
    )


def locate(flag: str, root: str | Path | None) -> Path:
    """File of a set: below ``root``, else ``COURSE_DATA``, else the user's cache.

    Raises:
        FileNotFoundError: If it lies nowhere; it names the official address and the terms.
    """
    folder = data_folder(root)
    path = find_file([f"{flag}.npz"], folder, "medmnist")
    if path is None:
        raise FileNotFoundError(
            f"{flag} is needed and is not in {folder}; run 'python -m course_lib fetch {flag}', or download "
            f"{facts(flag)['url']} (terms: {facts(flag)['license']}) and put it there as {flag}.npz, or set "
            "COURSE_DATA to its folder; 'synthetic-medmnist' needs no file"
        )
    return path


def check_file(flag: str, path: Path) -> None:
    """Compare the MD5 of a file with the official one.

    Raises:
        ValueError: If they differ.
    """
    with path.open("rb") as file:
        found = file_digest(file, "md5").hexdigest()
    if found != facts(flag)["MD5"]:
        raise ValueError(
            f"{path}: MD5 of {flag} at {SIZE} px must be {facts(flag)['MD5']}, got {found}; the file is "
            f"damaged or another version, delete it and run 'python -m course_lib fetch {flag}'"
        )


def arrays(flag: str, path: Path) -> dict[str, np.ndarray]:
    """The six arrays of a file, with the shapes that the facts foretell.

    Raises:
        ValueError: If an array is missing, unreadable, or of a wrong shape or type.
    """
    known, description = facts(flag), describe(flag)
    grid = (SIZE,) * description.dims + ((3,) if description.channels == 3 else ())
    findings = description.n_logits if description.multi_label else 1
    highest = 1 if description.multi_label else description.n_logits - 1
    found = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for part in PARTS:
                found |= {name: file[name] for name in (f"{part}_images", f"{part}_labels")}
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not a readable file of {flag} ({error}); download it again") from error
    for name, array in found.items():
        count = known["n_samples"][name.split("_")[0]]
        shape = (count, *grid) if name.endswith("images") else (count, findings)
        if array.shape != shape or array.dtype.kind not in "iu" or array.dtype.itemsize > 8:
            raise ValueError(
                f"{path}: {name} must be whole numbers of shape {shape}, got {array.dtype} of shape "
                f"{array.shape}; download the file again"
            )
        limit = 255 if name.endswith("images") else highest
        if array.min() < 0 or array.max() > limit:
            raise ValueError(
                f"{path}: {name} must be from 0 to {limit}, got {array.min()} to {array.max()}; "
                "download the file again"
            )
    return found


def read(flag: str, root: str | Path | None) -> Splits:
    """The official parts of a set. Images that are equal, pixel by pixel, share a group.

    Args:
        flag: Name of the set, such as ``"breastmnist"``.
        root: Where to look, as in ``load``.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it is damaged.
    """
    path, description = locate(flag, root), describe(flag)
    check_file(flag, path)
    found = arrays(flag, path)
    first: dict[bytes, str] = {}
    parts: dict[str, ClassificationSet] = {}
    for part in PARTS:
        images = torch.from_numpy(found[f"{part}_images"].astype(np.uint8, copy=False))
        images = images.movedim(-1, 1).contiguous() if description.channels == 3 else images[:, None]
        labels = torch.from_numpy(found[f"{part}_labels"].astype(np.int64))
        plain = numbered(images, labels if description.multi_label else labels[:, 0], part)
        hashes = (sha256(image.numpy().tobytes()).digest() for image in images)
        groups = tuple(first.setdefault(h, name) for h, name in zip(hashes, plain.ids, strict=True))
        parts[part] = ClassificationSet(
            images=plain.images, labels=plain.labels, ids=plain.ids, groups=groups
        )
    with path.open("rb") as file:
        checksum = file_digest(file, "sha256").hexdigest()
    return Splits(**parts, name=flag, sha256=checksum, licence=facts(flag)["license"])
