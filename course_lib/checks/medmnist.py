"""Checks of the exercises on MedMNIST, one a question; the design of an experiment is read by people."""

from course_lib.checks.medmnist_interval import INTERVAL
from course_lib.checks.medmnist_protocol import EPOCH, VERDICT
from course_lib.checks.medmnist_scores import AUC
from course_lib.checks.medmnist_turned import ANGLES, DISC
from course_lib.checks.units import by_name, checks_of, hints

__all__ = ["QUESTIONS", "angles", "auc", "disc", "epoch", "hint", "interval", "verdict"]

QUESTIONS = by_name(AUC, ANGLES, DISC, EPOCH, INTERVAL, VERDICT)
auc, angles, disc, epoch, interval, verdict = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
