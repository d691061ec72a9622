"""Questions on layers as matrices: rows that are a moved kernel, and the constraint of the stabiliser."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.group_convolution_tables import (
    C3,
    CORNERS,
    D3,
    IMAGE,
    PAIRS,
    TURNS,
    Moves,
    on_itself,
    shuffled,
)
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding


def _layer_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Moves]]:
    for moves in (((0,),), on_itself(C3), on_itself(D3), CORNERS, TURNS, IMAGE):
        yield counting(len(moves[0])), moves
    for table in (on_itself(D3), TURNS, IMAGE):
        (moves,) = shuffled(generator, table)
        yield gaussian(generator, len(moves[0])), moves


def _layer_reference(k: Tensor, moves: Moves) -> Tensor:
    """Row g holds k(x) in column gx."""
    return torch.zeros(len(moves), len(k), dtype=k.dtype).scatter(
        1, torch.tensor(moves), k.expand(len(moves), -1)
    )


def _layer_finding(call: Call, case: tuple[Tensor, Moves]) -> Finding:
    k, moves = case
    matrix = call(k.clone(), moves)
    for g, row in enumerate(moves):
        if not same(matrix[g][list(row)], k):
            return Finding("row g is the kernel moved by g: its entry at gx is k(x)", f"row {g} of the table")
    return Finding("(f * k)(g) is the sum of f(x) k(g^-1 x) over x")


def _gathered(k: Tensor, places: Tensor) -> Tensor:
    return k[places % len(k)]


LAYER = Question(
    name="layer",
    function="layer_matrix",
    arguments=("k", "moves"),
    axes=("g", "x"),
    cases=_layer_cases,
    reference=_layer_reference,
    mistakes=(
        Mistake(
            "No row is moved: all of them are the kernel itself.", lambda k, moves: k.repeat(len(moves), 1)
        ),
        Mistake(
            "These are the entries k(gx): the inverse is missing.", lambda k, moves: k[torch.tensor(moves)]
        ),
        Mistake(
            "Minus the number of a place is not the inverse of a move. It is so in C_n on itself at most.",
            lambda k, moves: _gathered(k, -torch.tensor(moves)),
        ),
        Mistake(
            "Rows and columns are exchanged. The output is a function on the group: g numbers the rows.",
            lambda k, moves: _square(_layer_reference(k, moves)).mT,
        ),
        Mistake(
            "The place is sought in the column of x. On a group this is k(g h^-1); on pixels it may be no "
            "place at all. The inverse of a move undoes its row.",
            lambda k, moves: _gathered(k, torch.tensor(moves).argsort(dim=0)),
        ),
        Mistake(
            "The rows are divided by the number of elements. The convolution is a sum, not a mean.",
            lambda k, moves: _layer_reference(k, moves) / len(moves),
        ),
        Mistake(
            "The rows are divided by the number of points. The convolution is a sum, not a mean.",
            lambda k, moves: _layer_reference(k, moves) / len(k),
        ),
        Mistake(
            "Row g is moved twice by the inverse. Once is enough.",
            lambda k, moves: torch.stack(
                [k[torch.tensor(row).argsort()][torch.tensor(row).argsort()] for row in moves]
            ),
        ),
    ),
    finding=_layer_finding,
    hints=(
        "Take one row. The kernel is a list of numbers with a name for each place; g says where each place "
        "goes. Where does its number go?",
        "The table has gx. You need g^-1 x: which y has g y = x? One row of the table is a permutation, and "
        "you want the permutation that undoes it.",
        "Either write k(x) into column gx of row g, or sort: torch.argsort of a row gives its inverse. Then "
        "read the kernel at these places.",
    ),
)


def _square(matrix: Tensor) -> Tensor:
    """The matrix itself; cut to a square if it is none, which a check refuses by its shape."""
    n = min(matrix.shape)
    return matrix[:n, :n]


def _kernel_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, int, Moves, Moves]]:
    for moves_out, moves_in in (PAIRS[1], PAIRS[2], (CORNERS, CORNERS), PAIRS[4], PAIRS[5], (IMAGE, IMAGE)):
        for y0 in range(min(3, len(moves_out[0]))):
            yield counting(len(moves_in[0])), y0, moves_out, moves_in
    for pair in (PAIRS[4], PAIRS[6], (IMAGE, IMAGE)):
        moves_out, moves_in = shuffled(generator, *pair)
        y0 = integer(generator, 0, len(moves_out[0]) - 1)
        yield gaussian(generator, len(moves_in[0])), y0, moves_out, moves_in


def _stabiliser(y0: int, moves_out: Moves) -> list[int]:
    return [g for g, row in enumerate(moves_out) if row[y0] == y0]


def _kernel_reference(k: Tensor, y0: int, moves_out: Moves, moves_in: Moves) -> Tensor:
    """Mean of k over the orbit of each point."""
    orbits = [{moves_in[h][x] for h in _stabiliser(y0, moves_out)} for x in range(len(k))]
    return torch.stack([k[sorted(orbit)].mean() for orbit in orbits])


def _kernel_finding(call: Call, case: tuple[Tensor, int, Moves, Moves]) -> Finding:
    k, y0, moves_out, moves_in = case
    fair = call(k.clone(), y0, moves_out, moves_in)
    for h in _stabiliser(y0, moves_out):
        if not same(fair[list(moves_in[h])], fair):
            return Finding("k(hx) = k(x) for every h that leaves y0 alone", f"h = row {h} of the tables")
    return Finding("a kernel that meets the constraint already stays as it is, and no more is made equal")


def _over(
    choose: Callable[[int, Moves, Moves], list[int]], pool: Callable[[Tensor], Tensor] = lambda x: x.mean(0)
) -> Callable[[Tensor, int, Moves, Moves], Tensor]:
    """Kernel pooled over some elements; over the identity alone if there are none."""

    def kernel(k: Tensor, y0: int, moves_out: Moves, moves_in: Moves) -> Tensor:
        chosen = choose(y0, moves_out, moves_in)
        places = [moves_in[g] for g in chosen] or [tuple(range(len(k)))]
        return pool(k[torch.tensor(places)])

    return kernel


def _moving(y0: int, moves_out: Moves, moves_in: Moves) -> list[int]:
    """The stabiliser without what moves no input."""
    return [h for h in _stabiliser(y0, moves_out) if moves_in[h] != tuple(range(len(moves_in[h])))]


KERNEL = Question(
    name="kernel",
    function="fair_kernel",
    arguments=("k", "y0", "moves_out", "moves_in"),
    axes=("x",),
    cases=_kernel_cases,
    reference=_kernel_reference,
    mistakes=(
        Mistake(
            "The kernel is as free as before: the stabiliser is forgotten.",
            _over(lambda y0, out, inn: []),
        ),
        Mistake(
            "The mean is over the whole group. Only elements that leave y0 alone put a constraint on its "
            "row; the others lead to other rows.",
            _over(lambda y0, out, inn: list(range(len(out)))),
        ),
        Mistake(
            "This is the stabiliser of point 0, not of y0.",
            _over(lambda y0, out, inn: _stabiliser(0, out)),
        ),
        Mistake(
            "The stabiliser is taken in the input. y0 is a point of the output.",
            _over(lambda y0, out, inn: _stabiliser(y0 % len(inn[0]), inn)),
        ),
        Mistake(
            "This is the sum over the stabiliser; a kernel that is fair already must stay as it is.",
            _over(lambda y0, out, inn: _stabiliser(y0, out), lambda x: x.sum(0)),
        ),
        Mistake(
            "The identity is left out of the mean. It leaves y0 alone as well.",
            _over(_moving),
        ),
        Mistake(
            "The maximum meets the constraint too, but it is not the nearest kernel that does.",
            _over(lambda y0, out, inn: _stabiliser(y0, out), lambda x: x.amax(0)),
        ),
        Mistake(
            "You average over the elements that do move y0.",
            _over(lambda y0, out, inn: [g for g in range(len(out)) if out[g][y0] != y0]),
        ),
    ),
    finding=_kernel_finding,
    hints=(
        "Two elements that take y0 to the same place must lead to the same number. What do they differ by?",
        "The stabiliser of y0: in which rows of the output's table does y0 stand in its own column?",
        "These rows of the input's table say where each x goes. Read the kernel at all these places, and "
        "take the mean over the rows.",
    ),
)
