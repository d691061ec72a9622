"""Synthetic polyps: procedural pictures of the bowel that need no file, with exact outlines."""

from hashlib import sha256

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_lib.data.relief import dome, folds, noise, polar, shine, swell
from course_lib.data.scenes import BUBBLES, LOBED, PATCHES, POLYPS, SMOOTH, Scene, draw
from course_lib.data.segmentation import SegmentationSet

LICENCE = "made by this package, free to use under its licence"
CHUNK = 8  # frames drawn at once, to keep the memory small


def outlines(scene: Scene, points: Float[Tensor, "n y x 2"]) -> Float[Tensor, "n blob y x"]:
    """Distance from each blob in units of its outline."""
    rho = [
        polar(
            points,
            scene.centre[:, part],
            scene.radius[:, part],
            scene.aspect[:, part],
            scene.axis[:, part],
            scene.lobes if part is LOBED else scene.lobes[:, :, :0],
        )
        for part in (LOBED, SMOOTH)
    ]
    return torch.cat(rho, dim=1)


def render(scene: Scene, side: int) -> tuple[Float[Tensor, "n 3 y x"], Float[Tensor, "n 1 y x"]]:
    """Colours from 0 to 1 and share of polyp in each pixel."""
    axis = (torch.arange(side) + 0.5) * (2 / side) - 1
    x, y = torch.meshgrid(axis, axis, indexing="xy")
    n = len(scene.turn)
    view = torch.stack((x, y), dim=-1).expand(n, side, side, 2)
    cos, sin = scene.turn.cos(), scene.turn.sin()
    rotation = torch.stack((cos, -sin, sin, cos), dim=-1).reshape(n, 2, 2)
    points = scene.zoom[:, None, None, None] * torch.einsum("nij,nyxj->nyxi", rotation, view)
    points = points + scene.shift[:, None, None]

    bumps = noise(scene.coarse, points)
    grain = noise(scene.fine, points)
    rho = outlines(scene, points)
    polyp = rho[:, POLYPS].amin(dim=1)
    inside = (polyp < 1).float()
    relief = torch.cat((dome(rho[:, POLYPS]), swell(rho[:, POLYPS.stop :])), dim=1)
    height = (scene.height[..., None, None] * relief).amax(dim=1)
    rings = folds(points, scene.lumen, scene.fold[:, 0], 0.15 * bumps[:, 0])
    height = height + 0.04 * bumps[:, 1] + 0.004 * grain[:, 0]
    height = height + scene.fold[:, 1, None, None] * rings * (1 - 0.8 * relief[:, POLYPS].amax(dim=1))
    # In the units of the picture, so that the slope does not depend on the zoom.
    matt, glossy = shine(height / scene.zoom[:, None, None], view, scene.lamp)

    colour = scene.colour[:, :, None, None] * (1 + 0.05 * bumps.flip(1) + 0.03 * grain)
    vessel = (-(noise(scene.fine[:, :, 12:37, 12:37], points)[:, 2] / 0.12).square()).exp()
    colour = colour * (1 - (vessel * (1 - inside))[:, None] * torch.tensor([0.04, 0.16, 0.14])[:, None, None])
    soft = ((1.04 - rho) / 0.08).clamp(0, 1)
    for blob in range(PATCHES.stop):
        colour = colour * (1 + soft[:, blob, None] * (scene.tint[:, blob, :, None, None] - 1))
    # A polyp darkens the tissue that it touches.
    shadow = 0.35 * (-(polyp - 1).clamp_min(0) / 0.10).exp() * (1 - inside)
    opening = ((points - scene.lumen[:, None, None]).norm(dim=-1) / 0.55).clamp(0, 1).square()
    opening = torch.maximum(opening, inside)
    light = (0.2 + 0.8 * matt) * (1 - shadow) * (0.08 + 0.92 * opening) * scene.exposure[:, None, None]
    rim = (-((rho[:, BUBBLES] - 0.85) / 0.2).square()).exp().amax(dim=1)
    picture = (
        colour * light[:, None]
        + 0.30 * rim[:, None] * light[:, None]
        + (scene.wet[:, None, None] * glossy)[:, None]
    )
    picture = (1 - (-1.6 * picture * scene.white[:, :, None, None]).exp()).clamp(0, 1)

    half, corner = scene.window[:, 0, None, None], scene.window[:, 1, None, None]
    seen = ((y.abs() < half) & (x.abs() < 0.97) & (x.abs() + y.abs() < corner)).float()[:, None]
    return picture * seen, inside[:, None] * seen


def synthetic_polyps(
    *, n_scenes: int = 200, n_frames: int = 2, size: int = 64, seed: int = 0
) -> tuple[SegmentationSet, str]:
    """Pictures of polyps with exact masks.

    A scene is a piece of bowel with one or two polyps; its frames show it from different
    sides in different light, as the frames of a video do. Polyps differ from the tissue in
    relief, colour and texture, each of them sometimes hardly. Coloured patches, ridges and
    bubbles distract. No direction in the picture is preferred, except by the window.

    Args:
        n_scenes: Number of scenes; these are the groups.
        n_frames: Frames of each scene.
        size: Side in px. The scenes do not depend on it.
        seed: Equal seeds give equal pictures.

    Returns:
        The pictures, and the SHA-256 of their bytes.

    Raises:
        ValueError: If a number is below 1.
    """
    if min(n_scenes, n_frames, size) < 1:
        numbers = (n_scenes, n_frames, size)
        raise ValueError(
            f"n_scenes, n_frames and size must be at least 1, got {numbers}; 200, 2 and 64 are usual"
        )
    scenes = draw(n_scenes, n_frames, seed)
    rng = torch.Generator().manual_seed(seed + 1)
    images, masks = [], []
    for start in range(0, n_scenes * n_frames, CHUNK):
        part = Scene(**{key: value[start : start + CHUNK] for key, value in vars(scenes).items()})
        picture, mask = (F.avg_pool2d(x, 2) for x in render(part, 2 * size))
        picture = picture + 0.012 * torch.randn(picture.shape, generator=rng) * (picture > 0)
        images.append((255 * picture.clamp(0, 1)).round().to(torch.uint8))
        masks.append((mask >= 0.5).to(torch.uint8))
    views = [(scene, frame) for scene in range(1, n_scenes + 1) for frame in range(1, n_frames + 1)]
    pictures = SegmentationSet(
        images=torch.cat(images),
        masks=torch.cat(masks),
        ids=tuple(f"scene-{scene}-frame-{frame}" for scene, frame in views),
        groups=tuple(f"scene {scene}" for scene, _ in views),
    )
    content = pictures.images.numpy().tobytes() + pictures.masks.numpy().tobytes()
    return pictures, sha256(content).hexdigest()
