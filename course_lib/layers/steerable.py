"""Steerable convolutions: kernels of circular harmonics times Gaussian rings, turned by formula."""

import math
from itertools import product

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn

from course_lib.filters import band_limit, circular_harmonics, gaussian_rings, snapped, turned_back
from course_lib.groups import PlanarGroup
from course_lib.layers.base import FiberConv, Orbit
from course_lib.representations import Irreps, Regular, Representation, Trivial

SIGMA_PX = 0.6  # width of a ring


def ring_harmonics(
    right: Float[Tensor, "*points"], up: Float[Tensor, "*points"], n_rings: int
) -> dict[int, Complex[Tensor, " ring *points"]]:
    """The functions exp(i n phi) exp(-(r - j)^2 / (2 sigma^2)): for each n the rings j that carry it.

    Frequencies run from 0 to the band limit of the outermost ring. Negative ones are
    the conjugates.

    Args:
        right: Coordinate to the right of the centre, in pixels.
        up: Coordinate upwards.
        n_rings: Number of rings; the outermost has the radius ``n_rings - 1`` pixels.
    """
    rings = gaussian_rings(torch.hypot(right, up), n_rings, SIGMA_PX)
    waves = circular_harmonics(right, up, band_limit(n_rings - 1))
    carries = [[j for j in range(n_rings) if n <= band_limit(j)] for n in range(len(waves))]
    return {n: rings[carries[n]] * wave for n, wave in enumerate(waves)}


def real_harmonics(
    right: Float[Tensor, "*points"], up: Float[Tensor, "*points"], n_rings: int
) -> Float[Tensor, " basis *points"]:
    """Real basis of all real sums of ``ring_harmonics`` and their conjugates.

    For a real kernel the weights of n and -n are conjugates; their sum is a cosine and
    a sine: w exp(i n phi) + conj(w) exp(-i n phi) = 2 Re(w) cos(n phi) - 2 Im(w) sin(n phi).
    """
    waves = ring_harmonics(right, up, n_rings)
    return torch.cat(
        [part for n, wave in waves.items() for part in ((wave.real, wave.imag) if n else (wave.real,))]
    )


class SteerableConv(FiberConv):
    """Convolution to regular features whose kernels are turned by formula, not by interpolation.

    psi(r, phi) = sum over n and j of w_nj exp(i n phi) exp(-(r - j)^2 / (2 sigma^2)):
    to turn the kernel, turn the points at which it is evaluated. First turn, then
    sample; nothing is interpolated.

    Args:
        rep_in: How the input's fiber transforms, trivial or regular.
        c_in: Input channels.
        c_out: Output channels, each with one entry for every group element.
        kernel_size: Side of the kernel in pixels; odd, at least 3.
        n_rings: Number of rings. By default ``kernel_size // 2``: then the outermost
            has faded where the kernel ends.
        bias: Whether to add one number a channel, the same over the fiber.

    Raises:
        ValueError: If ``kernel_size`` or ``n_rings`` do not fit, or the input does not.

    Source:
        Weiler, Hamprecht and Storath 2018, arXiv:1711.07289; the formula as in the talk
        of Gasparovici, "Group Equivariant Convolutional Networks".
    """

    def __init__(
        self,
        rep_in: Representation,
        c_in: int,
        c_out: int,
        *,
        kernel_size: int = 5,
        n_rings: int | None = None,
        bias: bool = True,
    ):
        super().__init__(rep_in, Regular(rep_in.group), c_in, c_out, kernel_size=kernel_size, bias=bias)
        turned = turned_harmonics(rep_in.group, kernel_size, rings_that_fit(kernel_size, n_rings))
        self.orbit = Orbit(rep_in, c_in, turned)
        shape = (c_out, c_in, rep_in.dim, len(turned))
        self.weight = nn.Parameter(torch.randn(shape) / math.sqrt(math.prod(shape[1:])))

    def kernel(self) -> Float[Tensor, "c_out order c_in fiber k k"]:
        """Sum of harmonics, turned by every group element."""
        return self.orbit(self.weight)


def turned_harmonics(group: PlanarGroup, kernel_size: int, n_rings: int) -> Float[Tensor, "basis g y x"]:
    """The basis of a steerable kernel, of norm 1, evaluated at g^-1 p for each pixel p and element g."""
    points = [turned_back(kernel_size, group.angle_deg(g)) for g in group.elements]
    signs = torch.tensor([-1.0 if group.is_flip(g) else 1.0 for g in group.elements]).view(-1, 1, 1)
    right = torch.stack([right for right, _ in points]) * signs
    up = torch.stack([up for _, up in points])
    basis = real_harmonics(right, up, n_rings)
    return snapped(basis / basis[:, :1].flatten(1).norm(dim=1).view(-1, 1, 1, 1))


def rings_that_fit(kernel_size: int, n_rings: int | None) -> int:
    """The number of rings of a kernel, ``kernel_size // 2`` if not given.

    Raises:
        ValueError: If there is no ring, or the outermost lies outside the kernel.
    """
    largest = kernel_size // 2 + 1
    chosen = max(kernel_size // 2, 1) if n_rings is None else n_rings
    if not 1 <= chosen <= largest:
        raise ValueError(
            f"n_rings must be from 1 to {largest} for a kernel of {kernel_size} pixels, got {n_rings}; "
            "a ring of radius j needs a kernel of at least 2 j + 1 pixels"
        )
    return chosen


class IrrepConv(FiberConv):
    """Convolution between features of irreps, equivariant to every rotation, not only to those of a group.

    The kernel solves k(g p) = rho_out(g) k(p) rho_in(g)^-1. From frequency m_in to m_out
    the solutions have the angular frequencies m_out - m_in and m_out + m_in, with any
    radial profile.

    Args:
        rep_in: ``Irreps``, or ``Trivial`` for an image.
        rep_out: ``Irreps`` of the same group. With D_n kernels respect reflections too.
        c_in: Input channels.
        c_out: Output channels.
        kernel_size: Side of the kernel in pixels; odd.
        n_rings: Number of rings, as in ``SteerableConv``.
        bias: Whether to add one number a channel, to the entry of frequency 0.

    Raises:
        ValueError: If ``kernel_size``, ``n_rings`` or a representation do not fit, or a frequency is
            above what the rings can carry.

    Source:
        Weiler and Cesa 2019, arXiv:1911.08251, appendix; here the basis is solved by hand.
    """

    basis: Tensor

    def __init__(
        self,
        rep_in: Irreps | Trivial,
        rep_out: Irreps,
        c_in: int,
        c_out: int,
        *,
        kernel_size: int = 5,
        n_rings: int | None = None,
        bias: bool = True,
    ):
        super().__init__(rep_in, rep_out, c_in, c_out, kernel_size=kernel_size, bias=bias)
        n_rings = rings_that_fit(kernel_size, n_rings)
        limit = band_limit(n_rings - 1)
        if abs(rep_out.max_frequency - _frequencies(rep_in)[-1]) > limit:
            raise ValueError(
                f"{n_rings} rings carry frequencies up to {limit}, too few to reach frequency "
                f"{rep_out.max_frequency} from {rep_in}; take a larger kernel_size or a lower max_frequency"
            )
        right, up = turned_back(kernel_size, 0)
        basis = steerable_basis(rep_in, rep_out, right, up, n_rings)
        entries = basis.square().sum(dim=(0, 2, 3, 4))  # energy of each entry of the output
        energy = torch.cat([entries[_entries(m)].mean().expand(1 + (m > 0)) for m in _frequencies(rep_out)])
        basis = basis / energy.sqrt().view(-1, 1, 1, 1)  # one factor for both entries of a pair
        self.register_buffer("basis", snapped(basis).to(torch.get_default_dtype()), persistent=False)
        self.weight = nn.Parameter(torch.randn(c_out, c_in, len(basis)) / math.sqrt(c_in))

    def kernel(self) -> Float[Tensor, "c_out fiber_out c_in fiber_in k k"]:
        """Sum of the solutions of the kernel constraint."""
        kernel = self.weight.flatten(0, 1) @ self.basis.flatten(1)
        shape = (self.c_out, self.c_in, *self.basis.shape[1:])
        return kernel.view(shape).transpose(1, 2)


def steerable_basis(
    rep_in: Irreps | Trivial,
    rep_out: Irreps | Trivial,
    right: Float[Tensor, "*points"],
    up: Float[Tensor, "*points"],
    n_rings: int,
) -> Float[Tensor, "basis fiber_out fiber_in *points"]:
    """Basis of the kernels with k(g p) = rho_out(g) k(p) rho_in(g)^-1, evaluated at any points.

    With R(a) the turn by a and F the flip of the second entry, the solutions between
    pairs of frequency m_in and m_out are R((m_out - m_in) phi) and R((m_out + m_in) phi) F,
    and both after a quarter turn R(90), which a group with reflections forbids.

    Args:
        rep_in: Irreps of the input, or trivial.
        rep_out: Irreps of the output, or trivial.
        right: Coordinate to the right of the centre, in pixels.
        up: Coordinate upwards.
        n_rings: Number of rings.
    """
    waves = ring_harmonics(right, up, n_rings)
    reflections = rep_in.group.order > rep_in.group.n
    quarter = torch.tensor(1j, dtype=waves[0].dtype)
    found = []
    for m_out, m_in in product(_frequencies(rep_out), _frequencies(rep_in)):
        for frequency, mirror in ((m_out - m_in, False), (m_out + m_in, True)):
            if abs(frequency) not in waves or (mirror and min(m_out, m_in) == 0):
                continue
            wave = waves[abs(frequency)]
            wave = wave.conj() if frequency < 0 else wave
            phases = (wave,) if reflections or m_out == m_in == 0 else (wave, quarter * wave)
            for phase in phases:
                kernel = right.new_zeros(rep_out.dim, rep_in.dim, *phase.shape)
                kernel[_entries(m_out), _entries(m_in)] = _turns(phase, mirror)[
                    : 1 + (m_out > 0), : 1 + (m_in > 0)
                ]
                found.append(kernel.movedim(2, 0))
    return torch.cat(found)


def _frequencies(rep: Irreps | Trivial) -> range:
    return range(rep.max_frequency + 1) if isinstance(rep, Irreps) else range(1)


def _entries(frequency: int) -> slice:
    """Where the fiber holds a frequency: entry 0, then pairs."""
    return slice(0, 1) if frequency == 0 else slice(2 * frequency - 1, 2 * frequency + 1)


def _turns(wave: Complex[Tensor, "*points"], mirror: bool) -> Float[Tensor, "2 2 *points"]:
    """The matrix of the turn by the wave's phase, times its modulus; if ``mirror``, behind the flip F."""
    sign = -1 if mirror else 1
    rows = [torch.stack([wave.real, -sign * wave.imag]), torch.stack([wave.imag, sign * wave.real])]
    return torch.stack(rows)
