"""Question on measuring: the equivariance error by its formula."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.evaluation import equivariance_error
from course_lib.groups import CyclicGroup
from course_lib.representations import Regular

REGULAR = Regular(CyclicGroup(4))
Measured = tuple[bool, float]
REFUSED: Measured = (False, 0.0)


def _act(g: int, y: Tensor) -> Tensor:
    return act(g, y, REGULAR)


def _error_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    for y in (counting(1, 1, 4, 1, 1), counting(1, 1, 4, 2, 2)):
        yield from ((_act(g, y), y, g) for g in range(4))
        yield from ((y, y, g) for g in range(4))
        yield 1.5 * _act(1, y), y, 1
    zero = torch.zeros(1, 1, 4, 2, 2, dtype=torch.float64)
    yield zero, zero, 1
    for g in range(4):
        n, c, side = (integer(generator, 2, 4) for _ in range(3))
        size = gaussian(generator, n, 1, 1, 1, 1).exp()
        y = size * gaussian(generator, n, c, 4, side, side)
        yield _act(g, y) + 0.3 * gaussian(generator, *y.shape), y, g


def relative_error(found: Tensor, output: Tensor, g: int) -> Measured:
    """Whether the error can be measured, and its value."""
    outputs = [output, found]
    try:
        error = equivariance_error(lambda x: outputs.pop(0), output, g, REGULAR, REGULAR)
    except ValueError:
        return REFUSED
    return True, error


def _error_finding(call: Call, case: tuple[Tensor, Tensor, int]) -> Finding:
    found, output, g = case
    element = f"g = {g} ({90 * g} degrees counter-clockwise)"
    if output.norm() == 0:
        return Finding("the zero map commutes with everything, so it must be refused", element)
    y = counting(1, 1, 4, 2, 2)
    for h in range(4):
        if not same(call(_act(h, y), y.clone(), h), (True, 0.0)):
            return Finding("a layer with f(g x) = g f(x) has the error 0", f"g = {h}")
    if not same(call(5 * found, 5 * output, g), call(found.clone(), output.clone(), g)):
        return Finding("the error is relative: outputs five times as large change nothing", element)
    if not same(call(1.5 * y, y.clone(), 0), (True, 0.5)):
        return Finding("an output that is half too large has the error 0.5", "g = 0")
    return Finding("the error is ‖f(g x) − g f(x)‖ / ‖g f(x)‖, all images together", element)


def _measured(ratio: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor, int], Measured]:
    """Error with another ratio of f(g x) and g f(x); zero outputs are refused."""

    def error(found: Tensor, output: Tensor, g: int) -> Measured:
        return (True, ratio(found, _act(g, output)).item()) if output.norm() > 0 else REFUSED

    return error


def _moved(move: Callable[[int, Tensor], Tensor]) -> Callable[[Tensor, Tensor, int], Measured]:
    """Error with another action on the output."""

    def error(found: Tensor, output: Tensor, g: int) -> Measured:
        return relative_error(found, move(g, output), 0)

    return error


def _padded(small: float) -> Callable[[Tensor, Tensor, int], Measured]:
    """Error with a small number added to the denominator, so that zero passes."""
    return lambda found, output, g: (
        True,
        ((found - _act(g, output)).norm() / (output.norm() + small)).item(),
    )


ZERO_PASSES = (
    "The zero output passes with an error of 0. A small number in the denominator does not help: the zero "
    "map must be refused."
)

ERROR = Question(
    name="error",
    function="relative_error",
    arguments=("found", "output", "g"),
    axes=(),
    cases=_error_cases,
    reference=relative_error,
    mistakes=(
        Mistake(
            "The output is not moved: you ask whether the layer is invariant, not whether it is equivariant.",
            _moved(lambda g, y: y),
        ),
        Mistake(
            "The output's pixels turn, but its fiber is not shifted.",
            _moved(lambda g, y: y.rot90(g, (-2, -1))),
        ),
        Mistake("The output moves by the inverse element.", _moved(lambda g, y: _act(-g % 4, y))),
        *(Mistake(ZERO_PASSES, _padded(small)) for small in (1e-12, 1e-9, 1e-8, 1e-6)),
        Mistake(
            "This is the error squared; the root is missing.",
            _measured(lambda a, b: ((a - b).norm() / b.norm()).square()),
        ),
        Mistake(
            "The error is not relative: divide by the size of g f(x).", _measured(lambda a, b: (a - b).norm())
        ),
        Mistake(
            "The ratios of single images are averaged. An image with next to no answer then counts as much "
            "as any other.",
            _measured(lambda a, b: ((a - b).flatten(1).norm(dim=1) / b.flatten(1).norm(dim=1)).mean()),
        ),
        Mistake(
            "You divide by the output for the moved image, which is the one under test.",
            _measured(lambda a, b: (a - b).norm() / a.norm().clamp(min=1e-30)),
        ),
        Mistake(
            "You divide by both norms together, so the error can never exceed 1.",
            _measured(lambda a, b: (a - b).norm() / (a.norm() + b.norm())),
        ),
        Mistake(
            "Differences with a sign cancel in a sum or mean.",
            _measured(lambda a, b: (a - b).sum().abs() / b.norm()),
        ),
        Mistake(
            "The largest pixel decides alone; the norm takes all of them.",
            _measured(lambda a, b: (a - b).abs().max() / b.abs().max()),
        ),
    ),
    finding=_error_finding,
    hints=(
        "Both ways round the square give a feature field. Which of the two do you have already, and which "
        "must you still move?",
        "The output is a regular feature: its pixels turn, and its four directions change places.",
        "The norm of a tensor is the root of the sum of all squares, over every axis at once. When is there "
        "nothing to divide by?",
    ),
)
