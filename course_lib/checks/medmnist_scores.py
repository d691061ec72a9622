"""Question on the AUC, counted by pairs."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.classification import auc


def number_of(answer: Any) -> Any:
    """The plain number in an answer, if there is one; in a finding an answer may be anything."""
    if isinstance(answer, tuple | list):
        return tuple(map(number_of, answer))
    return answer.item() if getattr(answer, "ndim", 1) == 0 else answer


def _auc_cases(generator: torch.Generator) -> Iterator[tuple[tuple[float, ...], tuple[int, ...]]]:
    yield (0.2, 0.8), (0, 1)
    yield (0.8, 0.2), (0, 1)
    yield (0.5, 0.5), (0, 1)  # a tie
    yield (0.1, 0.4, 0.35, 0.8), (0, 0, 1, 1)
    yield (0.3, 0.3, 0.3, 0.9), (1, 0, 1, 0)
    yield (0.9, 0.9, 0.1), (1, 1, 0)
    for n in (7, 20, 40):
        scores = [integer(generator, 0, 9) / 10 for _ in range(n)]
        labels = [1, 0, *(integer(generator, 0, 3) // 3 for _ in range(n - 2))]
        yield tuple(scores), tuple(labels)


Pairs = Callable[[tuple[float, ...], tuple[int, ...]], float]


def _auc_reference(scores: tuple[float, ...], labels: tuple[int, ...]) -> float:
    """By ranks, as the library does."""
    return auc(torch.tensor(scores).double()[:, None], torch.tensor(labels)[:, None])


def _auc_finding(call: Call, case: tuple[tuple[float, ...], tuple[int, ...]]) -> Finding:
    scores, labels = case
    if not same(number_of(call(tuple(0.5 for _ in scores), labels)), 0.5):
        return Finding("a classifier that gives all images the same score has an AUC of 0.5")
    others = tuple(1 - label for label in labels)
    if not same(number_of(call(scores, others)), 1.0 - number_of(call(scores, labels))):
        return Finding("exchanging the classes turns the AUC into 1 - AUC")
    return Finding("the AUC is the share of pairs, one image of each class, in the right order")


def _counted(tie: float, *, sense: int = 1) -> Pairs:
    """Share of pairs in order, with the given value of a tie."""

    def share(scores: tuple[float, ...], labels: tuple[int, ...]) -> float:
        inside = [s for s, label in zip(scores, labels, strict=True) if label]
        outside = [s for s, label in zip(scores, labels, strict=True) if not label]
        found = [tie if a == b else float(sense * (a - b) > 0) for a in inside for b in outside]
        return sum(found) / len(found)

    return share


def _without_ties(scores: tuple[float, ...], labels: tuple[int, ...]) -> float:
    pairs = [(a, b) for a, i in zip(scores, labels, strict=True) for b, j in zip(scores, labels, strict=True)
             if i > j and a != b]  # fmt: skip
    return sum(a > b for a, b in pairs) / max(len(pairs), 1)


def _share(scores: tuple[float, ...], labels: tuple[int, ...], pairs: float | int) -> float:
    """The pairs in order, divided by another number of pairs."""
    return _auc_reference(scores, labels) * sum(labels) * (len(labels) - sum(labels)) / pairs


AUC = Question(
    name="auc",
    function="auc_by_pairs",
    arguments=("scores", "labels"),
    axes=(),
    cases=_auc_cases,
    reference=_auc_reference,
    mistakes=(
        Mistake("A tie counts as wrong. It is neither right nor wrong: one half.", _counted(0.0)),
        Mistake("A tie counts as right. It is neither right nor wrong: one half.", _counted(1.0)),
        Mistake(
            "Ties are left out, above and below the line. They are pairs too, and count one half.",
            _without_ties,
        ),
        Mistake(
            "The order is reversed: the image with label 1 should have the higher score.",
            _counted(0.5, sense=-1),
        ),
        Mistake(
            "The pairs are divided by the square of the number of images. Only pairs with one image of each "
            "class are asked.",
            lambda scores, labels: _share(scores, labels, len(labels) ** 2),
        ),
        Mistake(
            "The pairs are divided by the number of all pairs, those within a class as well. Only pairs with "
            "one image of each class are asked.",
            lambda scores, labels: _share(scores, labels, len(labels) * (len(labels) - 1) / 2),
        ),
        Mistake(
            "This is the accuracy with a threshold of 0.5. The AUC asks for the order and has no threshold.",
            lambda scores, labels: (
                sum((s > 0.5) == label for s, label in zip(scores, labels, strict=True)) / len(labels)
            ),
        ),
    ),
    finding=_auc_finding,
    hints=(
        "Take one image with label 1 and one with label 0. Which of the two scores should be higher?",
        "Ask this of every such pair. A pair can be right, wrong, or undecided.",
        "Two loops, or one comparison of a column with a row. Give 1, 0.5 or 0 to each pair, and take the "
        "mean over the pairs that you asked.",
    ),
)
