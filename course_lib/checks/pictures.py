"""Small tables of what was expected, what came, and the difference, where it is largest."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

WIDEST = 6  # rows and columns of a picture
CLOSE = 1e-10


class Panel(NamedTuple):
    """One of the three tables of a picture.

    Args:
        label: What it shows.
        table: Its numbers, row by row.
    """

    label: str
    table: list[list[float]]


def panels(expected: Any, given: Any, labels: tuple[str, ...] = ()) -> tuple[str, list[Panel]]:
    """Where two answers differ most, and three tables of that place; no tables if they hold no tensor.

    Args:
        expected: What the answer should be.
        given: What it was.
        labels: Names of the axes of both.
    """
    value = ""
    if isinstance(expected, tuple | list) and isinstance(given, tuple | list):
        pairs = enumerate(zip(expected, given, strict=False), start=1)
        differing = [(n, e, g) for n, (e, g) in pairs if _comparable(e, g) and _largest(e, g) > CLOSE]
        if not differing:
            return "", []
        number, expected, given = differing[0]
        value, labels = f"value {number} of the answer", ()
    if not (isinstance(expected, Tensor) and isinstance(given, Tensor) and _comparable(expected, given)):
        return "", []
    difference = _numbers(given) - _numbers(expected)
    parts = [_numbers(expected), _numbers(given), difference]
    if difference.ndim == 1:
        parts, labels = [part[None] for part in parts], ()
    amount = parts[2].abs().nan_to_num(nan=math.inf)
    place = [int(i) for i in torch.unravel_index(amount.argmax(), amount.shape)]
    *index, row, column = place
    found = [value] if value else []
    if len(labels) == difference.ndim:
        found += [f"{label} {i}" for label, i in zip(labels, index, strict=False)]
    else:
        found += [f"axis {axis}: {i}" for axis, i in enumerate(index) if difference.shape[axis] > 1]
    rows, columns = (_window(i, n) for i, n in zip((row, column), amount.shape[-2:], strict=True))
    for what, window, n in (("rows", rows, amount.shape[-2]), ("columns", columns, amount.shape[-1])):
        found += [f"{what} {window.start} to {window.stop - 1} of 0 to {n - 1}"] if n > WIDEST else []
    tables = [part[(*index, rows, columns)].tolist() for part in parts]
    named = zip(("expected", "yours", "difference"), tables, strict=True)
    return ", ".join(found), [Panel(label, table) for label, table in named]


def limit(table: list[list[float]]) -> float:
    """The largest size of a number in a table, or 1 if all are 0."""
    return max((abs(v) for row in table for v in row if math.isfinite(v)), default=0.0) or 1.0


def short(value: float | int) -> str:
    """A number as it fits into a table."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else f"{value:.3g}"


def plain(value: Any) -> str:
    """An answer that is no tensor, in words; numbers with six digits."""
    if isinstance(value, Tensor):
        return f"tensor of shape {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        inner = ", ".join(map(plain, value))
        if isinstance(value, list):
            return f"[{inner}]"[:200]
        return f"({inner},)" if len(value) == 1 else f"({inner})"[:200]
    return f"{value:.6g}" if isinstance(value, float) else repr(value)[:200]


def compared(expected: Any, given: Any) -> list[tuple[str, str]]:
    """Label and text of two answers that are no tensors, and of their difference if they are numbers."""
    found = [("expected", plain(expected)), ("yours", plain(given))]
    if isinstance(expected, float) and isinstance(given, float | int):
        found.append(("difference", f"{given - expected:.3g}"))
    return found


def _comparable(expected: Any, given: Any) -> bool:
    if not (isinstance(expected, Tensor) and isinstance(given, Tensor)) or expected.shape != given.shape:
        return False
    return expected.ndim > 0 and expected.numel() > 0 and not (expected.is_complex() or given.is_complex())


def _numbers(value: Tensor) -> Tensor:
    return value.detach() if value.is_floating_point() else value.detach().double()


def _largest(expected: Tensor, given: Tensor) -> float:
    return float((_numbers(given) - _numbers(expected)).abs().nan_to_num(nan=math.inf).max())


def _window(place: int, size: int) -> slice:
    """The rows or columns that are shown, the given one among them."""
    start = min(max(place - WIDEST // 2, 0), max(size - WIDEST, 0))
    return slice(start, min(start + WIDEST, size))
