"""Checks of the exercises on SE(2, N), one a question."""

from course_lib.checks.se2_design import DESIGN, POOL
from course_lib.checks.se2_fiber import FIBER, turns_on_the_disc
from course_lib.checks.se2_kernels import BANK
from course_lib.checks.se2_sampling import SAMPLING
from course_lib.checks.units import by_name, checks_of, hints

__all__ = ["QUESTIONS", "bank", "design", "fiber", "hint", "pool", "sampling", "turns_on_the_disc"]

QUESTIONS = by_name(SAMPLING, BANK, FIBER, POOL, DESIGN)
sampling, bank, fiber, pool, design = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
