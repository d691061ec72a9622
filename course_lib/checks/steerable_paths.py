"""Questions on steerable filters: which harmonics a kernel needs, and which ones it has room for."""

import math
from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.filters import band_limit, turned_back
from course_lib.layers.steerable import real_harmonics, ring_harmonics, rings_that_fit

LARGEST = 12  # frequency of a feature that is asked for
TURNS = 64  # more than twice the largest frequency of a kernel


def _path_cases(generator: torch.Generator, m_in: int) -> Iterator[tuple[int, int]]:
    for m_out in (*range(4), m_in):
        yield from ((m_out, n) for n in range(m_in + m_out + 2))
    m_out = integer(generator, 4, LARGEST)
    yield from ((m_out, n) for n in range(2 * LARGEST + 1))


@cache
def harmonics_between(m_in: int, m_out: int) -> tuple[int, ...]:
    """Which angular frequencies occur in kernels from one frequency to another.

    A random kernel on one circle is averaged over all turns of a fine group, which projects it on the
    solutions of the kernel constraint; a Fourier transform along the circle shows what is left.

    Args:
        m_in: Frequency of the input's feature.
        m_out: Frequency of the output's feature.

    Example:
        >>> harmonics_between(0, 1), harmonics_between(1, 1)
        ((1,), (0, 2))
    """
    turns_in, turns_out = _turns(m_in), _turns(m_out)
    kernel = gaussian(torch.Generator().manual_seed(0), TURNS, turns_out.shape[-1], turns_in.shape[-1])
    solution = torch.zeros_like(kernel)
    for g in range(TURNS):
        solution += turns_out[g].mT @ kernel.roll(-g, 0) @ turns_in[g] / TURNS
    spectrum = torch.fft.rfft(solution, dim=0).abs().amax(dim=(1, 2))
    return tuple(torch.nonzero(spectrum > 1e-6).flatten().tolist())


def _turns(m: int) -> Tensor:
    """The matrices of frequency m for all turns: 1 x 1 for a scalar, else 2 x 2."""
    theta = torch.arange(TURNS, dtype=torch.float64) * (2 * math.pi / TURNS) * m
    if m == 0:
        return torch.ones(TURNS, 1, 1, dtype=torch.float64)
    return torch.stack([theta.cos(), -theta.sin(), theta.sin(), theta.cos()], dim=1).unflatten(1, (2, 2))


def _path_finding(call: Call, case: tuple[int, int, int]) -> Finding:
    m_in, m_out, n = case
    there = "there are such kernels" if n in harmonics_between(m_in, m_out) else "there is no such kernel"
    return Finding(
        f"k(g p) = rho_out(g) k(p) rho_in(g)^-1, where rho_in turns by {m_in} and rho_out by {m_out} times "
        f"the angle: with the frequency {n} {there}",
        "all turns",
    )


_PATHS = Question(
    name="paths",
    function="may_contain",
    arguments=("m_in", "m_out", "n"),
    axes=(),
    cases=lambda generator: (),
    reference=lambda m_in, m_out, n: n in harmonics_between(m_in, m_out),
    mistakes=(
        Mistake("You always answer True: then nothing would be demanded.", lambda m_in, m_out, n: True),
        Mistake(
            "Only the difference: that is the part of the kernel in front of z. A real kernel may use the "
            "conjugate of z as well.",
            lambda m_in, m_out, n: n == abs(m_out - m_in),
        ),
        Mistake(
            "Only the sum: that is the part in front of the conjugate of z. What stands in front of z?",
            lambda m_in, m_out, n: n == m_in + m_out,
        ),
        Mistake(
            "These are the frequencies of the features. The kernel must make up for what lies between them.",
            lambda m_in, m_out, n: n in (m_in, m_out),
        ),
        Mistake(
            "A negative frequency is lost: cosine and sine of -n are those of n.",
            lambda m_in, m_out, n: n in (m_out - m_in, m_in + m_out),
        ),
        Mistake(
            "A negative frequency is lost: cosine and sine of -n are those of n.",
            lambda m_in, m_out, n: n in (m_in - m_out, m_in + m_out),
        ),
        Mistake(
            "Everything from the difference to the sum: the constraint leaves only the two ends.",
            lambda m_in, m_out, n: abs(m_out - m_in) <= n <= m_in + m_out,
        ),
        Mistake(
            "From the difference to the sum by steps of two: the constraint leaves the first and the last.",
            lambda m_in, m_out, n: n in range(abs(m_out - m_in), m_in + m_out + 1, 2),
        ),
        Mistake(
            "Everything up to the sum: that is a free kernel. The constraint leaves two waves at most.",
            lambda m_in, m_out, n: n <= m_in + m_out,
        ),
        Mistake(
            "Frequency 0 is refused. It is a wave too: a kernel that is the same all around.",
            lambda m_in, m_out, n: n > 0 and n in (abs(m_out - m_in), m_in + m_out),
        ),
    ),
    finding=_path_finding,
    hints=(
        "Write the pair as a complex number z. A turn by theta multiplies the input by exp(i m_in theta), "
        "and the output must be multiplied by exp(i m_out theta).",
        "The kernel may multiply z by a wave, or the conjugate of z by another wave. By what does a turn "
        "multiply the conjugate?",
        "Compare the exponents in front of theta on both sides, once for z and once for its conjugate. A "
        "frequency may come out negative; which cosine and sine does it have?",
    ),
)
PATHS = personal(
    _PATHS,
    "m_in",
    (2, 3, 4, 5, 6, 7),
    cases=_path_cases,
    own=lambda m: f"The feature type of your input is frequency {m}: a turn by theta turns it by {m} theta.",
)


def _band_cases(generator: torch.Generator) -> Iterator[tuple[int]]:
    yield from ((size,) for size in (3, 5, 7, 9, 11, 13, 2 * integer(generator, 7, 20) + 1))


def _band_reference(kernel_size: int) -> tuple[int, int]:
    n_rings = rings_that_fit(kernel_size, None)
    points = turned_back(1, 0)
    return max(ring_harmonics(*points, n_rings)), len(real_harmonics(*points, n_rings))


def _band_finding(call: Call, case: tuple[int]) -> Finding:
    largest, weights = call(*case)
    if largest != _band_reference(*case)[0]:
        return Finding("the outermost ring carries the largest frequency of the kernel")
    return Finding("one real weight for the constant of a ring, two for each higher frequency")


def _band(
    largest: Callable[[int], int] = band_limit,
    weights: Callable[[int], int] = lambda n: 2 * n + 1,
    more: int = 0,
    first: int = 0,
) -> Callable[[int], tuple[int, int]]:
    """Largest frequency and number of weights by another rule; the defaults are right."""

    def band(kernel_size: int) -> tuple[int, int]:
        limits = [largest(ring) for ring in range(first, first + kernel_size // 2 + more)]
        return max(limits), sum(map(weights, limits))

    return band


BAND = Question(
    name="band",
    function="room_in_kernel",
    arguments=("kernel_size",),
    axes=(),
    cases=_band_cases,
    reference=_band_reference,
    mistakes=(
        Mistake(
            "One ring too many: it would just fit the frame, but has not faded where the frame ends.",
            _band(more=1),
        ),
        Mistake(
            "The rings are counted from radius 1. The dot at the centre is ring 0.",
            _band(first=1),
        ),
        Mistake(
            "Ring 0 is a dot. It has no angle, so it can carry the constant only.",
            _band(lambda ring: ring + 1),
        ),
        Mistake(
            "This is the rule of sampling, pi j. It was tried and found too bold: look at the table again.",
            _band(lambda ring: int(math.pi * ring)),
        ),
        Mistake(
            "The constant of a ring has one real weight, not two: its imaginary part would not show.",
            _band(weights=lambda n: 2 * (n + 1)),
        ),
        Mistake(
            "A complex weight is two real ones: every frequency above 0 has a cosine and a sine.",
            _band(weights=lambda n: n + 1),
        ),
        Mistake(
            "Frequencies n and -n are counted apart. In a real kernel their weights are conjugate.",
            _band(weights=lambda n: 2 * (2 * n + 1)),
        ),
        Mistake(
            "The constant of each ring is missing in the count.",
            _band(weights=lambda n: 2 * n),
        ),
        Mistake(
            "All rings are given the frequencies of the outermost; the inner ones cannot carry them.",
            lambda kernel_size: (
                _band()(kernel_size)[0],
                kernel_size // 2 * (2 * _band()(kernel_size)[0] + 1),
            ),
        ),
    ),
    finding=_band_finding,
    hints=(
        "Make a list for 7 px: which rings are there, and up to which frequency does each go?",
        "A real kernel: the constant of a ring needs one number, each higher frequency a cosine and a sine.",
        "Check yourself with the table of the chapter: a kernel of 5 px has 6 weights.",
    ),
)
