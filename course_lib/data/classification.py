"""What a classification data set is: images or volumes, labels, names and groups, all in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Description:
    """What a network must know of a classification set before it is built.

    Args:
        classes: Name of each class; with ``multi_label`` each is a finding of its own.
        channels: Channels of the images.
        dims: 2 for images, 3 for volumes.
        multi_label: Whether an image may show several findings, or none.
        size: Side of the images in px.
    """

    classes: tuple[str, ...]
    channels: int
    dims: Literal[2, 3]
    multi_label: bool
    size: int

    @property
    def n_logits(self) -> int:
        """Outputs of a network: one a class, or one a finding."""
        return len(self.classes)


@dataclass(frozen=True)
class ClassificationSet:
    """Images or volumes with their labels, held in memory as bytes.

    Args:
        images: Values from 0 to 255, ``n c y x`` or ``n c z y x``.
        labels: Number of the class of each image; with several findings 0 or 1 for each.
        ids: Name of each image, unique in its data set.
        groups: Name of the group of each image; images of one group resemble each other.

    Raises:
        ValueError: If the four do not have the same length.
    """

    images: UInt8[Tensor, "n c *grid"]
    labels: Int64[Tensor, "n ..."]
    ids: tuple[str, ...]
    groups: tuple[str, ...]

    def __post_init__(self):
        lengths = len(self.images), len(self.labels), len(self.ids), len(self.groups)
        if len(set(lengths)) != 1:
            raise ValueError(
                "images, labels, ids and groups must have the same length, "
                f"got {lengths}; give one of each per image"
            )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.ids)

    @property
    def inputs(self) -> UInt8[Tensor, "n c *grid"]:
        """What a network sees."""
        return self.images

    @property
    def targets(self) -> Int64[Tensor, "n ..."]:
        """What a network is to predict."""
        return self.labels

    def shrunk(self, factor: int) -> "ClassificationSet":
        """The same images, each block of ``factor`` pixels a side replaced by its mean."""
        pool = F.avg_pool2d if self.images.ndim == 4 else F.avg_pool3d
        return replace(self, images=pool(self.images.float(), factor).round().to(torch.uint8))

    def subset(self, indices: Sequence[int]) -> "ClassificationSet":
        """The images at these positions, in this order."""
        chosen = list(indices)
        return ClassificationSet(
            images=self.images[chosen],
            labels=self.labels[chosen],
            ids=tuple(self.ids[i] for i in chosen),
            groups=tuple(self.groups[i] for i in chosen),
        )


def numbered(
    images: UInt8[Tensor, "n c *grid"], labels: Int64[Tensor, "n ..."], part: str
) -> ClassificationSet:
    """One part of a set whose images have no names: ``"test-12"`` is image 12 of the test set.

    Args:
        images: Values from 0 to 255.
        labels: Class, or findings, of each image.
        part: Name of the part: ``"train"``, ``"val"`` or ``"test"``.
    """
    ids = tuple(f"{part}-{i}" for i in range(len(images)))
    return ClassificationSet(images=images, labels=labels, ids=ids, groups=ids)
