"""What is random in the synthetic pictures: scenes with polyps and distractors, and views of them."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

# Colours of the mucosa in red, green, blue: salmon, orange, pale pink, grey brown, dark red.
PALETTE = [[0.80, 0.40, 0.31], [0.84, 0.47, 0.20], [0.80, 0.54, 0.48], [0.62, 0.52, 0.38], [0.74, 0.28, 0.22]]
POLYPS, PATCHES, RIDGES, BUBBLES = slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8)
LOBED, SMOOTH = slice(0, 4), slice(4, 8)
BLOBS = 8


@dataclass(frozen=True)
class Scene:
    """All that is random in ``n`` frames, whatever the size of the pictures.

    Lengths are in units of half a picture, so -1 to 1 is what the camera sees without zoom.

    Args:
        turn: Angle of the camera in radians.
        zoom: Scale of the view; above 1 the camera is farther away.
        shift: What the camera looks at.
        lamp: Position of the lamp above the picture.
        exposure: Factor on all light.
        white: White balance: factor on red, green, blue.
        window: Half height of the visible part, and where its corners are cut.
        colour: Colour of the tissue in red, green, blue.
        lumen: Where the bowel leads away from the camera, into the dark.
        fold: Frequency and height of the ring-shaped folds.
        wet: Strength of the highlights.
        centre: Centre of each blob: polyps, then patches, ridges and bubbles that distract.
        radius: Mean radius of each blob.
        aspect: Long axis over short axis.
        axis: Direction of the long axis in radians.
        lobes: Waves of the outline of polyps and patches.
        height: Height of each blob above the tissue.
        tint: Factor on the colour of the tissue within each blob.
        coarse: Random values for hills and stains.
        fine: Random values for grain and vessels.
    """

    turn: Float[Tensor, " n"]
    zoom: Float[Tensor, " n"]
    shift: Float[Tensor, "n 2"]
    lamp: Float[Tensor, "n 3"]
    exposure: Float[Tensor, " n"]
    white: Float[Tensor, "n 3"]
    window: Float[Tensor, "n 2"]
    colour: Float[Tensor, "n 3"]
    lumen: Float[Tensor, "n 2"]
    fold: Float[Tensor, "n 2"]
    wet: Float[Tensor, " n"]
    centre: Float[Tensor, "n blob 2"]
    radius: Float[Tensor, "n blob"]
    aspect: Float[Tensor, "n blob"]
    axis: Float[Tensor, "n blob"]
    lobes: Float[Tensor, "n lobed 3 2"]
    height: Float[Tensor, "n blob"]
    tint: Float[Tensor, "n blob 3"]
    coarse: Float[Tensor, "n 3 65 65"]
    fine: Float[Tensor, "n 3 49 49"]


def draw(n_scenes: int, n_frames: int, seed: int) -> Scene:
    """Random scenes and, for each, random views of it."""
    rng = torch.Generator().manual_seed(seed)
    n = n_scenes * n_frames

    def uniform(low: float | int, high: float | int, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=rng)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng)

    s = n_scenes
    radius = torch.cat(
        (
            uniform(math.log(0.16), math.log(0.62), s, 2).exp(),
            uniform(0.12, 0.35, s, 2),
            uniform(0.15, 0.30, s, 2),
            uniform(0.03, 0.07, s, 2),
        ),
        dim=1,
    )
    aspect = torch.cat((uniform(1, 1.8, s, 4), uniform(2.5, 6, s, 2), torch.ones(s, 2)), dim=1)
    lobes = normal(s, LOBED.stop, 3, 2) * torch.tensor([0.08, 0.05, 0.03])[:, None]
    # Relief in units of the radius: some polyps are nearly flat, patches are flat.
    relief = torch.cat((uniform(math.log(0.2), math.log(1.0), s, 2).exp(), torch.zeros(s, 2)), dim=1)
    relief = torch.cat((relief, uniform(0.5, 1.5, s, 2), torch.zeros(s, 2)), dim=1)
    tint = 1 + 0.14 * normal(s, BLOBS, 1) + 0.06 * normal(s, BLOBS, 3)
    tint[:, RIDGES] = 1
    # The first polyp is always there, each other blob only in some scenes.
    share = torch.tensor([1, 0.25, 0.6, 0.4, 0.6, 0.5, 0.5, 0.4])
    here = torch.rand(s, BLOBS, generator=rng) < share
    centre = uniform(-0.9, 0.9, s, BLOBS, 2)
    centre[:, 0] *= 0.3
    direction, far = uniform(0, 2 * math.pi, s), uniform(0.6, 1.5, s)
    weights = normal(s, len(PALETTE)).mul(1.5).softmax(dim=1)
    scene = {
        "window": torch.stack((uniform(0.78, 1.0, s), uniform(1.4, 1.75, s)), dim=1),
        "colour": weights @ torch.tensor(PALETTE),
        "lumen": torch.stack((far * direction.cos(), far * direction.sin()), dim=1),
        "fold": torch.stack((uniform(0.8, 2.2, s), uniform(0.02, 0.14, s)), dim=1),
        "wet": uniform(0.1, 0.9, s),
        "centre": centre,
        "radius": torch.where(here, radius, 1e-3),
        "aspect": aspect,
        "axis": uniform(0, math.pi, s, BLOBS),
        "lobes": lobes,
        "height": torch.where(here, relief * radius / aspect.sqrt(), 0.0),
        "tint": tint,
        "coarse": F.interpolate(normal(s, 3, 9, 9), 65, mode="bicubic", align_corners=True),
        "fine": normal(s, 3, 49, 49),
    }
    return Scene(
        turn=uniform(0, 2 * math.pi, n),
        zoom=uniform(0.75, 1.3, n),
        shift=uniform(-0.4, 0.4, n, 2),
        lamp=torch.cat((uniform(-0.6, 0.6, n, 2), uniform(0.7, 1.5, n, 1)), dim=1),
        exposure=uniform(math.log(0.7), math.log(1.7), n).exp(),
        white=1 + 0.05 * normal(n, 3),
        **{key: value.repeat_interleave(n_frames, dim=0) for key, value in scene.items()},
    )
