"""Synthetic scans: drawn lesions to classify, in two and in three dimensions, that need no file."""

from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Literal

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor
from torch.nn import functional as F

from course_lib.data.classification import Description, numbered
from course_lib.data.segmentation import Splits

LICENCE = "made by this package, free to use under its licence"
CLASSES = ("solid", "ring", "cluster")
PARTS = {"train": 0.70, "val": 0.15, "test": 0.15}
SPOTS = 6
SCANS_2D = Description(classes=CLASSES, channels=1, dims=2, multi_label=False, size=28)
SCANS_3D = Description(classes=CLASSES[:2], channels=1, dims=3, multi_label=False, size=16)
COUNTS = {2: 600, 3: 200}
FAINTEST = {2: 0.20, 3: 0.08}  # least contrast of a lesion; a volume shows more of it than an image


def dealt(images: UInt8[Tensor, "n c *grid"], labels: Int64[Tensor, " n"], name: str) -> Splits:
    """Drawn images in their order: the first 70 percent are for training, the last 15 for the test."""
    counts = [round(share * len(images)) for share in PARTS.values()]
    borders = pairwise(accumulate(counts, initial=0))
    parts = {
        part: numbered(images[a:b], labels[a:b], part) for part, (a, b) in zip(PARTS, borders, strict=True)
    }
    checksum = sha256(images.numpy().tobytes() + labels.numpy().tobytes()).hexdigest()
    return Splits(**parts, name=name, sha256=checksum, licence=LICENCE)


def tissue(n: int, size: int, dims: Literal[2, 3], rng: torch.Generator) -> Float[Tensor, "n ..."]:
    """Smooth random background, about 0 with deviation about 1, without a preferred direction."""
    coarse = torch.randn(n, 1, *[size // 4 + 2] * dims, generator=rng)
    smooth = F.interpolate(
        coarse, size=(size,) * dims, mode="bilinear" if dims == 2 else "trilinear", align_corners=True
    )
    return smooth[:, 0] + 0.5 * torch.randn(smooth[:, 0].shape, generator=rng)


def lesions(
    labels: Int64[Tensor, " n"], size: int, dims: Literal[2, 3], rng: torch.Generator
) -> Float[Tensor, "n ..."]:
    """Brightness of one lesion per image, from 0 to about 1.

    A solid lesion is bright in the middle, a ring is bright at its rim, a cluster is a
    handful of spots that fill the same space. Place, extent and direction are random, so
    they tell nothing about the class.

    Args:
        labels: Number of the class of each lesion.
        size: Side in px.
        dims: 2 for images, 3 for volumes.
        rng: Source of the random numbers.
    """
    n = len(labels)
    axis = (torch.arange(size) + 0.5) * (2 / size) - 1
    points = torch.stack(torch.meshgrid(*[axis] * dims, indexing="ij"), dim=-1).reshape(1, -1, dims)
    points = points - 0.3 * (2 * torch.rand(n, 1, dims, generator=rng) - 1)
    turns = torch.linalg.qr(torch.randn(n, dims, dims, generator=rng)).Q
    stretch = 1 + 0.35 * torch.rand(n, 1, dims, generator=rng)
    radius = 0.38 + 0.17 * torch.rand(n, 1, generator=rng)
    rho = (torch.einsum("nij,npj->npi", turns, points) * stretch).norm(dim=-1) / radius
    solid = (1.2 - rho.square()).clamp(0, 1)
    ring = (-((rho - 0.85) / 0.28).square()).exp()
    spots = torch.randn(n, SPOTS, 1, dims, generator=rng)
    away = (0.45 + 0.5 * torch.rand(n, SPOTS, 1, 1, generator=rng)) * radius[..., None, None]
    centres = spots / spots.norm(dim=-1, keepdim=True) * away
    distance = (points[:, None] - centres).norm(dim=-1)
    cluster = (-(distance / 0.13).square()).exp().amax(dim=1)
    shapes = torch.stack((solid, ring, cluster), dim=1)
    return shapes[torch.arange(n), labels].reshape(n, *[size] * dims)


def synthetic_scans(dims: Literal[2, 3] = 2, *, seed: int = 0) -> Splits:
    """Grey images (28 px, three classes) or volumes (16 px, two classes) of lesions in tissue.

    Only the structure of a lesion tells its class, not its brightness, place or direction.
    A network that is invariant under turns loses nothing here.

    Args:
        dims: 2 for images, 3 for volumes.
        seed: Equal seeds give equal images.

    Returns:
        420, 90 and 90 images, or 140, 30 and 30 volumes; the classes are equally frequent.
    """
    description = SCANS_2D if dims == 2 else SCANS_3D
    rng = torch.Generator().manual_seed(seed)
    n, size = COUNTS[dims], description.size
    labels = torch.arange(n) % description.n_logits
    each = (n, *[1] * dims)
    light = 0.25 + 0.25 * torch.rand(each, generator=rng)
    contrast = FAINTEST[dims] + 0.25 * torch.rand(each, generator=rng)
    grain = 0.05 + 0.05 * torch.rand(each, generator=rng)
    image = light + grain * tissue(n, size, dims, rng) + contrast * lesions(labels, size, dims, rng)
    images = (255 * image.clamp(0, 1)).round().to(torch.uint8)[:, None]
    return dealt(images, labels, "synthetic-medmnist" if dims == 2 else "synthetic-medmnist-3d")
