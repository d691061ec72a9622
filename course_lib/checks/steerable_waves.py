"""Questions on steerable filters: circular harmonics and Gaussian rings."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import circular_harmonics, turned_back
from course_lib.filters import gaussian_rings as library_rings

QUARTER = "g = 90 degrees counter-clockwise"


def _points(size: int) -> tuple[Tensor, Tensor]:
    """Coordinates to the right and up of each pixel, from the centre."""
    offsets = torch.arange(size, dtype=torch.float64) - size // 2
    return offsets.expand(size, size), -offsets.view(-1, 1).expand(size, size)


def _wave_cases(generator: torch.Generator) -> Iterator[tuple[int, int]]:
    yield from ((m, size) for size in (1, 3, 5) for m in range(5))
    yield from ((integer(generator, 5, 9), size) for size in (7, 9))


def _wave_finding(call: Call, case: tuple[int, int]) -> Finding:
    m, size = case
    wave = torch.complex(*call(m, size))
    if m and wave[size // 2, size // 2].abs() > 1e-9:
        return Finding("no turn moves the centre, so there only frequency 0 is not zero")
    if not same(wave.rot90(1, (-2, -1)), wave * 1j ** (-m)):
        return Finding("turned by 90 degrees, the wave gets the factor exp(-i m 90 degrees)", QUARTER)
    return Finding("to the right of the centre the wave is 1, and its modulus is 1 all around")


def _wave_reference(m: int, size: int) -> Tensor:
    wave = circular_harmonics(*turned_back(size, 0), m)[m]
    return torch.stack([wave.real, wave.imag])


def _wave(
    angle: Callable[[Tensor, Tensor], Tensor] = lambda right, up: torch.atan2(up, right),
    frequency: Callable[[int], int] = lambda m: m,
    centre: Callable[[int], float] = lambda m: float(m == 0),
) -> Callable[[int, int], Tensor]:
    """Harmonic with another angle, frequency or value at the centre; the defaults are right."""

    def wave(m: int, size: int) -> Tensor:
        phi = frequency(m) * angle(*_points(size))
        both = torch.stack([phi.cos(), phi.sin()])
        both[:, size // 2, size // 2] = torch.tensor([centre(m), 0.0])
        return both

    return wave


WAVE = Question(
    name="wave",
    function="circular_harmonic",
    arguments=("m", "size"),
    axes=("part", "y", "x"),
    cases=_wave_cases,
    reference=_wave_reference,
    mistakes=(
        Mistake(
            "The y axis points down: rows are counted from the top, y is counted upwards.",
            _wave(lambda right, up: torch.atan2(-up, right)),
        ),
        Mistake(
            "At the centre the wave has a value for m above 0. atan2(0, 0) is 0, but it has no angle.",
            _wave(centre=lambda m: 1.0),
        ),
        Mistake(
            "The y axis points down, and the centre has a value for m above 0. Mend one after the other.",
            _wave(lambda right, up: torch.atan2(-up, right), centre=lambda m: 1.0),
        ),
        Mistake(
            "The centre is zero for m = 0 too; a constant has a value everywhere.",
            _wave(centre=lambda m: 0.0),
        ),
        Mistake(
            "The angle is counted from the top and clockwise: the arguments of atan2 are exchanged.",
            _wave(lambda right, up: torch.atan2(right, up)),
        ),
        Mistake(
            "The angle is counted from the top and clockwise: the arguments of atan2 are exchanged.",
            _wave(lambda right, up: torch.atan2(right, up), centre=lambda m: 1.0),
        ),
        Mistake(
            "The frequency is missing: every m gives the wave of m = 1.",
            _wave(frequency=lambda m: min(m, 1)),
        ),
        Mistake(
            "The frequency is off by one: m = 0 must be constant.",
            _wave(frequency=lambda m: m + 1),
        ),
        Mistake(
            "The frequency is off by one: m = 0 must be constant.",
            _wave(frequency=lambda m: m + 1, centre=lambda m: 1.0),
        ),
        Mistake(
            "The frequency is off by one: m = 0 must be constant.",
            _wave(frequency=lambda m: m + 1, centre=lambda m: 0.0),
        ),
        Mistake("Cosine and sine stand in the wrong order.", lambda m, size: _wave()(m, size).flip(0)),
        Mistake(
            "atan in place of atan2: left and right of the centre get the same angle.",
            _wave(lambda right, up: torch.atan(up / torch.where(right == 0, 1e-300, right))),
        ),
    ),
    finding=_wave_finding,
    hints=(
        "Every pixel has a place to the right and a place above the centre. From these two numbers you need "
        "an angle.",
        "torch.atan2 takes two arguments: which one comes first? Try the pixel right of the centre, then the "
        "one above it. The first row of an array is the top one.",
        "Everything is right but one pixel? What does atan2 answer where both coordinates are zero, and "
        "which m allow a value at a point that no turn moves?",
    ),
)


def _ring_cases(generator: torch.Generator) -> Iterator[tuple[int, float, int]]:
    yield from ((1, 1.0, 1), (1, 1.0, 3), (2, 1.0, 3), (2, 0.5, 3), (3, 0.6, 5))
    yield 4, 0.5 + integer(generator, 1, 40) / 100, 7


def _rings(
    profile: Callable[[Tensor, Tensor, float], Tensor],
    distance: Callable[[Tensor, Tensor], Tensor] = torch.hypot,
    start: int = 0,
) -> Callable[[int, float, int], Tensor]:
    """Rings of another profile, distance or first radius."""

    def rings(n_rings: int, sigma: float, size: int) -> Tensor:
        radii = torch.arange(start, start + n_rings, dtype=torch.float64).view(-1, 1, 1)
        return profile(distance(*_points(size)), radii, sigma)

    return rings


def _gauss(r: Tensor, j: Tensor, sigma: float) -> Tensor:
    return (-((r - j) ** 2) / (2 * sigma**2)).exp()


def _ring_finding(call: Call, case: tuple[int, float, int]) -> Finding:
    rings = call(*case)
    if not same(rings.rot90(1, (-2, -1)), rings):
        return Finding("a turn changes no ring: only the distance counts", QUARTER)
    return Finding("ring j is 1 at the distance j, and exp(-1/2) one sigma from it")


RINGS = Question(
    name="rings",
    function="gaussian_rings",
    arguments=("n_rings", "sigma", "size"),
    axes=("ring", "y", "x"),
    cases=_ring_cases,
    reference=lambda n_rings, sigma, size: library_rings(torch.hypot(*turned_back(size, 0)), n_rings, sigma),
    mistakes=(
        Mistake("The rings start at radius 1; ring 0 is the dot at the centre.", _rings(_gauss, start=1)),
        Mistake(
            "The factor 2 below the line is missing.",
            _rings(lambda r, j, sigma: (-((r - j) ** 2) / sigma**2).exp()),
        ),
        Mistake(
            "sigma is not squared: r, j and sigma are all in pixels.",
            _rings(lambda r, j, sigma: (-((r - j) ** 2) / (2 * sigma)).exp()),
        ),
        Mistake(
            "The difference from the radius is not squared.",
            _rings(lambda r, j, sigma: (-(r - j).abs() / (2 * sigma**2)).exp()),
        ),
        Mistake(
            "The squared distance is taken for the distance: is the root missing?",
            _rings(_gauss, lambda right, up: right**2 + up**2),
        ),
        Mistake(
            "These rings are squares: the larger coordinate is not the distance.",
            _rings(_gauss, lambda right, up: torch.maximum(right.abs(), up.abs())),
        ),
        Mistake(
            "These rings stand on a corner: the sum of both coordinates is not the distance.",
            _rings(_gauss, lambda right, up: right.abs() + up.abs()),
        ),
        Mistake(
            "A probability density was built; here the top of every ring is 1.",
            _rings(lambda r, j, sigma: _gauss(r, j, sigma) / (sigma * math.sqrt(2 * math.pi))),
        ),
        Mistake(
            "The minus sign in the exponent is missing.",
            _rings(lambda r, j, sigma: ((r - j) ** 2 / (2 * sigma**2)).exp()),
        ),
    ),
    finding=_ring_finding,
    hints=(
        "First the distance of every pixel from the centre, then the bell curve of that distance.",
        "offsets(size) as a row and offsets(size) as a column: broadcasting makes the grid. Which of the two "
        "axes points down does not matter for a distance.",
        "Give the radii j = 0, 1, ... two more axes, so that they broadcast against the grid of distances.",
    ),
)
