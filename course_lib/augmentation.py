"""Augmentation: images and masks of a batch, turned together at random."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional as F

Augmentation = Literal["none", "quarter-turns", "rotations"]
Images = Float[Tensor, "b c y x"]
Masks = Float[Tensor, "b 1 y x"]


def augment(images: Images, masks: Masks, kind: Augmentation, generator: Generator) -> tuple[Images, Masks]:
    """Turn every image and its mask by a random angle of its own.

    Args:
        images: Square images.
        masks: Their masks in {0, 1}.
        kind: ``"none"``; ``"quarter-turns"``, multiples of 90 degrees, exact, without
            flips; ``"rotations"``, any angle in [0, 360) degrees, bilinear, zero outside
            the frame. A mask that was interpolated is cut at one half.
        generator: Source of the random angles; lives on the CPU.
    """
    if kind == "none":
        return images, masks
    if kind == "quarter-turns":
        turns = torch.randint(4, (len(images),), generator=generator).to(images.device)
        return quarter_turns(images, turns), quarter_turns(masks, turns)
    angles_deg = 360 * torch.rand(len(images), generator=generator).to(images.device)
    return rotations(images, angles_deg), (rotations(masks, angles_deg) >= 0.5).to(masks)


def quarter_turns(x: Float[Tensor, "b c y x"], turns: Tensor) -> Float[Tensor, "b c y x"]:
    """Each sample turned by its own number of quarter turns, counter-clockwise as displayed."""
    turned = x.clone()
    for k in (1, 2, 3):
        turned[turns == k] = x[turns == k].rot90(k, (-2, -1))
    return turned


def rotations(x: Float[Tensor, "b c y x"], angles_deg: Float[Tensor, " b"]) -> Float[Tensor, "b c y x"]:
    """Each sample turned by its own angle, counter-clockwise as displayed; bilinear, zero outside."""
    cos, sin = torch.cos(angles_deg * math.pi / 180), torch.sin(angles_deg * math.pi / 180)
    zero = torch.zeros_like(cos)
    # Target to source, in coordinates that point right and down: the turn by -angle.
    matrix = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
