"""How the book is written: spelled right, in short sentences, and every chapter that is named is a link."""

import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
import run_tests
import yaml
from chapters import Chapter, bare, chapter_pages, read_chapter, sentences

ROOT = Path(__file__).resolve().parents[2]
MEDIAN_WORDS, LONG_WORDS, LONG_SHARE, LONGEST_WORDS = 14, 30, 0.04, 45
OTHER_CHAPTER = re.compile(r"\b[Cc]hapters? \d+|\b(?:later|next|last|previous) chapters?\b", re.IGNORECASE)
pages = pytest.mark.parametrize("page", chapter_pages(), ids=lambda page: page.stem)


def without_link(chapter: Chapter) -> list[str]:
    """Places where another chapter is spoken of, and the reader cannot go there."""
    faults = []
    for line in chapter.lines:
        if line.kind in ("text", "table", "open"):
            named = OTHER_CHAPTER.findall(bare(line.text))
            faults += [f"line {line.number}: {name}" for name in named]
    return faults


def codespell(*files: str | Path) -> str:
    words = ROOT / "book/tools/words.txt"
    command = [Path(sys.executable).parent / "codespell", "--ignore-words", words, *files]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT).stdout


def test_spelling_covers_every_page_and_every_exercise():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    files = [toc["root"], *(page["file"] for part in toc["parts"] for page in part["chapters"])]
    checked = {Path(path) for path in run_tests.spelling()}
    assert {ROOT / f"{file}.md" for file in files} <= checked
    units = [path.stem for path in (ROOT / "exercises").glob("*.ipynb")]
    assert units and {ROOT / f"solutions/{unit}.py" for unit in units} <= checked


def test_every_word_is_spelled_right(tmp_path):
    assert codespell(*run_tests.spelling()) == ""
    wrong = tmp_path / "x.md"
    wrong.write_text("An equivarient layer for " + "teh" + " course.\n")
    assert "x.md:1: teh ==> the" in codespell(wrong)


@pages
def test_sentences_are_short(page):
    lengths = sentences(read_chapter(page).paragraphs("text"))
    assert median(lengths) <= MEDIAN_WORDS
    assert sum(length > LONG_WORDS for length in lengths) / len(lengths) <= LONG_SHARE
    assert max(lengths) <= LONGEST_WORDS


@pages
def test_chapters_that_are_named_are_links(page):
    assert without_link(read_chapter(page)) == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("As chapter 6 shows.", ["line 1: chapter 6"]),
        ("That is the Next chapter.", ["line 1: Next chapter"]),
        ("As {doc}`chapter 6 <06-steerable>` and [chapter 7](07-sre.md) show.", []),
        ("% note: as in chapter 6\n\n`chapter 6`\n", []),
    ],
)
def test_a_chapter_without_link_is_seen(tmp_path, text, faults):
    page = tmp_path / "00-x.md"
    page.write_text(text)
    assert without_link(read_chapter(page)) == faults


def test_lengths_of_sentences_by_hand():
    text = "One two three. *Four* {term}`five <x>`! Is $a + b = c$ six? (Seven eight.) 9 is e.g. a number."
    assert sentences([text]) == [3, 2, 3, 2, 5]
