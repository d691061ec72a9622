"""Checks of the exercises on p4, one a question; they look at what the answer does, not at its code."""

from course_lib.checks.p4_norm import NORM
from course_lib.checks.p4_sizes import SIZES, measured_error
from course_lib.checks.p4_turns import ACTION, GROUP, LIFTING
from course_lib.checks.units import by_name, checks_of, hints

__all__ = ["QUESTIONS", "action", "group", "hint", "lifting", "measured_error", "norm", "sizes"]

QUESTIONS = by_name(ACTION, LIFTING, GROUP, SIZES, NORM)
action, lifting, group, sizes, norm = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
