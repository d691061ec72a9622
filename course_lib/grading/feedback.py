"""What comes out of grading: tables and a page on the class for the lecturer, a page for each student."""

import re
from html import escape
from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.checks.verdicts import WRONG
from course_lib.grading.class_page import class_page
from course_lib.grading.grade import Report
from course_lib.grading.pages import badge, page, total
from course_lib.grading.records import Record, Score
from course_lib.grading.tables import to_details

RECORDS = "records"


def places(out: Path) -> tuple[Path, Path]:
    """File of the table and folder of all else: ``grades.csv`` and ``grades``, or both in a folder.

    Raises:
        ValueError: If the folder holds something that is not ours.
    """
    table, folder = (out, out.with_suffix("")) if out.suffix == ".csv" else (out / "grades.csv", out)
    if folder.exists() and not (
        folder.is_dir() and ((folder / RECORDS).is_dir() or not any(folder.iterdir()))
    ):
        raise ValueError(f"{folder} holds something else; choose another --out, or take it away")
    return table, folder


def write_table(path: Path, text: str) -> Path | None:
    """Write a table of points; another one that lies there is kept under a number.

    Args:
        path: Where to write.
        text: The table.

    Returns:
        Where the old table lies now, if there was one that differs.
    """
    content, kept = text.encode(), None
    if path.exists() and path.read_bytes() != content:
        number = 1
        while (kept := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
            number += 1
        path.rename(kept)
    write_atomically(path, content)
    return kept


def write_pages(report: Report, folder: Path) -> list[Path]:
    """Write ``index.html`` for the lecturer, ``details.csv``, and a page a student below ``feedback``.

    Pages of an earlier grading in the same folder are removed.

    Args:
        report: From ``grade``.
        folder: Where to write.

    Returns:
        The files, the page for the lecturer first.
    """
    pages, names = folder / "feedback", page_names(list(report.records))
    for old in pages.glob("*.html"):
        if old.name not in names.values():
            old.unlink()
    files = {
        folder / "index.html": class_page(report, names),
        folder / "details.csv": to_details(report),
        **{
            pages / names[student]: student_page(student, records)
            for student, records in report.records.items()
        },
    }
    for path, text in files.items():
        write_atomically(path, text.encode())
    return list(files)


def page_names(students: list[str]) -> dict[str, str]:
    """A file name for each student: no odd characters, no name twice."""
    names: dict[str, str] = {}
    used: set[str] = set()
    for student in students:
        name = re.sub(r"[^\w-]+", "_", student)[:80] or "student"
        while f"{name}.html".casefold() in used:
            name += "_"
        names[student] = f"{name}.html"
        used.add(names[student].casefold())
    return names


def student_page(student: str, records: dict[str, Record]) -> str:
    """Feedback for one student, without scripts, outside addresses, seeds, or the course's own answers.

    Args:
        student: Name of the student.
        records: Results by unit.
    """
    parts = "".join(_unit(unit, record) for unit, record in records.items())
    return page(f"Feedback: {student}", parts)


def _unit(unit: str, record: Record) -> str:
    scores = record.scores
    rows = "".join(
        f"<tr><td>{escape(score.question)}</td><td>{badge(score)}</td>"
        f'<td class="number">{score.points:g} of {score.maximum:g}</td></tr>'
        for score in scores
    )
    table = (
        '<table class="scores"><thead><tr><th scope="col">Question</th><th scope="col">State</th>'
        f'<th scope="col">Points</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    parts = "".join(map(_section, scores))
    return f"<h2>Unit {escape(unit)}: {total(scores)}</h2>{table}{parts}"


def _section(score: Score) -> str:
    body = f'<div class="scroll">{score.detail}</div>' if score.detail else f"<p>{escape(score.message)}</p>"
    if score.remark:
        body = f"<p>{escape(score.remark)}</p>{body}"
    if score.state == WRONG:
        body += f'<p>Hints: <code>checks.hint("{escape(score.question)}", 1)</code></p>'
    if score.code:
        code = f'<pre tabindex="0">{escape(score.code)}</pre>'
        body += f"<details><summary>Your answer</summary>{code}</details>"
    points = f"{score.points:g} of {score.maximum:g} points"
    return f"<section><h3>{escape(score.question)}: {points}</h3>{body}</section>"
