"""Sampling on the pixel grid: the rotation operator, disc masks, rings and circular harmonics."""

import math
from typing import Literal

import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor

SNAP = 2.0**40  # source points lie on this fine grid, so that mirrored angles have mirrored weights exactly
# Smooth rings: of 25 pairs measured, this one has the least equivariance error over kernels of 3 to 11 px.
RING_SIGMA_PX = 0.6
RING_INSET_PX = 0.6  # the outermost centre lies this far inside the outermost row of pixels


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


def ring_masks(
    kernel_size: int, *, rings: Literal["hard", "smooth"] = "hard", dims: Literal[2, 3] = 2
) -> Float[Tensor, "ring *depth y x"]:
    """Rings of a square or cubic kernel; every weighted sum of them is isotropic.

    With h = ``kernel_size // 2`` there are h + 1 rings. Hard rings part the pixels: ring
    r holds those whose distance from the centre, divided by (h + 1/2) / (h + 1), is
    r and a fraction. Smooth rings overlap: Gaussians of the distance, ``RING_SIGMA_PX`` wide,
    with centres from 0 to h - 0.6. Both vanish at distances of h + 1/2 or more.

    The symmetries of the grid keep every distance, so they keep the masks exactly.

    Args:
        kernel_size: Side in pixels; odd, so that one pixel is the centre.
        rings: How the masks are cut.
        dims: 2 for a square, 3 for a cube.

    Returns:
        Masks in [0, 1].

    Raises:
        ValueError: If ``kernel_size`` is even or not positive, or ``rings`` or ``dims`` is unknown.

    Example:
        >>> ring_masks(5).argmax(dim=0) * ring_masks(5).sum(dim=0).int()
        tensor([[0, 2, 2, 2, 0],
                [2, 1, 1, 1, 2],
                [2, 1, 0, 1, 2],
                [2, 1, 1, 1, 2],
                [0, 2, 2, 2, 0]])

    Source:
        Hard rings: Du et al. 2025, arXiv:2501.09753. Smooth rings are ours.
    """
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, so that one pixel is the centre; got {kernel_size}")
    if rings not in ("hard", "smooth") or dims not in (2, 3):
        raise ValueError(f'rings must be "hard" or "smooth" and dims 2 or 3, got {rings!r} and {dims}')
    half = kernel_size // 2
    offset = torch.arange(-half, half + 1, dtype=torch.float64)
    distance = torch.stack(torch.meshgrid([offset] * dims, indexing="ij")).square().sum(dim=0).sqrt()
    inside = distance < half + 0.5
    ring = torch.arange(half + 1, dtype=torch.float64).view(-1, *[1] * dims)
    if rings == "hard":
        width = (half + 0.5) / (half + 1)
        return (((distance / width).floor() == ring) & inside).float()
    centre = ring * (half - RING_INSET_PX) / max(half, 1)
    return ((-((distance - centre) ** 2) / (2 * RING_SIGMA_PX**2)).exp() * inside).float()


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
    right, up = turned_back(size, angle_deg)
    centre = (size - 1) / 2
    return _bilinear(centre - up.flatten(), centre + right.flatten(), size)


def turned_back(size: int, angle_deg: float | int) -> tuple[Float[Tensor, "y x"], Float[Tensor, "y x"]]:
    """Points R(-angle) p for the pixels p of a square grid: where a turned picture takes its values from.

    Quarter turns are exact.

    Args:
        size: Side of the square in pixels.
        angle_deg: Angle in degrees, counter-clockwise as displayed.

    Returns:
        Coordinates to the right and up, from the centre of the grid, in pixels.

    Raises:
        ValueError: If ``size`` is below 1 or ``angle_deg`` is not finite.
    """
    if not math.isfinite(angle_deg):
        raise ValueError(f"angle_deg must be a finite number of degrees, got {angle_deg}")
    quarter_turns, rest = divmod(angle_deg % 360, 90)
    right, up = _pixel_centres(size)
    for _ in range(int(quarter_turns)):
        right, up = up, -right
    cos, sin = math.cos(math.radians(rest)), math.sin(math.radians(rest))
    return snapped(cos * right + sin * up), snapped(-sin * right + cos * up)


def snapped(values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Values rounded to a fine grid, so that what is equal by symmetry is equal to the last bit."""
    return torch.round(values * SNAP) / SNAP


def gaussian_rings(
    radius_px: Float[Tensor, "*points"], n_rings: int, sigma_px: float
) -> Float[Tensor, " ring *points"]:
    """Radial profiles exp(-(r - j)^2 / (2 sigma^2)) around the radii j = 0, 1, ... pixels.

    Args:
        radius_px: Distance of each point from the centre.
        n_rings: Number of rings.
        sigma_px: Width of each ring.
    """
    centres = torch.arange(n_rings, dtype=radius_px.dtype).view(-1, *[1] * radius_px.ndim)
    return torch.exp(-((radius_px - centres) ** 2) / (2 * sigma_px**2))


def circular_harmonics(
    right: Float[Tensor, "*points"], up: Float[Tensor, "*points"], max_frequency: int
) -> Complex[Tensor, " frequency *points"]:
    """The functions exp(i n phi) for n = 0, ..., ``max_frequency``, with phi the angle of each point.

    The centre has no angle; there only frequency 0 is not zero, as symmetry demands.

    Args:
        right: Coordinate to the right.
        up: Coordinate upwards.
        max_frequency: Largest n.

    Example:
        >>> circular_harmonics(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]), 2)
        tensor([[ 1.+0.j,  1.+0.j],
                [ 0.+1.j,  0.+0.j],
                [-1.+0.j,  0.+0.j]])
    """
    point = torch.complex(right, up)
    direction = point / point.abs().clamp(min=torch.finfo(right.dtype).tiny)
    powers = [torch.ones_like(point)]
    for _ in range(max_frequency):
        powers.append(powers[-1] * direction)
    return torch.stack(powers)


def band_limit(ring: int) -> int:
    """Largest angular frequency kept on the ring of radius ``ring`` pixels: 0, 2, 3, 4, ...

    A circle of radius j passes through about 2 pi j pixels, so it could carry
    frequencies up to pi j. Kernels stay almost equivariant only well below that; this
    rule was chosen by measuring.
    """
    return ring + 1 if ring else 0


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
