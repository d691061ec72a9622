"""Question on steerable filters: a kernel turned by the phases of its weights."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import circular_harmonics, gaussian_rings, turned_back
from course_lib.groups import CyclicGroup
from course_lib.representations import Irreps


def _steer_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, float]]:
    for shape in ((1, 1, 2), (2, 1, 2), (3, 2, 2)):
        yield from ((gaussian(generator, *shape), angle) for angle in (0.0, 90.0, 30.0))
    for _ in range(3):
        weight = gaussian(generator, integer(generator, 4, 6), integer(generator, 1, 3), 2)
        yield weight, integer(generator, -800, 800) + 0.5


def _steer_finding(call: Call, case: tuple[Tensor, float]) -> Finding:
    weight, angle = case

    def sampled(w: Tensor, turn: float | int) -> Tensor:
        right, up = turned_back(9, turn)
        waves = circular_harmonics(right, up, len(w) - 1)
        rings = gaussian_rings(torch.hypot(right, up), w.shape[1], 0.6).to(waves.dtype)
        return torch.einsum("nj, nyx, jyx -> yx", torch.view_as_complex(w.contiguous()), waves, rings).real

    if not same(call(weight.clone(), 0.0), weight):
        return Finding("the turn by 0 degrees changes nothing", "g = 0 degrees")
    for turn in (angle, 90.0):
        if (sampled(call(weight.clone(), turn), 0) - sampled(weight, turn)).norm() > 1e-6:
            return Finding(
                "the new weights give the kernel at the points turned back",
                f"g = {turn:g} degrees counter-clockwise",
            )
    return Finding("each weight is multiplied by a phase of its own and keeps its modulus")


def _steer_reference(weight: Tensor, angle_deg: float) -> Tensor:
    most = len(weight) - 1
    turn = Irreps(CyclicGroup(2 * most + 1), most).turn(-angle_deg)[1:, 1:]  # frequency 0 stays
    pairs = weight[1:].movedim(2, 1).flatten(0, 1)
    return torch.cat([weight[:1], (turn @ pairs).unflatten(0, (most, 2)).movedim(1, 2)])


def _steer(phase: Callable[[Tensor, float], Tensor]) -> Callable[[Tensor, float], Tensor]:
    """Weights times exp(i phase), from the frequencies and the angle in degrees."""

    def steer(weight: Tensor, angle_deg: float) -> Tensor:
        m = torch.arange(len(weight), dtype=torch.float64).view(-1, 1)
        turned = torch.view_as_complex(weight) * torch.exp(1j * phase(m, angle_deg))
        return torch.view_as_real(turned)

    return steer


STEER = Question(
    name="steer",
    function="steer",
    arguments=("weight", "angle_deg"),
    axes=("frequency", "ring", "part"),
    cases=_steer_cases,
    reference=_steer_reference,
    mistakes=(
        Mistake("Nothing turns: the answer is the weight itself.", _steer(lambda m, a: 0 * m)),
        Mistake(
            "The kernel turns clockwise: the sign of the phase is wrong. Replace phi by phi - theta.",
            _steer(lambda m, a: m * math.radians(a)),
        ),
        Mistake(
            "Degrees are taken for radians.",
            _steer(lambda m, a: -m * a),
        ),
        Mistake(
            "All frequencies get the same phase. A wave with more lobes passes more of its periods.",
            _steer(lambda m, a: 0 * m - math.radians(a)),
        ),
        Mistake(
            "All frequencies above 0 get the same phase. A wave with more lobes passes more of its period.",
            _steer(lambda m, a: -m.clamp(max=1) * math.radians(a)),
        ),
        Mistake(
            "The frequency is off by one: entry 0 belongs to the constant, which no turn changes.",
            _steer(lambda m, a: -(m + 1) * math.radians(a)),
        ),
        Mistake(
            "The phase is too small by the factor m squared: multiply by the frequency, do not divide.",
            _steer(lambda m, a: -math.radians(a) / m.clamp(min=1) * (m > 0)),
        ),
        Mistake(
            "A phase is a rotation of the pair (real, imaginary). Both parts were multiplied by the cosine.",
            lambda weight, a: (
                weight * torch.cos(torch.arange(len(weight)).view(-1, 1, 1).double() * math.radians(a))
            ),
        ),
        Mistake(
            "You conjugated the weights: the kernel is mirrored before it is turned.",
            lambda weight, a: _steer(lambda m, a: -m * math.radians(a))(
                weight * torch.tensor([1.0, -1.0], dtype=weight.dtype), a
            ),
        ),
    ),
    finding=_steer_finding,
    hints=(
        "Put phi - theta in place of phi into one term of the sum. Which factor comes out?",
        "Degrees to radians first. The factor depends on the frequency of the weight, and not on its ring.",
        "torch.view_as_complex reads the last axis as real and imaginary part; torch.view_as_real goes back. "
        "The frequencies 0, 1, 2, ... need a second axis, for the rings.",
    ),
)
