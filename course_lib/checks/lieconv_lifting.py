"""Question on LieConv: lifting of points to SE(2)."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.lieconv_exponential import motion, turn_by
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.lie_groups import SE2


def lift_points(points: Tensor, angles: Tensor) -> Tensor:
    """Elements that carry the origin to each point, one for each angle."""
    stabiliser = SE2.exp(torch.nn.functional.pad(angles[:, None], (2, 0)))
    return SE2.product(SE2.carrier(points)[:, None], stabiliser)


def _lift_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    yield counting(1, 2), counting(1)
    yield counting(2, 2), counting(3)
    for _ in range(3):
        yield (
            gaussian(generator, integer(generator, 2, 4), 2),
            3 * gaussian(generator, integer(generator, 1, 5)),
        )


def _lift_finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    points, angles = case
    u = call(points.clone(), angles.clone())
    if not same(u[..., :2, 2], points[:, None].expand(-1, len(angles), -1)):
        return Finding("each lifted element carries the origin to its point")
    if not same(u[..., 2, :], u.new_tensor([0, 0, 1]).expand(*u.shape[:2], 3)):
        return Finding("the last row of each element is 0 0 1")
    return Finding("the element's first two columns are the rotation by its angle")


def _lift(build: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Lifting with another product of shift and rotation; both are matrices ``n samples 3 3``."""

    def lift(points: Tensor, angles: Tensor) -> Tensor:
        shape = (len(points), len(angles))
        turns = motion(turn_by(angles), points.new_zeros(len(angles), 2)).expand(*shape, 3, 3)
        return build(SE2.carrier(points)[:, None].expand(*shape, 3, 3), turns)

    return lift


def _own_direction(points: Tensor, angles: Tensor) -> Tensor:
    turns = turn_by(torch.atan2(points[:, 1], points[:, 0])[:, None] + angles)
    return motion(turns, points[:, None].expand(-1, len(angles), -1))


LIFTING = Question(
    name="lifting",
    function="lift_points",
    arguments=("points", "angles"),
    axes=("point", "sample", "row", "column"),
    cases=_lift_cases,
    reference=lift_points,
    mistakes=(
        Mistake(
            "The rotation stands on the left: it turns the point too, and the origin lands elsewhere.",
            _lift(lambda shift, turn: turn @ shift),
        ),
        Mistake(
            "These are the inverse elements: they carry the point to the origin.",
            _lift(lambda shift, turn: SE2.inverse(shift @ turn)),
        ),
        Mistake(
            "The shift is the point with a minus; the origin must land on the point.",
            _lift(lambda shift, turn: SE2.inverse(shift) @ turn),
        ),
        Mistake(
            "The rotations are clockwise.",
            _lift(lambda shift, turn: shift @ turn.mT),
        ),
        Mistake(
            "The matrices are transposed: the shift belongs into the last column.",
            _lift(lambda shift, turn: (shift @ turn).mT),
        ),
        Mistake(
            "The angles are ignored: all elements of a point are the same shift.",
            _lift(lambda shift, turn: shift),
        ),
        Mistake(
            "The points are ignored: these are the rotations about the origin alone.",
            _lift(lambda shift, turn: turn),
        ),
        Mistake(
            "The direction of the point is added to the angles. A rotation of the stabiliser does not know "
            "the point.",
            _own_direction,
        ),
        Mistake(
            "The angles are taken as degrees. They are given in radians.",
            lambda points, angles: lift_points(points, angles.deg2rad()),
        ),
    ),
    finding=_lift_finding,
    hints=(
        "Two things must hold: the origin lands on the point, whatever the angle; and different angles give "
        "different elements.",
        "A rotation about the origin keeps the origin where it is. So who must act first, the rotation or "
        "the shift?",
        "Give the points an axis of length 1 for the samples, and the angles one for the points; then "
        "broadcasting "
        "makes all pairs.",
    ),
)
