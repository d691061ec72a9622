"""The glossary: in order, without doubles, and every page uses only words that it explains."""

import re
from pathlib import Path

BOOK = Path(__file__).resolve().parents[2] / "book"


def entries(text: str) -> list[str]:
    """Words at the start of a line, each followed by an indented explanation."""
    return re.findall(r"^(\S.*)\n  \S", text.partition(":::{glossary}")[2], flags=re.MULTILINE)


def unknown_terms(text: str, words: list[str]) -> list[str]:
    """Words that a page refers to and that the glossary lacks."""
    used = re.findall(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`", text)
    return [word for word in used if word.lower() not in map(str.lower, words)]


def test_words_are_in_order_and_unique():
    words = entries((BOOK / "glossary.md").read_text("utf8"))
    assert len(words) >= 40
    assert words == sorted(set(words), key=str.lower)


def test_pages_use_explained_words():
    words = entries((BOOK / "glossary.md").read_text("utf8"))
    unknown = {page.name: unknown_terms(page.read_text("utf8"), words) for page in BOOK.glob("*.md")}
    assert {name: found for name, found in unknown.items() if found} == {}


def test_an_unknown_word_is_found():
    assert unknown_terms("{term}`group`, {term}`Orbits <orbit>`, {term}`gruop`", ["group", "orbit"]) == [
        "gruop"
    ]
