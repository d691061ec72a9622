"""What comes out of grading: a table for the lecturer, and a page for each student."""

import csv
import io
import re
from html import escape
from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.checks.verdicts import COLOURS, WRONG, to_html
from course_lib.grading.grade import Report, Score

STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
h1, h2 { line-height: 1.2; }
table.scores { border-collapse: collapse; }
table.scores th, table.scores td { border-bottom: 1px solid #bbb; padding: .3em .8em; text-align: left;
  white-space: nowrap; }
table.scores td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f3f3f3; color: #1a1a1a; padding: .8em; overflow-x: auto; }
section { border-top: 1px solid #ccc; margin-top: 1.5rem; }
a { color: #00558c; }
.badge { color: #fff; padding: .1em .5em; border-radius: .3em; white-space: nowrap; }
.scroll { overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #181818; } pre { background: #262626; color: #eee; } a { color: #8cc8f0; }
}
"""


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write ``results.csv``, ``index.html`` and one page a student below ``feedback/``.

    Pages of an earlier grading in the same folder are removed.

    Args:
        report: From ``grade``.
        folder: Where to write.

    Returns:
        The files, the table and the summary first.
    """
    pages = folder / "feedback"
    for old in pages.glob("*.html"):
        old.unlink()
    names = page_names(list(report.scores))
    files = {
        folder / "results.csv": to_csv(report),
        folder / "index.html": summary_page(report, names),
        **{pages / names[student]: student_page(report, student) for student in report.scores},
    }
    for path, text in files.items():
        write_atomically(path, text.encode())
    return list(files)


def page_names(students: list[str]) -> dict[str, str]:
    """A file name for each student: no odd characters, no name twice."""
    names: dict[str, str] = {}
    for student in students:
        name = re.sub(r"[^\w-]+", "_", student)[:80] or "student"
        while f"{name}.html".lower() in {used.lower() for used in names.values()}:
            name += "_"
        names[student] = f"{name}.html"
    return names


def to_csv(report: Report) -> str:
    """Table with one row for each student and question."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["student", "unit", "question", "points", "max", "state", "message"])
    for student, scores in report.scores.items():
        for score in scores:
            row = [
                student,
                report.unit,
                score.question,
                score.points,
                score.maximum,
                score.state,
                score.message,
            ]
            table.writerow([_harmless(value) for value in row])
    return text.getvalue()


def _harmless(value: object) -> str:
    """Text on one line that no spreadsheet takes for a formula."""
    text = f"{value:g}" if isinstance(value, float | int) else " ".join(str(value).split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def student_page(report: Report, student: str) -> str:
    """Feedback for one student, without scripts and without outside addresses."""
    scores = report.scores[student]
    rows = "".join(
        f"<tr><td>{escape(score.question)}</td><td>{_badge(score.state)}</td>"
        f'<td class="number">{score.points:g} of {score.maximum:g}</td></tr>'
        for score in scores
    )
    table = (
        '<table class="scores"><thead><tr><th scope="col">Question</th><th scope="col">State</th>'
        f'<th scope="col">Points</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    parts = "".join(_section(score) for score in scores)
    title = f"Exercise {report.unit}: {student}"
    repeat = f"<code>seed={report.seed}</code>"
    seed = f"<p>The hidden cases are those that a check draws with {repeat} as its second argument.</p>"
    return _page(title, f"<p><b>{_total(scores)}</b></p>{table}{seed}{parts}")


def _section(score: Score) -> str:
    body = f"<p>{escape(score.message)}</p>"
    if score.verdict is not None:
        body = to_html(score.verdict)
        remark = score.message.removesuffix(score.verdict.message)
        body = f"<p>{escape(remark)}</p>{body}" if remark else body
        if score.state == WRONG:
            body += f'<p>Hints: <code>checks.hint("{escape(score.question)}", 1)</code></p>'
    if score.code:
        code = f'<pre tabindex="0">{escape(score.code)}</pre>'
        body += f"<details><summary>Your answer</summary>{code}</details>"
    points = f"{score.points:g} of {score.maximum:g} points"
    return f"<section><h2>{escape(score.question)}: {points}</h2>{body}</section>"


def summary_page(report: Report, names: dict[str, str]) -> str:
    """All students on one page, for the lecturer."""
    questions = [score.question for score in next(iter(report.scores.values()))]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("Student", "Points", *questions))
    rows = ""
    for student, scores in report.scores.items():
        link = f'<a href="feedback/{escape(names[student])}">{escape(student)}</a>'
        cells = "".join(f"<td>{_badge(score.state)}</td>" for score in scores)
        rows += f'<tr><th scope="row">{link}</th><td>{_total(scores)}</td>{cells}</tr>'
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in [f"Seed {report.seed}.", *report.remarks])
    table = f'<table class="scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    scrolled = f'<div class="scroll" tabindex="0" role="region" aria-label="Results">{table}</div>'
    return _page(f"Exercise {report.unit}: results", f"{scrolled}<ul>{remarks}</ul>")


def _total(scores: list[Score]) -> str:
    return f"{sum(s.points for s in scores):g} of {sum(s.maximum for s in scores):g} points"


def _badge(state: str) -> str:
    colour = COLOURS.get(state, "#5b3d8a")
    return f'<span class="badge" style="background:{colour}">{escape(state)}</span>'


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )
