"""Augmentation: the images of a batch turned at random, their masks with them; labels stay."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional as F

Augmentation = Literal["none", "quarter-turns", "rotations"]


def augment(
    images: Float[Tensor, "b c *grid"], targets: Tensor, kind: Augmentation, generator: Generator
) -> tuple[Float[Tensor, "b c *grid"], Tensor]:
    """Turn every image, and its mask if it has one, by a random angle of its own.

    Args:
        images: Square images ``b c y x``, or cubic volumes ``b c z y x``; or moving particles
            ``b particle 7``, always turned by any rotation of space.
        targets: Masks ``b 1 y x`` in {0, 1}, which turn too, or labels, which do not; positions
            ``b particle 3`` turn with their particles.
        kind: ``"none"``; ``"quarter-turns"``, multiples of 90 degrees without flips, exact, for
            volumes all 24 rotations of the cube; ``"rotations"``, any angle in [0, 360) degrees,
            for volumes any rotation of space, linear interpolation, zero outside the frame. A mask
            that was interpolated is cut at one half.
        generator: Source of the random angles; lives on the CPU.
    """
    if kind == "none":
        return images, targets
    if images.ndim == 3:
        return turned_states(images, targets, random_rotations(len(images), generator).to(images))
    masks = targets.ndim == images.ndim
    if kind == "quarter-turns":
        if images.ndim == 5:
            return cube_turns(images, torch.randint(24, (len(images),), generator=generator)), targets
        turns = torch.randint(4, (len(images),), generator=generator).to(images.device)
        return quarter_turns(images, turns), quarter_turns(targets, turns) if masks else targets
    if images.ndim == 5:
        return turned_by(images, random_rotations(len(images), generator).to(images)), targets
    angles_deg = 360 * torch.rand(len(images), generator=generator).to(images.device)
    turned = rotations(images, angles_deg)
    return turned, (rotations(targets.to(images), angles_deg) >= 0.5).to(targets) if masks else targets


def turned_states(
    states: Float[Tensor, "b particle 7"],
    positions: Float[Tensor, "b particle 3"],
    matrices: Float[Tensor, "b 3 3"],
) -> tuple[Float[Tensor, "b particle 7"], Float[Tensor, "b particle 3"]]:
    """Each set of moving particles turned by its own matrix, with positions that belong to it."""
    turned = [vectors @ matrices.mT for vectors in (states[..., :3], states[..., 3:6], positions)]
    return torch.cat([*turned[:2], states[..., 6:]], dim=-1), turned[2]


def quarter_turns(x: Float[Tensor, "b c y x"] | Tensor, turns: Tensor) -> Tensor:
    """Each sample turned by its own number of quarter turns, counter-clockwise as displayed."""
    turned = x.clone()
    for k in (1, 2, 3):
        turned[turns == k] = x[turns == k].rot90(k, (-2, -1))
    return turned


def cube_turns(x: Float[Tensor, "b c z y x"], which: Tensor) -> Float[Tensor, "b c z y x"]:
    """Each volume turned by one of the 24 rotations of the cube: a face to the front, then turns."""
    turned = x.clone()
    for number in which.unique().tolist():
        face, k = divmod(int(number), 4)
        chosen = which.to(x.device) == number
        front = x[chosen].rot90(face, (-3, -1)) if face < 4 else x[chosen].rot90(2 * face - 7, (-3, -2))
        turned[chosen] = front.rot90(k, (-2, -1))
    return turned


def rotations(x: Float[Tensor, "b c y x"], angles_deg: Float[Tensor, " b"]) -> Float[Tensor, "b c y x"]:
    """Each sample turned by its own angle, counter-clockwise as displayed; bilinear, zero outside."""
    cos, sin = torch.cos(angles_deg * math.pi / 180), torch.sin(angles_deg * math.pi / 180)
    # Target to source, in coordinates that point right and down: the turn by -angle.
    return turned_by(x, torch.stack([cos, -sin, sin, cos], dim=1).view(-1, 2, 2))


def turned_by(x: Float[Tensor, "b c *grid"], matrices: Float[Tensor, "b d d"]) -> Float[Tensor, "b c *grid"]:
    """Each sample read at points moved by its own matrix, about the centre; linear, zero outside.

    Args:
        x: Images or volumes.
        matrices: From target to source, in coordinates x, y (, z) that point right and down.
    """
    matrix = torch.cat([matrices, torch.zeros_like(matrices[..., :1])], dim=-1)
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def random_rotations(n: int, generator: Generator) -> Float[Tensor, "n 3 3"]:
    """Rotations of space, uniformly distributed: from normal quaternions."""
    w, x, y, z = F.normalize(torch.randn(n, 4, generator=generator), dim=1).unbind(dim=1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
