"""Question on the product of D_n; and groups as tables, which the other questions use."""

from collections.abc import Callable, Iterator
from itertools import product

import torch

from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.groups import DihedralGroup, PlanarGroup

Table = tuple[tuple[int, ...], ...]  # row g, column h, entry gh


def table_of(group: PlanarGroup) -> Table:
    """All products of a group."""
    return tuple(tuple(group.product(g, h) for h in group.elements) for g in group.elements)


def renamed(table: Table, names: list[int]) -> Table:
    """The same group with other names: element g is now called ``names[g]``."""
    old = {name: g for g, name in enumerate(names)}
    return tuple(tuple(names[table[old[g]][old[h]]] for h in range(len(table))) for g in range(len(table)))


def name_of(group: PlanarGroup, g: int) -> str:
    """A group element as a student reads it."""
    turn = f"turn by {group.angle_deg(g):.0f} degrees"
    return f"g = {g} ({'flip, then ' if group.is_flip(g) else ''}{turn})"


def _ends(n: int) -> tuple[int, ...]:
    """Turns and flips at both ends of their ranges."""
    return 0, 1, 2, n - 1, n, n + 1, 2 * n - 1


def _product_cases(generator: torch.Generator, n: int) -> Iterator[tuple[int, int]]:
    yield from ((g, h) for g in _ends(n) for h in _ends(n))
    for _ in range(40):
        yield integer(generator, 0, 2 * n - 1), integer(generator, 0, 2 * n - 1)


def _product_finding(call: Call, case: tuple[int, int, int]) -> Finding:
    n, g, h = case
    group = DihedralGroup(n)
    for k in group.elements:
        if not call(n, 0, k) == k == call(n, k, 0):
            return Finding("0 is the identity: 0 k = k = k 0", name_of(group, k))
    for a, b, c in product((1, n - 1, n, n + 1), repeat=3):
        ab, bc = call(n, a, b), call(n, b, c)
        if {ab, bc} <= set(group.elements) and call(n, ab, c) != call(n, a, bc):
            return Finding("(gh)k = g(hk)", f"g = {a}, h = {b}, k = {c} of {group}")
    return Finding("gh is what you get from h, then g", f"{name_of(group, g)} and h = {h}")


def _turns(sign: Callable[[bool, bool], int]) -> Callable[[int, int, int], int]:
    """Product in which the turn of h counts with the given sign."""
    return lambda n, g, h: (g + sign(g >= n, h >= n) * h) % n + n * ((g >= n) != (h >= n))


_PRODUCT = Question(
    name="product",
    function="product",
    arguments=("n", "g", "h"),
    axes=(),
    cases=lambda generator: (),
    reference=_turns(lambda flip_g, flip_h: -1 if flip_g else 1),
    mistakes=(
        Mistake(
            "D_n is not C_2n: elements from n on are flips, and their numbers do not simply add.",
            lambda n, g, h: (g + h) % (2 * n),
        ),
        Mistake(
            "The product stands the wrong way round. Either you do g first, or your elements from n on turn "
            "first and then flip; here the flip comes first.",
            lambda n, g, h: DihedralGroup(n).product(h, g),
        ),
        Mistake(
            "The turns are added always. A turn that is carried past a flip changes its sense.",
            _turns(lambda flip_g, flip_h: 1),
        ),
        Mistake(
            "A flip in h changes the sense too. But within h the flip comes before the turn, and no turn is "
            "carried past it.",
            _turns(lambda flip_g, flip_h: -1 if flip_g or flip_h else 1),
        ),
        Mistake(
            "The turns are right, but the flip is lost: the product of a turn and a flip is a flip.",
            lambda n, g, h: DihedralGroup(n).product(g, h) % n,
        ),
        Mistake(
            "Two flips make a turn: a mirror in a mirror does not reverse the hands of a clock.",
            lambda n, g, h: DihedralGroup(n).product(g, h) % n + n * (g >= n or h >= n),
        ),
        Mistake(
            "The turns do not come round: n turns by 360 / n degrees are none.",
            lambda n, g, h: g % n + (-1 if g >= n else 1) * (h % n) + n * ((g >= n) != (h >= n)),
        ),
    ),
    finding=_product_finding,
    hints=(
        "Two things are to be found, one after the other: is the result a turn or a flip, and by how much "
        "does it turn?",
        "Write g as r^a or r^a m, and h as r^b or r^b m. In which of the four cases must the flip of g be "
        "carried past the turn of h?",
        "m r = r^-1 m: past a flip the turns count backwards. And m m = e: two flips are none.",
    ),
)

PRODUCT = personal(
    _PRODUCT,
    "n",
    tuple(range(4, 16)),
    cases=_product_cases,
    own=lambda n: f"Your group is D_{n}: its turns come round after n = {n} of them.",
    words=lambda n: {"order": str(2 * n), "last": str(2 * n - 1), "flip": str(n + 1), "twice": str(n + 2)},
)
