"""Checks of the exercises on SRE, convolution with one value a ring; one a question."""

from course_lib.checks.sre_blind import BLIND, measured_difference
from course_lib.checks.sre_halving import HALVING, halving_error
from course_lib.checks.sre_rings import KERNEL, RINGS
from course_lib.checks.sre_sums import COST, SUMS
from course_lib.checks.units import by_name, checks_of, hints

__all__ = [
    "QUESTIONS",
    "blind",
    "cost",
    "halving",
    "halving_error",
    "hint",
    "kernel",
    "measured_difference",
    "rings",
    "sums",
]

QUESTIONS = by_name(RINGS, KERNEL, BLIND, SUMS, COST, HALVING)
rings, kernel, blind, sums, cost, halving = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
