"""What a segmentation data set is: pictures, masks, names and groups, all in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import UInt8
from torch import Tensor

from course_lib.data.charged_particles import ParticleSet
from course_lib.data.classification import ClassificationSet


@dataclass(frozen=True)
class SegmentationSet:
    """Pictures with one mask each, held in memory as bytes.

    Args:
        images: Colours from 0 to 255.
        masks: 1 on the object, 0 elsewhere.
        ids: Name of each picture, unique in its data set.
        groups: Name of the group of each picture. Pictures of one group resemble each
            other (frames of one video, near-duplicates).

    Raises:
        ValueError: If the four do not have the same length.
    """

    images: UInt8[Tensor, "n c y x"]
    masks: UInt8[Tensor, "n 1 y x"]
    ids: tuple[str, ...]
    groups: tuple[str, ...]

    def __post_init__(self):
        lengths = len(self.images), len(self.masks), len(self.ids), len(self.groups)
        if len(set(lengths)) != 1:
            raise ValueError(
                "images, masks, ids and groups must have the same length, "
                f"got {lengths}; give one of each per picture"
            )

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.ids)

    @property
    def inputs(self) -> UInt8[Tensor, "n c y x"]:
        """What a network sees."""
        return self.images

    @property
    def targets(self) -> UInt8[Tensor, "n 1 y x"]:
        """What a network is to predict."""
        return self.masks

    def subset(self, indices: Sequence[int]) -> "SegmentationSet":
        """The pictures at these positions, in this order."""
        chosen = list(indices)
        return SegmentationSet(
            images=self.images[chosen],
            masks=self.masks[chosen],
            ids=tuple(self.ids[i] for i in chosen),
            groups=tuple(self.groups[i] for i in chosen),
        )

    @staticmethod
    def joined(*parts: "SegmentationSet") -> "SegmentationSet":
        """The pictures of several parts, one after the other."""
        return SegmentationSet(
            images=torch.cat([part.images for part in parts]),
            masks=torch.cat([part.masks for part in parts]),
            ids=tuple(name for part in parts for name in part.ids),
            groups=tuple(name for part in parts for name in part.groups),
        )


@dataclass(frozen=True)
class Splits:
    """One data set, divided into training, validation and test set, all three of one kind.

    Args:
        train: What the network learns from.
        val: What chooses between networks.
        test: What is looked at once, at the end.
        name: Name of the data set.
        sha256: Checksum of the source: of the archive file, of the sorted files of a
            folder, or of the generated pictures.
        licence: Terms under which the pictures may be used.
    """

    train: SegmentationSet | ClassificationSet | ParticleSet
    val: SegmentationSet | ClassificationSet | ParticleSet
    test: SegmentationSet | ClassificationSet | ParticleSet
    name: str
    sha256: str
    licence: str
