"""Checks of the exercises on measuring equivariance, one a question."""

from course_lib.checks.measuring_errors import ERROR
from course_lib.checks.measuring_masks import AGREEMENT, floor_of_a_disc
from course_lib.checks.measuring_region import REGION
from course_lib.checks.measuring_repair import REPAIR, plain_outputs
from course_lib.checks.measuring_reports import REPORT
from course_lib.checks.units import by_name, checks_of, hints

__all__ = [
    "QUESTIONS",
    "agreement",
    "error",
    "floor_of_a_disc",
    "hint",
    "plain_outputs",
    "region",
    "repair",
    "report",
]

QUESTIONS = by_name(ERROR, REGION, AGREEMENT, REPORT, REPAIR)
error, region, agreement, report, repair = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
