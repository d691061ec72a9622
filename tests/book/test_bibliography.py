"""The bibliography: every work can be found, is cited, and every citation is in it."""

import re
from pathlib import Path

import pytest
from pybtex.database import BibliographyData, parse_file, parse_string

BOOK = Path(__file__).resolve().parents[2] / "book"
PRIOR_ART = {  # what a reader of a course on equivariance in medical imaging must be led to
    "bekkers2018roto",
    "cohen2016group",
    "gerken2022equivariance",
    "ghyselinck2024effectiveness",
    "graham2020dense",
    "gruver2023lie",
    "lafarge2021roto",
    "linmans2018sample",
    "veeling2018rotation",
    "weiler2018learning",
    "weiler2019general",
    "winkels2018nodules",
    "worrall2017harmonic",
}


@pytest.fixture(scope="module")
def works() -> BibliographyData:
    return parse_file(str(BOOK / "references.bib"))


def cited(text: str) -> set[str]:
    """Keys that a page cites."""
    groups = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text)
    return {key.strip() for group in groups for key in group.split(",")}


def without_address(works: BibliographyData) -> list[str]:
    """Works without DOI, arXiv number and address; a talk may lack all three."""
    return [
        key
        for key, entry in works.entries.items()
        if not {"doi", "eprint", "url"} & set(map(str.lower, entry.fields))
        and entry.fields.get("note") != "Talk"
    ]


def test_every_work_can_be_found(works):
    assert without_address(works) == []
    assert without_address(parse_string("@misc{x, title = {X}}", "bibtex")) == ["x"]


def test_numbers_and_addresses_have_the_right_form(works):
    for key, entry in works.entries.items():
        assert re.fullmatch(r"10\.\d{4,}/\S+", entry.fields.get("doi", "10.1000/x")), key
        assert re.fullmatch(r"\d{4}\.\d{4,5}", entry.fields.get("eprint", "1602.07576")), key
        assert entry.fields.get("url", "https://").startswith("https://"), key
        if "eprint" in entry.fields and "url" in entry.fields:
            assert entry.fields["url"] == f"https://arxiv.org/abs/{entry.fields['eprint']}", key


def test_no_work_is_there_twice(works):
    names = [
        (entry.persons["author"][0].last_names, re.sub(r"[{}\W]", "", entry.fields["title"]).lower())
        for entry in works.entries.values()
    ]
    assert [name for name in names if names.count(name) > 1] == []


def test_works_are_cited_and_citations_are_works(works):
    pages = {page.name: cited(page.read_text("utf8")) for page in BOOK.glob("*.md")}
    used = set().union(*pages.values())
    assert {
        name: keys - set(works.entries) for name, keys in pages.items() if keys - set(works.entries)
    } == {}
    assert set(works.entries) - used == set()
    assert used >= PRIOR_ART


def test_citations_are_seen_in_every_form():
    assert cited("{cite}`a`, {cite:t}`b, c` and {term}`d`") == {"a", "b", "c"}
