"""Shapes for the synthetic pictures: smooth noise, blobs with lobed outlines, folds, a surface's light."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def noise(grid: Float[Tensor, "n c k k"], points: Float[Tensor, "n y x 2"]) -> Float[Tensor, "n c y x"]:
    """Random field: the values of a coarse grid, interpolated bilinearly.

    Args:
        grid: Random values; the grid spans -2 to 2 in both directions, mirrored beyond.
        points: Where to read it.
    """
    return F.grid_sample(grid, points / 2, mode="bilinear", padding_mode="reflection", align_corners=True)


def polar(
    points: Float[Tensor, "n y x 2"],
    centre: Float[Tensor, "n blob 2"],
    radius: Float[Tensor, "n blob"],
    aspect: Float[Tensor, "n blob"],
    turn: Float[Tensor, "n blob"],
    lobes: Float[Tensor, "n blob order 2"],
) -> Float[Tensor, "n blob y x"]:
    """Distance from the centre of each blob, in units of its outline: 1 on the outline.

    The outline is an ellipse whose radius is varied by a few waves around it.

    Args:
        points: Where to measure.
        centre: Centre of each blob.
        radius: Mean radius.
        aspect: Ratio of the axes, at least 1.
        turn: Direction of the long axis in radians.
        lobes: Cosine and sine amplitude of the waves with 2, 3, ... periods around.
    """
    away = points[:, None] - centre[:, :, None, None]
    cos, sin = turn.cos()[..., None, None], turn.sin()[..., None, None]
    stretch = aspect.sqrt()[..., None, None]
    u = (cos * away[..., 0] + sin * away[..., 1]) / stretch
    v = (cos * away[..., 1] - sin * away[..., 0]) * stretch
    distance = torch.hypot(u, v)
    cos_1, sin_1 = u / (distance + 1e-9), v / (distance + 1e-9)
    cos_k, sin_k = cos_1, sin_1
    outline = torch.ones_like(distance)
    for k in range(lobes.shape[2]):
        # cos and sin of (k + 2) times the angle, by the addition theorem: faster than calling them.
        cos_k, sin_k = cos_k * cos_1 - sin_k * sin_1, sin_k * cos_1 + cos_k * sin_1
        a, b = lobes[:, :, k, :, None, None].unbind(2)
        outline += a * cos_k + b * sin_k
    return distance / (radius[..., None, None] * outline.clamp_min(0.5))


def dome(rho: Float[Tensor, "n blob y x"]) -> Float[Tensor, "n blob y x"]:
    """Height of a polyp: 1 in the middle, steep at its outline, 0 outside."""
    return (1 - rho.square()).clamp_min(0).pow(0.6)


def swell(rho: Float[Tensor, "n blob y x"]) -> Float[Tensor, "n blob y x"]:
    """Height of a fold of tissue: 1 in the middle, running out gently, 0 outside."""
    return (1 - rho.square()).clamp_min(0).square()


def folds(
    points: Float[Tensor, "n y x 2"],
    lumen: Float[Tensor, "n 2"],
    frequency: Float[Tensor, " n"],
    warp: Float[Tensor, "n y x"],
) -> Float[Tensor, "n y x"]:
    """Height of the ring-shaped folds of the bowel around its opening, from 0 to 1.

    Args:
        points: Where to measure.
        lumen: Centre of the opening.
        frequency: Folds per unit length.
        warp: How far the folds are displaced, in periods.
    """
    distance = (points - lumen[:, None, None]).norm(dim=-1)
    wave = torch.cos(2 * torch.pi * (frequency[:, None, None] * distance + warp))
    return (0.5 + 0.5 * wave).pow(3)


def shine(
    height: Float[Tensor, "n y x"], points: Float[Tensor, "n y x 2"], lamp: Float[Tensor, "n 3"]
) -> tuple[Float[Tensor, "n y x"], Float[Tensor, "n y x"]]:
    """Matt and glossy light of a surface under one lamp, seen from above.

    Lambert's law with the fall-off of a near lamp, and Blinn's highlight.

    Args:
        height: Height of the surface.
        points: Where its pixels lie, in the units of the height.
        lamp: Position of the lamp.

    Returns:
        Matt light, about 1 under the lamp, and glossy light from 0 to 1.
    """
    step = float(points[0, 0, 1, 0] - points[0, 0, 0, 0])
    slope_y, slope_x = torch.gradient(height, spacing=step, dim=(1, 2))
    normal = F.normalize(torch.stack((-slope_x, -slope_y, torch.ones_like(height)), dim=-1), dim=-1)
    surface = torch.cat((points, height[..., None]), dim=-1)
    ray = lamp[:, None, None] - surface
    distance = ray.norm(dim=-1, keepdim=True)
    ray = ray / distance
    matt = (normal * ray).sum(-1).clamp_min(0) * (lamp[:, 2, None, None] / distance[..., 0]).square()
    upward = torch.tensor([0.0, 0.0, 1.0], dtype=height.dtype)
    glossy = (normal * F.normalize(ray + upward, dim=-1)).sum(-1).clamp_min(0).pow(200)
    return matt, glossy
