"""Rotations of the plane and of space as matrices, and their logarithms, accurate at 0 and at pi."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

NEAR_ZERO = 0.05  # squared angles below it take the power series; its first missing term is below 1e-16


def _even(x: Tensor, closed: Callable[[Tensor], Tensor], *series: float | int) -> Tensor:
    """Function of an angle's square x: a power series near 0, the closed form of the angle elsewhere."""
    small = x < NEAR_ZERO
    near = torch.zeros_like(x)
    for coefficient in reversed(series):
        near = near * x + coefficient
    return torch.where(small, near, closed(torch.where(small, 1.0, x).sqrt()))


def sinc(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """sin(t) / t for x = t^2."""
    return _even(x, lambda t: t.sin() / t, 1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800)


def cosc(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """(1 - cos(t)) / t^2 for x = t^2."""
    series = (1 / 2, -1 / 24, 1 / 720, -1 / 40320, 1 / 3628800, -1 / 479001600)
    return _even(x, lambda t: 2 * ((t / 2).sin() / t) ** 2, *series)


def sincc(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """(t - sin(t)) / t^3 for x = t^2."""
    series = (1 / 6, -1 / 120, 1 / 5040, -1 / 362880, 1 / 39916800, -1 / 6227020800)
    return _even(x, lambda t: (t - t.sin()) / t**3, *series)


def cotc(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """(1 - (t / 2) cot(t / 2)) / t^2 for x = t^2 with t at most pi."""
    series = (1 / 12, 1 / 720, 1 / 30240, 1 / 1209600, 1 / 47900160, 691 / 1307674368000)
    return _even(x, lambda t: (1 - t / 2 / (t / 2).tan()) / t**2, *series)


def plane_rotation(angle: Float[Tensor, "*n"]) -> Float[Tensor, "*n 2 2"]:
    """Rotation of the plane by an angle in radians, counter-clockwise."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)


def plane_angle(turn: Float[Tensor, "*n 2 2"]) -> Float[Tensor, "*n"]:
    """Angle of a rotation, or of a rotation times a positive number, above -pi and up to pi.

    Within rounding of the cut it is +pi, so that rounding does not choose the sign.
    """
    angle = torch.atan2(turn[..., 1, 0] - turn[..., 0, 1], turn[..., 0, 0] + turn[..., 1, 1])
    return torch.where(angle < -math.pi + _rounding(angle), angle + 2 * math.pi, angle)


def cross_matrix(w: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n 3 3"]:
    """Matrix K of the cross product: K p = w x p."""
    x, y, z = w.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))


def space_rotation(w: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n 3 3"]:
    """Rotation of space about the axis w by its length in radians, by the right-hand rule (Rodrigues)."""
    x, k = w.square().sum(-1)[..., None, None], cross_matrix(w)
    return torch.eye(3).to(w) + sinc(x) * k + cosc(x) * (k @ k)


def rotation_vector(turn: Float[Tensor, "*n 3 3"]) -> Float[Tensor, "*n 3"]:
    """Axis of a rotation, as long as its angle in radians, which is at most pi.

    By way of the unit quaternion (cos(t / 2), sin(t / 2) axis), which is as accurate at
    pi as elsewhere. Within rounding of pi the axis is the one whose first entry other
    than 0 is positive, so that rounding does not choose the sign.
    """
    q = quaternion(turn)
    cos, sin = q[..., :1], q[..., 1:]
    tiny = _rounding(cos)
    first = torch.gather(sin, -1, (sin.abs() > tiny).int().argmax(-1, keepdim=True))
    side = torch.where(cos.abs() > tiny, cos, first)
    cos, sin = (torch.where(side < 0, -part, part) for part in (cos, sin))
    square = sin.square().sum(-1, keepdim=True)
    return 2 * sin * _angle_by_sine(square, cos)


def _angle_by_sine(square: Tensor, cos: Tensor) -> Tensor:
    """Half angle divided by its sine, from its squared sine and its cosine."""
    small = square < 1e-3
    x = square / torch.where(small, cos, 1.0).square()
    near = 1 - x / 3 * (1 - x * 3 / 5 * (1 - x * 5 / 7 * (1 - x * 7 / 9 * (1 - x * 9 / 11))))
    sine = torch.where(small, 1.0, square).sqrt()
    return torch.where(small, near / torch.where(small, cos, 1.0), torch.atan2(sine, cos) / sine)


def quaternion(turn: Float[Tensor, "*n 3 3"]) -> Float[Tensor, "*n 4"]:
    """A unit quaternion of a rotation; the opposite one would do as well.

    The matrix gives all products of the quaternion's entries; the row with the largest
    square, divided by its length, is the quaternion up to sign.
    """
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in turn.unbind(-2))
    products = torch.stack(
        [
            torch.stack([1 + a + e + i, h - f, c - g, d - b], -1),
            torch.stack([h - f, 1 + a - e - i, b + d, c + g], -1),
            torch.stack([c - g, b + d, 1 - a + e - i, f + h], -1),
            torch.stack([d - b, c + g, f + h, 1 - a - e + i], -1),
        ],
        -2,
    )
    largest = products.diagonal(dim1=-2, dim2=-1).argmax(-1)
    row = torch.gather(products, -2, largest[..., None, None].expand(*largest.shape, 1, 4))[..., 0, :]
    return row / torch.linalg.vector_norm(row, dim=-1, keepdim=True)


def from_quaternion(q: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n 3 3"]:
    """Rotation of a quaternion of any length but 0: for four normal numbers a uniformly random one."""
    q = q / torch.linalg.vector_norm(q, dim=-1, keepdim=True)
    k = cross_matrix(q[..., 1:])
    return torch.eye(3).to(q) + 2 * q[..., :1, None] * k + 2 * (k @ k)


def _rounding(x: Tensor) -> float:
    """How far apart numbers of size 1 may lie after a few products of rotations."""
    return 64 * torch.finfo(x.dtype).eps
