"""Questions on the regular representation: its matrices, and a correlation on the group."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.groups_tables import Table, renamed, table_of
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.groups import CyclicGroup, DihedralGroup


def d4_table() -> Table:
    """The table of D_4; row g, column h, entry gh."""
    return table_of(DihedralGroup(4))


def regular_matrix(table: Table, g: int) -> Tensor:
    """Matrix that moves entry h to entry gh, in float64."""
    return F.one_hot(torch.tensor(table[g]), len(table)).double().T


def _from_the_right(table: Table, g: int) -> Tensor:
    return regular_matrix(tuple(zip(*table, strict=True)), g)


def _matrix_cases(generator: torch.Generator) -> Iterator[tuple[Table, int]]:
    for group in (CyclicGroup(1), CyclicGroup(2), CyclicGroup(3), DihedralGroup(3)):
        yield from ((table_of(group), g) for g in group.elements)
    for group in (CyclicGroup(5), DihedralGroup(4)):
        names = torch.randperm(group.order, generator=generator).tolist()
        yield from ((renamed(table_of(group), names), g) for g in group.elements)


def _matrix_finding(call: Call, case: tuple[Table, int]) -> Finding:
    table, _ = case
    matrices = [call(table, g) for g in range(len(table))]
    for g, left in enumerate(matrices):
        for h, right in enumerate(matrices):
            if not same(left @ right, matrices[table[g][h]]):
                return Finding("rho(g) rho(h) = rho(gh)", f"g = {g}, h = {h}")
    return Finding("rho(g) moves the number at entry h to entry gh", f"g = {case[1]}")


MATRIX = Question(
    name="matrix",
    function="regular_matrix",
    arguments=("table", "g"),
    axes=("entry after", "entry before"),
    cases=_matrix_cases,
    reference=regular_matrix,
    mistakes=(
        Mistake(
            "This is the identity matrix for every g.",
            lambda table, g: regular_matrix(table, 0) * 0 + torch.eye(len(table), dtype=torch.float64),
        ),
        Mistake(
            "Rows and columns are exchanged: entry gh moves to entry h. That is rho of the inverse.",
            lambda table, g: regular_matrix(table, g).T,
        ),
        Mistake(
            "A cyclic shift by g is right for C_n alone. Let the table say where each entry goes.",
            lambda table, g: torch.eye(len(table), dtype=torch.float64).roll(g, 0),
        ),
        Mistake(
            "You multiply from the right: entry h moves to hg. Then the products come in the wrong order.",
            _from_the_right,
        ),
        Mistake(
            "You multiply from the right, with the inverse. It is a representation too, but not this one.",
            lambda table, g: _from_the_right(table, g).T,
        ),
    ),
    finding=_matrix_finding,
    hints=(
        "Each column of a matrix says what becomes of one unit vector.",
        "Column h belongs to the unit vector with its 1 at entry h. Where is that 1 afterwards?",
        "Start from zeros in float64 and put one 1 into each column. Its row is a product to look up.",
    ),
)


def correlation(table: Table, f: Tensor, w: Tensor) -> Tensor:
    """The sum over h of f(gh) w(h), for each g."""
    return f[torch.tensor(table)] @ w


def _correlation_cases(generator: torch.Generator) -> Iterator[tuple[Table, Tensor, Tensor]]:
    for group in (CyclicGroup(2), CyclicGroup(3), DihedralGroup(3)):
        yield table_of(group), counting(group.order), counting(group.order).square()
    orders = integer(generator, 4, 9), integer(generator, 4, 7)
    for group in (CyclicGroup(orders[0]), DihedralGroup(4), DihedralGroup(orders[1])):
        yield table_of(group), gaussian(generator, group.order), gaussian(generator, group.order)


def _correlation_finding(call: Call, case: tuple[Table, Tensor, Tensor]) -> Finding:
    table, f, w = case
    out = call(table, f.clone(), w.clone())
    for g in range(len(table)):
        rho = regular_matrix(table, g)
        if not same(call(table, rho @ f, w.clone()), rho @ out):
            return Finding("the layer commutes with the group: layer(g f) = g layer(f)", f"g = {g}")
    return Finding("entry 0 of the output is the sum of f(h) w(h)", "g = 0, the identity")


def _inverses(table: Table) -> Tensor:
    return torch.tensor([row.index(0) for row in table])


def _looked_up(
    places: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[Table, Tensor, Tensor], Tensor]:
    """Sum of f(h) w(place), where the place depends on g and h; given the table and the inverses."""
    return lambda table, f, w: w[places(torch.tensor(table), _inverses(table))] @ f


CORRELATION = Question(
    name="correlation",
    function="group_correlation",
    arguments=("table", "f", "w"),
    axes=("g",),
    cases=_correlation_cases,
    reference=correlation,
    mistakes=(
        Mistake(
            "The bug is still there: w is read at h g^-1, and for a commutative group nobody sees it.",
            _looked_up(lambda T, inverse: T[:, inverse].T),
        ),
        Mistake(
            "The inverse is missing: w is read at gh. Even C_3 shows it.",
            _looked_up(lambda T, inverse: T),
        ),
        Mistake(
            "The inverse is missing, and the order is exchanged: w is read at hg.",
            _looked_up(lambda T, inverse: T.T),
        ),
        Mistake(
            "The layer is equivariant, but it is another one: w is read at h^-1 g, so entry 0 is not the sum "
            "of f(h) w(h).",
            _looked_up(lambda T, inverse: T[inverse].T),
        ),
        Mistake(
            "The inverse stands at h, not at g: w is read at g h^-1.",
            _looked_up(lambda T, inverse: T[:, inverse]),
        ),
        Mistake(
            "Every entry of the output is the same: w does not move with g.",
            lambda table, f, w: (f @ w).expand(len(table)),
        ),
    ),
    finding=_correlation_finding,
    hints=(
        "Entry g of the output compares f with a copy of w that g has moved. How does g move a function on "
        "the group?",
        "Try the broken layer on the table of D_4: for which g does it commute with the action? What have "
        "these g in common?",
        "Put g f in place of f, substitute h = g h', and look at what w is read at. Where must the inverse "
        "stand, so that the two g cancel?",
    ),
)
