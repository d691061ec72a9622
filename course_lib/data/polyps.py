"""The real polyp data sets, CVC-ClinicDB and Kvasir-SEG: found, paired, read and grouped."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from course_lib.data.pictures import decode, read_pair
from course_lib.data.segmentation import SegmentationSet
from course_lib.data.sources import Source, data_folder, find

LARGEST_SIDE = 4096  # px; pictures of these sets are smaller, so none is reduced


def rows(name: str) -> list[dict[str, str]]:
    """Lines of an index file of the package, by column; its header comments are left out."""
    text = resources.files("course_lib.data").joinpath("indices", name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def clinicdb_groups() -> dict[str, str]:
    """Video sequence of each frame of CVC-ClinicDB: names ``"1"`` to ``"612"``."""
    return {
        str(frame): f"sequence {row['sequence']}"
        for row in rows("cvc-clinicdb.csv")
        for frame in range(int(row["first_frame"]), int(row["last_frame"]) + 1)
    }


def kvasir_groups() -> dict[str, str]:
    """Near-duplicate group of the images of Kvasir-SEG that are in one."""
    return {row["image"]: f"near-duplicates {row['group']}" for row in rows("kvasir-seg.csv")}


@dataclass(frozen=True)
class PolypSet:
    """What must be known of a published set in order to read it.

    Args:
        name: Name for ``load``.
        folders: Possible pairs of the last folders of images and masks.
        count: Number of images.
        groups: Gives the group of the images that are in one.
        address: Official page.
        licence: Terms of use in a sentence.
        sha256: Of the whole content, as ``content_sha256`` computes it.
    """

    name: str
    folders: tuple[tuple[str, str], ...]
    count: int
    groups: Callable[[], dict[str, str]]
    address: str
    licence: str
    sha256: str


CLINICDB = PolypSet(
    name="cvc-clinicdb",
    folders=(
        ("PNG/Original", "PNG/Ground Truth"),
        ("TIF/Original", "TIF/Ground Truth"),
        ("Original", "Ground Truth"),
    ),
    count=612,
    groups=clinicdb_groups,
    address="https://polyp.grand-challenge.org/CVCClinicDB/",
    licence="research and education only, no commercial use; images: Hospital Clinic, Barcelona, "
    "masks: Computer Vision Center, Barcelona",
    sha256="086625c701805ad38380eef813382ae9dd393ac527b83c2a5ee328a38c9bb814",
)
KVASIR = PolypSet(
    name="kvasir-seg",
    folders=(("images", "masks"),),
    count=1000,
    groups=kvasir_groups,
    address="https://datasets.simula.no/kvasir-seg/",
    licence="research and education; commercial use needs the written permission of Simula",
    sha256="8d0ad9aa00038ade1317d5a04ccaefceb076f5e2a11fc74596bd6cbf8ca189a1",
)


def locate(spec: PolypSet, root: str | Path | None) -> Source:
    """Where the files of a set lie: below ``root``, else ``COURSE_DATA``, else the user's cache.

    Raises:
        FileNotFoundError: If they lie nowhere; it names the official address and the terms.
    """
    folder = data_folder(root)
    source = find(spec.name, [folder])
    if source is None:
        raise FileNotFoundError(
            f"{spec.name} is needed and is not in {folder}; run 'python -m course_lib fetch {spec.name}', "
            f"or download it from {spec.address} (terms: {spec.licence}) and put the zip file or the "
            f"unpacked folder there as {spec.name}.zip or {spec.name}, or set COURSE_DATA to its folder; "
            "'synthetic-polyps' needs no file"
        )
    return source


def pair(spec: PolypSet, source: Source) -> list[tuple[str, str, str]]:
    """Name of each example, its image file and its mask file, in the order of the set.

    Raises:
        ValueError: If an image lacks its mask or a mask its image, or there are no images.
    """
    names = [PurePosixPath(name) for name in source.names()]
    for folders in spec.folders:
        images, masks = ({p.stem: p for p in names if f"/{p.parent}".endswith(f"/{f}")} for f in folders)
        if images:
            break
    else:
        expected = " or ".join(f"{images}/ beside {masks}/" for images, masks in spec.folders)
        raise ValueError(f"{source.path}: no images found; {spec.name} must hold the folders {expected}")
    for have, lack, what in ((images, masks, "mask"), (masks, images, "image")):
        if alone := sorted(set(have) - set(lack)):
            raise ValueError(
                f"{source.path}: {have[alone[0]]} has no {what} ({len(alone)} such files); "
                f"download the set again from {spec.address}"
            )
    order = sorted(images, key=lambda stem: (int(stem), "") if stem.isdecimal() else (0, stem))
    return [(stem, str(images[stem]), str(masks[stem])) for stem in order]


def content_sha256(spec: PolypSet, source: Source) -> str:
    """SHA-256 of all images and masks in their order, however they are stored and packed.

    A JPEG counts as it is, since programs decode it differently in the last digit. Other
    files count by their pixels, so PNG and TIFF give the same.

    Raises:
        ValueError: If a file is missing or damaged.
    """
    digest = sha256()
    files = [name for _, image, mask in pair(spec, source) for name in (image, mask)]
    for i, (name, data) in enumerate(zip(files, source.contents(files), strict=True)):
        if PurePosixPath(name).suffix.lower() not in {".jpg", ".jpeg"}:
            picture = decode(data, name, "L" if i % 2 else "RGB", LARGEST_SIDE).image
            data = np.asarray(picture).tobytes()
        digest.update(data)
    return digest.hexdigest()


def read(spec: PolypSet, source: Source, size: int) -> tuple[SegmentationSet, str]:
    """All examples of a source as squares of ``size`` px, and the checksum of the source.

    Raises:
        ValueError: If a file is missing or damaged, or the number of images is wrong.
    """
    pairs = pair(spec, source)
    if len(pairs) != spec.count:
        raise ValueError(
            f"{source.path}: {spec.name} has {spec.count} images, found {len(pairs)}; "
            f"the splits need all of them, download the set again from {spec.address}"
        )
    files = [name for _, image, mask in pairs for name in (image, mask)]
    contents = source.contents(files)
    images = np.empty((len(pairs), 3, size, size), np.uint8)
    masks = np.empty((len(pairs), 1, size, size), np.uint8)
    for i, (_, image, mask) in enumerate(pairs):
        images[i], masks[i] = read_pair(next(contents), next(contents), (image, mask), size)
    groups = spec.groups()
    ids = tuple(stem for stem, _, _ in pairs)
    pictures = SegmentationSet(
        images=torch.from_numpy(images),
        masks=torch.from_numpy(masks),
        ids=ids,
        groups=tuple(groups.get(stem, stem) for stem in ids),
    )
    return pictures, source.checksum(files)
