"""Question on points in space: the product of two vectors, and its three parts."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.points_messages import turn
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.harmonics import coupling
from course_lib.rotations import cross_matrix

Parts = tuple[Tensor, Tensor, Tensor]


def product_parts(a: Tensor, b: Tensor) -> Tensor:
    """Parts of degree 0, 1 and 2 of the products of all entries, by the Clebsch-Gordan tensors."""
    even = []
    for degree in (0, 2):
        C = coupling(1, 1, degree)
        sixths = (6 * (2 * degree + 1) * torch.einsum("jki,uvi->jkuv", C, C)).round()
        even.append(torch.einsum("jkuv,pu,pv->pjk", sixths, a, b) / 6)
    return torch.stack([even[0], -cross_matrix(torch.linalg.cross(a, b)) / 2, even[1]], dim=1)


def _cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    axes = torch.eye(3, dtype=torch.float64)
    yield axes[:1], axes[:1]
    yield axes[:1], axes[1:2]
    yield counting(1, 3), counting(1, 3)
    yield counting(1, 3), counting(2, 3)[1:]
    for pairs in (2, integer(generator, 3, 6)):
        yield gaussian(generator, pairs, 3), gaussian(generator, pairs, 3)


def _finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    a, b = case
    given = call(a.clone(), b.clone())
    if not same(given.sum(dim=1), a[:, :, None] * b[:, None]):
        return Finding("the three parts add up to the product: a_j b_k in row j and column k")
    for angle, name in (
        (math.pi / 2, "90 degrees about the z axis"),
        (math.pi / 4, "45 degrees about the z axis"),
    ):
        R = turn(angle)
        if not same(call(a @ R.mT, b @ R.mT), R @ given @ R.mT):
            return Finding("if both vectors turn, each part M becomes R M R^T", name)
    return Finding(
        "degree 0 is a multiple of the identity; degree 1 changes its sign if a and b are exchanged; degree "
        "2 does not, and has the trace 0"
    )


def _split(change: Callable[..., Parts]) -> Callable[[Tensor, Tensor], Tensor]:
    """Other parts, from the product, its trace times the identity, and both vectors."""

    def parts(a: Tensor, b: Tensor) -> Tensor:
        product = a[:, :, None] * b[:, None]
        trace = (a * b).sum(-1)[:, None, None] * torch.eye(3, dtype=a.dtype)
        return torch.stack(change(product, trace, a, b), dim=1)

    return parts


def _even(m: Tensor) -> Tensor:
    return (m + m.mT) / 2


def _odd(m: Tensor) -> Tensor:
    return (m - m.mT) / 2


def _diagonal(m: Tensor) -> Tensor:
    return torch.diag_embed(m.diagonal(dim1=-2, dim2=-1))


PARTS = Question(
    name="parts",
    function="product_parts",
    arguments=("a", "b"),
    axes=("pair", "degree", "row", "column"),
    cases=_cases,
    reference=product_parts,
    mistakes=(
        Mistake(
            "The part of degree 2 still has a trace: a number that no rotation changes. It is degree 0.",
            _split(lambda m, t, a, b: (t / 3, _odd(m), _even(m))),
        ),
        Mistake(
            "The identity has the trace 3, so the part of degree 0 has three times the trace of the product.",
            _split(lambda m, t, a, b: (t, _odd(m), _even(m) - t)),
        ),
        Mistake(
            "The part of degree 0 has three times the trace of the product; the other two are right.",
            _split(lambda m, t, a, b: (t, _odd(m), _even(m) - t / 3)),
        ),
        Mistake(
            "You took the diagonal for the part of degree 0. It depends on the axes: turn both vectors by 45 "
            "degrees.",
            _split(lambda m, t, a, b: (_diagonal(m), _odd(m), _even(m) - _diagonal(m))),
        ),
        Mistake(
            "The product has a_j b_k in row j and column k: rows belong to a.",
            _split(lambda m, t, a, b: (t / 3, -_odd(m), _even(m) - t / 3)),
        ),
        Mistake(
            "The halves are missing: a matrix plus its transpose has everything twice.",
            _split(lambda m, t, a, b: (t / 3, m - m.mT, m + m.mT - t / 3)),
        ),
        Mistake(
            "The halves are missing, and the part of degree 2 has twice its numbers.",
            _split(lambda m, t, a, b: (t / 3, 2 * _odd(m), 2 * (_even(m) - t / 3))),
        ),
        Mistake(
            "The part of degree 1 is the matrix of the cross product itself. Which multiple of it lies in "
            "the product?",
            _split(
                lambda m, t, a, b: (t / 3, cross_matrix(torch.linalg.cross(a, b)), _even(m) - t / 3),
            ),
        ),
        Mistake(
            "The three parts are right, in the wrong order: degree 0 comes first, then 1, then 2.",
            _split(lambda m, t, a, b: (_even(m) - t / 3, _odd(m), t / 3)),
        ),
        Mistake(
            "The three parts are right, in the wrong order: degree 1 is the one that is a vector in "
            "disguise.",
            _split(lambda m, t, a, b: (t / 3, _even(m) - t / 3, _odd(m))),
        ),
    ),
    finding=_finding,
    hints=(
        "Every matrix is the sum of one that equals its transpose and one that changes its sign. How many "
        "free numbers has each?",
        "Three free numbers are a vector, in disguise. The other six hold one number that no rotation "
        "changes.",
        "The trace does not change under rotations. Which multiple of the identity has the same trace? Take "
        "it out of the six.",
    ),
)
