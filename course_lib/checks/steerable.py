"""Checks of the exercises on steerable filters, one a question."""

from course_lib.checks.steerable_norm import NORM, relu_error
from course_lib.checks.steerable_paths import BAND, PATHS
from course_lib.checks.steerable_steer import STEER
from course_lib.checks.steerable_waves import RINGS, WAVE
from course_lib.checks.units import by_name, checks_of, hints

__all__ = ["QUESTIONS", "band", "hint", "norm", "paths", "relu_error", "rings", "steer", "wave"]

QUESTIONS = by_name(WAVE, RINGS, STEER, PATHS, BAND, NORM)
wave, rings, steer, paths, band, norm = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
