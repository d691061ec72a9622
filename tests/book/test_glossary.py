"""The glossary: in order, without doubles; pages use only its words, and link each at its first use."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from chapters import Chapter, chapter_pages, read_chapter

BOOK = Path(__file__).resolve().parents[2] / "book"
# Everyday words, or words that readers bring along: a link helps only where their special sense begins.
EVERYDAY = {
    *("action", "channel", "convolution", "exact", "family", "feature", "group", "identity", "inverse"),
    *("kernel", "ledger", "order", "plain", "projection", "rank", "scalar", "symmetry", "weight"),
}
FORMS = {
    "commute": "commutes?",
    "p4, p4m": "p4m?",
    "irreducible representation": r"irreducible\s+representations?|irreps?",
}
NOT_RUNNING = {"dropdown", "exercise", "solution", "code-cell", "raw", "math"}
LINK = r"\{term\}`[^`]*`"
NOT_WORDS = r"\$[^$]+\$|(?:\{[\w:-]+\})?`[^`]*`|\[[^\]]*\]\([^)\s]*\)"  # formulas, other roles, code, links


class Use(NamedTuple):
    """A word of the glossary in a chapter: where its first use begins, and how many links it has."""

    word: str
    first: int
    linked_first: bool
    links: int


def entries(text: str) -> list[str]:
    """Words at the start of a line, each followed by an indented explanation."""
    return re.findall(r"^(\S.*)\n  \S", text.partition(":::{glossary}")[2], flags=re.MULTILINE)


def unknown_terms(text: str, words: list[str]) -> list[str]:
    """Words that a page refers to and that the glossary lacks."""
    used = re.findall(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`", text)
    return [word for word in used if word.lower() not in map(str.lower, words)]


def running_text(chapter: Chapter) -> str:
    """The chapter's source with everything blanked that is not running text between its start and its quiz.

    Blanked are headings, tables, code, formulas, definitions and proofs, answers, and what follows the quiz.
    Places in the result are places in the source.
    """
    after = chapter.sections.index("Quiz") if "Quiz" in chapter.sections else len(chapter.sections)
    running = set(chapter.sections[:after])
    kept = [""] * len(chapter.source.splitlines())
    for line in chapter.lines:
        boxed = any(box.startswith("prf:") or box in NOT_RUNNING for box in line.boxes)
        if line.kind == "text" and line.section in running and not boxed:
            kept[line.number - 1] = line.text
    lines = zip(chapter.source.splitlines(), kept, strict=True)
    text = "\n".join(keep or " " * len(line) for line, keep in lines)
    return re.sub(rf"({LINK})|{NOT_WORDS}", lambda found: found[1] or _blank(found), text)


def _blank(found: re.Match) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def uses(chapter: Chapter, words: list[str]) -> list[Use]:
    """First use of each word in running text; a word inside a longer one of the glossary does not count."""
    text = running_text(chapter)
    links: dict[str, list[int]] = {}
    for link in re.finditer(r"\{term\}`([^`<]*?)\s*(?:<([^`>]*)>)?`", text):
        links.setdefault((link[2] or link[1]).lower(), []).append(link.start())
    bare: dict[str, list[int]] = {}
    by_length = sorted(words, key=len, reverse=True)
    forms = "|".join(f"({FORMS.get(word, _plural(word))})" for word in by_length)
    for match in re.finditer(rf"(?<![\w-])(?:{forms})(?![\w-])", re.sub(LINK, _blank, text), re.IGNORECASE):
        bare.setdefault(by_length[match.lastindex - 1], []).append(match.start())
    found = []
    for word in words:
        linked = links.get(word.lower(), [])
        places = bare.get(word, []) + linked
        if places:
            found.append(Use(word, min(places), min(places) in linked, len(linked)))
    return found


def _plural(word: str) -> str:
    return re.escape(word).replace(r"\ ", r"\s+") + "(?:s|es)?"


def at_fault(chapter: Chapter, words: list[str]) -> list[str]:
    """Words whose first use has no link, and words that are linked more than once."""
    missing = [use for use in uses(chapter, words) if not use.linked_first and use.word not in EVERYDAY]
    twice = [use for use in uses(chapter, words) if use.links > 1]
    found = []
    for use in sorted(missing, key=lambda use: use.first):
        number = chapter.source[: use.first].count("\n") + 1
        found.append(f"{use.word}, line {number}")
    return found + [f"{use.word}, linked {use.links} times" for use in twice]


@pytest.fixture(scope="module")
def words() -> list[str]:
    return entries((BOOK / "glossary.md").read_text("utf8"))


def test_words_are_in_order_and_unique(words):
    assert len(words) >= 40
    assert words == sorted(set(words), key=str.lower)


def test_pages_use_explained_words(words):
    unknown = {page.name: unknown_terms(page.read_text("utf8"), words) for page in BOOK.glob("*.md")}
    assert {name: found for name, found in unknown.items() if found} == {}


def test_an_unknown_word_is_found():
    assert unknown_terms("{term}`group`, {term}`Orbits <orbit>`, {term}`gruop`", ["group", "orbit"]) == [
        "gruop"
    ]


@pytest.mark.parametrize("page", chapter_pages(), ids=lambda page: page.stem)
def test_each_word_is_linked_once_at_its_first_use(page, words):
    assert at_fault(read_chapter(page), words) == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("An {term}`orbit`, and orbits.", []),
        ("Orbits, and an {term}`orbit`.", ["orbit, line 5"]),
        ("{term}`orbit`, {term}`Orbits <orbit>`.", ["orbit, linked 2 times"]),
        ("The code `orbit` and $orbit$.\n\n## Orbit\n", []),
        ("A {term}`ring sum` of an orbital ring sum.", []),
        ("A whole {term}`orbit` of a {term}`ring\nsum`, and its `orbit`.", []),
        (":::{dropdown} An orbit\nNo orbit.\n:::", []),
        ("```{prf:proof}\nThe orbit.\n```\n\nAn {term}`orbit`.", []),
        ("A weight.\n\n## Quiz\n\nAn orbit.", []),
    ],
)
def test_first_uses_are_seen(tmp_path, text, faults):
    page = tmp_path / "00-x.md"
    page.write_text(f"# X\n\n## A\n\n{text}\n")
    assert at_fault(read_chapter(page), ["orbit", "ring sum", "weight"]) == faults
