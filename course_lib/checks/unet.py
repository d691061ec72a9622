"""Checks of the exercises on an equivariant U-Net and how it is judged, one a question."""

from course_lib.checks.unet_blocks import BLOCK, WIDTH, fill
from course_lib.checks.unet_masks import DICE, LOSS
from course_lib.checks.unet_resampling import BOOTSTRAP, SPLIT
from course_lib.checks.units import by_name, checks_of, hints

__all__ = ["QUESTIONS", "block", "bootstrap", "dice", "fill", "hint", "loss", "split", "width"]

QUESTIONS = by_name(BLOCK, WIDTH, DICE, LOSS, SPLIT, BOOTSTRAP)
block, width, dice, loss, split, bootstrap = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
