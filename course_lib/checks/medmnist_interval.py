"""Question on the paired bootstrap of a difference."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian
from course_lib.checks.medmnist_scores import number_of
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding


def matrix(*rows: tuple[float | int, ...]) -> Tensor:
    """Rows of numbers in float64."""
    return torch.tensor(rows, dtype=torch.float64)


def _interval_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    yield matrix((1, 1)), matrix((0, 1)), torch.tensor([[0, 0], [0, 1], [1, 1]])
    yield (
        matrix((1, 0, 1), (1, 1, 1)),
        matrix((0, 0, 1)),
        torch.tensor([[0, 1, 2], [2, 2, 1], [0, 0, 0], [1, 1, 0]]),
    )
    for runs, others, images, draws in ((3, 3, 8, 60), (3, 2, 15, 200)):
        first = (gaussian(generator, runs, images) > -1).double()
        second = (gaussian(generator, others, images) > -0.3).double()
        yield first, second, torch.randint(images, (draws, images), generator=generator)


Ends = tuple[float, float, float]
Judged = Callable[[Tensor, Tensor, Tensor], Ends]


def _interval_reference(first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
    """By the number of times that each image is drawn."""
    gain = first.numpy().mean(axis=0) - second.numpy().mean(axis=0)
    counts = np.array([np.bincount(row, minlength=len(gain)) for row in drawn.numpy()])
    low, high = np.percentile(counts @ gain / drawn.shape[1], [2.5, 97.5])
    return float(gain.mean()), float(low), float(high)


def _interval_finding(call: Call, case: tuple[Tensor, Tensor, Tensor]) -> Finding:
    first, second, drawn = case
    if not same(number_of(call(first.clone(), first.clone(), drawn.clone())), (0.0, 0.0, 0.0)):
        return Finding("a method compared with itself has the difference 0, with an interval from 0 to 0")
    mean, low, high = number_of(call(first.clone(), second.clone(), drawn.clone()))
    if not same(number_of(call(second.clone(), first.clone(), drawn.clone())), (-mean, -high, -low)):
        return Finding("exchanging the methods turns the interval round")
    return Finding("the interval holds 95 % of the resampled differences, 2.5 % lie below and above")


def _interval(
    means: Callable[[Tensor, Tensor, Tensor], Tensor], ends: tuple[float, float] = (0.025, 0.975)
) -> Judged:
    """Right mean; ends from other resampled differences or other quantiles."""

    def judged(first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
        values = means(first.mean(0), second.mean(0), drawn)
        low, high = torch.quantile(values, torch.tensor(ends, dtype=torch.float64)).tolist()
        return (first.mean() - second.mean()).item(), low, high

    return judged


def _paired(first: Tensor, second: Tensor, drawn: Tensor) -> Tensor:
    return (first - second)[drawn].mean(1)


def _by_the_error(first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
    means = _paired(first.mean(0), second.mean(0), drawn)
    mean, error = (first.mean() - second.mean()).item(), 1.96 * means.std().item()
    return mean, mean - error, mean + error


def _reversed(first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
    mean, low, high = _interval_reference(first, second, drawn)
    return -mean, -high, -low


def _of_two_intervals(first: Tensor, second: Tensor, drawn: Tensor) -> Ends:
    mean, *_ = _interval_reference(first, second, drawn)
    (_, a, b), (_, c, d) = (_interval_reference(x, torch.zeros_like(x), drawn) for x in (first, second))
    return mean, a - d, b - c


INTERVAL = Question(
    name="interval",
    function="paired_interval",
    arguments=("first", "second", "drawn"),
    axes=(),
    cases=_interval_cases,
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
            "5 % lie on each side. A 95 % interval leaves out 5 % in all.", _interval(_paired, (0.05, 0.95))
        ),
        Mistake(
            "These are the lowest and the highest of all draws. More draws would make it wider.",
            _interval(_paired, (0.0, 1.0)),
        ),
        Mistake(
            "The ends are the mean and 1.96 standard deviations of the draws: a normal approximation. Asked "
            "for are quantiles.",
            _by_the_error,
        ),
        Mistake(
            "Only the first run of each method is used. Take the mean over the runs of each image.",
            lambda first, second, drawn: _interval_reference(first[:1], second[:1], drawn),
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
