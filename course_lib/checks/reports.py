"""How far a student is: a table and a figure of all units, as text and as HTML."""

import os
from dataclasses import dataclass
from html import escape
from pathlib import Path

from course_lib.checks.progress import Result, Unit, progress_folder, read_units, recall
from course_lib.checks.verdicts import COLOURS, MARKS, NOT_ATTEMPTED, RIGHT, WRONG

STATES = (RIGHT, WRONG, NOT_ATTEMPTED)
BAR, ROW, NAMES = 260, 22, 130  # pixels: longest bar, height of a row, room for names


@dataclass(frozen=True)
class Row:
    """One unit of a report.

    Args:
        unit: The unit.
        results: What the checks of its questions said last, in the order of the notebook.
    """

    unit: Unit
    results: tuple[Result, ...]

    @property
    def possible(self) -> int:
        """Points of the whole unit."""
        return sum(self.unit.points.values())

    @property
    def reached(self) -> float | int:
        """Points for what the checks found right."""
        points = self.unit.points.values()
        return sum(p * result.share for p, result in zip(points, self.results, strict=True))

    def count(self, state: str) -> int:
        """How many questions are in a state."""
        return sum(result.state == state for result in self.results)

    def points_in(self, state: str) -> int:
        """Points of the questions in a state."""
        pairs = zip(self.unit.points.values(), self.results, strict=True)
        return sum(points for points, result in pairs if result.state == state)


@dataclass(frozen=True)
class Report:
    """Points and states of all units. In a notebook it shows itself.

    Args:
        rows: The units in the order of the course.
        folder: Where results are remembered, or None if they are not.
    """

    rows: tuple[Row, ...]
    folder: Path | None

    @property
    def reached(self) -> float | int:
        """Points of all units together."""
        return sum(row.reached for row in self.rows)

    @property
    def possible(self) -> int:
        """Points that can be reached in all units together."""
        return sum(row.possible for row in self.rows)

    def note(self) -> str:
        """Where the results are kept, or why they are not."""
        if self.folder is None:
            return "Results are not remembered here (COURSE_PROGRESS is off, or nbgrader runs this notebook)."
        place = next(place for place in (self.folder, *self.folder.parents) if place.exists())
        if not os.access(place, os.W_OK):
            return f"{self.folder} cannot be written: results are remembered until the kernel stops."
        return (
            f"Kept in {self.folder} on this machine, and sent nowhere. Delete the folder to begin anew. Your "
            "grade comes from the notebook that you hand in, with other random cases."
        )

    def __repr__(self) -> str:
        lines = [f"{'unit':<20}{'points':>10}{'right':>8}{'wrong':>8}{'open':>8}"]
        for row in self.rows:
            counts = "".join(f"{row.count(state):>8}" for state in STATES)
            filled = round(10 * row.reached / row.possible)
            bar = "█" * filled + "·" * (10 - filled)
            lines.append(f"{row.unit.name:<20}{_points(row.reached, row.possible):>10}{counts}  {bar}")
        lines.append(f"{'all':<20}{_points(self.reached, self.possible):>10}")
        return "\n".join([*lines, self.note()])

    def _repr_html_(self) -> str:
        return to_html(self)


def report() -> Report:
    """Points and states of all units, from what the checks have said on this machine.

    Each check remembers its last result in a folder of this machine, so the report
    works without a network and after the kernel has been started again. Nothing leaves
    the machine. In Colab the folder goes with the virtual machine.
    """
    rows = tuple(
        Row(unit, tuple(recall(unit.name, question) for question in unit.points)) for unit in read_units()
    )
    return Report(rows, progress_folder())


def to_html(found: Report) -> str:
    """A report as HTML without scripts, legible on a light and on a dark page."""
    head = "".join(f"<th{_ALIGN if n > 1 else _LEFT}>{name}</th>" for n, name in enumerate(_HEAD))
    body = "".join(_line(row) for row in found.rows)
    everything = _points(found.reached, found.possible)
    total = f"<td{_LEFT} colspan=2><b>all</b></td><td{_ALIGN}><b>{everything}</b></td>"
    total += "".join(f"<td{_ALIGN}>{sum(row.count(state) for row in found.rows)}</td>" for state in STATES)
    return (
        f'<div><table style="border-collapse:collapse;width:auto"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}<tr>{total}</tr></tbody></table>{figure(found)}"
        f'<p style="margin:.4em 0;max-width:44em">{escape(found.note())}</p></div>'
    )


def figure(found: Report) -> str:
    """Bars of the points of each unit, as SVG: right, wrong and not attempted."""
    widest = max(row.possible for row in found.rows)
    height = ROW * (len(found.rows) + 1)
    parts = []
    for number, row in enumerate(found.rows):
        middle, left = ROW * number + ROW / 2, float(NAMES)
        parts.append(f'<text x="{NAMES - 8}" y="{middle}" text-anchor="end">{escape(row.unit.name)}</text>')
        for state in STATES:
            width = BAR * row.points_in(state) / widest
            style = f'fill="{COLOURS[state]}"' if state != NOT_ATTEMPTED else 'fill="none"'
            if width:
                parts.append(
                    f'<rect x="{left:g}" y="{middle - 7}" width="{width:g}" height="14" {style} '
                    f'stroke="currentColor" stroke-opacity=".6"/>'
                    f'<text x="{left + width / 2:g}" y="{middle}" text-anchor="middle" '
                    f'fill="{"currentColor" if state == NOT_ATTEMPTED else "#fff"}">{MARKS[state]}</text>'
                )
            left += width
        label = _points(row.reached, row.possible)
        parts.append(f'<text x="{NAMES + BAR + 8}" y="{middle}">{label}</text>')
    partly = any(result.state == WRONG and result.share for row in found.rows for result in row.results)
    legend = "   ".join(f"{MARKS[state]} {state}" for state in STATES)
    legend += "   (part of the points for some wrong answers)" if partly else ""
    parts.append(f'<text x="{NAMES}" y="{height - ROW / 2}">{legend}</text>')
    return (
        f'<svg role="img" aria-label="Points of each unit: {escape(_spoken(found))}" '
        f'width="{NAMES + BAR + 60}" height="{height}" style="max-width:100%;margin-top:.6em" '
        'fill="currentColor" font-size="12" font-family="sans-serif" dominant-baseline="central">'
        f"{''.join(parts)}</svg>"
    )


_HEAD = ("unit", "about", "points", *(f"{MARKS[state]} {state}" for state in STATES))
_LEFT = ' style="text-align:left;padding:.15em .8em .15em 0"'
_ALIGN = ' style="text-align:right;padding:.15em .8em .15em 0"'


def _line(row: Row) -> str:
    cells = [_points(row.reached, row.possible), *(str(row.count(state)) for state in STATES)]
    numbers = "".join(f"<td{_ALIGN}>{cell}</td>" for cell in cells)
    return (
        f"<tr><td{_LEFT}>{escape(row.unit.name)}</td><td{_LEFT}>{escape(row.unit.title)}</td>{numbers}</tr>"
    )


def _points(reached: float | int, possible: int) -> str:
    return f"{round(reached, 1):g} / {possible}"


def _spoken(found: Report) -> str:
    return ", ".join(f"{row.unit.name} {_points(row.reached, row.possible)}" for row in found.rows)
