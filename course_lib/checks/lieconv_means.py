"""Question on LieConv: the mean over a neighbourhood, with a mask for sets of different sizes."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.layers.lie import neighbourhood
from course_lib.lie_groups import T2

Case = tuple[Tensor, Tensor, tuple[bool, ...], float, int]


def local_mean(
    points: Tensor, values: Tensor, mask: tuple[bool, ...], radius: float, neighbours: int
) -> Tensor:
    """Mean of the values over each point's neighbourhood, 0 at padding."""
    there = torch.tensor(mask)[None]
    near = neighbourhood(T2, T2.carrier(points)[None], there, neighbours=neighbours, radius=radius)
    counts = near.mask[0].sum(dim=1, keepdim=True).clamp(min=1)
    return (values[near.index[0]] * near.mask[0, ..., None]).sum(dim=1) / counts


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield counting(1, 2), counting(1, 1), (True,), 1.0, 1
    line = torch.tensor([[0.0, 0], [2, 0], [3, 0], [7, 0]], dtype=torch.float64)
    for radius, neighbours in ((10.0, 4), (2.0, 4), (10.0, 2), (0.0, 4)):
        yield line, counting(4, 1), (True,) * 4, radius, neighbours
    for mask in ((True, True, False, True), (True, False, True, False)):
        yield line, counting(4, 1), mask, 10.0, 2
    for n in (5, 8):
        mask = (True,) * (n - 2) + (False, False)
        points = gaussian(generator, n, 2)
        for radius, neighbours in ((1.5, n), (9.0, integer(generator, 2, 3))):
            yield points, gaussian(generator, n, 2), mask, radius, neighbours


def _finding(call: Call, case: Case) -> Finding:
    points, values, mask, radius, neighbours = case
    given = call(*case)
    there = torch.tensor(mask)
    if not same(given[~there], torch.zeros_like(given[~there])):
        return Finding("the answer at padding is 0")
    if not same(
        call(points, torch.ones_like(values), mask, radius, neighbours)[there], torch.ones_like(values)[there]
    ):
        return Finding("the mean of equal values is that value")
    other = torch.where(there[:, None], values, 100.0)
    if not same(call(points, other, mask, radius, neighbours), given):
        return Finding("what stands at padding changes nothing")
    order = list(range(len(mask)))[::-1]
    turned = call(points[order], values[order], tuple(mask[i] for i in order), radius, neighbours)
    if not same(turned[order], given):
        return Finding("the order of the points does not matter")
    return Finding(
        "the mean is over the nearest points that are there, at most `neighbours`, within the radius"
    )


def _mean(
    *,
    radius: Callable[[float], float] = lambda radius: radius,
    inclusive: bool = True,
    neighbours: Callable[[int], int] = lambda n: n,
    itself: bool = True,
    mask_first: bool = True,
    padding_counts: bool = False,
    farthest: bool = False,
    divide: Callable[[Tensor, int, Tensor], Tensor] = lambda count, n, there: count,
    padding_answers: bool = False,
) -> Callable[..., Tensor]:
    """Local mean with one of the mistakes that people make; the defaults are right."""

    def mean(points: Tensor, values: Tensor, mask: tuple[bool, ...], r: float, n: int) -> Tensor:
        there = torch.tensor(mask)
        usable = torch.ones_like(there) if padding_counts else there
        distance = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
        bound = radius(r)
        within = distance <= bound if inclusive else distance < bound
        if not itself:
            within = within & ~torch.eye(len(mask), dtype=torch.bool)
        rank = -distance if farthest else distance
        if mask_first:
            rank = rank.masked_fill(~(usable & within), math.inf)
        place = rank.argsort(dim=1, stable=True).argsort(dim=1)
        seen = within & usable & (place < neighbours(n))
        if not padding_answers:
            seen = seen & there[:, None]
        count = divide(seen.sum(dim=1, keepdim=True), n, there)
        return seen.double() @ values / count.clamp(min=1)

    return mean


NEIGHBOURS = Question(
    name="neighbours",
    function="local_mean",
    arguments=("points", "values", "mask", "radius", "neighbours"),
    axes=("point", "channel"),
    cases=_cases,
    reference=local_mean,
    mistakes=(
        Mistake("Padding is averaged too: a neighbour must be there.", _mean(padding_counts=True)),
        Mistake(
            "Padding is averaged too, and it has an answer of its own.",
            _mean(padding_counts=True, padding_answers=True),
        ),
        Mistake(
            "Padding takes places among the nearest, and is thrown out after that. Then too few points are "
            "left.",
            _mean(mask_first=False),
        ),
        Mistake(
            "You divide by `neighbours`. In a small neighbourhood fewer points were added up.",
            _mean(divide=lambda count, n, there: torch.full_like(count, n)),
        ),
        Mistake(
            "You divide by the number of all points that are there, not by those of the neighbourhood.",
            _mean(divide=lambda count, n, there: there.sum().expand_as(count)),
        ),
        Mistake(
            "You divide by the number of all points, padding among them.",
            _mean(divide=lambda count, n, there: torch.full_like(count, len(there))),
        ),
        Mistake(
            "This is the sum; a mean divides by the number of points.", _mean(divide=lambda c, n, t: c**0)
        ),
        Mistake("A point belongs to its own neighbourhood: its distance is 0.", _mean(itself=False)),
        Mistake(
            "Points at the distance `radius` exactly belong to the neighbourhood.", _mean(inclusive=False)
        ),
        Mistake("The radius is ignored.", _mean(radius=lambda radius: math.inf)),
        Mistake("The squared distance is compared with the radius.", _mean(radius=lambda r: r**0.5)),
        Mistake(
            "The bound `neighbours` is ignored: all points within the radius count.",
            _mean(neighbours=lambda n: 99),
        ),
        Mistake(
            "One neighbour too few: the point itself is one of `neighbours`.",
            _mean(neighbours=lambda n: n - 1),
        ),
        Mistake(
            "One neighbour too many: the point itself is one of `neighbours`.",
            _mean(neighbours=lambda n: n + 1),
        ),
        Mistake(
            "The farthest points within the radius are taken. The nearest are wanted.", _mean(farthest=True)
        ),
        Mistake("Padding has an answer of its own. It must be 0.", _mean(padding_answers=True)),
    ),
    finding=_finding,
    hints=(
        "Write the matrix of all distances first. Row v then says who is near v.",
        "Padding must leave the race before the nearest are chosen. Which distance never wins?",
        "Make a table of truth values, n by n: is u in the neighbourhood of v? Its row sums are the "
        "numbers to "
        "divide by, and a row without any truth belongs to padding.",
    ),
)
