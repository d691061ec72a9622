"""Question on the group of turns and shifts of a grid that wraps around."""

from collections.abc import Callable, Iterator

import torch

from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.group_convolution_tables import C4, Motion, Pixel, times, undo, wrapped
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding


def name_of(g: Motion) -> str:
    """A motion as a student reads it."""
    t, turns = g
    return f"g = ({t}, {turns}): turn by {90 * turns} degrees, then shift by {t}"


def _motion_cases(generator: torch.Generator, m: int) -> Iterator[tuple[Motion, Motion]]:
    half = m // 2
    yield ((0, 0), 0), ((0, 0), 0)
    for turns in C4.elements:
        yield from ((((0, 0), turns), ((1, 0), others)) for others in C4.elements)
        yield from ((((1, 0), turns), ((0, 0), others)) for others in C4.elements)
    yield from ((((half, 0), 0), ((back, half), 0)) for back in range(1, half + 1))
    for _ in range(60):
        g, h = (
            ((integer(generator, -half, half), integer(generator, -half, half)), integer(generator, 0, 3))
            for _ in range(2)
        )
        yield g, h


def _motion_finding(call: Call, case: tuple[int, Motion, Motion]) -> Finding:
    m, g, h = case
    product, _ = call(m, g, h)
    if not same(product, times(m, g, h)):
        return Finding("(gh)p = g(hp) for every pixel p: first h moves it, then g", name_of(g))
    return Finding("g^-1 takes gp back to p, for every pixel p; and it is a motion of the grid", name_of(g))


Pair = Callable[[int, Motion, Motion], tuple[Motion, Motion]]


def _right(m: int, g: Motion, h: Motion) -> tuple[Motion, Motion]:
    return times(m, g, h), undo(m, g)


def _product(shift: Callable[[Motion, Motion], complex]) -> Pair:
    """Right inverse; product with another shift."""
    return lambda m, g, h: ((wrapped(m, shift(g, h)), C4.product(g[1], h[1])), undo(m, g))


def _inverse(shift: Callable[[complex, int], complex], turns: Callable[[int], int] = C4.inverse) -> Pair:
    """Right product; inverse with another shift or turn."""
    return lambda m, g, h: (times(m, g, h), (wrapped(m, shift(complex(*g[0]), g[1])), turns(g[1])))


def _renamed(change: Callable[[int, Pixel], Pixel]) -> Pair:
    """Right in another way to name pixels."""
    return lambda m, g, h: (
        (change(m, _far(g, h)), times(m, g, h)[1]),
        (change(m, _back(g)), C4.inverse(g[1])),
    )


def _far(g: Motion, h: Motion) -> Pixel:
    """Shift of gh on a grid without end."""
    return wrapped(10**6 + 1, complex(*g[0]) + 1j ** g[1] * complex(*h[0]))


def _back(g: Motion) -> Pixel:
    return wrapped(10**6 + 1, -complex(*g[0]) / 1j ** g[1])


_MOTIONS = Question(
    name="motions",
    function="product_and_inverse",
    arguments=("m", "g", "h"),
    axes=(),
    cases=lambda generator: (),
    reference=_right,
    mistakes=(
        Mistake(
            "The shifts are added as they are, and negated as they are. This is a group, the direct product, "
            "but it is not the one that moves pixels: a turn acts on the shift that comes before it.",
            lambda m, g, h: (
                (wrapped(m, complex(*g[0]) + complex(*h[0])), C4.product(g[1], h[1])),
                (wrapped(m, -complex(*g[0])), C4.inverse(g[1])),
            ),
        ),
        Mistake(
            "In the product the shifts simply add. But g also turns what h has shifted.",
            _product(lambda g, h: complex(*g[0]) + complex(*h[0])),
        ),
        Mistake(
            "The product stands the wrong way round: h moves the pixel first, then g.",
            lambda m, g, h: (times(m, h, g), undo(m, g)),
        ),
        Mistake(
            "In the product the second shift turns clockwise. One quarter turn takes right to up.",
            _product(lambda g, h: complex(*g[0]) + complex(*h[0]) / 1j ** g[1]),
        ),
        Mistake(
            "In the product both shifts are turned. The shift of g comes after its turn.",
            _product(lambda g, h: 1j ** g[1] * (complex(*g[0]) + complex(*h[0]))),
        ),
        Mistake(
            "The inverse shifts by minus the shift, in the old axes. But it turns first, and what it shifts "
            "back has been turned back.",
            _inverse(lambda t, turns: -t),
        ),
        Mistake(
            "The shift of the inverse is turned, but on, not back.",
            _inverse(lambda t, turns: -t * 1j**turns),
        ),
        Mistake(
            "The shift of the inverse is turned back, but keeps its sign.",
            _inverse(lambda t, turns: t / 1j**turns),
        ),
        Mistake(
            "The turn of the inverse is that of g; two quarter turns on are not back.",
            _inverse(lambda t, turns: -t / 1j**turns, turns=lambda turns: turns),
        ),
        Mistake(
            "Nothing wraps around: shifts must lie from -(m // 2) to m // 2, since the edges are joined.",
            _renamed(lambda m, p: p),
        ),
        Mistake(
            "The shifts wrap to 0 ... m - 1. Pixels are counted from the centre: from -(m // 2) to m // 2.",
            _renamed(lambda m, p: (p[0] % m, p[1] % m)),
        ),
        Mistake(
            "The turns do not wrap: four quarter turns are none.",
            lambda m, g, h: ((times(m, g, h)[0], g[1] + h[1]), (undo(m, g)[0], -g[1])),
        ),
    ),
    finding=_motion_finding,
    hints=(
        "Follow one pixel. Where does h take it, and where does g take that? Write both steps as one turn "
        "and one shift.",
        "For the inverse, solve q = t + R p for p. What happens to t on the way?",
        "A quarter turn takes (right, up) to (-up, right); repeat it R times, or 4 - R times to turn "
        "back. To wrap a number v, shift the range to 0 ... m - 1, take the remainder, and shift it back.",
    ),
)

MOTIONS = personal(
    _MOTIONS,
    "m",
    (5, 7, 9, 11, 13, 15),
    cases=_motion_cases,
    own=lambda m: f"Your grid has {m} x {m} pixels: a shift by {m} is none.",
    words=lambda m: {"half": str(m // 2)},
)
