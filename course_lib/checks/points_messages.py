"""Question on points in space: one round of messages that are vectors."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.harmonics import spherical_harmonics
from course_lib.models.particles import all_pairs, receive
from course_lib.rotations import space_rotation

Case = tuple[Tensor, Tensor, float]
Weight = Callable[[Tensor, float], Tensor]


def vector_messages(points: Tensor, scalars: Tensor, radius: float) -> Tensor:
    """What each point receives: directions to its neighbours, times their scalars and weights."""
    receiving, sending = edges = all_pairs(1, len(points), points.device)
    steps = points[sending] - points[receiving]
    directions = spherical_harmonics(steps, 1) / math.sqrt(3)
    near = torch.relu(1 - torch.linalg.vector_norm(steps, dim=1) / radius)
    return receive(directions * (near * scalars[sending])[:, None], edges, len(points))


def turn(angle: float) -> Tensor:
    """Rotation about the z axis by an angle in radians."""
    return space_rotation(torch.tensor([0, 0, angle], dtype=torch.float64))


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield counting(1, 3), counting(1), 2.0
    line = torch.tensor([[0.0, 0, 0], [2, 0, 0], [5, 0, 0]], dtype=torch.float64)
    yield line[:2], counting(2), 4.0
    yield line, counting(3), 4.0
    yield line[[0, 0, 1]], counting(3), 4.0  # two points at one place
    for n in (3, integer(generator, 4, 6), integer(generator, 7, 9)):
        yield gaussian(generator, n, 3), gaussian(generator, n), 2.5
    yield 3 * gaussian(generator, 6, 3), gaussian(generator, 6), 4.0


def _finding(call: Call, case: Case) -> Finding:
    points, scalars, radius = case
    given = call(points.clone(), scalars.clone(), radius)
    quarter = turn(math.pi / 2)
    if not same(call(points @ quarter.mT, scalars.clone(), radius), given @ quarter.mT):
        return Finding("if all points turn, the vectors turn with them", "90 degrees about the z axis")
    if not same(call(-points, scalars.clone(), radius), -given):
        return Finding("if all points are reflected, so are the vectors", "p to -p")
    if not same(call(points + 10, scalars.clone(), radius), given):
        return Finding("if all points are shifted, the vectors stay", "shift by (10, 10, 10)")
    order = list(range(len(points)))[::-1]
    if not same(call(points[order], scalars[order], radius)[order], given):
        return Finding("the order of the points does not matter", "the reversed order")
    return Finding("point i receives the sum over j of (1 - r / radius) s_j times the direction from i to j")


def _linear(r: Tensor, radius: float) -> Tensor:
    return (1 - r / radius).clamp(min=0)


def _unit(step: Tensor, r: Tensor) -> Tensor:
    return step / torch.where(r > 0, r, 1.0)


def _messages(
    *,
    weight: Weight = _linear,
    direction: Callable[[Tensor, Tensor], Tensor] = _unit,
    scalar: Callable[[Tensor], Tensor] = lambda s: s[None, :, None],
    kept: Callable[[Tensor], Tensor] = torch.ones_like,
    mean: Callable[[Tensor], Tensor] | None = None,
    received: int = 1,
) -> Callable[[Tensor, Tensor, float], Tensor]:
    """Messages with one of the mistakes that people make; the defaults are right."""

    def answer(points: Tensor, scalars: Tensor, radius: float) -> Tensor:
        step = points[None] - points[:, None]
        r = step.norm(dim=-1, keepdim=True)
        terms = weight(r, radius) * direction(step, r) * scalar(scalars) * kept(r[..., 0])[..., None]
        total = terms.sum(dim=received)
        return total / mean((r[..., 0] < radius).double()) if mean else total

    return answer


def _toward_points(points: Tensor, scalars: Tensor, radius: float) -> Tensor:
    r = (points[None] - points[:, None]).norm(dim=-1, keepdim=True)
    away = points / torch.linalg.vector_norm(points, dim=1, keepdim=True).clamp(min=1e-30)
    return (_linear(r, radius) * (r > 0) * scalars[None, :, None] * away).sum(dim=1)


MESSAGES = Question(
    name="messages",
    function="vector_messages",
    arguments=("points", "scalars", "radius"),
    axes=("point", "entry"),
    cases=_cases,
    reference=vector_messages,
    mistakes=(
        Mistake(
            "All vectors have the wrong sign. They must point from the one who receives to the one who "
            "sends.",
            _messages(direction=lambda step, r: -_unit(step, r)),
        ),
        Mistake(
            "You add up what each point sends. Wanted is what it receives: the other axis of the table.",
            _messages(received=0),
        ),
        Mistake(
            "The scalar of the one who receives is used. It is the sender who has something to say.",
            _messages(scalar=lambda s: s[:, None, None]),
        ),
        Mistake("The scalars are ignored.", _messages(scalar=lambda s: torch.ones_like(s)[:, None, None])),
        Mistake(
            "The step from point to point is not divided by its length, so it is no direction.",
            _messages(direction=lambda step, r: step),
        ),
        Mistake(
            "The step is divided by the square of its length. A direction has the length 1.",
            _messages(direction=lambda step, r: _unit(_unit(step, r), r)),
        ),
        Mistake(
            "The directions have the length root of 3, as the library's harmonics have. Here it is 1.",
            _messages(direction=lambda step, r: math.sqrt(3) * _unit(step, r)),
        ),
        Mistake(
            "Beyond the radius your weight becomes negative: points far away push. It must be 0 there.",
            _messages(weight=lambda r, radius: 1 - r / radius),
        ),
        Mistake(
            "All points within the radius have the weight 1. It should fall to 0, without a jump at the "
            "radius.",
            _messages(weight=lambda r, radius: (r < radius).double()),
        ),
        Mistake(
            "The distance is ignored: all points have the weight 1.", _messages(weight=lambda r, R: r**0)
        ),
        Mistake(
            "The weight falls with the squared distance. It should be 1 - r / radius.",
            _messages(weight=lambda r, radius: (1 - (r / radius) ** 2).clamp(min=0)),
        ),
        Mistake(
            "This is the mean over all points. Wanted is the sum.",
            _messages(mean=lambda near: torch.full_like(near[:, :1], len(near))),
        ),
        Mistake(
            "This is the mean over the neighbours, the point itself among them. Wanted is the sum.",
            _messages(mean=lambda near: near.sum(dim=1, keepdim=True)),
        ),
        Mistake(
            "This is the mean over the neighbours. Wanted is the sum.",
            _messages(mean=lambda near: (near.sum(dim=1, keepdim=True) - 1).clamp(min=1)),
        ),
        Mistake(
            "Each pair speaks only once, the later point to the earlier. Both must receive.",
            _messages(kept=lambda r: torch.ones_like(r).triu()),
        ),
        Mistake(
            "Each pair speaks only once, the earlier point to the later. Both must receive.",
            _messages(kept=lambda r: torch.ones_like(r).tril()),
        ),
        Mistake(
            "The direction is that from the origin to the sender. The origin means nothing: shift all "
            "points.",
            _toward_points,
        ),
    ),
    finding=_finding,
    hints=(
        "Make a table of all steps first: row i, column j holds the step from point i to point j. Its "
        "diagonal is 0.",
        "A step of length 0 has no direction. Which number can you divide it by, so that 0 comes out and not "
        "nan?",
        "Three factors a pair: the weight from the length, the scalar of column j, and the direction. Then "
        "add up along each row. `clamp` keeps the weight from becoming negative.",
    ),
)
