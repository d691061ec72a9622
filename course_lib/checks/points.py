"""Checks of the exercises on points in space, and on attention, one a question."""

from course_lib.checks.points_attention import ATTENTION, encoding
from course_lib.checks.points_layers import LAYER, measured_gap
from course_lib.checks.points_messages import MESSAGES
from course_lib.checks.points_orbits import PRICE
from course_lib.checks.points_parts import PARTS
from course_lib.checks.points_paths import PROFILES, measured_products
from course_lib.checks.units import by_name, checks_of, hints

__all__ = [
    "QUESTIONS",
    "attention",
    "encoding",
    "hint",
    "layer",
    "measured_gap",
    "measured_products",
    "messages",
    "parts",
    "price",
    "profiles",
]

QUESTIONS = by_name(MESSAGES, PARTS, PROFILES, LAYER, ATTENTION, PRICE)
messages, parts, profiles, layer, attention, price = checks_of(QUESTIONS, __name__)
hint = hints(QUESTIONS)
