"""Answers to the unit on groups as students write them: right in several ways, and wrong in the typical ones.

Each wrong answer comes with a phrase of the message that is meant for it.
"""

import math
from itertools import product as pairs

import numpy as np
import torch

# Right answers, none of them written as in the solution


def product_by_cases(n, g, h):
    if g < n and h < n:
        return (g + h) % n
    if g < n:
        return n + (g + h - n) % n
    if h < n:
        return n + (g - n - h) % n
    return (g - h) % n


def product_by_points(n, g, h):
    """Move two corners of a polygon by h, then by g, and see which element does the same."""

    def move(k, corner):
        return (k - corner) % n if k >= n else (k + corner) % n

    places = [move(g, move(h, corner)) for corner in (0, 1)]
    return next(k for k in range(2 * n) if [move(k, 0), move(k, 1)] == places)


def axioms_by_loops(table):
    n = len(table)
    for e in range(n):
        if all(table[e][g] == g for g in range(n)) and all(table[g][e] == g for g in range(n)):
            break
    else:
        return "no identity"
    for g, h, k in pairs(range(n), repeat=3):
        if table[table[g][h]][k] != table[g][table[h][k]]:
            return "not associative"
    for g in range(n):
        if not any(table[g][h] == e and table[h][g] == e for h in range(n)):
            return "no inverses"
    return "group"


def axioms_by_numpy(table):
    t, n = np.array(table), len(table)
    unit = [e for e in range(n) if (t[e] == np.arange(n)).all() and (t[:, e] == np.arange(n)).all()]
    if not unit:
        return "no identity"
    if (t[t] != t[:, t]).any():
        return "not associative"
    return "group" if (t == unit[0]).any(axis=0).all() else "no inverses"


def action_by_numpy(g, f):
    picture = f.numpy()
    if g > 3:
        picture = picture[..., ::-1]
    return torch.from_numpy(np.rot90(picture, g, axes=(1, 2)).copy())


def action_by_steps(g, f):
    if g >= 4:
        f = f.flip(2)
    for _ in range(g % 4):
        f = f.transpose(1, 2).flip(1)
    return f


def matrix_by_comparison(table, g):
    n = len(table)
    return torch.tensor([[float(table[g][h] == k) for h in range(n)] for k in range(n)], dtype=torch.float64)


def matrix_by_unit_vectors(table, g):
    eye = torch.eye(len(table), dtype=torch.float64)
    return torch.stack([eye[table[g][h]] for h in range(len(table))], dim=1)


def orbit_by_theorem(moves, x):
    stabiliser = sum(row[x] == x for row in moves)
    fixed = sum(row[y] == y for row in moves for y in range(len(row)))
    return len(moves) // stabiliser, stabiliser, fixed // len(moves)


def orbit_by_walking(moves, x):
    left, number, mine = set(range(len(moves[0]))), 0, 0
    while left:
        found = {row[min(left)] for row in moves}
        mine = len(found) if x in found else mine
        left, number = left - found, number + 1
    return [mine, [row[x] for row in moves].count(x), number]


def correlation_by_moving(table, f, w):
    out = []
    for row in table:
        moved = torch.zeros_like(w)
        moved[list(row)] = w
        out.append((f * moved).sum())
    return torch.stack(out)


def correlation_by_index(table, f, w):
    return torch.stack([f[list(row)] @ w for row in table])


RIGHT = {
    "product": [product_by_cases, product_by_points],
    "axioms": [axioms_by_loops, axioms_by_numpy],
    "action": [action_by_numpy, action_by_steps],
    "matrix": [matrix_by_comparison, matrix_by_unit_vectors],
    "orbit": [orbit_by_theorem, orbit_by_walking],
    "correlation": [correlation_by_moving, correlation_by_index],
}


# Wrong answers


def flips(n, g, h):
    return n * ((g >= n) ^ (h >= n))


def turn_then_flip(n, g, h):
    """Elements from n on read as m r^k."""
    turn = h - g if h >= n else g + h
    return turn % n + flips(n, g, h)


def judged(table, *, unit=None, skip=(), undo=None):
    n = len(table)
    units = [e for e in range(n) if (unit or both)(table, e)]
    if not units:
        return "no identity"
    if "associative" not in skip and axioms_by_loops(table) == "not associative":
        return "not associative"
    e = units[0]
    if undo:
        return "group" if undo(table, e) else "no inverses"
    return "group" if all(e in row for row in table) else "no inverses"


def left(table, e):
    return table[e] == tuple(range(len(table)))


def right(table, e):
    return all(row[e] == g for g, row in enumerate(table))


def both(table, e):
    return left(table, e) and right(table, e)


def associative_by_judge(table, e):
    return all(
        table[table[g][h]][k] == table[g][table[h][k]] for g, h, k in pairs(range(len(table)), repeat=3)
    )


def one_sided(unit):
    def judge(table):
        units = [e for e in range(len(table)) if unit(table, e)]
        if not units:
            return "no identity"
        if not associative_by_judge(table, units[0]):
            return "not associative"
        return "group" if all(units[0] in row for row in table) else "no inverses"

    return judge


def commutative(table):
    if not any(both(table, e) for e in range(len(table))):
        return "no identity"
    if any(table[g][h] != table[h][g] for g, h in pairs(range(len(table)), repeat=2)):
        return "not associative"
    return judged(table, skip=("associative",))


def sudoku(table, e):
    lines = list(table) + [tuple(row[h] for row in table) for h in range(len(table))]
    return all(sorted(line) == list(range(len(table))) for line in lines)


def summed(place):
    """Sum over h of f(h) times w at the given place."""

    def layer(table, f, w):
        G, inverse = range(len(table)), [row.index(0) for row in table]
        return torch.stack([sum(f[h] * w[place(table, inverse, g, h)] for h in G) for g in G])

    return layer


WRONG = {
    "product": [
        (lambda n, g, h: (g + h) % (2 * n), "not C_2n"),
        (lambda n, g, h: product_by_cases(n, h, g), "wrong way round"),
        (turn_then_flip, "wrong way round"),
        (lambda n, g, h: (g + h) % n + flips(n, g, h), "turns are added always"),
        (lambda n, g, h: (g + (-h if max(g, h) >= n else h)) % n + flips(n, g, h), "A flip in h"),
        (lambda n, g, h: (g - h if g >= n else g + h) % n, "flip is lost"),
        (lambda n, g, h: (g - h if g >= n else g + h) % n + n * (max(g, h) >= n), "Two flips make a turn"),
        (lambda n, g, h: (g % n - h % n if g >= n else g + h % n) + flips(n, g, h), "do not come round"),
        (lambda n, g, h: g / 2, "must return a whole number, it returned float"),
        (lambda n, g, h: [product_by_cases(n, g, h)], "must return a whole number, it returned list"),
        (lambda n, g, h: math.gcd(g, h), "Compare them"),
    ],
    "axioms": [
        (lambda table: "group", "every table a group"),
        (lambda table: judged(table, unit=lambda t, e: e == 0 and both(t, e)), "may have any name"),
        (one_sided(left), "you test eg = g only"),
        (one_sided(right), "you test ge = g only"),
        (lambda table: judged(table, skip=("associative",)), "never tested"),
        (lambda table: judged(table, skip=("associative",), undo=sudoku), "Sudoku is not enough"),
        (commutative, "which no axiom asks for"),
        (lambda table: judged(table, undo=lambda t, e: all(t[g][g] == e for g in range(len(t)))),
         "each to undo itself"),
        (lambda table: "no inverses" if judged(table, skip=("associative",)) == "no inverses"
         else axioms_by_loops(table), "another order"),
        (lambda table: axioms_by_loops(table) == "group", "must return a text, it returned bool"),
        (lambda table: axioms_by_loops(table).upper(), "Compare them"),
    ],
    "action": [
        (lambda g, f: f, "Nothing moves"),
        (lambda g, f: f.flip(2).rot90(g, (1, 2)) if g > 3 else f.rot90(-g, (1, 2)), "inverse is missing"),
        (lambda g, f: f.rot90(g, (1, 2)).flip(2) if g > 3 else f.rot90(g, (1, 2)), "flip comes first"),
        (lambda g, f: (f.flip(2) if g > 3 else f).rot90(-g, (1, 2)), "clockwise"),
        (lambda g, f: (f.flip(1) if g > 3 else f).rot90(g, (1, 2)), "above and below"),
        (lambda g, f: f.rot90(g, (1, 2)), "flip is ignored"),
        (lambda g, f: f.flip(2) if g > 3 else f.rot90(g, (1, 2)), "do not turn"),
        (lambda g, f: (f.mT if g > 3 else f).rot90(g, (1, 2)), "Transposing"),
        (lambda g, f: (f.flip(1).flip(2).mT if g > 3 else f).rot90(g, (1, 2)), "Transposing"),
        (lambda g, f: torch.rot90(f, g, (0, 1)), "Wrong shape"),
        (lambda g, f: [f, f.rot90(1, (1, 2))][g], "raised IndexError"),
    ],
    "matrix": [
        (lambda table, g: torch.eye(len(table), dtype=torch.float64), "identity matrix"),
        (lambda table, g: matrix_by_comparison(table, g).T, "Rows and columns"),
        (lambda table, g: torch.roll(torch.eye(len(table), dtype=torch.float64), g, 0), "cyclic shift"),
        (lambda table, g: matrix_by_comparison([[row[k] for row in table] for k in range(len(table))], g),
         "from the right: entry h"),
        (lambda table, g: matrix_by_comparison([[row[k] for row in table] for k in range(len(table))], g).T,
         "from the right, with the inverse"),
        (lambda table, g: matrix_by_comparison(table, g).float(), "Wrong type of numbers"),
        (lambda table, g: torch.tensor(table[g]), "Wrong shape"),
        (lambda table, g: 1 - matrix_by_comparison(table, g), "Compare them"),
    ],
    "orbit": [
        (lambda moves, x: (len([row[x] for row in moves]), *orbit_by_theorem(moves, x)[1:]), "counts once"),
        (lambda moves, x: [orbit_by_theorem(moves, x)[k] for k in (1, 0, 2)], "exchanged"),
        (lambda moves, x: (orbit_by_theorem(moves, x)[0], sum(row == moves[0] for row in moves),
                           orbit_by_theorem(moves, x)[2]), "at this x alone"),
        (lambda moves, x: (orbit_by_theorem(moves, x)[0], sum(row[x] == x for row in moves[1:]),
                           orbit_by_theorem(moves, x)[2]), "identity belongs"),
        (lambda moves, x: (len({row[x] for row in moves} - {x}), *orbit_by_theorem(moves, x)[1:]),
         "its own orbit"),
        (lambda moves, x: (*orbit_by_theorem(moves, x)[:2], len(moves[0]) // orbit_by_theorem(moves, x)[0]),
         "size of one orbit"),
        (lambda moves, x: (*orbit_by_theorem(moves, x)[:2], len(moves[0])), "so all of them"),
        (lambda moves, x: (len({x, moves[-1][x]}), *orbit_by_theorem(moves, x)[1:]), "Only the last element"),
        (lambda moves, x: orbit_by_theorem(moves, x)[:2], "must return 3 values, it returned 2"),
        (lambda moves, x: {row[x] for row in moves}, "must return a tuple, it returned set"),
    ],
    "correlation": [
        (summed(lambda t, inverse, g, h: t[h][inverse[g]]), "bug is still there"),
        (summed(lambda t, inverse, g, h: t[g][h]), "inverse is missing: w"),
        (summed(lambda t, inverse, g, h: t[h][g]), "order is exchanged"),
        (summed(lambda t, inverse, g, h: t[inverse[h]][g]), "it is another one"),
        (summed(lambda t, inverse, g, h: t[g][inverse[h]]), "stands at h, not at g"),
        (summed(lambda t, inverse, g, h: h), "does not move with g"),
        (lambda t, f, w: (f @ w)[None], "Wrong shape"),
        (lambda t, f, w: summed(lambda t, inverse, g, h: t[inverse[g]][h])(t, f, w).float(),
         "Wrong type of numbers"),
        (lambda t, f, w: f * w, "Compare them"),
    ],
}  # fmt: skip
