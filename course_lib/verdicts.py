"""What a measured difference says about a claim."""

from enum import StrEnum

from course_lib.statistics import Interval


class Verdict(StrEnum):
    """The four things that an experiment can say about a claim."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    REFUTED = "refuted"
    NOT_TESTABLE = "not testable here"


FEWEST_RUNS = 3  # seeds of each side without which their spread cannot be told
FEWEST_GROUPS = 10  # with four groups a true zero is left out one time in five, not one in twenty


def verdict(difference: Interval | None) -> Verdict:
    """Judge the claim that a difference is above zero, by its 95 % interval.

    An interval that holds zero does not refute a claim: the data do not say. From fewer than
    ``FEWEST_RUNS`` seeds or ``FEWEST_GROUPS`` independent groups of images nothing is judged.

    Args:
        difference: What was measured, with the sign that the claim predicts; None if it was not.

    Example:
        >>> verdict(Interval(0.03, 0.01, 0.05)).value, verdict(Interval(0.03, -0.01, 0.07)).value
        ('confirmed', 'not confirmed')
    """
    if difference is None or _too_few(difference):
        return Verdict.NOT_TESTABLE
    if difference.low > 0:
        return Verdict.CONFIRMED
    return Verdict.REFUTED if difference.high < 0 else Verdict.NOT_CONFIRMED


def _too_few(difference: Interval) -> bool:
    runs, groups = difference.runs, difference.groups
    return (runs is not None and runs < FEWEST_RUNS) or (groups is not None and groups < FEWEST_GROUPS)
