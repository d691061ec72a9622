"""Spherical harmonics up to degree 2, how rotations act on them, and their products."""

import functools
import math

import torch
from jaxtyping import Float
from torch import Tensor

HIGHEST = 2  # degree


def spherical_harmonics(vectors: Float[Tensor, "*batch 3"], degree: int) -> Float[Tensor, "*batch m"]:
    """Real spherical harmonics of one degree at the directions of vectors.

    The squares of the 2 l + 1 values sum to 2 l + 1 everywhere. Order and signs are those of e3nn:
    degree 1 is the direction itself, as x, y, z, times the square root of 3.

    Args:
        vectors: Points of space. The length does not matter; at the zero vector all harmonics of degree 1
            and 2 are 0, the only value that turns with it.
        degree: 0, 1 or 2.

    Raises:
        ValueError: If the degree is not 0, 1 or 2.

    Example:
        >>> spherical_harmonics(torch.tensor([0.0, 0.0, 2.0]), 1)
        tensor([0.0000, 0.0000, 1.7321])
    """
    if degree not in range(HIGHEST + 1):
        raise ValueError(f"degree must be 0, 1 or 2, got {degree}; higher harmonics are in e3nn")
    if degree == 0:
        return torch.ones_like(vectors[..., :1])
    length = vectors.norm(dim=-1, keepdim=True)
    x, y, z = (vectors / torch.where(length > 0, length, 1.0)).unbind(-1)
    if degree == 1:
        return math.sqrt(3) * torch.stack([x, y, z], dim=-1)
    squares = y * y - (x * x + z * z) / 2
    rest = [x * z, x * y, squares / math.sqrt(3), y * z, (z * z - x * x) / 2]
    return math.sqrt(15) * torch.stack(rest, dim=-1)


def harmonic_action(rotation: Float[Tensor, "3 3"], degree: int) -> Float[Tensor, "m m"]:
    """Matrix by which a rotation or reflection R moves the harmonics: Y(R v) = matrix · Y(v).

    Args:
        rotation: Orthogonal matrix, determinant 1 or -1.
        degree: 0, 1 or 2.

    Raises:
        ValueError: If the matrix is not orthogonal.

    Example:
        >>> harmonic_action(-torch.eye(3), 1).diagonal()
        tensor([-1., -1., -1.])
    """
    identity = torch.eye(3, dtype=rotation.dtype)
    if not torch.allclose(rotation @ rotation.T, identity, atol=1e-5):
        raise ValueError("rotation must be an orthogonal matrix; take the Q of torch.linalg.qr")
    points = _directions()
    before, after = (spherical_harmonics(p, degree) for p in (points, points @ rotation.double().T))
    return torch.linalg.lstsq(before, after).solution.T.to(rotation)


@functools.cache
def _directions() -> Float[Tensor, "n 3"]:
    """Directions in general position, enough to tell all harmonics apart."""
    return torch.randn(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@functools.cache
def coupling(first: int, second: int, out: int) -> Float[Tensor, "m1 m2 m3"]:
    """Clebsch-Gordan tensor: the one product of two degrees that turns like a third.

    Solved for, not looked up: the tensors that two rotations leave alone form a line. Of its two
    tensors of norm 1, the one with a positive first entry (beyond rounding) is taken.

    Args:
        first: Degree of the first factor, 0 to 2.
        second: Degree of the second factor, 0 to 2.
        out: Degree of the product, 0 to 2.

    Returns:
        Tensor C of norm 1 in float64; the product of a and b has the entries
        ``sum_jk C[j, k, i] a[j] b[k]``.

    Raises:
        ValueError: If there is none: no degree may exceed the sum of the other two, and the sum of all
            must be even, or the product would not turn as a harmonic does under reflections.
    """
    if not couples(first, second, out):
        raise ValueError(f"degrees {first}, {second} do not couple to {out}; take an even sum and a triangle")
    sizes = [2 * degree + 1 for degree in (first, second, out)]
    identity = torch.eye(math.prod(sizes), dtype=torch.float64)
    conditions = []
    for seed in (1, 2):
        noise = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        a, b, c = (harmonic_action(torch.linalg.qr(noise)[0], degree) for degree in (first, second, out))
        conditions.append(torch.kron(torch.kron(a, b), c) - identity)
    invariant = torch.linalg.svd(torch.cat(conditions)).Vh[-1]
    sign = invariant[invariant.abs() > 1e-6][0].sign()
    return (sign * invariant).reshape(*sizes)


def couples(first: int, second: int, out: int) -> bool:
    """Whether the product of two degrees has a part of a third that also reflections respect."""
    return abs(first - second) <= out <= first + second and (first + second + out) % 2 == 0
