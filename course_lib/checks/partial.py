"""Points for a wrong answer: what it gets right beyond what a thoughtless answer would."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

LEAST, MOST = 0.5, 0.75  # guessing truth values reaches about half, and a wrong answer is not right


def partial_share(
    cases: Sequence[tuple[Any, ...]],
    expected: Sequence[Any],
    given: Sequence[Any],
    same: Callable[[Any, Any], bool],
    copied: Sequence[Sequence[Any]] = (),
) -> float | int:
    """Share of the points for a wrong answer: 0, 1/2 or 3/4.

    Those cases count that a thoughtless answer gets wrong: one that returns always the
    same value, zeros, or an argument as it came. Who has at least half of them right earns
    the quarters that are full. An answer that fits the question of another student at least
    as well earns nothing.

    Args:
        cases: Arguments of all cases.
        expected: The right answers.
        given: The answers to the first of them; cases without an answer count as wrong.
        same: Whether two answers are equal.
        copied: What other students were asked for, on all cases.

    Example:
        >>> partial_share([(1,), (2,), (3,), (4,)], [2, 4, 6, 8], [2, 4, 6, 9], int.__eq__)
        0.5
        >>> partial_share([(1,), (2,), (3,)], [True, False, True], [True, True, True], bool.__eq__)
        0
    """
    constant = [sum(same(other, one) for other in expected) for one in expected]
    unchanged = [sum(map(same, values, expected)) for values in zip(*cases, strict=True)]
    zeros = sum(same(torch.zeros_like(one), one) for one in expected if isinstance(one, Tensor))
    free = max(*constant, *unchanged, zeros, 0)
    if free == len(expected):
        return 0
    passed = sum(map(same, given, expected))
    if any(sum(map(same, given, values)) >= passed for values in copied):
        return 0
    share = math.floor(4 * (passed - free) / (len(expected) - free)) / 4
    return min(share, MOST) if share >= LEAST else 0
