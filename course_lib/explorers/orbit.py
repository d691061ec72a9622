"""The orbit of a kernel, to play with: the kernel bank of C_N, interpolated and by formula."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.filters import band_limit, disc_mask, turned_back
from course_lib.groups import CyclicGroup
from course_lib.layers.regular import GroupConv
from course_lib.layers.steerable import SteerableConv, ring_harmonics, rings_that_fit
from course_lib.representations import Regular

ORDERS = (4, 8, 12)
KERNEL_SIZE = 7
N_RINGS = rings_that_fit(KERNEL_SIZE, None)
MAX_FREQUENCY = band_limit(N_RINGS - 1)


@dataclass(frozen=True)
class KernelOrbit:
    """One group convolution with one channel in and one out, made in two ways.

    Args:
        interpolated: Kernels for output entry h and input entry j: the weights, turned by interpolation.
        analytic: The same kernels, turned by formula and then sampled.
        errors: ‖interpolated − analytic‖ / ‖analytic‖ of the kernels of each output entry.
    """

    interpolated: Float[Tensor, "order fiber y x"]
    analytic: Float[Tensor, "order fiber y x"]
    errors: Float[Tensor, " order"]


def kernel_orbit(order: int, max_frequency: int = MAX_FREQUENCY) -> KernelOrbit:
    """The kernel bank of C_N from one set of weights, on the inscribed disc.

    The weights are those of a steerable kernel. It can be turned by formula; or it is sampled
    once, and its pixels are turned.

    Args:
        order: Number of orientations N, one of ``ORDERS``.
        max_frequency: Largest angular frequency kept, from 0 to ``MAX_FREQUENCY``: how fine the kernel is.

    Raises:
        ValueError: If ``order`` or ``max_frequency`` is none of these.

    Example:
        >>> kernel_orbit(4).errors.max().item() < 1e-12, round(kernel_orbit(8).errors.max().item(), 2)
        (True, 0.32)
    """
    if order not in ORDERS or not 0 <= max_frequency <= MAX_FREQUENCY:
        raise ValueError(
            f"order must be one of {ORDERS} and max_frequency from 0 to {MAX_FREQUENCY}, "
            f"got {order} and {max_frequency}"
        )
    rep = Regular(CyclicGroup(order))
    steerable = SteerableConv(rep, 1, 1, kernel_size=KERNEL_SIZE, bias=False).double().requires_grad_(False)
    steerable.weight.copy_(_weights(order) * (_frequencies() <= max_frequency))
    interpolating = GroupConv(rep, 1, 1, kernel_size=KERNEL_SIZE, disc=True, bias=False)
    interpolating = interpolating.double().requires_grad_(False)
    interpolating.weight.copy_(steerable.kernel()[:, 0])
    interpolated = interpolating.kernel()[0, :, 0]
    analytic = steerable.kernel()[0, :, 0] * disc_mask(KERNEL_SIZE)
    difference = (interpolated - analytic).flatten(1).norm(dim=1)
    return KernelOrbit(interpolated, analytic, difference / analytic.flatten(1).norm(dim=1))


def harmonic_terms(order: int) -> list[dict[str, int | list[float]]]:
    """The kernel as a formula: for each frequency n and ring j the factors of cosine and sine in each slice.

    Slice j of the kernel is the sum over the terms of exp(-(r - ring)^2 / (2 sigma^2)) times
    (cos[j] cos(n phi) + sin[j] sin(n phi)).

    Args:
        order: Number of orientations N, one of ``ORDERS``.
    """
    waves = ring_harmonics(*turned_back(KERNEL_SIZE, 0), N_RINGS)
    weights, terms, place = _weights(order)[0, 0], [], 0
    for n, wave in waves.items():
        for k, ring in enumerate(range(N_RINGS - len(wave), N_RINGS)):
            parts = (wave[k].real, wave[k].imag) if n else (wave[k].real,)
            factors = [weights[:, place + k + p * len(wave)] / part.norm() for p, part in enumerate(parts)]
            factors = [*factors, torch.zeros_like(factors[0])][:2]
            terms.append({"n": n, "ring": ring, "cos": factors[0].tolist(), "sin": factors[1].tolist()})
        place += len(wave) * (2 if n else 1)
    return terms


def _weights(order: int) -> Float[Tensor, "1 1 order basis"]:
    """Random weights of the steerable kernel, always the same; slices that are far apart are independent."""
    random = torch.Generator().manual_seed(order)
    return torch.randn(1, 1, order, len(_frequencies()), dtype=torch.float64, generator=random)


def _frequencies() -> Float[Tensor, " basis"]:
    """Angular frequency of each basis kernel."""
    waves = ring_harmonics(*turned_back(KERNEL_SIZE, 0), N_RINGS)
    return torch.cat([torch.full((len(wave) * (2 if n else 1),), float(n)) for n, wave in waves.items()])
