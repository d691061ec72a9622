"""Questions on all equivariant linear maps: averaging over the group, and counting free weights."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian
from course_lib.checks.group_convolution_tables import PAIRS, Moves, matrices, shuffled
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding


def _average_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Moves, Moves]]:
    for moves_out, moves_in in PAIRS[1:]:
        yield counting(len(moves_out[0]), len(moves_in[0])), moves_out, moves_in
    for pair in PAIRS[3:]:
        moves_out, moves_in = shuffled(generator, *pair)
        yield gaussian(generator, len(moves_out[0]), len(moves_in[0])), moves_out, moves_in


def _average_reference(A: Tensor, moves_out: Moves, moves_in: Moves) -> Tensor:
    return (matrices(moves_out) @ A @ matrices(moves_in).mT).mean(dim=0)


def _average_finding(call: Call, case: tuple[Tensor, Moves, Moves]) -> Finding:
    A, moves_out, moves_in = case
    mean = call(A.clone(), moves_out, moves_in)
    for g, (rows, columns) in enumerate(zip(moves_out, moves_in, strict=True)):
        if not same(mean[list(rows)][:, list(columns)], mean):
            return Finding("the result is equivariant: PA(gy, gx) = PA(y, x)", f"row {g} of the tables")
    return Finding("a map that is equivariant already stays as it is, so that PPA = PA")


Mean = Callable[[Tensor, Moves, Moves], Tensor]


def _terms(A: Tensor, moves_out: Moves, moves_in: Moves) -> Tensor:
    """A(gy, gx), one matrix for each g."""
    return A[torch.tensor(moves_out)[:, :, None], torch.tensor(moves_in)[:, None, :]]


def _without_identity(A: Tensor, moves_out: Moves, moves_in: Moves) -> Tensor:
    n = len(moves_out)
    return (n * _average_reference(A, moves_out, moves_in) - A) / (n - 1)


def _one_side(out: bool) -> Mean:
    """Mean in which the output or the input alone moves."""
    return lambda A, moves_out, moves_in: (
        (matrices(moves_out) @ A).mean(0) if out else (A @ matrices(moves_in)).mean(0)
    )


AVERAGE = Question(
    name="average",
    function="average",
    arguments=("A", "moves_out", "moves_in"),
    axes=("y", "x"),
    cases=_average_cases,
    reference=_average_reference,
    mistakes=(
        Mistake("Nothing is averaged: the answer is A itself.", lambda A, out, inn: A),
        Mistake("Only the input is moved. Input and output must move together.", _one_side(False)),
        Mistake("Only the output is moved. Input and output must move together.", _one_side(True)),
        Mistake(
            "Output and input are moved by elements that have nothing to do with each other: two means, one "
            "after the other. One element must move both.",
            lambda A, out, inn: matrices(out).mean(0) @ A @ matrices(inn).mean(0),
        ),
        Mistake(
            "One side is moved by g and the other by its inverse. Elements that are their own inverse do not "
            "show it.",
            lambda A, out, inn: (matrices(out) @ A @ matrices(inn)).mean(0),
        ),
        Mistake(
            "This is the sum over the group. A map that is equivariant already must stay as it is.",
            lambda A, out, inn: _terms(A, out, inn).sum(0),
        ),
        Mistake(
            "The sum is divided by the number of points. The mean is over the elements of the group.",
            lambda A, out, inn: _terms(A, out, inn).sum(0) / len(inn[0]),
        ),
        Mistake("The identity is left out. It is an element like the others.", _without_identity),
        Mistake(
            "The maximum over the group is equivariant too, but the map from A to it is not linear: not the "
            "mean.",
            lambda A, out, inn: _terms(A, out, inn).amax(0),
        ),
    ),
    finding=_average_finding,
    hints=(
        "Equivariant means: moving the row and the column together changes no entry. So which entries of A "
        "must become equal?",
        "For one element g, which entry of A stands at (y, x) of the moved matrix? Two tables of places pick "
        "it, one for the rows and one for the columns.",
        "Make one matrix for each g, then the mean of them all. Indexing a matrix with two tensors that "
        "broadcast, (n, 1) and (1, n), picks a matrix of entries.",
    ),
)


def _weights_cases(generator: torch.Generator) -> Iterator[tuple[Moves, Moves]]:
    yield from PAIRS
    for pair in PAIRS[3:]:
        moves_out, moves_in = shuffled(generator, *pair)
        yield moves_out, moves_in


def count_orbits(moves_out: Moves, moves_in: Moves) -> int:
    """Number of orbits of pairs (y, x): one free weight of an equivariant matrix for each."""
    pairs = torch.tensor(moves_out)[:, :, None] * len(moves_in[0]) + torch.tensor(moves_in)[:, None, :]
    return len(pairs.amin(dim=0).unique())


def _fixed(moves: Moves) -> Tensor:
    return (torch.tensor(moves) == torch.arange(len(moves[0]))).sum(dim=1)


def _weights_finding(call: Call, case: tuple[Moves, Moves]) -> Finding:
    moves_out, moves_in = case
    g = int((_fixed(moves_out) * _fixed(moves_in)).argmax())
    found = f"{int(_fixed(moves_out)[g])} points of the output and {int(_fixed(moves_in)[g])} of the input"
    return Finding("the number is the rank of many averaged random matrices", f"row {g} leaves alone {found}")


WEIGHTS = Question(
    name="weights",
    function="free_weights",
    arguments=("moves_out", "moves_in"),
    axes=(),
    cases=_weights_cases,
    reference=count_orbits,
    mistakes=(
        Mistake(
            "These are all entries of the matrix. The symmetry makes many of them equal.",
            lambda out, inn: len(out[0]) * len(inn[0]),
        ),
        Mistake(
            "This is the size of a free kernel. It is right if the output is the group; elsewhere the "
            "stabiliser makes entries of the kernel equal.",
            lambda out, inn: len(inn[0]),
        ),
        Mistake(
            "The means of both counts are multiplied. The mean of a product is not the product of the means: "
            "multiply for each element first.",
            lambda out, inn: int(_fixed(out).sum() * _fixed(inn).sum()) // len(out) ** 2,
        ),
        Mistake(
            "Fixed points are summed over the group, but not divided by the number of elements.",
            lambda out, inn: int((_fixed(out) * _fixed(inn)).sum()),
        ),
        Mistake(
            "The number of entries is divided by the number of elements, as if no element but the identity "
            "left a point alone.",
            lambda out, inn: len(out[0]) * len(inn[0]) // len(out),
        ),
        Mistake(
            "The fixed points of the input are counted twice, those of the output never.",
            lambda out, inn: int((_fixed(inn) ** 2).sum()) // len(out),
        ),
        Mistake(
            "You count pairs that no element moves at all. A weight may move, if it meets its equals.",
            lambda out, inn: len(_still(out)) * len(_still(inn)),
        ),
        Mistake(
            "The identity is left out. It leaves every point alone, and counts most.",
            lambda out, inn: int((_fixed(out) * _fixed(inn)).sum() - len(out[0]) * len(inn[0])) // len(out),
        ),
    ),
    finding=_weights_finding,
    hints=(
        "The space of equivariant maps is the image of a projection. What is the trace of a projection?",
        "The trace of a permutation matrix counts the points that stay. An element acts on the entries of a "
        "matrix by moving row and column together; when does an entry stay?",
        "For each element: fixed points of the output times fixed points of the input. Then the mean over "
        "the group, as a whole number.",
    ),
)


def _still(moves: Moves) -> list[int]:
    return [x for x, places in enumerate(zip(*moves, strict=True)) if set(places) == {x}]
