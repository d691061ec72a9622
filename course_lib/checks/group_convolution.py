"""Checks of the exercises on group convolution, one a question."""

from course_lib.checks.group_convolution_averages import AVERAGE, WEIGHTS
from course_lib.checks.group_convolution_bug import CONVOLVE, measured_gap
from course_lib.checks.group_convolution_layers import KERNEL, LAYER
from course_lib.checks.group_convolution_motions import MOTIONS
from course_lib.checks.units import by_name, checks_of, hints

__all__ = [
    "QUESTIONS",
    "average",
    "convolve",
    "hint",
    "kernel",
    "layer",
    "measured_gap",
    "motions",
    "weights",
]

QUESTIONS = by_name(MOTIONS, LAYER, AVERAGE, WEIGHTS, KERNEL, CONVOLVE)
motions, layer, average, weights, kernel, convolve = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
