"""The data sets by name, loaded and divided."""

import difflib
from pathlib import Path

from course_lib.data import polyps, synthetic
from course_lib.data.segmentation import SegmentationSet, Splits
from course_lib.data.splits import keep_fraction, three_way

REAL = {spec.name: spec for spec in (polyps.CLINICDB, polyps.KVASIR)}
SYNTHETIC = "synthetic-polyps"
NAMES = (*REAL, SYNTHETIC)
SPLITS = ("group", "random")
SMALLEST, LARGEST = 8, 1024


def load(
    name: str,
    *,
    size: int = 64,
    split: str = "group",
    seed: int = 0,
    fraction: float | int = 1.0,
    root: str | Path | None = None,
) -> Splits:
    """A data set as training, validation and test set, about 70, 15 and 15 percent.

    Args:
        name: ``"cvc-clinicdb"``, ``"kvasir-seg"``, or ``"synthetic-polyps"``, which needs no file.
        size: Side of the square pictures in px, from 8 to 1024.
        split: ``"group"`` keeps video sequences and near-duplicates on one side;
            ``"random"`` ignores them, and the test set resembles the training set.
        seed: Which split; equal seeds give equal splits on every machine.
        fraction: Share of the training set to keep, above 0 and at most 1. Smaller shares
            lie inside larger ones. Validation and test set stay whole.
        root: Where the files are: a folder that holds the data set, or the data set
            itself. Without it the folder in the variable ``COURSE_DATA`` is taken, else
            the user's cache.

    Raises:
        ValueError: If an argument is out of range, or a file is missing or damaged.
        FileNotFoundError: If the data set is not there; says where to get it.
    """
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else "; take one of them"
        raise ValueError(f"data set must be one of {', '.join(NAMES)}, got {name!r}{hint}")
    if split not in SPLITS:
        raise ValueError(
            f"split must be one of {', '.join(SPLITS)}, got {split!r}; 'group' is the honest one"
        )
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size must be from {SMALLEST} to {LARGEST} px, got {size}; 64 is usual")
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be above 0 and at most 1, got {fraction}; 0.1 keeps a tenth")
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
