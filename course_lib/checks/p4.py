"""Checks of the exercises on p4, one a question; they look at what the answer does, not at its code."""

from typing import Any

from course_lib.checks.p4_norm import NORM
from course_lib.checks.p4_sizes import SIZES, measured_error
from course_lib.checks.p4_turns import ACTION, GROUP, LIFTING
from course_lib.checks.questions import Hint
from course_lib.checks.verdicts import Verdict

__all__ = ["QUESTIONS", "action", "group", "hint", "lifting", "measured_error", "norm", "sizes"]

QUESTIONS = {question.name: question for question in (ACTION, LIFTING, GROUP, SIZES, NORM)}


def action(fn: Any, *, seed: int = 0) -> Verdict:
    """Check ``act_on_features(r, x)``."""
    return ACTION.check(fn, seed=seed)


def lifting(fn: Any, *, seed: int = 0) -> Verdict:
    """Check ``lifting_kernels(weight)``."""
    return LIFTING.check(fn, seed=seed)


def group(fn: Any, *, seed: int = 0) -> Verdict:
    """Check ``group_kernels(weight)``."""
    return GROUP.check(fn, seed=seed)


def sizes(fn: Any, *, seed: int = 0) -> Verdict:
    """Check ``stays_exact(size, layers)``."""
    return SIZES.check(fn, seed=seed)


def norm(fn: Any, *, seed: int = 0) -> Verdict:
    """Check ``shared_norm(x, mean, variance)``."""
    return NORM.check(fn, seed=seed)


def hint(name: str, number: int) -> Hint:
    """A hint, which shows itself at the end of a cell.

    Args:
        name: Name of the question, such as ``"lifting"``.
        number: 1 for the gentlest.

    Raises:
        ValueError: If there is no such question or hint.
    """
    if name not in QUESTIONS:
        raise ValueError(f"the questions are {', '.join(QUESTIONS)}; got {name!r}")
    return QUESTIONS[name].hint(number)
