"""Question on attention: a relative encoding on places and directions."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.groups import CyclicGroup
from course_lib.rotations import plane_rotation

Case = tuple[Tensor, Tensor, Tensor, Tensor]


def encoding(right: Tensor, up: Tensor, angle: Tensor) -> Tensor:
    """The trained encoding of the exercise, a number for each step and angle; it is not symmetric.

    Args:
        right: First entry of the step.
        up: Its second entry.
        angle: In radians; a full turn more changes nothing.
    """
    near = torch.exp(-(right.square() + up.square()) / 8)
    return near * (0.9 * right - 0.6 * up + 1.2 * angle.cos() + 0.8 * angle.sin())


def attention(points: Tensor, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """What each place and direction sees, element by element of the group."""
    n, c = queries.shape[1:]
    group, answers = CyclicGroup(n), torch.empty_like(values)
    radians = points.new_tensor([math.radians(group.angle_deg(g)) for g in group.elements])
    steps = points[None] - points[:, None]
    for r in group.elements:
        between = radians[[group.product(group.inverse(r), s) for s in group.elements]]
        right, up = (steps @ plane_rotation(-radians[r]).mT).unbind(-1)
        for p in range(len(points)):
            seen = encoding(right[p, :, None], up[p, :, None], between)
            weights = torch.exp(keys @ queries[p, r] / math.sqrt(c) + seen)
            answers[p, r] = torch.tensordot(weights / weights.sum(), values, dims=2)
    return answers


def _cases(generator: torch.Generator) -> Iterator[Case]:
    row = torch.tensor([[0.0, 0], [2, 0]], dtype=torch.float64)
    for places, n in ((1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (2, 4)):
        alike = torch.zeros(places, n, 1, dtype=torch.float64)
        yield row[:places], alike, alike, counting(places, n, 1)
    for n in (3, 4, 6):
        places, c = integer(generator, 3, 4), integer(generator, 2, 3)
        queries, keys, values = (gaussian(generator, places, n, c) for _ in range(3))
        yield gaussian(generator, places, 2), queries, keys, values


def _finding(call: Call, case: Case) -> Finding:
    points, *features = case
    n = features[0].shape[1]
    given = call(points.clone(), *(f.clone() for f in features))
    ones = torch.ones_like(features[2])
    if not same(call(points.clone(), features[0].clone(), features[1].clone(), ones), ones):
        return Finding("the weights of one query add up to 1: equal values come out as they went in")
    if not same(call(points + 1, *(f.clone() for f in features)), given):
        return Finding("if all places are shifted, the answers stay", "shift by (1, 1)")
    moved = points @ plane_rotation(points.new_tensor(2 * math.pi / n)).mT
    if not same(call(moved, *(f.roll(1, 1) for f in features)), given.roll(1, 1)):
        return Finding("f(g x) = g f(x): places turn, and directions move by one", f"{360 / n:g} degrees")
    return Finding(
        "a query at the place p in the direction r sees a key at q and s by the step q - p, turned back by "
        "r, and the angle from r to s"
    )


def _both(scores: Tensor) -> Tensor:
    return scores.flatten(2).softmax(dim=-1).view_as(scores)


def _relative(r: Tensor, s: Tensor) -> Tensor:
    return s - r


def _attention(
    *,
    step: int = 1,
    back: Callable[[Tensor, Tensor], Tensor] = lambda r, s: -r,
    angle: Callable[[Tensor, Tensor], Tensor] = _relative,
    softmax: Callable[[Tensor], Tensor] = _both,
    encoded: str = "score",
    scale: float = 0.5,
    exchanged: bool = False,
) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """Attention with one of the mistakes that people make; the defaults are right."""

    def answer(points: Tensor, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        n, c = queries.shape[1:]
        angles = 2 * math.pi * torch.arange(n, dtype=points.dtype) / n
        r, s = angles[None, :, None, None], angles[None, None, None, :]
        steps = step * (points[None] - points[:, None])[:, None, :, None]  # p r q s, then the entry
        turn = plane_rotation(back(r, s).expand(1, n, 1, n))
        right, up = (turn @ steps[..., None])[..., 0].unbind(-1)
        seen = encoding(right, up, angle(r, s))
        scores = torch.einsum("prc,qsc->prqs", queries, keys) / c**scale
        if exchanged:
            scores = scores.permute(2, 3, 0, 1)
        if encoded == "score":
            scores = scores + seen
        weights = softmax(scores)
        if encoded == "after":
            weights = weights + seen
        if encoded == "factor":
            weights = weights * seen
        return torch.einsum("prqs,qsc->prc", weights, values)

    return answer


ATTENTION = Question(
    name="attention",
    function="group_attention",
    arguments=("points", "queries", "keys", "values"),
    axes=("place", "direction", "channel"),
    cases=_cases,
    reference=attention,
    mistakes=(
        Mistake(
            "The step is not turned back. All directions see it alike, so a turn of all places changes the "
            "answer.",
            _attention(back=lambda r, s: 0 * r),
        ),
        Mistake(
            "The step is turned the wrong way. Whoever looks to the left sees what is above on the right.",
            _attention(back=lambda r, s: r),
        ),
        Mistake(
            "The step is turned back by the key's direction. It is the query that looks.",
            _attention(back=lambda r, s: -s),
        ),
        Mistake(
            "The step goes from the key to the query. That is equivariant, but it is not the encoding that "
            "was trained.",
            _attention(step=-1),
        ),
        Mistake(
            "The angle goes from the key to the query. That is equivariant, but it is not the encoding that "
            "was trained.",
            _attention(angle=lambda r, s: r - s),
        ),
        Mistake(
            "Step and angle both go from the key to the query. Such a layer is equivariant and not the "
            "trained one.",
            _attention(step=-1, angle=lambda r, s: r - s),
        ),
        Mistake(
            "The angle is that of the key's direction alone. If all directions move by one, it changes.",
            _attention(angle=lambda r, s: s),
        ),
        Mistake(
            "The angle is that of the query's direction alone. If all directions move by one, it changes.",
            _attention(angle=lambda r, s: r),
        ),
        Mistake(
            "The softmax runs over places alone: the weights of one query add up to the number of "
            "directions.",
            _attention(softmax=lambda x: x.softmax(dim=2)),
        ),
        Mistake(
            "The softmax runs over directions alone: the weights of one query add up to the number of "
            "places.",
            _attention(softmax=lambda x: x.softmax(dim=3)),
        ),
        Mistake(
            "The softmax runs over the queries. Each query distributes its attention over the keys.",
            _attention(softmax=lambda x: x.flatten(0, 1).softmax(dim=0).view_as(x)),
        ),
        Mistake("There is no softmax: scores are no weights.", _attention(softmax=lambda x: x)),
        Mistake(
            "The encoding is added after the softmax. Then the weights do not add up to 1.",
            _attention(encoded="after"),
        ),
        Mistake(
            "The weights are multiplied by the encoding. It belongs into the scores, as a summand.",
            _attention(encoded="factor"),
        ),
        Mistake(
            "The encoding is missing. Such attention does not know where anything is.",
            _attention(encoded="nowhere"),
        ),
        Mistake("The scores are divided by the channels, not by their root.", _attention(scale=1.0)),
        Mistake("The scores are not divided by the root of the channels.", _attention(scale=0.0)),
        Mistake("Queries and keys have changed their places in the scores.", _attention(exchanged=True)),
    ),
    finding=_finding,
    hints=(
        "Stand at the place p and look into the direction r. Where do you see the place q? What is the "
        "difference between its direction and yours?",
        "Turning back by r multiplies by the matrix with the rows (cos r, sin r) and (-sin r, cos r). The "
        "result has the axes p r q; the angle has the axes r s.",
        "Axes of length 1 let the tensors meet: shape both as p r q s. Then let the softmax run over q and s "
        "at once, by making one axis of the two.",
    ),
)
