"""Lifting, to play with: a letter turned by any angle, and the four maps of its lifting convolution."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.actions import rotate
from course_lib.groups import CyclicGroup
from course_lib.layers.regular import GroupConv
from course_lib.representations import Regular, Trivial

C4 = CyclicGroup(4)
SIZE = 20
KERNELS = {
    "edge": ((1, 2, 1), (0, 0, 0), (-1, -2, -1)),
    "corner": ((2, 1, -1), (1, 0, -1), (-1, -1, 0)),
    "spot": ((-1, -2, -1), (-2, 12, -2), (-1, -2, -1)),  # the same from all four sides
}
KernelName = Literal["edge", "corner", "spot"]


@dataclass(frozen=True)
class Lifted:
    """The lifting convolution of a turned image beside the turned lifting convolution of the image.

    Args:
        image: The letter, turned.
        maps: Its four response maps, one for each element of C_4.
        moved: The maps of the upright letter, turned, and moved on by the nearest quarter turn.
        turns: That number of quarter turns: the map of 0° stands at the entry ``turns``.
        error: ‖maps − moved‖ / ‖moved‖.
    """

    image: Float[Tensor, "y x"]
    maps: Float[Tensor, "fiber y x"]
    moved: Float[Tensor, "fiber y x"]
    turns: int
    error: float


def letter() -> Float[Tensor, "y x"]:
    """The letter F, white on black: no turn and no flip leaves it as it was."""
    image = torch.zeros(SIZE, SIZE, dtype=torch.float64)
    image[3:17, 5:8] = image[3:6, 5:15] = image[9:12, 5:13] = 1
    return image


def lift_turned(angle_deg: float | int, kernel: KernelName = "edge") -> Lifted:
    """Turn the letter, lift it to C_4, and compare with turning the lifted letter.

    At multiples of 90° both agree, which is equivariance. In between C_4 has no element, so
    no way of moving the entries makes them agree.

    Args:
        angle_deg: Angle in degrees, counter-clockwise as displayed.
        kernel: One of ``KERNELS``.

    Raises:
        ValueError: If there is no such kernel.

    Example:
        >>> lift_turned(90).error, round(lift_turned(30).error, 2)
        (0.0, 0.51)
    """
    if kernel not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, got {kernel!r}")
    layer = GroupConv(Trivial(C4), 1, 1, bias=False).double().requires_grad_(False)
    layer.weight.copy_(torch.tensor(KERNELS[kernel], dtype=torch.float64).view_as(layer.weight))
    image = rotate(letter(), angle_deg)
    maps = layer(image[None, None, None])[0, 0]
    turns = math.floor(angle_deg / 90 + 0.5) % 4
    upright = layer(letter()[None, None, None])[0, 0]
    moved = rotate(Regular(C4).apply(turns, upright), angle_deg)
    return Lifted(image, maps, moved, turns, ((maps - moved).norm() / moved.norm()).item())
