"""Checks of the exercises on groups and actions, one a question."""

from course_lib.checks.groups_actions import ACTION, ORBIT
from course_lib.checks.groups_axioms import AXIOMS
from course_lib.checks.groups_regular import CORRELATION, MATRIX, d4_table
from course_lib.checks.groups_tables import PRODUCT
from course_lib.checks.units import by_name, checks_of, hints

__all__ = [
    "QUESTIONS",
    "action",
    "axioms",
    "correlation",
    "d4_table",
    "hint",
    "matrix",
    "orbit",
    "product",
]

QUESTIONS = by_name(PRODUCT, AXIOMS, ACTION, MATRIX, ORBIT, CORRELATION)
product, axioms, action, matrix, orbit, correlation = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
