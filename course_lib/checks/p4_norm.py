"""Question on p4: batch norm whose stored statistics the orientations share."""

from collections.abc import Callable, Iterator

import torch
from einops import rearrange, reduce
from torch import Tensor
from torch.nn import functional as F

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.p4_turns import REGULAR, TURNS, name_of
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding

EPS = 1e-5


def _norm_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    large = [tuple(integer(generator, 2, 5) for _ in range(3)) for _ in range(2)]
    for b, c, size in ((1, 1, 1), (1, 1, 2), (1, 2, 2), *large):
        x = gaussian(generator, b, c, 4, size, size)
        mean, variance = gaussian(generator, c, 4), gaussian(generator, c, 4).square() + 0.5
        yield x, mean, variance


def _norm_finding(call: Call, case: tuple[Tensor, Tensor, Tensor]) -> Finding:
    x, mean, variance = case
    for g in TURNS:
        turned = call(act(g, x, REGULAR), mean.clone(), variance.clone())
        if not same(turned, act(g, call(x.clone(), mean.clone(), variance.clone()), REGULAR)):
            return Finding("the layer commutes with turns: norm(g f) = g norm(f)", name_of(g))
    return Finding("all four orientations together get mean 0 and variance 1 on the training data")


def _norm_reference(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    square = variance + mean**2  # second moment of each orientation
    shared = reduce(mean, "c fiber -> c", "mean")
    spread = reduce(square, "c fiber -> c", "mean") - shared**2
    folded = rearrange(x, "b c fiber y x -> b c (fiber y x)")
    return F.batch_norm(folded, shared, spread, eps=EPS).view_as(x)


def _norm(
    statistics: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Norm with statistics ``c 1`` or ``c 4`` made from the stored ones."""

    def norm(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        m, v = (part[:, :, None, None] for part in statistics(mean, variance))
        return (x - m) / torch.sqrt(v + EPS)

    return norm


def _mean(x: Tensor) -> Tensor:
    return x.mean(dim=1, keepdim=True)


def _total(m: Tensor, v: Tensor, correction: int = 0) -> Tensor:
    return _mean(v) + m.var(dim=1, keepdim=True, correction=correction)


def _own(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Norm with the statistics of x itself, shared by the fiber."""
    dims = (0, 2, 3, 4)
    m, v = x.mean(dim=dims, keepdim=True), x.var(dim=dims, keepdim=True, correction=0)
    return (x - m) / torch.sqrt(v + EPS)


NORM = Question(
    name="norm",
    function="shared_norm",
    arguments=("x", "mean", "variance"),
    axes=("b", "c", "fiber", "y", "x"),
    cases=_norm_cases,
    reference=_norm_reference,
    mistakes=(
        Mistake(
            "The bug is still there: each orientation has its own statistics.", _norm(lambda m, v: (m, v))
        ),
        Mistake(
            "The mean is shared, but each orientation still has its own variance.",
            _norm(lambda m, v: (_mean(m), v)),
        ),
        Mistake(
            "The variances are averaged, and the spread of the four means about their mean is lost.",
            _norm(lambda m, v: (_mean(m), _mean(v))),
        ),
        Mistake("The statistics of x itself are used; in use, the norm must apply the stored ones.", _own),
        Mistake(
            "The statistics of orientation 0 alone are used for all four.",
            _norm(lambda m, v: (m[:, :1], v[:, :1])),
        ),
        Mistake(
            "torch.var divides by n - 1 unless told otherwise; here all four orientations are known.",
            _norm(lambda m, v: (_mean(m), _total(m, v, 1))),
        ),
        Mistake(
            "Standard deviations are averaged; it is variances that can be averaged.",
            _norm(lambda m, v: (_mean(m), _mean(v.sqrt()) ** 2)),
        ),
        Mistake(
            "The square root of the variance is missing.",
            lambda x, m, v: (x - _mean(m)[:, :, None, None]) / (_total(m, v)[:, :, None, None] + EPS),
        ),
        Mistake(
            "The statistics are averaged over the channels too; each channel has its own.",
            _norm(lambda m, v: (m.mean().expand_as(m), (v + m**2).mean().expand_as(v) - m.mean() ** 2)),
        ),
        Mistake(
            "The small number EPS is missing under the square root.",
            lambda x, m, v: (x - _mean(m)[:, :, None, None]) / torch.sqrt(_total(m, v)[:, :, None, None]),
        ),
    ),
    finding=_norm_finding,
    hints=(
        "In training the broken layer passes the test, since its statistics come from the turned batch and "
        "turn with it. Stored statistics do not turn.",
        "What commutes with rho(g), which permutes the entries of the fiber? Numbers that are the same "
        "for all entries.",
        "Think of the four maps as one pile of numbers. Its mean is easy. Its variance has two parts: the "
        "spread within each map, and the spread between the maps.",
    ),
)
