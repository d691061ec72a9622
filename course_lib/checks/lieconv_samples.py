"""Question on LieConv: how many samples an error needs, measured and predicted."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import torch
from torch import nn

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.layers.lie import LieConv, neighbourhood
from course_lib.lie_groups import SE2, Spacing


@torch.no_grad()
def measured_error(samples: int, *, spacing: Spacing = "random", sets: int = 8, n: int = 3) -> float:
    """Relative difference of a layer's answers for two lifts of the same point sets to SE(2).

    Args:
        samples: Elements a point; the answer is their mean.
        spacing: How they are drawn, see ``LieGroup.lift``.
        sets: How many random sets are put together.
        n: Points in each set.
    """
    generator = torch.Generator().manual_seed(samples)
    layer = LieConv(SE2, 2, 4).double()
    for p in layer.parameters():
        p.copy_(gaussian(generator.manual_seed(p.numel()), *p.shape) / math.sqrt(p.shape[-1]))
    nn.init.zeros_(layer.mix.bias)
    points, values = gaussian(generator, sets, n, 2), gaussian(generator, sets, n, 2)
    mask = torch.ones(sets, n * samples, dtype=torch.bool)
    turn = SE2.exp(points.new_tensor([0, 0, 1.0]))
    generator.manual_seed(samples)
    answers = []
    for p in (points, SE2.act(turn, points)):
        u = SE2.lift(p, samples=samples, spacing=spacing, generator=generator).flatten(1, 2)
        near = neighbourhood(SE2, u, mask, neighbours=n * samples)
        f = layer(values.repeat_interleave(samples, dim=1), near)
        answers.append(f.unflatten(1, (n, samples)).mean(dim=2))
    return ((answers[0] - answers[1]).norm() / answers[1].norm()).item()


def samples_needed(samples: int, error: int, target: int) -> int:
    """Smallest number of samples that brings one answer's expected error down to the target."""
    return max(1, math.ceil(samples * Fraction(error, target) ** 2 / 2))


def _cases(generator: torch.Generator, samples: int) -> Iterator[tuple[int, int]]:
    yield 10, 10
    yield from ((100, 50), (100, 10), (30, 10), (100, 1), (50, 49), (10, 40), (7, 3), (10, 100))
    for _ in range(8):
        yield integer(generator, 10, 500), integer(generator, 1, 100)
    yield 999_999_937, 1


def _finding(call: Call, case: tuple[int, int, int]) -> Finding:
    samples, error, target = case
    if call(samples, 100, 25) != 4 * call(samples, 100, 50):
        return Finding("half the error needs four times as many samples")
    if call(samples, 10, 10) != samples // 2:
        return Finding("two answers differ by the root of 2 times the error of one")
    return Finding("the number is the smallest that is enough, and never below 1")


def _rule(rule: Callable[[int, int, int], int | Fraction]) -> Callable[[int, int, int], int]:
    """Another rule, rounded up, and at least 1."""
    return lambda samples, error, target: max(1, math.ceil(rule(samples, error, target)))


def _least(samples: int, error: int, target: int) -> Fraction:
    return samples * Fraction(error, target) ** 2 / 2


_SAMPLES = Question(
    name="samples",
    function="samples_needed",
    arguments=("samples", "error", "target"),
    axes=(),
    cases=lambda generator: (),
    reference=samples_needed,
    mistakes=(
        Mistake(
            "You take the difference of two answers for the error of one. Both are wrong, independently of "
            "each "
            "other.",
            _rule(lambda n, e, t: n * Fraction(e, t) ** 2),
        ),
        Mistake(
            "The error is taken to fall like 1/n. It falls like one over the root of n.",
            _rule(lambda n, e, t: Fraction(n * e, 2 * t)),
        ),
        Mistake(
            "The error is taken to fall like 1/n, and the difference of two answers for the error of one.",
            _rule(lambda n, e, t: Fraction(n * e, t)),
        ),
        Mistake(
            "The factor of two answers is on the wrong side: one answer is better than their difference.",
            _rule(lambda n, e, t: 2 * n * Fraction(e, t) ** 2),
        ),
        Mistake(
            "The root of 2 belongs to the error, and the error is squared.",
            _rule(lambda n, e, t: n * Fraction(e, t) ** 2 / Fraction(math.sqrt(2))),
        ),
        Mistake(
            "Error and target are exchanged: a smaller target needs more.",
            _rule(lambda n, e, t: _least(n, t, e)),
        ),
        Mistake(
            "Rounded down: the number found is not quite enough. And 0 samples give no answer.",
            lambda n, e, t: math.floor(_least(n, e, t)),
        ),
        Mistake(
            "Rounded down: the number found is not quite enough.",
            lambda n, e, t: max(1, math.floor(_least(n, e, t))),
        ),
        Mistake(
            "Rounded to the nearest number, which may be too small.",
            lambda n, e, t: max(1, math.floor(_least(n, e, t) + Fraction(1, 2))),
        ),
        Mistake(
            "One too many wherever the division leaves no rest.",
            lambda n, e, t: math.floor(_least(n, e, t)) + 1,
        ),
        Mistake(
            "Fewer samples than were measured may do, if the target is larger than the error.",
            lambda n, e, t: max(n, math.ceil(_least(n, e, t))),
        ),
    ),
    finding=_finding,
    hints=(
        "Two independent answers, each off by about s. How far are they apart? Think of two steps at a "
        "right angle.",
        "The square of the error falls like one over the number of samples. So compare squares.",
        "Work with whole numbers: a division that rounds down can be made to round up by two minus signs.",
    ),
)
SAMPLES = personal(
    _SAMPLES,
    "samples",
    (8, 6, 10, 14, 18, 22),
    cases=_cases,
    own=lambda samples: f"Your measured answers have {samples} samples each.",
)
