"""Tables of the points: for a spreadsheet, for Moodle, for Canvas; a column for each question.

Source:
    Columns after Moodle's "Grade import" (a file with a header whose columns are mapped to
    users and grade items) and Canvas' gradebook import (``Student, ID, SIS User ID, SIS
    Login ID, Section``, then assignments; the second row holds the points possible).
"""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from course_lib.grading.grade import Report
from course_lib.grading.records import BY_HAND, FAILED, Record, Score

TABLE, MOODLE, CANVAS = "table", "moodle", "canvas"
CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
OPEN = (BY_HAND, FAILED)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = dict[str, str]


def read_roster(path: Path) -> list[Row]:
    """Participants of the course, as Moodle or Canvas exports them.

    Raises:
        ValueError: If the file is no table with a header.
    """
    try:
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"--roster {path} cannot be read ({error}); export it as CSV in UTF-8") from error
    if not rows:
        raise ValueError(f"--roster {path} holds no participants; export it from Moodle or Canvas as CSV")
    return [{str(key): value if isinstance(value, str) else "" for key, value in row.items()} for row in rows]


def match(students: Iterable[str], roster: list[Row]) -> dict[str, Row]:
    """Participant of each student; students that fit none, or more than one, are left out.

    A student's name is that of a file or folder. It fits if all of it, or a part between
    underscores, is a cell of the participant's row: an address, a number, a login. Moodle
    and Canvas name downloads so. A name followed by an underscore fits too.
    """
    cells = [{value.strip().casefold() for value in row.values() if value.strip()} for row in roster]
    names = [
        {f"{row.get('First name', '')} {row.get('Last name', row.get('Surname', ''))}".strip().casefold()}
        for row in roster
    ]
    found = {}
    for student in students:
        whole = student.strip().casefold()
        parts = whole.split("_")
        keys = [{whole}, {parts[0]}, {part for part in parts if part.isdigit()}]
        for wanted in keys:
            fitting = [n for n in range(len(roster)) if wanted & (cells[n] | names[n])]
            if len(fitting) == 1:
                found[student] = roster[fitting[0]]
                break
    return found


def columns(report: Report) -> list[tuple[str, float | int]]:
    """Names of the columns and their points: a column a question, and a total for each unit."""
    found: list[tuple[str, float | int]] = []
    for unit in report.units:
        found += [(f"{unit.name}: {task.name}", task.points) for task in unit.tasks]
        found.append((f"{unit.name}: total", sum(task.points for task in unit.tasks)))
    return found


def to_csv(report: Report, form: str = TABLE, roster: list[Row] | None = None) -> str:
    """The table of the points.

    Args:
        report: From ``grade``.
        form: ``"table"``, ``"moodle"`` or ``"canvas"``.
        roster: Participants, for the columns by which Moodle and Canvas know them.

    Raises:
        ValueError: If there is no such form.
    """
    names, maxima = zip(*columns(report), strict=True)
    who = match(report.records, roster) if roster else None
    if form == TABLE:
        head, rows = ["Student"], {student: [student] for student in report.records}
    elif form == MOODLE:
        head = list(roster[0]) if roster else ["Username"]
        rows = {s: [row[key] for key in head] for s, row in who.items()} if who is not None else None
        rows = rows if rows is not None else {student: [student] for student in report.records}
    elif form == CANVAS:
        head, names = list(CANVAS_COLUMNS), [_assignment(name, roster) for name in names]
        known = who if who is not None else {s: {"Student": s, "SIS Login ID": s} for s in report.records}
        rows = {s: [row.get(key, "") for key in head] for s, row in known.items()}
    else:
        raise ValueError(f"--format must be {TABLE}, {MOODLE} or {CANVAS}, got {form!r}")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*head, *names])
    if form == CANVAS:
        table.writerow(["    Points Possible", "", "", "", "", *map(_harmless, maxima)])
    for student, first in rows.items():
        points = [value for unit in report.units for value in _points(report.records[student][unit.name])]
        table.writerow([_harmless(value) for value in [*first, *points]])
    return text.getvalue()


def unmatched(report: Report, roster: list[Row]) -> list[str]:
    """Students whom no participant of the roster fits."""
    return [student for student in report.records if student not in match(report.records, roster)]


def _points(record: Record) -> list[float | int | str]:
    """Points of each question and their sum; empty where people must decide."""
    points = ["" if score.state in OPEN else score.points for score in record.scores]
    waiting = any(score.state in OPEN for score in record.scores)
    return [*points, "" if waiting else sum(score.points for score in record.scores)]


def _assignment(name: str, roster: list[Row] | None) -> str:
    """Canvas' own name of a column, which ends in its number, if the exported gradebook has it."""
    known = roster[0] if roster else {}
    return next((head for head in known if re.fullmatch(rf"{re.escape(name)} \(\d+\)", head)), name)


def to_details(report: Report) -> str:
    """Table with one row for each student and question, with state and reason."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["student", "unit", "question", "points", "max", "state", "message"])
    for student, records in report.records.items():
        for unit, record in records.items():
            for score in record.scores:
                table.writerow([_harmless(value) for value in (student, unit, *_fields(score))])
    return text.getvalue()


def _fields(score: Score) -> tuple[float | int | str, ...]:
    return score.question, score.points, score.maximum, score.state, f"{score.remark} {score.message}".strip()


def _harmless(value: object) -> str:
    """Text on one line that no spreadsheet takes for a formula."""
    if isinstance(value, float | int):
        return f"{value:g}"
    text = str(value)
    text = " ".join(text.split()) if "\n" in text or "\r" in text else text
    return f"'{text}" if text.startswith(FORMULA) else text
