"""The lecturer's guide: its minutes add up, its figures exist, and the exam stays off the site."""

import re
from pathlib import Path
from types import SimpleNamespace

import course_plan
import pytest

ROOT = Path(__file__).resolve().parents[2]

GUIDE = (ROOT / "book/lecturers.md").read_text("utf8")
EXAM = (ROOT / "solutions/exam.md").read_text("utf8")
TOC = re.findall(r"file:\s*book/(\S+)", (ROOT / "_toc.yml").read_text("utf8"))
WEEKS = re.search(r"```\{course-weeks\}\n(.*?)```", GUIDE, flags=re.DOTALL)[1].splitlines()
CHAPTERS = GUIDE.split("## Chapter by chapter")[1]
POINTS = {"★": 2, "★★": 4, "★★★": 6}


def sessions(heading: str) -> dict[str, list[int]]:
    """Minutes of the items below each heading of the third level whose words begin so."""
    parts = re.findall(rf"^### ({heading}[^\n]*)\n(.*?)(?=^##)", GUIDE, flags=re.MULTILINE | re.DOTALL)
    return {name: [int(n) for n in re.findall(r"^- \*\*(\d+) min\*\*", text, re.M)] for name, text in parts}


def test_every_week_has_ninety_minutes():
    weeks = sessions("Week")
    assert len(weeks) == len(WEEKS) == 10
    assert {name: sum(minutes) for name, minutes in weeks.items()} == dict.fromkeys(weeks, 90)


def test_every_half_day_has_three_hours_and_a_break():
    halves = sessions("Day")
    assert len(halves) == 4
    assert {name: sum(minutes) for name, minutes in halves.items()} == dict.fromkeys(halves, 180)
    assert GUIDE.count("**20 min** Break.") == 4


def test_plan_has_each_chapter_once_and_in_order():
    pages = [page for line in WEEKS for page in line.split("|")[1].strip().split(", ")]
    assert [int(page[:2]) for page in pages] == list(range(1, 16))
    ready = [name for name in TOC if name[0].isdigit()]
    assert [page for page in pages if page in ready] == ready


def test_each_chapter_has_its_section():
    heads = re.findall(r"^### (\d+)(?: (?:and|to) (\d+))?", CHAPTERS, re.MULTILINE)
    covered = {n for low, high in heads for n in range(int(low), int(high or low) + 1)}
    assert covered == set(range(1, 16))


def test_figures_that_are_named_exist():
    chapters = "".join(path.read_text("utf8") for path in (ROOT / "book").glob("[0-9]*.md"))
    for name in re.findall(r"\{numref\}`([\w-]+)`", GUIDE):
        assert f"name: {name}\n" in chapters, name


def table(root: Path, lines: list[str], docs: set[str]) -> str:
    """What the directive writes."""
    names = {"srcdir": root, "docname": "book/guide", "found_docs": docs}
    environment = SimpleNamespace(note_reread=lambda: None, **names)
    machine = SimpleNamespace(reporter=None)
    state = SimpleNamespace(document=SimpleNamespace(settings=SimpleNamespace(env=environment)))
    directive = course_plan.CourseWeeks("course-weeks", [], {}, lines, 1, 0, "", state, machine)
    (node,) = directive.run()
    return node.astext()


def test_minutes_of_the_table_are_those_of_the_files(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "solutions").mkdir()
    (tmp_path / "book/01-one.md").write_text("**About 25 minutes.** Builds on nothing.\n")
    (tmp_path / "book/02-two.md").write_text("**About 40 minutes.** About 99 minutes.\n")
    (tmp_path / "solutions/unit.py").write_text("# | Time | about 85 minutes |\n")
    (tmp_path / "solutions/other_one.py").write_text("# | Time | about 30 minutes |\n")
    lines = ["1 | 01-one, 02-two | unit", "2 | 03-three | none", "3 | 02-two | unit, other_one"]
    text = table(tmp_path, lines, {"book/01-one", "book/02-two"})
    assert "<td>65 min</td><td>unit <strong>unit</strong>, 85 min</td>" in text
    assert '<a href="01-one.html">chapter 1</a>, <a href="02-two.html">chapter 2</a>' in text
    assert "<td>chapter 3 (to come)</td><td></td><td>exercises in the text</td>" in text
    assert "<td>unit <strong>unit</strong>, 85 min; unit <strong>other one</strong>, 30 min</td>" in text


@pytest.mark.parametrize("name", [name for name in TOC if name[0].isdigit()])
def test_chapters_say_how_long_they_take(name):
    stated = re.findall(r"\*\*About (\d+) minutes\.\*\*", (ROOT / f"book/{name}.md").read_text("utf8"))
    assert len(stated) == 1
    assert course_plan.minutes(ROOT / f"book/{name}.md") == int(stated[0])


def test_exam_has_levels_points_and_solutions():
    questions = re.findall(
        r"^\*\*(\d+)\. \((★+), (\d) points\)\*\* .*\n\n\*Solution\.\* ", EXAM, flags=re.MULTILINE
    )
    assert [int(number) for number, _, _ in questions] == list(range(1, len(questions) + 1))
    assert len(questions) == EXAM.count("points)**") >= 20
    assert all(POINTS[level] == int(points) for _, level, points in questions)
    counts = [sum(level == one for _, level, _ in questions) for one in POINTS]
    assert counts[0] >= 8 and counts[1] >= 5 and counts[2] >= 2  # as many as a paper takes
    assert 8 * 2 + 5 * 4 + 2 * 6 == int(re.search(r"(\d+) points\. Students", EXAM)[1])


def test_exam_covers_every_chapter():
    heads = re.findall(r"^## Chapters? (\d+)(?: and (\d+))?", EXAM, flags=re.MULTILINE)
    assert sorted(int(n) for pair in heads for n in pair if n) == list(range(1, 16))


def test_exam_is_no_page_and_no_notebook():
    assert not any("exam" in name for name in TOC)
    assert "solutions" in re.search(r"exclude_patterns: \[(.*)\]", (ROOT / "_config.yml").read_text())[1]
    for folder in ("book", "exercises"):
        for path in (ROOT / folder).glob("**/*.ipynb"):
            assert "Deduct nothing twice" not in path.read_text("utf8"), path


@pytest.mark.slow
@pytest.mark.browser
def test_exam_is_not_on_the_site():
    site = ROOT / "_build/html"
    assert (site / "index.html").is_file(), "the site is not built; run `make book` first"
    for path in site.rglob("*"):
        if path.suffix in (".html", ".js", ".txt", ".md"):
            text = path.read_text("utf8", errors="replace")
            assert "Deduct nothing twice" not in text and "points)** A network outlines" not in text, path
