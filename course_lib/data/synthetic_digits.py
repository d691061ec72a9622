"""Synthetic digits: pen strokes with random shape and width, turned or upright, that need no file."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.data.classification import Description
from course_lib.data.segmentation import Splits
from course_lib.data.synthetic_scans import dealt

COUNT = 1000
Point = tuple[float | int, float | int]
DESCRIPTION = Description(classes=tuple("0123456789"), channels=1, dims=2, multi_label=False, size=28)


def arc(centre: Point, radii: Point, start_deg: float | int, end_deg: float | int) -> list[Point]:
    """Points on a part of an ellipse; angles count counter-clockwise from the right, up is positive."""
    angles = torch.linspace(math.radians(start_deg), math.radians(end_deg), 9).tolist()
    return [(centre[0] + radii[0] * math.cos(a), centre[1] + radii[1] * math.sin(a)) for a in angles]


# Pen strokes in a box from (-0.6, -1) to (0.6, 1), right and up; only 6 and 9 are turns of each other.
STROKES: tuple[tuple[list[Point], ...], ...] = (
    (arc((0, 0), (0.6, 1), 0, 360),),
    ([(-0.35, 0.6), (0.05, 1), (0.05, -1)],),
    ([*arc((0, 0.5), (0.55, 0.5), 170, -40), (-0.6, -1), (0.6, -1)],),
    (arc((-0.05, 0.5), (0.5, 0.5), 150, -90), arc((-0.05, -0.5), (0.6, 0.5), 90, -150)),
    ([(0.3, -1), (0.3, 1), (-0.6, -0.35), (0.6, -0.35)],),
    ([(0.5, 1), (-0.4, 1), (-0.45, 0.15), *arc((0, -0.4), (0.58, 0.6), 130, -140)],),
    ([(0.3, 1), (-0.35, 0.3), *arc((0, -0.45), (0.55, 0.55), 170, -190)],),
    ([(-0.6, 1), (0.6, 1), (-0.2, -1)], [(-0.3, 0), (0.45, 0)]),
    (arc((0, 0.5), (0.45, 0.48), -90, 270), arc((0, -0.5), (0.58, 0.5), 90, 450)),
    ([(-0.3, -1), (0.35, -0.3), *arc((0, 0.45), (0.55, 0.55), -10, -370)],),
)


def segments(digit: int) -> Float[Tensor, "segment 2 2"]:
    """Ends of the straight pieces of a digit."""
    pieces = [piece for stroke in STROKES[digit] for piece in zip(stroke, stroke[1:], strict=False)]
    return torch.tensor(pieces)


def ink(
    ends: Float[Tensor, "n segment 2 2"], width: Float[Tensor, " n"], points: Float[Tensor, "p 2"]
) -> Float[Tensor, "n p"]:
    """Ink at each point, from 0 to 1: 1 within half the width of a stroke, soft at its edge.

    Args:
        ends: Ends of the straight pieces of each digit.
        width: Width of the pen.
        points: Where to look.
    """
    start, along = ends[:, :, None, 0], (ends[:, :, 1] - ends[:, :, 0])[:, :, None]
    reach = points - start
    t = ((reach * along).sum(-1) / along.square().sum(-1).clamp_min(1e-9)).clamp(0, 1)
    distance = (reach - t[..., None] * along).norm(dim=-1).amin(dim=1)
    return (0.5 + (width[:, None] / 2 - distance) / 0.09).clamp(0, 1)


def synthetic_digits(*, turned: bool = True, seed: int = 0) -> Splits:
    """A thousand drawn digits of 28 px, 700 to train on, 150 to validate and 150 to test.

    Each has its own width, height, slant, bend and pen. The turned and the upright set of
    a seed hold the same digits; the strokes are turned, not the pixels, so nothing is
    blurred.

    Args:
        turned: Whether each digit is turned by an angle of its own, from 0 to 360 degrees.
        seed: Equal seeds give equal images.
    """
    rng = torch.Generator().manual_seed(seed)
    side = DESCRIPTION.size
    axis = (torch.arange(side) + 0.5) * (2 / side) - 1
    points = torch.stack((axis.repeat(side), -axis.repeat_interleave(side)), dim=-1)
    labels = torch.arange(COUNT) % 10
    images = torch.empty(COUNT, 1, side, side, dtype=torch.uint8)
    for digit in range(10):
        chosen = (labels == digit).nonzero()[:, 0]
        n = len(chosen)
        wide, high, slant, bend, phase, pen, shade, angle, *shift = torch.rand(10, n, generator=rng)
        x, y = segments(digit).expand(n, -1, -1, -1).unbind(-1)
        bent = x + 0.16 * torch.sin(2.5 * y + 2 * math.pi * phase[:, None, None]) * bend[:, None, None]
        x = (0.45 + 0.35 * wide)[:, None, None] * (bent + 0.3 * (2 * slant[:, None, None] - 1) * y)
        y = (0.45 + 0.30 * high)[:, None, None] * y
        turn = (2 * math.pi * angle if turned else 0 * angle)[:, None, None]
        right = turn.cos() * x - turn.sin() * y + 0.24 * (shift[0][:, None, None] - 0.5)
        up = turn.sin() * x + turn.cos() * y + 0.24 * (shift[1][:, None, None] - 0.5)
        drawn = ink(torch.stack((right, up), dim=-1), 0.12 + 0.14 * pen, points)
        grey = drawn * (0.65 + 0.35 * shade[:, None])
        images[chosen] = (255 * grey).round().to(torch.uint8).reshape(n, 1, side, side)
    return dealt(images, labels, "synthetic-digits" if turned else "synthetic-digits-upright")
