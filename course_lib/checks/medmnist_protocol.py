"""Questions on the protocol: who chooses the epoch, and what an interval says of a claim."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.medmnist_interval import matrix
from course_lib.checks.medmnist_scores import number_of
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.statistics import Interval
from course_lib.verdicts import FEWEST_GROUPS, FEWEST_RUNS, verdict


def _epoch_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    yield matrix((0.7, 0.8)), matrix((0.9, 0.6))
    yield matrix((0.5, 0.9, 0.9)), matrix((0.6, 0.7, 0.9))  # a tie
    yield matrix((0.9, 0.9, 0.5)), matrix((0.8, 0.6, 0.9))
    yield matrix((0.6, 0.8, 0.7), (0.9, 0.6, 0.5)), matrix((0.5, 0.7, 0.9), (0.6, 0.8, 0.4))
    for runs, epochs in ((3, integer(generator, 4, 7)), (integer(generator, 4, 6), 20)):
        shape = runs, epochs
        val = torch.randint(60, 90, shape, generator=generator).double() / 100
        test = torch.randint(500, 900, shape, generator=generator).double() / 1000
        yield val, test


def _epoch_reference(val: Tensor, test: Tensor) -> float:
    chosen = [max(range(len(row)), key=lambda epoch, row=row: (row[epoch], -epoch)) for row in val.tolist()]
    return math.fsum(row[epoch] for row, epoch in zip(test.tolist(), chosen, strict=True)) / len(chosen)


def _epoch_finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    val, test = case
    chosen = torch.tensor([row.index(max(row)) for row in val.tolist()])[:, None]
    changed = test.clone()
    changed[torch.arange(test.shape[1]) != chosen] = 1.0
    if not same(number_of(call(val.clone(), changed)), number_of(call(val.clone(), test.clone()))):
        return Finding("test scores of epochs that validation did not choose change nothing")
    return Finding("each run reports the test score of its own epoch, and the runs are averaged")


def _at(choose: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    """Mean over the runs of the test score at the epoch that is chosen for each."""

    def report(val: Tensor, test: Tensor) -> float:
        epochs = choose(val, test).expand(len(test))
        return test[torch.arange(len(test)), epochs].mean().item()

    return report


EPOCH = Question(
    name="epoch",
    function="reported_accuracy",
    arguments=("val", "test"),
    axes=(),
    cases=_epoch_cases,
    reference=_epoch_reference,
    mistakes=(
        Mistake(
            "The bug is still there: the test set chooses the epoch, the same for all runs.",
            _at(lambda val, test: test.mean(0).argmax()),
        ),
        Mistake(
            "The test set chooses the epoch, for each run its own. That flatters even more than before.",
            _at(lambda val, test: test.argmax(1)),
        ),
        Mistake(
            "Validation chooses, but one epoch for all runs. Each run is a training of its own and stops "
            "where its own validation is best.",
            _at(lambda val, test: val.mean(0).argmax()),
        ),
        Mistake(
            "Among equal validation scores the later epoch is taken. The rule says the earlier one.",
            _at(lambda val, test: val.shape[1] - 1 - val.flip(1).argmax(1)),
        ),
        Mistake(
            "Among equal validation scores the one with the better test score is taken: the test set chooses "
            "again.",
            _at(lambda val, test: torch.where(val == val.amax(1, keepdim=True), test, -1).argmax(1)),
        ),
        Mistake(
            "Only the best run is reported. The runs differ by chance, and their maximum flatters.",
            lambda val, test: test[torch.arange(len(val)), val.argmax(1)].max().item(),
        ),
        Mistake(
            "The epoch with the lowest validation score is chosen. These are scores, not losses.",
            _at(lambda val, test: val.argmin(1)),
        ),
        Mistake(
            "The last epoch is reported, and validation is not asked.",
            lambda val, test: test[:, -1].mean().item(),
        ),
        Mistake(
            "This is the validation score of the chosen epoch. It is the maximum of many, so it flatters "
            "too; report the test score.",
            lambda val, test: val.amax(1).mean().item(),
        ),
    ),
    finding=_epoch_finding,
    hints=(
        "Which of the two tables may be looked at before the epoch is fixed?",
        "There is one decision for each run. Along which axis is the best one sought?",
        "For each row of val find the place of its first maximum, read the row of test there, and take the "
        "mean over the runs.",
    ),
)


def _verdict_cases(generator: torch.Generator) -> Iterator[tuple[float, float, int, int]]:
    yield from ((0.01, 0.05, runs, 156) for runs in (3, 2, 1, 5))
    yield from ((0.01, 0.05, 3, groups) for groups in (9, 10, 11))
    yield from ((low, high, 3, 156) for low, high in ((-0.05, -0.01), (-0.01, 0.05), (-0.05, 0.01)))
    yield from ((low, high, 3, 156) for low, high in ((0.0, 0.04), (-0.04, 0.0), (0.0, 0.0)))
    yield from ((low, high, 3, 9) for low, high in ((-0.05, -0.01), (-0.01, 0.05)))
    yield 0.01, 0.05, 2, 9
    for _ in range(60):
        ends = sorted(integer(generator, -60, 60) / 1000 for _ in range(2))
        yield ends[0], ends[1], integer(generator, 1, 5), integer(generator, 7, 14)


def _verdict_reference(low: float, high: float, runs: int, groups: int) -> str:
    return verdict(Interval((low + high) / 2, low, high, runs, groups)).value


def _verdict_finding(call: Call, case: tuple[float, float, int, int]) -> Finding:
    low, high, runs, groups = case
    if runs < FEWEST_RUNS or groups < FEWEST_GROUPS:
        return Finding(
            f"nothing is judged from fewer than {FEWEST_RUNS} runs or fewer than {FEWEST_GROUPS} groups"
        )
    if low <= 0 <= high:
        return Finding("an interval that holds zero says neither yes nor no")
    return Finding("the whole interval is on one side of zero, and that side decides")


def _words(
    enough: Callable[[int, int], bool] = lambda runs, groups: runs >= FEWEST_RUNS and groups >= FEWEST_GROUPS,
    yes: Callable[[float, float], bool] = lambda low, high: low > 0,
    no: Callable[[float, float], bool] = lambda low, high: high < 0,
) -> Callable[[float, float, int, int], str]:
    """Verdict by other rules."""

    def judged(low: float, high: float, runs: int, groups: int) -> str:
        if not enough(runs, groups):
            return "not testable here"
        return "confirmed" if yes(low, high) else "refuted" if no(low, high) else "not confirmed"

    return judged


VERDICT = Question(
    name="verdict",
    function="judge",
    arguments=("low", "high", "runs", "groups"),
    axes=(),
    cases=_verdict_cases,
    reference=_verdict_reference,
    mistakes=(
        Mistake(
            "The mean decides, and the interval is not asked. A mean above zero is no proof.",
            _words(yes=lambda low, high: low + high > 0, no=lambda low, high: True),
        ),
        Mistake(
            "What is not confirmed is called refuted. An interval that holds zero does not refute a claim.",
            _words(no=lambda low, high: True),
        ),
        Mistake(
            "An interval that ends at zero holds zero.",
            _words(yes=lambda low, high: low >= 0, no=lambda low, high: high <= 0),
        ),
        Mistake(
            "Confirmed and refuted are exchanged.",
            _words(yes=lambda low, high: high < 0, no=lambda low, high: low > 0),
        ),
        Mistake(
            "It is never asked whether there are enough runs and groups.", _words(lambda runs, groups: True)
        ),
        Mistake("The number of groups is not asked.", _words(lambda runs, groups: runs >= FEWEST_RUNS)),
        Mistake("The number of runs is not asked.", _words(lambda runs, groups: groups >= FEWEST_GROUPS)),
        Mistake(
            "Too few runs and too few groups must come together in your rule. Either is enough.",
            _words(lambda runs, groups: runs >= FEWEST_RUNS or groups >= FEWEST_GROUPS),
        ),
        Mistake(
            "Off by one: 3 runs and 10 groups are enough.",
            _words(lambda runs, groups: runs > FEWEST_RUNS and groups > FEWEST_GROUPS),
        ),
    ),
    finding=_verdict_finding,
    hints=(
        "In which order must the four cases be asked? One of them makes the others pointless.",
        "Where is zero: below the interval, above it, or in it? The ends belong to the interval.",
        "Ask first for runs and groups; then for a low end above zero; then for a high end below zero. What "
        "remains is the fourth case.",
    ),
)
