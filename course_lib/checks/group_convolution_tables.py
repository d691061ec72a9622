"""Groups and their actions as tables of whole numbers, for the questions on group convolution."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from course_lib.groups import CyclicGroup, DihedralGroup, PlanarGroup

C4 = CyclicGroup(4)
Pixel = tuple[int, int]  # (right, up), both from -(m // 2) to m // 2
Motion = tuple[Pixel, int]  # shift and number of quarter turns; the turn comes first
Moves = tuple[tuple[int, ...], ...]  # row g, column x, entry g x
Point = TypeVar("Point")
Element = TypeVar("Element")


def wrapped(m: int, p: complex) -> Pixel:
    """The pixel of an m x m grid at which a point arrives when the edges are joined."""
    right, up = ((round(v) + m // 2) % m - m // 2 for v in (p.real, p.imag))
    return right, up


def times(m: int, g: Motion, h: Motion) -> Motion:
    """Product gh. A pixel is a complex number, and a quarter turn multiplies it by i."""
    (t, turns), (s, others) = g, h
    return wrapped(m, complex(*t) + 1j**turns * complex(*s)), C4.product(turns, others)


def undo(m: int, g: Motion) -> Motion:
    """Inverse of g."""
    t, turns = g
    return wrapped(m, -complex(*t) / 1j**turns), C4.inverse(turns)


def pixels(m: int) -> list[Pixel]:
    """All pixels, row by row from the top left."""
    line = range(-(m // 2), m // 2 + 1)
    return [(right, up) for up in reversed(line) for right in line]


def motions(m: int) -> list[Motion]:
    """All elements of the group, sorted by turn, then by pixel."""
    return [(t, turns) for turns in C4.elements for t in pixels(m)]


def moves_of(
    elements: Iterable[Element], points: Sequence[Point], move: Callable[[Element, Point], Point]
) -> Moves:
    """Table of an action: the number of the point gx in row g and column x."""
    place = {x: number for number, x in enumerate(points)}
    return tuple(tuple(place[move(g, x)] for x in points) for g in elements)


def shuffled(generator: torch.Generator, *tables: Moves) -> tuple[Moves, ...]:
    """Actions of one group with its elements in another order, the same for all, and the points renamed."""
    order = torch.randperm(len(tables[0]), generator=generator).tolist()
    result = []
    for table in tables:
        names = torch.randperm(len(table[0]), generator=generator)
        old = names.argsort().tolist()
        result.append(tuple(tuple(names[[table[g][x] for x in old]].tolist()) for g in order))
    return tuple(result)


def on_itself(group: PlanarGroup) -> Moves:
    """A group that multiplies itself from the left."""
    return moves_of(group.elements, group.elements, group.product)


def on_grid(m: int) -> tuple[Moves, Moves]:
    """Turns and shifts of an m x m grid with joined edges, on the pixels and on the motions."""
    return (
        moves_of(motions(m), pixels(m), lambda g, p: times(m, g, (p, 0))[0]),
        moves_of(motions(m), motions(m), lambda g, h: times(m, g, h)),
    )


C2, C3, D3 = CyclicGroup(2), CyclicGroup(3), DihedralGroup(3)
STILL: Moves = ((0,), (0,))  # C_2 on one point
TURNS: Moves = tuple(row for row, (t, _) in zip(on_grid(3)[0], motions(3), strict=True) if t == (0, 0))
CORNERS: Moves = moves_of(  # D_3 on the corners of a triangle
    D3.elements, range(3), lambda g, x: (g - x) % 3 if D3.is_flip(g) else (g + x) % 3
)
IMAGE, GROUP = on_grid(3)
PAIRS: tuple[tuple[Moves, Moves], ...] = (  # output, input
    (STILL, STILL),
    (STILL, on_itself(C2)),
    (on_itself(C2), on_itself(C2)),
    (on_itself(C3), on_itself(C3)),
    (CORNERS, on_itself(D3)),
    (on_itself(D3), CORNERS),
    (on_itself(D3), on_itself(D3)),
    (TURNS, TURNS),
    (IMAGE, IMAGE),
)


def matrices(moves: Moves) -> Tensor:
    """The matrix of each element on functions: rho(g) moves the entry x to the entry gx."""
    return torch.eye(len(moves[0]), dtype=torch.float64)[torch.tensor(moves)].mT
