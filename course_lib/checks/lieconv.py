"""Checks of the exercises on LieConv, one a question."""

from course_lib.checks.lieconv_exponential import EXPONENTIAL
from course_lib.checks.lieconv_layers import CONVOLVE, kernel, log, matrices, measured_gap
from course_lib.checks.lieconv_lifting import LIFTING
from course_lib.checks.lieconv_logarithm import LOGARITHM
from course_lib.checks.lieconv_means import NEIGHBOURS
from course_lib.checks.lieconv_samples import SAMPLES, measured_error
from course_lib.checks.units import by_name, checks_of, hints

__all__ = [
    "QUESTIONS",
    "convolve",
    "exponential",
    "hint",
    "kernel",
    "lifting",
    "log",
    "logarithm",
    "matrices",
    "measured_error",
    "measured_gap",
    "neighbours",
    "samples",
]

QUESTIONS = by_name(EXPONENTIAL, LOGARITHM, LIFTING, NEIGHBOURS, CONVOLVE, SAMPLES)
exponential, logarithm, lifting, neighbours, convolve, samples = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
