"""The data sets by name, loaded and divided."""

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from course_lib.data import digits, medmnist, particles, polyps, synthetic, synthetic_digits, synthetic_scans
from course_lib.data.classification import ClassificationSet, Description
from course_lib.data.segmentation import SegmentationSet, Splits
from course_lib.data.splits import keep_fraction, three_way

REAL = {spec.name: spec for spec in (polyps.CLINICDB, polyps.KVASIR)}
SYNTHETIC = "synthetic-polyps"
DRAWN: dict[str, tuple[Description, Callable[[], Splits]]] = {
    "synthetic-medmnist": (synthetic_scans.SCANS_2D, lambda: synthetic_scans.synthetic_scans(2)),
    "synthetic-medmnist-3d": (synthetic_scans.SCANS_3D, lambda: synthetic_scans.synthetic_scans(3)),
    "synthetic-digits": (synthetic_digits.DESCRIPTION, synthetic_digits.synthetic_digits),
    "synthetic-digits-upright": (
        synthetic_digits.DESCRIPTION,
        lambda: synthetic_digits.synthetic_digits(turned=False),
    ),
}
SEGMENTATION = (*REAL, SYNTHETIC)
CLASSIFICATION = (*medmnist.FLAGS, *digits.SETS, *DRAWN)
PARTICLES = tuple(particles.SETS)
NAMES = (*SEGMENTATION, *CLASSIFICATION, *PARTICLES)
SPLITS = ("group", "random")
OFFICIAL = "official"
SHRINK = (1, 2, 4)  # factors by which images for classification may be made smaller
USUAL_SIZE, SMALLEST, LARGEST = 64, 8, 1024


def load(
    name: str,
    *,
    size: int | None = None,
    split: str | None = None,
    seed: int = 0,
    fraction: float | int = 1.0,
    root: str | Path | None = None,
) -> Splits:
    """A data set as training, validation and test set.

    Sets for segmentation are divided here, about 70, 15 and 15 percent. Sets for
    classification come with a size and with parts of their own, which are kept.

    Args:
        name: ``"cvc-clinicdb"`` or ``"kvasir-seg"``; a flag of MedMNIST such as
            ``"breastmnist"``; ``"rotated-digits"`` or ``"upright-digits"``, also with
            ``"-10k"``; or a set that needs no file: ``"synthetic-polyps"``,
            ``"synthetic-medmnist"``, ``"synthetic-medmnist-3d"``, ``"synthetic-digits"``,
            ``"synthetic-digits-upright"``, ``"charged-particles"``, also with ``"-small"``.
        size: Side of the images in px. Sets for segmentation: from 8 to 1024, 64 if left
            out. Sets for classification: their own, if left out; or a half or a quarter of it, where
            each block of pixels becomes its mean.
        split: Sets for segmentation: ``"group"`` keeps video sequences and near-duplicates
            on one side and is taken if nothing is said; ``"random"`` ignores them, and the
            test set resembles the training set. Sets for classification: ``"official"``,
            or left out.
        seed: Which split, and which part of it if ``fraction`` is below 1; equal seeds
            give equal splits on every machine.
        fraction: Share of the training set to keep, above 0 and at most 1. Smaller shares
            lie inside larger ones. Validation and test set stay whole.
        root: Where the files are: a folder that holds the data set, or the data set
            itself. Without it the folder in the variable ``COURSE_DATA`` is taken, else
            the user's cache.

    Raises:
        ValueError: If an argument is out of range, or a file is missing or damaged.
        FileNotFoundError: If the data set is not there; says where to get it.
    """
    check_name(name, NAMES)
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be above 0 and at most 1, got {fraction}; 0.1 keeps a tenth")
    if name in PARTICLES:
        return motion(name, split or OFFICIAL, seed, fraction)
    if name in CLASSIFICATION:
        return classification(name, size, split or OFFICIAL, seed, fraction, root)
    return segmentation(name, USUAL_SIZE if size is None else size, split or SPLITS[0], seed, fraction, root)


def describe(name: str) -> Description:
    """Classes, channels and size of a set for classification; no file is read.

    Args:
        name: Name for ``load``.

    Raises:
        ValueError: If there is no such set, or it is one for segmentation.

    Example:
        >>> describe("breastmnist").classes
        ('malignant', 'normal, benign')
    """
    if name in PARTICLES:
        raise ValueError(
            f"only sets for classification have classes, got {name!r}, whose targets are positions"
        )
    if name in SEGMENTATION:
        raise ValueError(
            f"only sets for classification have classes, got {name!r}, which is for segmentation; "
            "it has 3 channels, 1 logit and any size"
        )
    check_name(name, CLASSIFICATION)
    if name in DRAWN:
        return DRAWN[name][0]
    return digits.DESCRIPTION if name in digits.SETS else medmnist.describe(name)


def check_name(name: str, names: tuple[str, ...]) -> None:
    """Refuse a name that is not among these, and offer the nearest."""
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else "; take one of them"
        raise ValueError(f"data set must be one of {', '.join(names)}, got {name!r}{hint}")


def classification(
    name: str, size: int | None, split: str, seed: int, fraction: float | int, root: str | Path | None
) -> Splits:
    """A set for classification, as published, or a share of it."""
    if split != OFFICIAL:
        raise ValueError(
            f"{name} has published parts, so split must be 'official', got {split!r}; give split='official'"
        )
    own = describe(name).size
    sizes = {own // factor: factor for factor in SHRINK if own % factor == 0}
    if size is not None and size not in sizes:
        raise ValueError(f"{name} has images of {own} px, got size {size}; give one of {sorted(sizes)}")
    if name in DRAWN:
        splits = DRAWN[name][1]()
    else:
        splits = digits.read(name, root) if name in digits.SETS else medmnist.read(name, root)
    if size is not None and size != own:
        train, val, test = (
            part.shrunk(sizes[size])
            for part in (splits.train, splits.val, splits.test)
            if isinstance(part, ClassificationSet)
        )
        splits = replace(splits, train=train, val=val, test=test)
    kept = keep_fraction(splits.train.groups, fraction, seed)
    return splits if fraction == 1 else replace(splits, train=splits.train.subset(kept))


def motion(name: str, split: str, seed: int, fraction: float | int) -> Splits:
    """Moving particles, or a share of those to learn from."""
    if split != OFFICIAL:
        raise ValueError(
            f"{name} has parts of its own, so split must be 'official', got {split!r}; give split='official'"
        )
    splits = particles.read(name)
    kept = keep_fraction(splits.train.groups, fraction, seed)
    return replace(splits, train=splits.train.subset(kept))


def segmentation(
    name: str, size: int, split: str, seed: int, fraction: float | int, root: str | Path | None
) -> Splits:
    """A set for segmentation, divided by seed."""
    if split not in SPLITS:
        raise ValueError(
            f"split must be one of {', '.join(SPLITS)}, got {split!r}; 'group' is the honest one"
        )
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size must be from {SMALLEST} to {LARGEST} px, got {size}; 64 is usual")
    if name == SYNTHETIC:
        licence = synthetic.LICENCE
        pictures, checksum = synthetic.synthetic_polyps(size=size)
    else:
        licence = REAL[name].licence
        pictures, checksum = polyps.read(REAL[name], polyps.locate(REAL[name], root), size)
    train, val, test = three_way(units(pictures, split), seed)
    learn = pictures.subset(train)
    learn = learn.subset(keep_fraction(units(learn, split), fraction, seed))
    return Splits(
        train=learn,
        val=pictures.subset(val),
        test=pictures.subset(test),
        name=name,
        sha256=checksum,
        licence=licence,
    )


def units(pictures: SegmentationSet, split: str) -> tuple[str, ...]:
    """What a split deals out: whole groups, or single pictures."""
    return pictures.groups if split == "group" else pictures.ids
