"""Questions on groups at work: the action on images, orbits and stabilisers."""

from collections.abc import Callable, Iterator
from itertools import product

import torch
from torch import Tensor

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.groups_tables import name_of
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.groups import DihedralGroup
from course_lib.representations import Trivial

D4 = DihedralGroup(4)
Moves = tuple[tuple[int, ...], ...]  # row g, column x, entry g x


def _act(g: int, f: Tensor) -> Tensor:
    return act(g, f, Trivial(D4))


def _action_cases(generator: torch.Generator) -> Iterator[tuple[int, Tensor]]:
    for f in (counting(1, 1, 1), counting(1, 2, 2), counting(1, 2, 3)):
        yield from ((g, f) for g in D4.elements)
    for g in D4.elements:
        yield g, gaussian(generator, 3, integer(generator, 3, 6), integer(generator, 3, 6))


def _action_finding(call: Call, case: tuple[int, Tensor]) -> Finding:
    f = counting(1, 2, 3)
    if not same(call(0, f.clone()), f):
        return Finding("the identity moves nothing: e f = f", name_of(D4, 0))
    for g, h in product(D4.elements, repeat=2):
        if not same(call(g, call(h, f.clone())), call(D4.product(g, h), f.clone())):
            return Finding("g (h f) = (gh) f", f"{name_of(D4, g)} and h = {h}")
    return Finding("(g f)(p) = f(g^-1 p)", name_of(D4, case[0]))


def _instead(other: Callable[[int], int]) -> Callable[[int, Tensor], Tensor]:
    """Action in which another element takes the place of g."""
    return lambda g, f: _act(other(g), f)


def _flipped(g: int, turns: int) -> int:
    return 4 + turns % 4 if g >= 4 else g


ACTION = Question(
    name="action",
    function="act_on_image",
    arguments=("g", "f"),
    axes=("c", "y", "x"),
    cases=_action_cases,
    reference=_act,
    mistakes=(
        Mistake("Nothing moves: the answer is f itself.", _instead(lambda g: 0)),
        Mistake(
            "This is f(g p): the inverse is missing. Only the quarter turns show it, since every other "
            "element of D_4 is its own inverse.",
            _instead(D4.inverse),
        ),
        Mistake(
            "The turns are right, but elements from 4 on turn first and then flip. The flip comes first.",
            _instead(lambda g: _flipped(g, -g)),
        ),
        Mistake(
            "Everything turns clockwise, flips included; rows of an array count downwards.",
            _instead(lambda g: _flipped(g, -g) if g >= 4 else -g % 4),
        ),
        Mistake(
            "The flip exchanges above and below; m exchanges left and right, the last axis.",
            _instead(lambda g: _flipped(g, g + 2)),
        ),
        Mistake("The flip is ignored: elements from 4 on only turn.", _instead(lambda g: g % 4)),
        Mistake("Elements from 4 on flip, but do not turn.", _instead(lambda g: _flipped(g, 0))),
        Mistake(
            "Transposing takes the place of the flip; it is the flip and a quarter turn.",
            _instead(lambda g: _flipped(g, g + 3)),
        ),
        Mistake(
            "Transposing takes the place of the flip; it is the flip and a quarter turn.",
            _instead(lambda g: _flipped(g, g + 1)),
        ),
    ),
    finding=_action_finding,
    hints=(
        "Ask for one pixel of the new picture: where did its value come from?",
        "Split the element: is it a flip, and how many quarter turns does it make? Then move the array in "
        "two steps, in the order that the convention says.",
        "torch.flip takes the axes to reverse, torch.rot90 the number of turns and two axes. Try both orders "
        "of the axes on a 2 x 2 array of 1 to 4: after a quarter turn the 2 must be at the top left.",
    ),
)


def moves_of_pixels(side: int) -> Moves:
    """How D_4 moves the pixels of a square picture, numbered row by row."""
    numbers = torch.arange(side**2, dtype=torch.float64).view(1, side, side)
    return tuple(tuple(_act(g, numbers).flatten().argsort().tolist()) for g in D4.elements)


def moves_of_pictures() -> Moves:
    """How D_4 moves the 16 pictures of 2 x 2 black and white pixels; their pixels are read as bits."""
    bits = torch.arange(16)[:, None] >> torch.arange(4) & 1
    pictures = bits.double().view(16, 1, 2, 2)
    values = 2 ** torch.arange(4.0, dtype=torch.float64)
    return tuple(tuple((_act(g, pictures).flatten(1) @ values).int().tolist()) for g in D4.elements)


def _orbit_cases(generator: torch.Generator) -> Iterator[tuple[Moves, int]]:
    yield ((0,),), 0
    yield from ((((0, 1, 2), (1, 0, 2)), x) for x in range(3))
    yield from ((((0, 1), (0, 1)), x) for x in range(2))  # two elements that move nothing
    yield from ((moves_of_pixels(2), x) for x in range(4))
    yield from ((moves_of_pixels(3), x) for x in range(9))
    yield from ((moves_of_pictures(), x) for x in range(16))
    for _ in range(4):
        side = integer(generator, 4, 6)
        yield moves_of_pixels(side), integer(generator, 0, side**2 - 1)


def orbit_facts(moves: Moves, x: int) -> tuple[int, int, int]:
    """Size of the orbit of x, size of its stabiliser, and number of all orbits.

    By two theorems: orbit times stabiliser is the order of the group, and the number of
    orbits is the mean number of points that an element leaves where they are.
    """
    table = torch.tensor(moves)
    unmoved = table == torch.arange(table.shape[1])
    stabiliser = int(unmoved[:, x].sum())
    return len(moves) // stabiliser, stabiliser, int(unmoved.sum()) // len(moves)


def _orbit_finding(call: Call, case: tuple[Moves, int]) -> Finding:
    moves, x = case
    orbit, stabiliser, _ = call(moves, x)
    if orbit * stabiliser != len(moves):
        return Finding("size of the orbit times size of the stabiliser is the order of the group")
    return Finding("every point lies in exactly one orbit, and orbits may differ in size")


def _facts(
    change: Callable[[Moves, int, int, int, int], tuple[int, int, int]],
) -> Callable[[Moves, int], tuple[int, int, int]]:
    """Facts in which something is counted otherwise."""
    return lambda moves, x: change(moves, x, *orbit_facts(moves, x))


ORBIT = Question(
    name="orbit",
    function="orbit_facts",
    arguments=("moves", "x"),
    axes=(),
    cases=_orbit_cases,
    reference=orbit_facts,
    mistakes=(
        Mistake(
            "The orbit is a set: a place that two elements reach counts once.",
            _facts(lambda moves, x, orbit, stabiliser, number: (len(moves), stabiliser, number)),
        ),
        Mistake(
            "The orbit and the stabiliser are exchanged.",
            _facts(lambda moves, x, orbit, stabiliser, number: (stabiliser, orbit, number)),
        ),
        Mistake(
            "The stabiliser of x asks for g x = x at this x alone. You count the elements that leave every "
            "point where it is.",
            _facts(
                lambda moves, x, orbit, stabiliser, number: (
                    orbit,
                    sum(row == tuple(range(len(row))) for row in moves),
                    number,
                )
            ),
        ),
        Mistake(
            "The identity belongs to every stabiliser.",
            _facts(lambda moves, x, orbit, stabiliser, number: (orbit, stabiliser - 1, number)),
        ),
        Mistake(
            "The point x belongs to its own orbit: the identity moves it to itself.",
            _facts(lambda moves, x, orbit, stabiliser, number: (orbit - 1, stabiliser, number)),
        ),
        Mistake(
            "The number of points is divided by the size of one orbit. Orbits may differ in size.",
            _facts(lambda moves, x, orbit, stabiliser, number: (orbit, stabiliser, len(moves[0]) // orbit)),
        ),
        Mistake(
            "The last number counts the points that some orbit holds, so all of them, not the orbits.",
            _facts(lambda moves, x, orbit, stabiliser, number: (orbit, stabiliser, len(moves[0]))),
        ),
        Mistake(
            "Only the last element of the group moves x; the orbit needs all of them.",
            _facts(lambda moves, x, orbit, stabiliser, number: (len({x, moves[-1][x]}), stabiliser, number)),
        ),
    ),
    finding=_orbit_finding,
    hints=(
        "The column of x in the table says where each element moves it.",
        "A set of Python forgets repetitions. Which elements stand in the rows where x is found again?",
        "Two points lie in the same orbit if their sets of places are equal. How many sets are there?",
    ),
)
