"""The book on paper: what is folded on the site is open, links lead to sheets, every sheet has its number."""

import shutil
from contextlib import nullcontext
from pathlib import Path

import build_pdf
import pytest
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://example.org/course/"
PAGE = """<html><body><div class="bd-sidebar">Sidebar</div><main class="bd-main"><article class="bd-article">
<h1>{title}<a class="headerlink" href="#top">#</a></h1><div style="height: {space}px"></div>{body}
</article></main></body></html>"""
INDEX = """<p><a href="one.html#word">word</a> <a href="one.html">one</a> <a href="left-out.html#x">out</a>
<a href="https://elsewhere.net/">away</a></p>
<h2 id="deep">A place of the same name</h2><a href="#deep">here</a>"""
ONE = """<details class="sd-dropdown"><summary>Yes</summary><p>Right, of course.</p></details>
<div class="cell"><details class="hide"><summary>Show code</summary>secret = 1</details></div>
<figure class="course-slider">{frames}<div><label>turn
<input data-values='["0", "30", "60", "90", "120", "150", "180"]'></label><output>0</output></div></figure>
<h2 style="break-before: page" id="deep">Deep down</h2><p><a href="#deep">up</a></p>
<dl style="break-before: page"><dt id="word">Word</dt></dl>"""
FRAME = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


@pytest.fixture
def project(tmp_path):
    """A small built site of two pages and a table of contents."""
    (tmp_path / "_toc.yml").write_text(
        "root: book/index\nparts:\n- caption: Part A\n  chapters:\n  - file: book/one\n"
    )
    (tmp_path / "_config.yml").write_text(f"title: A course\nauthor: We\nhtml:\n  baseurl: {BASE}\n")
    site = tmp_path / "_build/html/book"
    site.mkdir(parents=True)
    frames = "".join(f'<img src="{FRAME}" style="display:none" alt="{k}">' for k in range(7))
    (site / "index.html").write_text(PAGE.format(title="Index", space=2000, body=INDEX))
    (site / "one.html").write_text(PAGE.format(title="One", space=10, body=ONE.format(frames=frames)))
    return tmp_path


def test_plan_has_the_root_and_all_parts():
    parts = build_pdf.plan(ROOT)
    assert parts[0] == ("", ["book/index"])
    assert "book/04-p4" in dict(parts)["II. Layers"]


def test_absent_page_is_named(project, capsys):
    (project / "_build/html/book/one.html").unlink()
    assert build_pdf.main(project) == 1
    assert "[pdf] STOP: the site lacks book/one; build it with `make book`" in capsys.readouterr().err


def test_absent_browser_is_named_with_its_remedy(project, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert build_pdf.main(project) == 1
    assert "printing needs Chromium" in (err := capsys.readouterr().err) and "apt-get install chromium" in err
    assert not (project / "_build/equivariance-course.pdf").exists()


def bookmarks(reader, items, depth=0):
    """Depth, title and sheet of every bookmark."""
    for item in items:
        if isinstance(item, list):
            yield from bookmarks(reader, item, depth + 1)
        else:
            yield depth, item.title, reader.get_destination_page_number(item)


def links(reader):
    """Words and goal of every link: a sheet's index, or an address."""
    goals = []
    numbers = {page.indirect_reference.idnum: index for index, page in enumerate(reader.pages)}
    for page in reader.pages:
        for annotation in page.get("/Annots") or ():
            annotation = annotation.get_object()
            action = annotation.get("/A", {})
            if "/URI" in action:
                goals.append(str(action["/URI"]))
            elif "/D" in action:
                goals.append(numbers[action["/D"][0].idnum])
            else:
                name = str(annotation["/Dest"])
                goals.append(reader.get_destination_page_number(reader.named_destinations[name]))
    return goals


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.filterwarnings("default::DeprecationWarning")
@pytest.mark.filterwarnings("default::ResourceWarning")
class TestOnPaper:
    def test_small_site(self, project, browser, monkeypatch):
        monkeypatch.setattr(build_pdf, "chromium", lambda: nullcontext(browser))
        assert build_pdf.main(project) == 0
        reader = PdfReader(project / "_build/equivariance-course.pdf")
        text = [page.extract_text() for page in reader.pages]
        count = len(text)
        start = next(index for index, words in enumerate(text) if "Right, of course." in words)
        assert start >= 2 and count == start + 3
        assert list(bookmarks(reader, reader.outline)) == [
            (0, "Index", 0),
            (1, "A place of the same name", start - 1),
            (0, "Part A", start),
            (1, "One", start),
            (2, "Deep down", start + 1),
        ]
        assert all("A course" in words and words.rstrip().endswith(str(n)) for n, words in enumerate(text, 1))
        together = "\n".join(text)
        assert "Sidebar" not in together and "secret" not in together and "#" not in together
        assert [f"turn: {value}" in together for value in (0, 30, 60, 90, 120, 150, 180)] == [
            *(True, False, True, False, True, False, True)
        ]
        assert f"This figure moves on the site: {BASE}book/one.html" in together
        away = [f"{BASE}book/left-out.html#x", "https://elsewhere.net/"]
        assert links(reader) == [start + 2, start, *away, start - 1, start + 1]

    def test_chapter_of_the_book(self, browser):
        with build_pdf.served(ROOT / "_build/html") as address:
            reader, headings = build_pdf.printed(browser, address, "book/04-p4", BASE)
        text = " ".join("\n".join(page.extract_text() for page in reader.pages).split())
        assert "Right. Every layer up to the pooling must respect both" in text
        assert "Show code cell source" not in text and "Back to top" not in text
        assert "Take-away" in headings.values()
        width = float(reader.pages[0].mediabox.width)
        assert abs(width - 595) < 1 and 10 < len(reader.pages) < 40
