"""The page that says where each claim of the sources is tested: places exist, verdicts are computed."""

import re
from pathlib import Path

import pytest
from chapters import Chapter, read_chapter

from course_lib.results_claims import CLAIMS
from course_lib.verdicts import Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book/coverage.md"


def cells(chapter: Chapter) -> str:
    return "\n".join(line for cell in chapter.cells for line in cell.code)


def anchors(page: Path) -> set[str]:
    """Labels and headings of a page, as addresses name them."""
    text = page.read_text("utf8")
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r"^\(([\w:.-]+)\)=$", text, flags=re.MULTILINE))


def typed_verdicts(chapter: Chapter) -> list[str]:
    """Lines of tables in the text that hold a verdict."""
    words = [verdict.value for verdict in Verdict]
    return [
        line.text for line in chapter.lines if line.kind == "table" and any(w in line.text for w in words)
    ]


def test_every_test_that_is_named_exists():
    named = set(re.findall(r"tests/[\w/.]+\.py", PAGE.read_text("utf8")))
    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_links_in_computed_tables_lead_somewhere():
    links = re.findall(r"\]\(([\w-]+)\.html(?:#([\w-]+))?\)", cells(read_chapter(PAGE)))
    assert len(links) > 8
    for page, anchor in links:
        assert (ROOT / f"book/{page}.md").is_file(), page
        assert not anchor or anchor in anchors(ROOT / f"book/{page}.md"), (page, anchor)


def test_every_claim_has_a_place():
    placed = re.findall(r'^ +"([\d′]+)": \(', cells(read_chapter(PAGE)), flags=re.MULTILINE)
    assert placed == list(dict.fromkeys(claim.number for claim in CLAIMS))


def test_no_verdict_is_typed(tmp_path):
    assert typed_verdicts(read_chapter(PAGE)) == []
    (tmp_path / "x.md").write_text("# X\n\n| p4 | **confirmed** |\n")
    assert len(typed_verdicts(read_chapter(tmp_path / "x.md"))) == 1


@pytest.mark.parametrize("chapter", ["13", "14"])
def test_a_chapter_is_being_written_only_while_it_is_not_there(chapter):
    there = bool(list((ROOT / "book").glob(f"{chapter}-*.md")))
    assert there != (f"being written, chapter {chapter}" in PAGE.read_text("utf8"))
