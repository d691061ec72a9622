"""Question on LieConv: the logarithm of SE(2) and its branch cut."""

import math
from collections.abc import Callable, Iterator

import torch

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian
from course_lib.checks.lieconv_exponential import Log, along, exp_se2, motion, turned
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.lie_groups import SE2


def log_se2(cos: float, sin: float, right: float, up: float) -> Log:
    """Logarithm of the motion with these entries, as three numbers."""
    turn = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
    return tuple(SE2.log(motion(turn, turn.new_tensor([right, up]))).tolist())


def _log_cases(generator: torch.Generator) -> Iterator[tuple[float, float, float, float]]:
    yield 1.0, 0.0, 1.0, 2.0
    yield 0.0, 1.0, 1.0, 0.0
    yield 0.0, -1.0, 1.0, 2.0
    for sin in (0.0, -0.0, 1.2e-16, -1.2e-16):
        yield -1.0, sin, 1.0, 2.0
    for angle in (1e-9, -1e-7, 1e-4, 0.05, 2.0, -2.0, 3.0, -3.14159):
        yield math.cos(angle), math.sin(angle), 1.0, 2.0
    for _ in range(4):
        angle = float(gaussian(generator, 1)) % 6 - 3
        yield math.cos(angle), math.sin(angle), *gaussian(generator, 2).tolist()


def _back(angle: float, h: float | None = None) -> Callable[[float, float], tuple[float, float]]:
    """The map from shift to logarithm, with another angle or another h."""
    if h is None:
        h = 1 - angle**2 / 12 if abs(angle) < 1e-4 else angle / 2 / math.tan(angle / 2)
    return lambda right, up: (h * right + angle / 2 * up, -angle / 2 * right + h * up)


def _angle(cos: float, sin: float) -> float:
    return log_se2(cos, sin, 0.0, 0.0)[2]


def _log(angle: Callable[[float, float], float]) -> Callable[..., Log]:
    """Logarithm with another angle."""

    def log(cos: float, sin: float, right: float, up: float) -> Log:
        found = angle(cos, sin)
        return *_back(found)(right, up), found

    return log


def _log_with(shift: Callable[[float, float, float], tuple[float, float]]) -> Callable[..., Log]:
    """Logarithm with another way to get its first two numbers."""

    def log(cos: float, sin: float, right: float, up: float) -> Log:
        angle = _angle(cos, sin)
        return *shift(right, up, angle), angle

    return log


def _log_finding(call: Call, case: tuple[float, float, float, float]) -> Finding:
    cos, sin = case[:2]
    angle = call(*case)[2]
    element = f"cos = {cos:g}, sin = {sin:g}"
    if abs(angle) > math.pi + 1e-9:
        return Finding("the angle of a logarithm lies above -pi and up to pi", element)
    if same(exp_se2(*call(*case)), exp_se2(*log_se2(*case))):
        return Finding("at the cut both signs are logarithms; rounding must not choose between them", element)
    return Finding("exp(log(u)) = u", element)


LOGARITHM = Question(
    name="logarithm",
    function="log_se2",
    arguments=("cos", "sin", "right", "up"),
    axes=(),
    cases=_log_cases,
    reference=log_se2,
    mistakes=(
        Mistake(
            "The arc cosine does not know the sense of a turn: it is never negative.",
            _log(lambda cos, sin: math.acos(max(-1.0, min(1.0, cos)))),
        ),
        Mistake(
            "The arc tangent of a quotient knows half of the circle only; look at the signs of both.",
            _log(lambda cos, sin: math.atan(sin / cos) if cos else math.copysign(math.pi / 2, sin)),
        ),
        Mistake(
            "The angles run from 0 to 2 pi. The shortest way is wanted, above -pi and up to pi.",
            _log(lambda cos, sin: math.atan2(sin, cos) % (2 * math.pi)),
        ),
        Mistake(
            "At the turn by pi the sign of a rounding error decides: a sine of -1e-16 makes it -pi.",
            _log(lambda cos, sin: math.atan2(sin, cos)),
        ),
        Mistake(
            "The angle has the wrong sign: counter-clockwise is positive.", _log(lambda c, s: -_angle(c, s))
        ),
        Mistake(
            "The shift is handed on as it is. It is the end of a curved way, and the logarithm is the "
            "velocity.",
            _log_with(lambda right, up, angle: (right, up)),
        ),
        Mistake(
            "The shift is multiplied by V, as in the exponential. Here V must be undone.",
            _log_with(along),
        ),
        Mistake(
            "V is undone with the sign of the angle exchanged.",
            _log_with(lambda right, up, angle: _back(-angle)(right, up)),
        ),
        Mistake(
            "The shift is turned back by the whole angle. That gives the inverse element, not the logarithm.",
            _log_with(lambda right, up, angle: turned(right, up, -angle)),
        ),
        Mistake(
            "The number h is taken as 1. That holds at the angle 0 only; at pi it is 0.",
            _log_with(lambda right, up, angle: _back(angle, 1.0)(right, up)),
        ),
        Mistake(
            "Near the angle 0 the number h is cut to 1 too early: the first term of its series is missing.",
            _log_with(lambda right, up, angle: _back(angle, 1.0 if abs(angle) < 0.1 else None)(right, up)),
        ),
    ),
    finding=_log_finding,
    hints=(
        "Begin with the angle. Which function of the library gives it from sine and cosine, with the right "
        "sign "
        "in all four quadrants?",
        "Then ask what that function says for the sines 1e-16, 0, -0.0 and -1e-16, if the cosine is -1. "
        "All four "
        "are the same turn.",
        "For the shift use the formula with h. At the angle 0 it is 0 divided by 0, so near it take the "
        "first "
        "terms of the series of h.",
    ),
)
