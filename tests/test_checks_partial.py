"""Points for wrong answers: none for a constant, some for what is right in most cases."""

import pytest
import torch

from course_lib.checks.p4 import QUESTIONS
from course_lib.checks.partial import partial_share


def same(a, b):
    return a == b


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 0.75),  # all but the last case, which is missing
        ([0, 1, 2, 3, 4, 5, 0, 0, 0], 0.5),
        ([0, 1, 2, 3, 0, 0, 0, 0, 0], 0),
        ([], 0),
    ],
)
def test_shares_by_hand(given, share):
    cases = [("a",)] * 9
    assert partial_share(cases, list(range(9)), given, same) == share


def test_what_a_thoughtless_answer_gets_right_does_not_count():
    cases = [(number,) for number in range(8)]
    truth = [number % 2 == 0 for number in range(8)]
    assert partial_share(cases, truth, [True] * 8, same) == 0
    assert partial_share(cases, truth, [*truth[:6], True, True], same) == 0.75
    assert (
        partial_share(cases, [0, 1, 2, 3, 9, 9, 9, 9], list(range(8)), same) == 0
    )  # its argument as it came
    assert partial_share(cases, [5] * 8, [5] * 7, same) == 0


@pytest.mark.parametrize("name", QUESTIONS)
def test_right_answers_have_all_points_and_known_mistakes_never(name):
    question = QUESTIONS[name]
    assert question.check(question.reference).share == 1
    for mistake in question.mistakes[:3]:
        verdict = question.check(mistake.function)
        assert verdict.share in (0, 0.5, 0.75) and verdict.mistake


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("sizes", lambda size, layers: True),
        ("sizes", lambda size, layers: False),
        ("action", lambda r, x: x),
        ("action", lambda r, x: torch.zeros_like(x)),
        ("lifting", lambda weight: weight.new_zeros(len(weight), 4, *weight.shape[1:])),
        ("lifting", lambda weight: torch.rand(len(weight), 4, *weight.shape[1:]).double()),
    ],
)
def test_constant_and_random_answers_have_none(name, answer):
    assert QUESTIONS[name].check(answer).share == 0


def test_a_verdict_says_that_it_is_partly_right():
    def almost(size, layers):
        return QUESTIONS["sizes"].reference(size, layers) and size != 5

    verdict = QUESTIONS["sizes"].check(almost)
    assert verdict.share == 0.75 and "75% of the points" in repr(verdict)
