"""A page on the whole class: how each question went, what was misunderstood, and who has which points."""

from collections import Counter
from html import escape

from course_lib.checks.verdicts import NOT_ATTEMPTED, RIGHT, WRONG
from course_lib.grading.grade import Report
from course_lib.grading.judging import Unit
from course_lib.grading.pages import OTHER, PARTLY, SHADES, badge, kind, page, total
from course_lib.grading.records import Record

KINDS = (RIGHT, PARTLY, WRONG, NOT_ATTEMPTED, OTHER)
WIDTH, LEFT, BAR, STEP, BINS, HIGH = 640, 130, 22, 32, 10, 140  # px; bins of the histogram
MOST = 8  # misconceptions that are listed for a unit


def class_page(report: Report, names: dict[str, str]) -> str:
    """The page for the lecturer; it links the students' pages.

    Args:
        report: From ``grade``.
        names: File name of each student's page.
    """
    parts = "".join(_unit(report, unit, names) for unit in report.units)
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in [f"Seed {report.seed}.", *report.remarks])
    count = len(report.records)
    return page(f"Results of {count} student{'s' * (count != 1)}", f"{parts}<h2>How</h2><ul>{remarks}</ul>")


def _unit(report: Report, unit: Unit, names: dict[str, str]) -> str:
    results = {student: records[unit.name] for student, records in report.records.items()}
    records = list(results.values())
    tallies = {
        task.name: Counter(kind(record.scores[n]) for record in records) for n, task in enumerate(unit.tasks)
    }
    return (
        f"<h2>Unit {escape(unit.name)}</h2><h3>Questions</h3>{bars(tallies)}"
        f"<h3>Points</h3>{histogram(records)}<h3>Most frequent misconceptions</h3>{_mistakes(records)}"
        f"<h3>Students</h3>{_students(unit, results, names)}"
    )


def bars(tallies: dict[str, Counter[str]]) -> str:
    """A bar a question, as long as the class, in parts for right, partly right, wrong and the rest.

    Args:
        tallies: Number of answers of each kind, by question.
    """
    shapes, words = "", []
    for row, (question, tally) in enumerate(tallies.items()):
        x, y, everything = float(LEFT), row * STEP + 4, sum(tally.values())
        shapes += f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(question)}</text>'
        for name in KINDS:
            width = (WIDTH - LEFT) * tally[name] / everything
            if width:
                shapes += (
                    f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{SHADES[name]}"/>'
                )
            if width > 24:
                middle = f'x="{x + width / 2:.1f}" y="{y + 16}" text-anchor="middle"'
                shapes += f'<text class="on" {middle}>{tally[name]}</text>'
            x += width
        words.append(f"{question}: " + ", ".join(f"{tally[name]} {name}" for name in KINDS if tally[name]))
    legend = " ".join(
        f'<span class="badge" style="background:{SHADES[name]}">{name}</span>'
        for name in KINDS
        if any(tally[name] for tally in tallies.values())
    )
    return f"<p>{legend}</p>{_svg(shapes, len(tallies) * STEP + 8, '; '.join(words))}"


def histogram(records: list[Record]) -> str:
    """How many students reached how many points of a unit.

    Args:
        records: Results of the unit.
    """
    maximum = sum(score.maximum for score in records[0].scores)
    reached = [sum(score.points for score in record.scores) for record in records]
    counts = Counter(min(int(BINS * points / maximum), BINS - 1) for points in reached)
    most, wide, shapes, words = max(counts.values()), (WIDTH - 60) / BINS, "", []
    for number in range(BINS):
        height = HIGH * counts[number] / most
        x, y = 30 + number * wide, 24 + HIGH - height
        shapes += (
            f'<rect x="{x + 2:.1f}" y="{y:.1f}" width="{wide - 4:.1f}" height="{height:.1f}" fill="#2f6f9f"/>'
        )
        if counts[number]:
            middle = f'x="{x + wide / 2:.1f}" text-anchor="middle"'
            shapes += f'<text {middle} y="{y - 5:.1f}">{counts[number]}</text>'
            low, high = (maximum * edge / BINS for edge in (number, number + 1))
            words.append(f"{counts[number]} with {low:g} to {high:g}")
    for edge in range(0, BINS + 1, 2):
        at = f'x="{30 + edge * wide:.1f}" y="{HIGH + 42}" text-anchor="middle"'
        shapes += f"<text {at}>{maximum * edge / BINS:g}</text>"
    shapes += f'<text x="{WIDTH / 2}" y="{HIGH + 62}" text-anchor="middle">points</text>'
    mean = sum(reached) / len(reached)
    said = f"<p>Number of students over points. Mean {mean:.3g} of {maximum:g}.</p>"
    return said + _svg(shapes, HIGH + 70, "; ".join(words))


def _svg(shapes: str, height: int, words: str) -> str:
    box = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return f'<div class="scroll"><svg {box} role="img" aria-label="{escape(words)}">{shapes}</svg></div>'


def _mistakes(records: list[Record]) -> str:
    known, unknown = Counter[tuple[str, str]](), 0
    for record in records:
        for score in record.scores:
            known[score.question, score.mistake] += bool(score.mistake)
            unknown += score.state == WRONG and not score.mistake
    rows = "".join(
        f'<tr><td class="number">{count}</td><td>{escape(question)}</td>'
        f'<td style="white-space:normal">{escape(mistake)}</td></tr>'
        for (question, mistake), count in known.most_common(MOST)
        if count
    )
    head = "".join(
        f'<th scope="col">{title}</th>' for title in ("Students", "Question", "What they were told")
    )
    table = f'<table class="scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    table = f'<div class="scroll">{table}</div>' if rows else ""
    return f"{table}<p>Wrong answers that are no known mistake: {unknown}.</p>"


def _students(unit: Unit, results: dict[str, Record], names: dict[str, str]) -> str:
    titles = ("Student", "Points", *(task.name for task in unit.tasks))
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    rows = ""
    for student, record in results.items():
        link = f'<a href="feedback/{escape(names[student])}">{escape(student)}</a>'
        cells = "".join(f"<td>{badge(score)}</td>" for score in record.scores)
        rows += f'<tr><th scope="row">{link}</th><td>{total(record.scores)}</td>{cells}</tr>'
    table = f'<table class="scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Results">{table}</div>'
