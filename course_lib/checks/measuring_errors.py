"""Question on measuring: the equivariance error by its formula."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.evaluation import equivariance_error
from course_lib.groups import CyclicGroup
from course_lib.representations import Trivial

SCALAR = Trivial(CyclicGroup(4))
ROLL = ((0, 0, 0, 1), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))
QUARTER = {  # what the quarter turn does to the four numbers at a pixel
    "regular": ROLL,
    "alternating": tuple(tuple(-entry for entry in row) for row in ROLL),
    "arrows": ((0, -1, 0, 0), (1, 0, 0, 0), (0, 0, 0, -1), (0, 0, 1, 0)),
    "irreps": ((1, 0, 0, 0), (0, -1, 0, 0), (0, 0, 0, -1), (0, 0, 1, 0)),
    "pairs": ((0, 1, 0, 0), (1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0)),
}
RULE = {
    "regular": "entry h of the fiber moves to entry h + g modulo 4",
    "alternating": "entry h of the fiber moves to entry h + g modulo 4, and all change sign if g is odd",
    "arrows": "the fiber holds two arrows, (right, up) and once more (right, up), and each is turned by g "
    "quarter turns counter-clockwise",
    "irreps": "entry 0 stays as it is, entry 1 changes sign if g is odd, and entries 2 and 3 are an arrow "
    "(right, up), which is turned by g quarter turns counter-clockwise",
    "pairs": "if g is odd, entries 0 and 1 of the fiber change places, and so do entries 2 and 3",
}
Measured = tuple[bool, float]
REFUSED: Measured = (False, 0.0)


def mixed(feature: str, g: int, y: Tensor) -> Tensor:
    """The fiber of b c 4 y x, multiplied by rho(g); pixels stay where they are."""
    rho = torch.linalg.matrix_power(torch.tensor(QUARTER[feature]).to(y), g % 4)
    return torch.einsum("hj, bcjyx -> bchyx", rho, y)


def _act(feature: str, g: int, y: Tensor) -> Tensor:
    return act(g % 4, mixed(feature, g, y), SCALAR)


def _error_cases(generator: torch.Generator, feature: str) -> Iterator[tuple[Tensor, Tensor, int]]:
    for y in (counting(1, 1, 4, 1, 1), counting(1, 1, 4, 2, 2)):
        yield from ((_act(feature, g, y), y, g) for g in range(4))
        yield from ((y, y, g) for g in range(4))
        yield 1.5 * _act(feature, 1, y), y, 1
    zero = torch.zeros(1, 1, 4, 2, 2, dtype=torch.float64)
    yield zero, zero, 1
    for g in range(4):
        n, c, side = (integer(generator, 2, 4) for _ in range(3))
        size = gaussian(generator, n, 1, 1, 1, 1).exp()
        y = size * gaussian(generator, n, c, 4, side, side)
        yield _act(feature, g, y) + 0.3 * gaussian(generator, *y.shape), y, g


def relative_error(feature: str, found: Tensor, output: Tensor, g: int) -> Measured:
    """Whether the error can be measured, and its value."""
    outputs = [mixed(feature, g, output), found]
    try:
        error = equivariance_error(lambda x: outputs.pop(0), output, g, SCALAR, SCALAR)
    except ValueError:
        return REFUSED
    return True, error


def _error_finding(call: Call, case: tuple[str, Tensor, Tensor, int]) -> Finding:
    feature, found, output, g = case
    element = f"g = {g} ({90 * g} degrees counter-clockwise)"
    if output.norm() == 0:
        return Finding("the zero map commutes with everything, so it must be refused", element)
    y = counting(1, 1, 4, 2, 2)
    for h in range(4):
        if not same(call(feature, _act(feature, h, y), y.clone(), h), (True, 0.0)):
            return Finding("a layer with f(g x) = g f(x) has the error 0", f"g = {h}")
    if not same(call(feature, 5 * found, 5 * output, g), call(feature, found.clone(), output.clone(), g)):
        return Finding("the error is relative: outputs five times as large change nothing", element)
    if not same(call(feature, 1.5 * y, y.clone(), 0), (True, 0.5)):
        return Finding("an output that is half too large has the error 0.5", "g = 0")
    return Finding("the error is ‖f(g x) − g f(x)‖ / ‖g f(x)‖, all images together", element)


Measure = Callable[[str, Tensor, Tensor, int], Measured]


def _measured(ratio: Callable[[Tensor, Tensor], Tensor]) -> Measure:
    """Error with another ratio of f(g x) and g f(x); zero outputs are refused."""

    def error(feature: str, found: Tensor, output: Tensor, g: int) -> Measured:
        return (True, ratio(found, _act(feature, g, output)).item()) if output.norm() > 0 else REFUSED

    return error


def _moved(move: Callable[[str, int, Tensor], Tensor]) -> Measure:
    """Error with another action on the output."""

    def error(feature: str, found: Tensor, output: Tensor, g: int) -> Measured:
        return relative_error(feature, found, move(feature, g, output), 0)

    return error


def _padded(small: float) -> Measure:
    """Error with a small number added to the denominator, so that zero passes."""
    return lambda feature, found, output, g: (
        True,
        ((found - _act(feature, g, output)).norm() / (output.norm() + small)).item(),
    )


ZERO_PASSES = (
    "The zero output passes with an error of 0. A small number in the denominator does not help: the zero "
    "map must be refused."
)

_ERROR = Question(
    name="error",
    function="relative_error",
    arguments=("feature", "found", "output", "g"),
    axes=(),
    cases=lambda generator: (),
    reference=relative_error,
    mistakes=(
        Mistake(
            "The output is not moved: you ask whether the layer is invariant, not whether it is equivariant.",
            _moved(lambda feature, g, y: y),
        ),
        Mistake(
            "The output's pixels turn, but its fiber stays as it is.",
            _moved(lambda feature, g, y: y.rot90(g, (-2, -1))),
        ),
        Mistake(
            "The output moves by the inverse element.", _moved(lambda feature, g, y: _act(feature, -g, y))
        ),
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
        "Two things happen to the output: its pixels turn, and the rule of your feature type changes the "
        "four numbers at each of them.",
        "The norm of a tensor is the root of the sum of all squares, over every axis at once. When is there "
        "nothing to divide by?",
    ),
)

ERROR = personal(
    _ERROR,
    "feature",
    tuple(QUARTER),
    cases=_error_cases,
    own=lambda feature: f"Your feature type is {feature}: {RULE[feature]}.",
    words=lambda feature: {"rule": RULE[feature], "quarter": str([list(row) for row in QUARTER[feature]])},
)
