"""Answers that are no tensors: numbers, texts and tuples of them, from Python, NumPy or torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib.checks.questions import Mistake, Question
from course_lib.checks.units import by_name, hints
from course_lib.checks.verdicts import Finding


def question(reference, name="count"):
    return Question(
        name=name,
        function="answer",
        arguments=("n",),
        axes=(),
        cases=lambda generator: iter([(2,), (3,)]),
        reference=reference,
        mistakes=(Mistake("One too many.", lambda n: reference(n) + 1),) if name == "count" else (),
        finding=lambda call, case: Finding("it is what it is"),
        hints=("a", "b", "c"),
    )


WHOLE, REAL = question(lambda n: n * n), question(lambda n: n / 3)
PAIR = question(lambda n: (n, n / 2), "pair")
WORD = question(lambda n: "odd" if n % 2 else "even", "word")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (WHOLE, lambda n: n**2),
        (WHOLE, lambda n: np.int64(n * n)),
        (WHOLE, lambda n: torch.tensor(n * n)),
        (REAL, lambda n: np.float64(n) / 3),
        (PAIR, lambda n: [n, torch.tensor(n / 2)]),
        (WORD, lambda n: ["even", "odd"][n % 2]),
        (question(lambda n: float(n)), lambda n: n),
        (question(lambda n: torch.arange(n) > 0, "mask"), lambda n: torch.arange(n).bool()),
    ],
)
def test_right_answers_of_any_kind(asked, answer):
    verdict = asked.check(answer)
    assert verdict.is_right, verdict


@pytest.mark.parametrize(
    ("asked", "answer", "phrase"),
    [
        (WHOLE, lambda n: n * n + 1, "One too many."),
        (WHOLE, lambda n: n * n + 0.5, "must return a whole number, it returned float"),
        (WHOLE, lambda n: True, "must return a whole number, it returned bool"),
        (REAL, lambda n: n / 3 * (1 + 1e-6), "The values are wrong"),
        (REAL, lambda n: float("inf"), "division by 0"),
        (PAIR, lambda n: (n, float("nan")), "returned nan. Is there a division by 0"),
        (PAIR, lambda n: (n,), "must return 2 values, it returned 1"),
        (PAIR, lambda n: (n, n), "The values are wrong"),
        (PAIR, lambda n: n, "must return a tuple, it returned int"),
        (WORD, lambda n: n, "must return a text"),
        (
            question(lambda n: torch.arange(n), "indices"),
            lambda n: torch.arange(n).flip(0),
            "values are wrong",
        ),
    ],
)
def test_wrong_answers_of_any_kind(asked, answer, phrase):
    verdict = asked.check(answer)
    assert verdict.state == "wrong" and phrase in verdict.message


@pytest.mark.parametrize("kind", [np.float64, torch.tensor])
def test_a_finding_sees_plain_numbers(kind):
    asked = replace(REAL, finding=lambda call, case: Finding(type(call(2)).__name__))
    verdict = asked.check(lambda n: kind(n / 2))
    assert verdict.finding is not None and verdict.finding.statement == "float"


def test_questions_of_a_unit_have_different_names():
    with pytest.raises(ValueError, match="different names"):
        by_name(WHOLE, REAL)
    hint = hints(by_name(WHOLE, question(WHOLE.reference, "other")))
    assert hint("other", 2) == "b"
    with pytest.raises(ValueError, match="the questions are count, other; got 'more'"):
        hint("more", 1)
