"""A picture that is a formula: a boat at night, which no turn and no flip leaves as it was.

Because it is a function on the plane, it can be moved exactly and only then be sampled on pixels.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

COLOURS = {
    "moon": (1.0, 0.85, 0.40),
    "main sail": (1.0, 1.0, 0.95),
    "fore sail": (0.95, 0.35, 0.30),
    "hull": (0.85, 0.50, 0.25),
    "sea": (0.15, 0.45, 0.75),
}
SHARPNESS = 16.0  # edges are ramps of width 1 / 16, so that they can be sampled


def boat(p: Float[Tensor, "2 ..."]) -> Float[Tensor, "3 ..."]:
    """Red, green and blue in [0, 1] at points of the plane.

    The picture is black outside the disc of radius 1, so no turn moves anything out of the frame.

    Args:
        p: Coordinates to the right and up; the frame reaches from -1 to 1 in both.
    """
    right, up = p
    sides = {  # positive inside, zero on the border
        "moon": [0.16 - torch.hypot(right + 0.45, up - 0.5)],
        "main sail": [right - 0.04, up + 0.2, 0.55 - 0.8 * up - right],
        "fore sail": [-0.04 - right, up + 0.2, right + 0.48 - 0.8 * up],
        "hull": [-0.26 - up, up + 0.5, 0.85 + 0.9 * up - right.abs()],
        "sea": [-0.5 - up, 0.9 - torch.hypot(right, up)],
    }
    picture = torch.zeros(3, *right.shape, dtype=p.dtype, device=p.device)
    for name, colour in COLOURS.items():
        opacity = (0.5 + SHARPNESS * torch.stack(sides[name]).amin(dim=0)).clamp(0, 1)
        paint = torch.tensor(colour, dtype=p.dtype, device=p.device).reshape(3, *[1] * right.ndim)
        picture = picture + opacity * (paint - picture)
    return picture


def sample(
    f: Callable[[Tensor], Tensor], size: int = 64, *, dtype: torch.dtype = torch.float64
) -> Float[Tensor, "c y x"]:
    """Values of a function on the plane at the centres of the pixels of a square grid.

    Args:
        f: From points (right, up), with the frame from -1 to 1, to colours.
        size: Side of the grid in pixels.
        dtype: Precision of the coordinates, and so of the picture.

    Raises:
        ValueError: If ``size`` is below 1.

    Example:
        >>> sample(lambda p: p, size=2)[1]  # how far up: rows are counted downwards
        tensor([[ 0.5000,  0.5000],
                [-0.5000, -0.5000]], dtype=torch.float64)
    """
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    offsets = (2 * torch.arange(size, dtype=dtype) + 1 - size) / size
    return f(torch.stack([offsets.expand(size, size), -offsets.view(-1, 1).expand(size, size)]))
