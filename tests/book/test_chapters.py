"""Every chapter has the form that readers know from the others, and takes the time that it states."""

import re
from pathlib import Path

import pytest
from chapters import Chapter, chapter_pages, hidden, read_chapter

PARTS = (  # in this order, other sections between them
    "A question first",
    "What goes wrong",
    "Your turn|Exercises?",
    "Quiz",
    "Take.away",
    "Further reading",
)
LINES, WIDTH = 12, 75  # of a cell that is shown
HIDDEN_LINES, HIDDEN_WIDTH = 24, 110  # of one that must be opened
TOLERANCE_MINUTES = 6
pages = pytest.mark.parametrize("page", chapter_pages(), ids=lambda page: page.stem)


def missing_parts(chapter: Chapter) -> list[str]:
    """Parts that a chapter lacks, or that stand in the wrong place."""
    sections, faults = chapter.sections, []
    for part in PARTS:
        places = [place for place, name in enumerate(sections) if re.fullmatch(part, name)]
        if places:
            sections = sections[places[0] + 1 :]
        else:
            faults.append(part)
    boxes = [line.text for line in chapter.lines if line.kind == "open" and not line.section]
    if not any("What you will be able to do" in text for text in boxes):
        faults.append("What you will be able to do")
    predictions = sum(line.kind == "text" and "**Predict" in line.text for line in chapter.lines)
    return faults + ["**Predict"] * (predictions == 0)


def faults_of_quiz(chapter: Chapter) -> list[str]:
    """What is wrong with the quiz."""
    questions = chapter.questions()
    faults = [] if 3 <= len(questions) <= 6 else [f"{len(questions)} questions"]
    for number, answers in enumerate(questions, start=1):
        if len(answers) < 2 or not all(answers):
            faults.append(f"question {number}: {len(answers)} answers, {answers.count('')} not explained")
    return faults


def faults_of_figures(chapter: Chapter) -> list[str]:
    """Figures without text for those who do not see them, and too few figures."""
    figures = [cell for cell in chapter.cells if cell.name or cell.alt or cell.caption]
    faults = [] if len(figures) >= 3 else [f"{len(figures)} figures"]
    bad = [cell for cell in figures if not (cell.name and len(cell.alt) > 40 and len(cell.caption) > 20)]
    return faults + [f"line {cell.number}: {cell.name}" for cell in bad]


def wide_cells(chapter: Chapter) -> list[str]:
    """Cells with too many lines, or with lines that are too long to be seen whole."""
    faults = []
    for cell in chapter.cells:
        lines, width = (HIDDEN_LINES, HIDDEN_WIDTH) if hidden(cell) else (LINES, WIDTH)
        code = [line for line in cell.code if line.strip()]
        longest = max(map(len, code), default=0)
        if len(code) > lines or longest > width:
            faults.append(f"line {cell.number}: {len(code)} lines, the longest of {longest} characters")
    return faults


@pages
def test_parts_come_in_their_order(page):
    assert missing_parts(read_chapter(page)) == []


@pages
def test_answers_of_the_quiz_are_explained(page):
    assert faults_of_quiz(read_chapter(page)) == []


@pages
def test_figures_can_be_read_without_the_text_and_heard(page):
    assert faults_of_figures(read_chapter(page)) == []


@pages
def test_cells_can_be_seen_whole(page):
    assert wide_cells(read_chapter(page)) == []


@pages
def test_the_stated_time_is_what_reading_takes(page):
    chapter = read_chapter(page)
    assert chapter.stated_minutes is not None
    near = abs(chapter.stated_minutes - chapter.minutes()) <= TOLERANCE_MINUTES
    assert near, f"it takes {chapter.minutes():.0f} minutes"
    assert 25 <= chapter.stated_minutes <= 45


GOOD = """# X

:::{admonition} What you will be able to do
:class: tip

**About 25 minutes.**
:::

## A question first

**Predict**.

## What goes wrong
## Your turn
## Quiz

**1. Which?**

:::{dropdown} This
Yes.
:::

:::{dropdown} That
No.
:::

## Take-away
## Further reading
"""


def made(tmp_path: Path, text: str) -> Chapter:
    page = tmp_path / "00-x.md"
    page.write_text(text)
    return read_chapter(page)


def test_a_lost_part_is_seen(tmp_path):
    assert missing_parts(made(tmp_path, GOOD)) == []
    moved = GOOD.replace("## Your turn\n", "").replace("## Quiz\n", "## Quiz\n\n## Your turn\n")
    assert missing_parts(made(tmp_path, moved)) == ["Quiz"]
    assert missing_parts(made(tmp_path, GOOD.replace("**Predict**", "Guess"))) == ["**Predict"]


def test_an_unexplained_answer_is_seen(tmp_path):
    assert faults_of_quiz(made(tmp_path, GOOD)) == ["1 questions"]
    assert faults_of_quiz(made(tmp_path, GOOD.replace("No.\n", "")))[1:] == [
        "question 1: 2 answers, 1 not explained"
    ]


def test_a_bare_figure_and_a_wide_cell_are_seen(tmp_path):
    head = "---\nmystnb:\n  figure:\n    name: fig-x\n---\n"
    cell = "\n```{code-cell} ipython3\n" + head + "x = '" + "a" * 75 + "'\n```\n"
    chapter = made(tmp_path, GOOD + cell)
    assert faults_of_figures(chapter)[1:] == ["line 30: fig-x"]
    assert wide_cells(chapter) == ["line 30: 1 lines, the longest of 81 characters"]
    assert wide_cells(made(tmp_path, GOOD + cell.replace("mystnb", "tags: [hide-input]\nmystnb"))) == []


def test_time_counts_words_code_and_figures(tmp_path):
    assert made(tmp_path, "word " * 480).minutes() == pytest.approx(2)
    code = "\n```{code-cell} ipython3\n" + "x = 1\n" * 12 + "print(x)\n```\n"
    assert made(tmp_path, code).minutes() == pytest.approx((13 * 1.5 + 10) / 60)
    assert made(tmp_path, "**About 30 minutes.**").stated_minutes == 30
