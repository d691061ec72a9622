"""Steerable kernels, to play with: sums of circular harmonics on rings, and what pixels make of them."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from course_lib.actions import rotate
from course_lib.filters import circular_harmonics, gaussian_rings, turned_back
from course_lib.layers.steerable import SIGMA_PX

KERNEL_SIZE = 11
N_RINGS = 5  # rings 0 to 4: the outermost has faded where the kernel ends
MAX_FREQUENCY = 8
BLUR_PX = 2.5  # of the images that look at the kernel: those with which the course measures
RADII = tuple(0.05 * k for k in range(1, 31))  # frequencies of the images, in radians per pixel
AROUND = 48
SHOWN_FREQUENCIES = 10

Weights = Float[Tensor, "ring frequency"]


@dataclass(frozen=True)
class Steered:
    """A kernel of harmonics, turned in two ways, and what smooth images see of it.

    Args:
        start: The kernel at 0°, on pixels.
        formula: Turned by formula, then sampled on pixels.
        pixels: The pixels of ``start``, turned by bilinear interpolation.
        formula_norm: Norm of ``formula``, relative to that of ``start``.
        pixels_norm: Norm of ``pixels``, relative to that of ``start``.
        formula_error: Equivariance error of the layer whose kernel is turned by formula.
        pixels_error: The same with interpolation.
        shares: What images see at each angular frequency 0, 1, ...: shares of the power.
        alias: Share at frequencies that have no weight.
    """

    start: Float[Tensor, "y x"]
    formula: Float[Tensor, "y x"]
    pixels: Float[Tensor, "y x"]
    formula_norm: float
    pixels_norm: float
    formula_error: float
    pixels_error: float
    shares: Float[Tensor, " frequency"]
    alias: float


def harmonic_sum(weights: Weights, angle_deg: float | int, *, fine: int = 1) -> Float[Tensor, "y x"]:
    """The kernel sum of w[j, n] cos(n (phi - angle)) exp(-(r - j)^2 / (2 sigma^2)) on pixels.

    Args:
        weights: A number for each ring and frequency; at the centre only frequency 0 counts.
        angle_deg: Angle by which the function is turned, counter-clockwise.
        fine: Samples a pixel in each direction: above 1 the function between the pixels shows.
    """
    right, up = (points / fine for points in turned_back(KERNEL_SIZE * fine, angle_deg))
    rings = gaussian_rings(torch.hypot(right, up), N_RINGS, SIGMA_PX)
    waves = circular_harmonics(right, up, MAX_FREQUENCY)
    return torch.einsum("jn,jyx,nyx->yx", weights, rings, waves.real)


def steer(weights: Weights, angle_deg: float | int) -> Steered:
    """Turn a kernel by formula and by interpolation, and ask what smooth images see.

    The error of a layer is that of its kernel: the spectrum of the turned kernel at the turned
    frequency, less that of the kernel at the frequency, weighted with the power of the images.

    Args:
        weights: A number for each of 5 rings and the frequencies 0 to 8.
        angle_deg: Angle in degrees, counter-clockwise.

    Raises:
        ValueError: If the weights have another shape or none of them is seen.

    Example:
        >>> low, high = torch.zeros(2, 5, 9, dtype=torch.float64)
        >>> low[2, 1], high[1, 6] = 1, 1
        >>> round(steer(low, 30).alias, 3), round(steer(high, 30).alias, 3)
        (0.0, 1.0)
    """
    if weights.shape != (N_RINGS, MAX_FREQUENCY + 1):
        raise ValueError(
            f"weights must have {N_RINGS} rings and {MAX_FREQUENCY + 1} frequencies, "
            f"got {tuple(weights.shape)}"
        )
    start = harmonic_sum(weights, 0)
    if start.norm() < 1e-9:
        raise ValueError("the kernel is zero; give a weight to a harmonic that is not zero on the pixels")
    formula, pixels = harmonic_sum(weights, angle_deg), rotate(start, angle_deg)
    seen = spectrum(start, 0)
    power = _power().unsqueeze(1)
    waves = torch.fft.fft(seen, dim=1).abs().square() * power
    folded = waves.sum(0)
    shares = torch.cat([folded[:1], folded[1 : AROUND // 2] + folded[AROUND // 2 + 1 :].flip(0)])
    shares = shares / folded.sum()
    asked = torch.zeros_like(shares)
    asked[: MAX_FREQUENCY + 1] = (weights != 0).any(dim=0).to(asked)

    def error(turned: Float[Tensor, "y x"]) -> float:
        defect = (spectrum(turned, angle_deg) - seen).abs().square() * power
        return math.sqrt((defect.sum() / (seen.abs().square() * power).sum()).item())

    return Steered(
        start,
        formula,
        pixels,
        (formula.norm() / start.norm()).item(),
        (pixels.norm() / start.norm()).item(),
        error(formula),
        error(pixels),
        shares[:SHOWN_FREQUENCIES],
        (shares * (1 - asked)).sum().item(),
    )


def spectrum(kernel: Float[Tensor, "y x"], angle_deg: float | int) -> Complex[Tensor, "radius around"]:
    """Fourier transform of a kernel at frequencies on circles, the first in the direction of the angle."""
    around = 2 * math.pi * torch.arange(AROUND, dtype=torch.float64) / AROUND + math.radians(angle_deg)
    radius = torch.tensor(RADII, dtype=torch.float64)[:, None]
    right, up = turned_back(kernel.shape[-1], 0)
    phase = torch.einsum("ra,yx->rayx", radius * around.cos(), right)
    phase = phase + torch.einsum("ra,yx->rayx", radius * around.sin(), up)
    return torch.einsum(
        "yx,rayx->ra", torch.complex(kernel, torch.zeros_like(kernel)), torch.exp(-1j * phase)
    )


def _power() -> Float[Tensor, " radius"]:
    """Power of blurred noise on each circle of frequencies: the spectrum times the circle's length."""
    radius = torch.tensor(RADII, dtype=torch.float64)
    return radius * torch.exp(-((BLUR_PX * radius) ** 2))
