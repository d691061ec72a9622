"""Sampling on the pixel grid: the rotation operator and the disc mask."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

SNAP = 2.0**40  # source points lie on this fine grid, so that mirrored angles have mirrored weights exactly


def disc_mask(size: int) -> Bool[Tensor, "y x"]:
    """Pixels whose centre lies in the inscribed disc of a square grid.

    Args:
        size: Side of the square in pixels.

    Returns:
        True where the distance to the centre of the grid is at most ``size / 2`` pixels.

    Example:
        >>> disc_mask(5).int()
        tensor([[0, 1, 1, 1, 0],
                [1, 1, 1, 1, 1],
                [1, 1, 1, 1, 1],
                [1, 1, 1, 1, 1],
                [0, 1, 1, 1, 0]], dtype=torch.int32)
    """
    right, up = _pixel_centres(size)
    return right**2 + up**2 <= (size / 2) ** 2


def rotation_operator(size: int, angle_deg: float | int) -> Float[Tensor, "target source"]:
    """Bilinear rotation of a square grid about its centre, as one sparse matrix.

    Row p of the matrix holds the bilinear weights of the point R(-angle) p from which
    the value at pixel p is taken. Points outside the grid count as zero. At multiples
    of 90 degrees the matrix is a permutation, without interpolation.

    Args:
        size: Side of the square in pixels.
        angle_deg: Angle in degrees, counter-clockwise as displayed.

    Returns:
        Sparse float64 matrix that acts on grids flattened row by row.

    Raises:
        ValueError: If ``size`` is below 1 or ``angle_deg`` is not finite.

    Example:
        >>> rotation_operator(2, 90).to_dense() @ torch.tensor([1.0, 2, 3, 4], dtype=torch.float64)
        tensor([2., 4., 1., 3.], dtype=torch.float64)
    """
    if not math.isfinite(angle_deg):
        raise ValueError(f"angle_deg must be a finite number of degrees, got {angle_deg}")
    quarter_turns, rest = divmod(angle_deg % 360, 90)
    right, up = _pixel_centres(size)
    for _ in range(int(quarter_turns)):
        right, up = up, -right  # turn the target point back by 90 degrees: exact
    cos, sin = math.cos(math.radians(rest)), math.sin(math.radians(rest))
    source_right = torch.round((cos * right + sin * up) * SNAP) / SNAP
    source_up = torch.round((-sin * right + cos * up) * SNAP) / SNAP
    centre = (size - 1) / 2
    return _bilinear(centre - source_up.flatten(), centre + source_right.flatten(), size)


def _pixel_centres(size: int) -> tuple[Float[Tensor, "y x"], Float[Tensor, "y x"]]:
    """Coordinates to the right and up of each pixel, from the centre of the grid, in pixels."""
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    offsets = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    return offsets.expand(size, size), -offsets.view(-1, 1).expand(size, size)


def _bilinear(
    row: Float[Tensor, " target"], column: Float[Tensor, " target"], size: int
) -> Float[Tensor, "target source"]:
    """Sparse matrix that samples a grid at the given points."""
    top, left = row.floor(), column.floor()
    down, along = row - top, column - left
    targets, sources, weights = [], [], []
    for y, weight_y in ((top, 1 - down), (top + 1, down)):
        for x, weight_x in ((left, 1 - along), (left + 1, along)):
            weight = weight_y * weight_x
            keep = (y >= 0) & (y < size) & (x >= 0) & (x < size) & (weight > 0)
            targets.append(torch.nonzero(keep).flatten())
            sources.append((y * size + x).long()[keep])
            weights.append(weight[keep])
    indices = torch.stack([torch.cat(targets), torch.cat(sources)])
    return torch.sparse_coo_tensor(
        indices, torch.cat(weights), (size**2, size**2), check_invariants=True
    ).coalesce()
