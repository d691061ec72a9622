"""Question on measuring: what a reported error allows one to believe."""

from collections.abc import Callable, Iterator

import torch

from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding

Case = tuple[int, float, float, float]
ROUNDING = 1e-12
FACTOR = 2  # an error counts as seen if it is so many times the floor
REASONS = {
    "nothing": "a full turn is the identity, and every map commutes with it",
    "exact": "at a quarter turn nothing is interpolated, and in float64 only rounding is left",
    "fault": "at a quarter turn nothing is interpolated, and in float64 rounding stays below 1e-12",
    "unseen": "a measurement cannot tell an error from none if it is not well above the floor",
    "seen": "between quarter turns pixels are interpolated; an error above the floor is the map's own",
}


def verdict(
    angle_deg: int,
    error32: float,
    error64: float,
    floor: float,
    *,
    looks_at_float32: bool = False,
    rounding: float = ROUNDING,
    factor: float | int = FACTOR,
    full_turn: bool = True,
    quarter: Callable[[int], bool] = lambda angle: angle % 90 == 0,
) -> str:
    """What a report allows one to believe; the defaults are right, other values are known mistakes.

    Args:
        angle_deg: Angle of the turn.
        error32: Equivariance error in float32.
        error64: The same in float64.
        floor: Error of turning the pictures there and back.
        looks_at_float32: Whether float32 decides.
        rounding: Errors below are taken for rounding.
        factor: How many times the floor an error must be.
        full_turn: Whether the identity is seen to say nothing.
        quarter: Which angles are taken for quarter turns.
    """
    if full_turn and angle_deg % 360 == 0:
        return "nothing"
    if quarter(angle_deg):
        return "exact" if (error32 if looks_at_float32 else error64) < rounding else "fault"
    return "seen" if error64 > factor * floor else "unseen"


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield 90, 2.1e-7, 4.0e-16, 0.0
    yield 90, 3.0e-6, 2.0e-15, 0.0  # a deep network
    yield 90, 0.31, 0.31, 0.0
    yield 90, 2.3e-7, 6.8e-8, 0.0  # one number of the bank is wrong by a millionth
    yield 30, 0.021, 0.021, 7.0e-4
    yield 30, 8.0e-4, 8.0e-4, 7.0e-4
    yield 30, 0.0, 0.0, 7.0e-4
    yield 45, 1.0e-3, 1.0e-3, 7.0e-4
    yield 45, 0.02, 0.02, 0.025  # bilinear turns
    yield 0, 0.0, 0.0, 0.0
    yield 360, 1.2e-7, 3.0e-16, 0.0
    for angle in (180, 270, -90, 450):
        yield angle, 1.5e-7, 5.0e-16, 0.0
        yield angle, 1.6e-7, 2.0e-9, 0.0
    for angle in (15, 60, 135, -30, 100):
        floor = 10.0 ** -integer(generator, 2, 4)
        for times in (0.3, 1.4, 2.5, 80):
            yield angle, times * floor, times * floor, floor


def _finding(call: Call, case: Case) -> Finding:
    return Finding(REASONS[verdict(*case)], f"a turn by {case[0]} degrees")


def _between(seen: str, unseen: str) -> Callable[..., str]:
    """Verdict with other words between the quarter turns."""
    words = {"seen": seen, "unseen": unseen}
    return lambda *case: words.get(verdict(*case), verdict(*case))


REPORT = Question(
    name="report",
    function="verdict",
    arguments=("angle_deg", "error32", "error64", "floor"),
    axes=(),
    cases=_cases,
    reference=lambda *case: verdict(*case),
    mistakes=(
        Mistake(
            "You ask float32 for less than 1e-12, which it cannot give: all exact layers then look faulty.",
            lambda *case: verdict(*case, looks_at_float32=True),
        ),
        Mistake(
            "You look at float32, where a small fault hides behind rounding.",
            lambda *case: verdict(*case, looks_at_float32=True, rounding=1e-6),
        ),
        Mistake(
            "1e-6 is the rounding of float32. In float64 an error of 1e-8 is a fault.",
            lambda *case: verdict(*case, rounding=1e-6),
        ),
        Mistake(
            "A quarter turn is compared with the floor like any other angle. It moves pixels exactly, its "
            "floor is 0, and there is exact or faulty and nothing between.",
            lambda *case: verdict(*case, quarter=lambda angle: False),
        ),
        Mistake(
            "90 degrees is not the only quarter turn: think of 180, 270, 450 and negative angles.",
            lambda *case: verdict(*case, quarter=lambda angle: angle == 90),
        ),
        Mistake(
            "90 degrees is not the only quarter turn: angles may be negative or above 360.",
            lambda *case: verdict(*case, quarter=lambda angle: angle in (90, 180, 270)),
        ),
        Mistake(
            "A turn by 0 or 360 degrees is the identity. Every map commutes with it: that says nothing.",
            lambda *case: verdict(*case, full_turn=False),
        ),
        Mistake(
            "360 degrees is a full turn as well as 0, and says nothing.",
            lambda *case: "nothing" if case[0] == 0 else verdict(*case, full_turn=False),
        ),
        Mistake(
            "Between the quarter turns an error above the floor is no fault: pixels are interpolated there.",
            _between("fault", "unseen"),
        ),
        Mistake(
            "An error at the floor does not show that the map is exact. The measurement cannot see so far.",
            _between("seen", "exact"),
        ),
        Mistake(
            "An error just above the floor is not yet seen: it must be more than twice the floor.",
            lambda *case: verdict(*case, factor=1),
        ),
    ),
    finding=_finding,
    hints=(
        "Begin with the angle. Which turns only move pixels, and which of them move nothing at all?",
        "At a quarter turn the floor is 0 and only one question is left: is it rounding? Which of the two "
        "number formats can tell?",
        "The rest of a division by 360, and by 90, tells the kinds of angles apart, negative ones too. "
        "Between the quarter turns compare the error with twice the floor.",
    ),
)
