"""Verdicts: the interval decides, and an interval that holds zero decides nothing."""

import pytest

from course_lib.statistics import Interval
from course_lib.verdicts import Verdict, verdict


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.01, 0.05, Verdict.CONFIRMED),
        (-0.01, 0.05, Verdict.NOT_CONFIRMED),
        (-0.05, 0.01, Verdict.NOT_CONFIRMED),
        (0.0, 0.05, Verdict.NOT_CONFIRMED),
        (-0.05, -0.01, Verdict.REFUTED),
    ],
)
def test_the_interval_decides(low, high, expected):
    assert verdict(Interval((low + high) / 2, low, high)) is expected


def test_what_was_not_measured_is_not_testable():
    assert verdict(None) is Verdict.NOT_TESTABLE


@pytest.mark.parametrize(
    ("runs", "groups", "judged"), [(3, 10, True), (2, 10, False), (3, 9, False), (5, 150, True)]
)
def test_too_few_runs_or_groups_are_not_judged(runs, groups, judged):
    expected = Verdict.CONFIRMED if judged else Verdict.NOT_TESTABLE
    assert verdict(Interval(0.1, 0.05, 0.15, runs, groups)) is expected
