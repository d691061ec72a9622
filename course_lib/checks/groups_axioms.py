"""Question on the axioms of a group: which of them a table breaks."""

from collections.abc import Callable, Iterator
from itertools import product

import torch

from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.groups_tables import Table, renamed, table_of
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.groups import CyclicGroup, DihedralGroup

LOOP = ((0, 1, 2, 3, 4), (1, 0, 3, 4, 2), (2, 4, 0, 1, 3), (3, 2, 4, 0, 1), (4, 3, 1, 2, 0))
TABLES: tuple[Table, ...] = (
    ((0, 0), (0, 0)),
    ((0, 1), (1, 0)),
    ((1, 0), (0, 1)),  # the identity is 1
    ((0, 1), (0, 1)),  # gh = h: identities from the left only
    ((0, 0), (1, 1)),  # gh = g: from the right only
    ((0, 1), (1, 1)),  # maximum
    table_of(CyclicGroup(3)),
    ((0, 2, 1), (1, 0, 2), (2, 1, 0)),  # difference modulo 3
    ((0, 1, 2), (1, 0, 1), (2, 2, 0)),  # each undoes itself
    ((0, 1, 2), (1, 2, 2), (2, 1, 1)),  # neither associative nor with inverses
    tuple(tuple(g * h % 4 for h in range(4)) for g in range(4)),
    table_of(CyclicGroup(4)),
    LOOP,  # a Sudoku with an identity, and no group
    table_of(DihedralGroup(3)),
)


def _axioms_cases(generator: torch.Generator) -> Iterator[tuple[Table]]:
    yield from ((table,) for table in TABLES)
    for group in (CyclicGroup(5), DihedralGroup(3), DihedralGroup(4)):
        names = torch.randperm(group.order, generator=generator).tolist()
        yield (renamed(table_of(group), names),)
    spoilt = [list(row) for row in table_of(DihedralGroup(4))]
    row, column = integer(generator, 1, 7), integer(generator, 1, 6)
    spoilt[row][column], spoilt[row][column + 1] = spoilt[row][column + 1], spoilt[row][column]
    yield (tuple(map(tuple, spoilt)),)


def first_broken(table: Table) -> str:
    """The first axiom that a table breaks, of identity, associativity and inverses; or ``"group"``."""
    T = torch.tensor(table)
    elements = torch.arange(len(table))
    is_identity = (T == elements).all(dim=1) & (T == elements[:, None]).all(dim=0)
    if not is_identity.any():
        return "no identity"
    if not torch.equal(T[T], T[:, T]):
        return "not associative"
    return "group" if (T == is_identity.nonzero()[0]).any(dim=1).all() else "no inverses"


def _axioms_finding(call: Call, case: tuple[Table]) -> Finding:
    (table,) = case
    G, truth = range(len(table)), first_broken(table)
    if truth == "no identity":
        return Finding("no element e of this table has eg = g and ge = g for all g")
    e = next(e for e in G if all(table[e][g] == g == table[g][e] for g in G))
    if truth == "not associative":
        g, h, k = next(t for t in product(G, repeat=3) if table[table[t[0]][t[1]]][t[2]] != _right(table, *t))
        return Finding("(gh)k and g(hk) differ in this table", f"g = {g}, h = {h}, k = {k}")
    if truth == "no inverses":
        lonely = next(g for g in G if e not in table[g])
        return Finding("nothing undoes this element", f"g = {lonely}, while the identity is {e}")
    return Finding("all three axioms hold in this table", f"the identity is {e}")


def _right(table: Table, g: int, h: int, k: int) -> int:
    return table[g][table[h][k]]


def _judged(
    identities: Callable[[Table], list[int]],
    tests: tuple[tuple[str, Callable[[Table, int], bool]], ...],
) -> Callable[[Table], str]:
    """Judgement with another idea of an identity, then by tests in their order."""

    def judge(table: Table) -> str:
        found = identities(table)
        if not found:
            return "no identity"
        return next((name for name, holds in tests if not holds(table, found[0])), "group")

    return judge


def _left(table: Table) -> list[int]:
    return [e for e, row in enumerate(table) if list(row) == list(range(len(table)))]


def _from_right(table: Table) -> list[int]:
    return _left(_transposed(table))


def _transposed(table: Table) -> Table:
    return tuple(zip(*table, strict=True))


def _both(table: Table) -> list[int]:
    return [e for e in _left(table) if e in _from_right(table)]


def _associative(table: Table, e: int) -> bool:
    G = range(len(table))
    return all(table[table[g][h]][k] == _right(table, g, h, k) for g, h, k in product(G, repeat=3))


def _undone(table: Table, e: int) -> bool:
    return all(e in row for row in table)


def _sudoku(table: Table, e: int) -> bool:
    full = set(range(len(table)))
    return all(set(line) == full for line in (*table, *_transposed(table)))


ASSOCIATIVE, INVERSES = ("not associative", _associative), ("no inverses", _undone)

AXIOMS = Question(
    name="axioms",
    function="first_broken",
    arguments=("table",),
    axes=(),
    cases=_axioms_cases,
    reference=first_broken,
    mistakes=(
        Mistake(
            "You call every table a group. Look for the identity of the first one.", lambda table: "group"
        ),
        Mistake(
            "The identity is taken to be element 0. It may have any name.",
            _judged(lambda table: [0] if 0 in _both(table) else [], (ASSOCIATIVE, INVERSES)),
        ),
        Mistake(
            "An identity must do nothing from both sides; you test eg = g only.",
            _judged(_left, (ASSOCIATIVE, INVERSES)),
        ),
        Mistake(
            "An identity must do nothing from both sides; you test ge = g only.",
            _judged(_from_right, (ASSOCIATIVE, INVERSES)),
        ),
        Mistake("Associativity is never tested.", _judged(_both, (INVERSES,))),
        Mistake(
            "A Sudoku is not enough: a table can hold every element once in each row and column, have an "
            "identity, and still not be a group.",
            _judged(_both, (("no inverses", _sudoku),)),
        ),
        Mistake(
            "You test gh = hg, which no axiom asks for. Associativity is about brackets, not about order.",
            _judged(_both, (("not associative", lambda table, e: table == _transposed(table)), INVERSES)),
        ),
        Mistake(
            "The axioms are tested in another order: associativity comes before the inverses.",
            _judged(_both, (INVERSES, ASSOCIATIVE)),
        ),
        Mistake(
            "An element may be undone by another one; you ask each to undo itself.",
            _judged(
                _both,
                (
                    ASSOCIATIVE,
                    ("no inverses", lambda table, e: all(table[g][g] == e for g in range(len(table)))),
                ),
            ),
        ),
    ),
    finding=_axioms_finding,
    hints=(
        "Take the axioms one at a time, in the given order. Each is a sentence with 'for all' or 'there is'.",
        "What does the row of an identity look like? And its column? Both must hold for one and the same "
        "element.",
        "Associativity needs three nested loops: look up gh in the table, then the product of that with k, "
        "and compare with the other bracketing. For the inverses you need the identity that you found.",
    ),
)
