"""Question on LieConv: the exponential of SE(2)."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.lie_groups import SE2

Log = tuple[float, float, float]


def motion(turn: Tensor, shift: Tensor) -> Tensor:
    """The matrix with the rows (turn, shift) and (0, 0, 1)."""
    bottom = torch.tensor([0, 0, 1], dtype=turn.dtype).expand(*shift.shape[:-1], 1, 3)
    return torch.cat([torch.cat([turn, shift[..., None]], dim=-1), bottom], dim=-2)


def turn_by(angle: Tensor) -> Tensor:
    """Rotation matrix of an angle in radians, counter-clockwise."""
    return torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], -1).unflatten(-1, (2, 2))


def _number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _spread(angle: float) -> tuple[float, float]:
    """The numbers sin(t) / t and (1 - cos(t)) / t, also at 0."""
    if angle == 0:
        return 1.0, 0.0
    return math.sin(angle) / angle, 2 * math.sin(angle / 2) ** 2 / angle


def _exp_cases(generator: torch.Generator) -> Iterator[Log]:
    yield 1.0, 2.0, 0.0
    for angle in (math.pi / 2, -math.pi / 2, math.pi, 1e-9, 1.0, 4.0):
        yield 1.0, 0.0, angle
        yield 1.0, 2.0, angle
    for _ in range(4):
        yield tuple(gaussian(generator, 3).tolist())


def exp_se2(right: float, up: float, angle: float) -> Tensor:
    """The element of SE(2) with the given logarithm."""
    return SE2.exp(torch.tensor([right, up, angle], dtype=torch.float64))


def _exp_finding(call: Call, case: Log) -> Finding:
    right, up, angle = case
    if not same(call(right, up, 0.0), exp_se2(right, up, 0.0)):
        return Finding("without an angle the exponential is the shift (right, up)", "angle 0")
    half = call(right / 2, up / 2, angle / 2)
    if not same(half @ half, call(right, up, angle)):
        return Finding(
            "exp(a / 2) exp(a / 2) = exp(a): two halves of the way make the whole", f"angle {angle:g}"
        )
    return Finding("exp(a) = I + A + A A / 2 + A A A / 6 + ..., with the matrix A of a", f"angle {angle:g}")


def _exp(
    shift: Callable[[float, float, float], tuple[float, float]], sense: int = 1
) -> Callable[..., Tensor]:
    """Element with another shift."""

    def element(right: float, up: float, angle: float) -> Tensor:
        return motion(
            turn_by(_number(sense * angle)), torch.tensor(shift(right, up, angle), dtype=torch.float64)
        )

    return element


def along(right: float, up: float, angle: float) -> tuple[float, float]:
    """The shift of the exponential: the mean of (right, up) over all turns up to the angle."""
    s, c = _spread(angle)
    return s * right - c * up, c * right + s * up


def turned(right: float, up: float, angle: float) -> tuple[float, float]:
    """The vector (right, up), turned by the angle."""
    cos, sin = math.cos(angle), math.sin(angle)
    return cos * right - sin * up, sin * right + cos * up


def _undivided(right: float, up: float, angle: float) -> tuple[float, float]:
    s, c = math.sin(angle), 1 - math.cos(angle)
    return (s * right - c * up, c * right + s * up) if angle else (right, up)


def _first_order(right: float, up: float, angle: float) -> Tensor:
    hat = SE2.hat(torch.tensor([right, up, angle], dtype=torch.float64))
    return torch.eye(3, dtype=torch.float64) + hat


EXPONENTIAL = Question(
    name="exponential",
    function="exp_se2",
    arguments=("right", "up", "angle"),
    axes=("row", "column"),
    cases=_exp_cases,
    reference=exp_se2,
    mistakes=(
        Mistake(
            "The shift is (right, up) itself. But the way is curved: the direction turns while one moves.",
            _exp(lambda right, up, angle: (right, up)),
        ),
        Mistake(
            "The shift is turned by the whole angle. It is the mean over all turns on the way that counts.",
            _exp(turned),
        ),
        Mistake(
            "The shift bends to the wrong side: with a positive angle one drifts to the left.",
            _exp(lambda right, up, angle: along(right, up, -angle)),
        ),
        Mistake(
            "The rotation is clockwise; the shift is right.",
            _exp(along, sense=-1),
        ),
        Mistake(
            "The sums of sine and cosine are not divided by the angle.",
            _exp(_undivided),
        ),
        Mistake(
            "These are the first two terms of the series, I + A. Its first two columns are no rotation.",
            _first_order,
        ),
        Mistake(
            "The last row must be 0 0 1: you return an element of the group, not of the algebra.",
            lambda right, up, angle: exp_se2(right, up, angle) * torch.tensor([[1.0], [1], [0]]),
        ),
        Mistake(
            "The angle is taken as degrees. It is given in radians.",
            lambda right, up, angle: exp_se2(right, up, math.radians(angle)),
        ),
    ),
    finding=_exp_finding,
    hints=(
        "Drive along for one unit of time, with a constant speed, and turn the wheel by a constant angle. "
        "Which "
        "curve do you drive? Where does it end after half a circle?",
        "The velocity at time t is (right, up), turned by t times the angle. The shift is its mean over t "
        "from 0 "
        "to 1.",
        "The mean of the cosine of t angle is s, and the mean of its sine is c. Put s and c where a rotation "
        "matrix has cosine and sine.",
    ),
)
