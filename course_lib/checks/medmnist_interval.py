"""Question on the paired bootstrap of a difference."""

from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.medmnist_scores import number_of
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding


def matrix(*rows: tuple[float | int, ...]) -> Tensor:
    """Rows of numbers in float64."""
    return torch.tensor(rows, dtype=torch.float64)


def _interval_cases(generator: torch.Generator, level: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    yield matrix((1, 1)), matrix((0, 1)), torch.tensor([[0, 0], [0, 1], [1, 1]])
    yield (
        matrix((1, 0, 1), (1, 1, 1)),
        matrix((0, 0, 1)),
        torch.tensor([[0, 1, 2], [2, 2, 1], [0, 0, 0], [1, 1, 0]]),
    )
    for runs, others, images, draws in ((3, 3, integer(generator, 7, 10), 60), (3, 2, 15, 200)):
        first = (gaussian(generator, runs, images) > -1).double()
        second = (gaussian(generator, others, images) > -0.3).double()
        yield first, second, torch.randint(images, (draws, images), generator=generator)


Ends = tuple[float, float, float]
Judged = Callable[[int, Tensor, Tensor, Tensor], Ends]


def _interval_reference(level: int, first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
    """By the number of times that each image is drawn."""
    gain = first.numpy().mean(axis=0) - second.numpy().mean(axis=0)
    counts = np.array([np.bincount(row, minlength=len(gain)) for row in drawn.numpy()])
    low, high = np.percentile(counts @ gain / drawn.shape[1], [50 - level / 2, 50 + level / 2])
    return float(gain.mean()), float(low), float(high)


def _interval_finding(call: Call, case: tuple[int, Tensor, Tensor, Tensor]) -> Finding:
    level, first, second, drawn = case
    if not same(number_of(call(level, first.clone(), first.clone(), drawn.clone())), (0.0, 0.0, 0.0)):
        return Finding("a method compared with itself has the difference 0, with an interval from 0 to 0")
    mean, low, high = number_of(call(level, first.clone(), second.clone(), drawn.clone()))
    if not same(number_of(call(level, second.clone(), first.clone(), drawn.clone())), (-mean, -high, -low)):
        return Finding("exchanging the methods turns the interval round")
    return Finding(
        f"the interval holds {level} % of the resampled differences, {50 - level / 2:g} % lie below and above"
    )


def _interval(
    means: Callable[[Tensor, Tensor, Tensor], Tensor],
    tail: Callable[[int], float] = lambda level: 0.5 - level / 200,
) -> Judged:
    """Right mean; ends from other resampled differences or other quantiles."""

    def judged(level: int, first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
        values = means(first.mean(0), second.mean(0), drawn)
        ends = (tail(level), 1 - tail(level))
        low, high = torch.quantile(values, torch.tensor(ends, dtype=torch.float64)).tolist()
        return (first.mean() - second.mean()).item(), low, high

    return judged


def _paired(first: Tensor, second: Tensor, drawn: Tensor) -> Tensor:
    return (first - second)[drawn].mean(1)


def _by_the_error(level: int, first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
    means = _paired(first.mean(0), second.mean(0), drawn)
    width = NormalDist().inv_cdf(0.5 + level / 200)
    mean, error = (first.mean() - second.mean()).item(), width * means.std().item()
    return mean, mean - error, mean + error


def _reversed(level: int, first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
    mean, low, high = _interval_reference(level, first, second, drawn)
    return -mean, -high, -low


def _of_two_intervals(level: int, first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
    mean, *_ = _interval_reference(level, first, second, drawn)
    (_, a, b), (_, c, d) = (
        _interval_reference(level, x, torch.zeros_like(x), drawn) for x in (first, second)
    )
    return mean, a - d, b - c


_INTERVAL = Question(
    name="interval",
    function="paired_interval",
    arguments=("level", "first", "second", "drawn"),
    axes=(),
    cases=lambda generator: (),
    reference=_interval_reference,
    mistakes=(
        Mistake(
            "The images are not paired: each method gets draws of its own. Both must be asked about the same "
            "drawn images.",
            _interval(lambda a, b, drawn: a[drawn].mean(1) - b[drawn.flip(0)].mean(1)),
        ),
        Mistake(
            "Only the first method is resampled. Both must be asked about the same drawn images.",
            _interval(lambda a, b, drawn: a[drawn].mean(1) - b.mean()),
        ),
        Mistake(
            "The two methods have intervals of their own, and these are subtracted. That throws away that "
            "both met the same images.",
            _of_two_intervals,
        ),
        Mistake("The difference is second minus first.", _reversed),
        Mistake(
            "These are quantiles over the images. The interval is about the mean: one difference for each "
            "draw.",
            _interval(lambda a, b, drawn: a - b),
        ),
        Mistake(
            "Too much lies outside. What a 95 % interval leaves out, 5 %, are both sides together.",
            _interval(_paired, lambda level: 1 - level / 100),
        ),
        Mistake(
            "These are the lowest and the highest of all draws. More draws would make it wider.",
            _interval(_paired, lambda level: 0.0),
        ),
        Mistake(
            "The ends are the mean and a multiple of the standard deviation of the draws: a normal "
            "approximation. Asked for are quantiles.",
            _by_the_error,
        ),
        Mistake(
            "Only the first run of each method is used. Take the mean over the runs of each image.",
            lambda level, first, second, drawn: _interval_reference(level, first[:1], second[:1], drawn),
        ),
    ),
    finding=_interval_finding,
    hints=(
        "First forget the draws. What is one number for each image that says how much better the first "
        "method does there?",
        "A draw is a list of images, some twice and some never. Which mean belongs to it?",
        "Indexing a vector with the table of draws gives a table; its rows have means. torch.quantile takes "
        "all of them and a share between 0 and 1.",
    ),
)

INTERVAL = personal(
    _INTERVAL,
    "level",
    (95, 99, 97, 92, 85, 75),
    cases=_interval_cases,
    own=lambda level: f"Your interval is that of {level} %.",
    words=lambda level: {
        "low": f"{50 - level / 2:g}",
        "high": f"{50 + level / 2:g}",
    },
)
