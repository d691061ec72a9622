"""Slides: what a block must look like, and how the decks look in a real browser without any network."""

import base64
import io
import re
import shutil
from pathlib import Path

import build_slides
import nbformat
import pytest
import slide_blocks
import slide_deck
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
TOC = (ROOT / "_toc.yml").read_text("utf8")
CHAPTERS = [ROOT / f"{name}.md" for name in re.findall(r"file:\s*(book/\d\S*)", TOC)]
CHAPTER = """\
---
kernelspec: {}
---

(ch-one)=
# One

:::{admonition} What you will be able to do
:class: tip

- Count to one.
- Prove it,
  twice.

**About 25 minutes.** Builds on nothing.
:::

## A question

One is {term}`odd`. See {cite:t}`cohen2016group`.

% A remark to other authors: this is no slide.

```{code-cell} ipython3
% slide: a comment of a cell is no slide
```

% slide: One *and* only
% - The **one** is $1 + 0$.
% math: a < b
% figure: fig-one
% note: Wait for them.

Two comes later.

% slide: Two
% - Two.

## Take-away

- One is one.
- Two is
  two.

## Further reading

- Nothing.
"""


def png(width: int, height: int) -> bytes:
    """A white picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def project(tmp_path):
    """A checkout of one chapter, executed, with the real styles and scripts; and how to change its text."""
    (tmp_path / "book").mkdir()
    for name in ("_config.yml", "book/references.bib", "book/assets", "book/web"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "_toc.yml").write_text(
        "chapters:\n- file: book/01-one\n- file: book/02-two\n- file: book/api\n"
    )
    (tmp_path / "book/02-two.md").write_text("# Two\n\n**About 5 minutes.**\n")
    options = {
        "figure": {"name": "fig-one", "caption": "A *white* field."},
        "image": {"alt": 'white "field"'},
    }
    cell = nbformat.v4.new_code_cell("1", metadata={"mystnb": options})
    picture = {"image/png": base64.b64encode(png(20, 10)).decode()}
    cell.outputs = [nbformat.v4.new_output("display_data", picture)]
    executed = tmp_path / "_build/executed/01-one.ipynb"
    executed.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), executed)

    def put(old: str = "", new: str = "") -> Path:
        assert old in CHAPTER
        (tmp_path / "book/01-one.md").write_text(CHAPTER.replace(old, new, 1) if old else CHAPTER)
        return tmp_path

    put()
    return put


def test_chapter_is_read(project):
    chapter = slide_blocks.read_chapter(project() / "book/01-one.md", "book/01-one.md")
    assert (chapter.number, chapter.title, chapter.minutes) == (1, "One", 25)
    assert chapter.objectives == ["Count to one.", "Prove it, twice."]
    assert chapter.take_away == ["One is one.", "Two is two."]
    assert chapter.problems == []
    one, two = chapter.slides
    assert (one.title, one.bullets, one.formulas) == (
        "One *and* only",
        ["The **one** is $1 + 0$."],
        ["a < b"],
    )
    assert (one.figure, one.notes) == ("fig-one", ["Wait for them."])
    assert one.prose == "## A question\n\nOne is {term}`odd`. See {cite:t}`cohen2016group`."
    assert two.prose == "Two comes later."


def test_formula_and_code_count_as_one_word():
    assert slide_blocks.words("It is $a + b + c$, or `act(g, x, rep)` - **so** it is.") == 8


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "% figure: fig-one",
            "% figure: fig-two",
            31,
            "no figure is called 'fig-two'; this chapter has fig-one",
        ),
        ("The **one**", "a b c d e f g h i j k l", 29, "a bullet has at most 12 words, this one 14; cut it"),
        ("% - Two.", "% - 2\n" * 5 + "%", 36, "at most 4 bullets, this one 5; make two slides"),
        ("% - Two.", "% math: 2\n" * 3 + "% - 2", 36, "at most 2 formulas, this one 3; make two slides"),
        ("% note: Wait", "% notes: Wait", 32, "got '% notes: Wait for them.'; mend it"),
        ("% note: Wait", "% Wait", 32, "got '% Wait for them.'; mend it"),
        ("% figure:", "% figure: fig-one\n% figure:", 32, "at most one figure; make two slides"),
        ("% slide: Two\n", "", 36, "a slide block begins with '% slide: Title'; add it"),
        ("% slide: Two\n", "% slide:\n", 36, "a slide block begins with '% slide: Title'; add it"),
        ("% slide: Two\n", "%slide: Two\n", 36, "got '%slide: Two'; mend it"),
        ("% slide: Two\n", "% slides: Two\n", 36, "a slide block begins with '% slide: Title'; add it"),
        ("% - Two.", "% slide: Three", 37, "give each its own block"),
        (
            "Two comes later.\n\n",
            "Two comes later.\n",
            35,
            "needs an empty line before and after it; add them",
        ),
        ("% - Two.\n\n", "% - Two.\n", 36, "needs an empty line before and after it; add them"),
    ],
)
def test_mistake_is_named_with_file_and_line(project, capsys, old, new, line, message):
    root = project(old, new)
    assert build_slides.main(root) == 1
    err = capsys.readouterr().err
    assert f"book/01-one.md:{line}: " in err and message in err and "[slides] STOP: " in err
    assert not (root / "_build/slides").exists()


def test_chapter_that_was_not_executed_says_what_to_do(project, capsys):
    root = project()
    shutil.rmtree(root / "_build")
    assert build_slides.main(root) == 1
    assert "this chapter has none (`make book` executes it)" in capsys.readouterr().err


def test_decks_are_written_twice_the_same(project, capsys):
    root = project()

    def files() -> dict[str, bytes]:
        assert build_slides.main(root) == 0
        out = root / "_build/slides"
        return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}

    first = files()
    (root / "_build/slides/old.html").touch()
    assert files() == first
    assert "1 of 2 chapters have slides" in capsys.readouterr().out
    assert {"index.html", "01-one.html", "figures/fig-one.png"} <= set(first) and "02-two.html" not in first
    assert (
        "no slides yet" in first["index.html"].decode() and "4 slides, 25 min" in first["index.html"].decode()
    )
    page = first["01-one.html"].decode()
    assert "<h2>One <em>and</em> only</h2>" in page
    assert '<li>The <strong>one</strong> is <span class="math inline">\\(1 + 0\\)</span>.' in page
    assert "\\[a &lt; b\\]" in page and 'alt="white &quot;field&quot;"' in page
    notes = re.findall(r'<aside class="notes">(.*?)</aside>', page, flags=re.DOTALL)
    assert notes[0].startswith("<p><strong>Wait for them.</strong></p>")
    assert "Figure: A <em>white</em> field." in notes[0] and "One is <em>odd</em>. See <a" in notes[0]
    assert "Two comes later." in notes[1] and "slide" not in "".join(notes)


def test_pictures_of_the_text_have_names_too(tmp_path):
    (tmp_path / "white.png").write_bytes(png(30, 10))
    page = tmp_path / "page.md"
    page.write_text("```{figure} white.png\n:alt: nothing\n:name: fig-white\n\nWhite.\n```\n")
    found = slide_deck.figures(page, tmp_path / "none.ipynb")
    assert found["fig-white"].ratio == 3 and found["fig-white"].alt == "nothing"


def test_long_take_away_takes_two_slides():
    assert slide_deck.halves(["short"] * 5) == [["short"] * 5]
    long = [f"{'word ' * 30}{k}" for k in range(7)]
    assert slide_deck.halves(long) == [long[:4], long[4:]]


def test_wide_figures_stand_below_and_square_ones_beside():
    assert slide_deck.place(2.5, 3, 0)[0] == "below"
    assert slide_deck.place(1.0, 3, 0) == ("right", 540)
    assert slide_deck.place(1.0, 0, 1)[0] == "below"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_blocks_of_the_book_are_in_order(path):
    chapter = slide_blocks.read_chapter(path, path.name)
    assert chapter.problems == []
    assert chapter.minutes > 0 and chapter.objectives and chapter.take_away
    assert not chapter.slides or 8 <= len(chapter.slides) <= 20  # with title page and take-away 10 to 22


browser_test = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]
DECKS = [path.stem for path in CHAPTERS if "% slide:" in path.read_text("utf8")]
# What of a slide leaves its frame or runs into the footer, and bullets too small for the last row.
LOOK = """() => {
    const slide = Reveal.getCurrentSlide(), wrong = [];
    const floor = slide.querySelector("footer").getBoundingClientRect();
    if (floor.bottom > 720) wrong.push(["footer", floor.bottom]);
    for (const part of slide.querySelectorAll("h1, h2, p, li, img, mjx-container > svg, footer span")) {
        if (part.closest("aside")) continue;
        const box = part.getBoundingClientRect(), end = part.closest("footer") ? 720 : floor.top;
        if (box.left < 0 || box.right > 1280 || box.top < 0 || box.bottom > end + 1)
            wrong.push([part.tagName, part.textContent.slice(0, 40), JSON.stringify(box)]);
        if (part.tagName === "LI" && parseFloat(getComputedStyle(part).fontSize) < 28)
            wrong.push(["small", part.textContent.slice(0, 40)]);
        if (part.tagName === "IMG" && (!part.complete || part.naturalWidth === 0 || box.height < 150))
            wrong.push(["picture", part.src, box.height]);
        const above = part.previousElementSibling;
        if (part.tagName === "IMG" && above && above.getBoundingClientRect().bottom > box.top)
            wrong.push(["overlap", part.src]);
    }
    if (slide.querySelector("mjx-merror")) wrong.push(["formula", slide.textContent.slice(0, 60)]);
    return wrong;
}"""


@pytest.fixture(scope="module")
def slides(tmp_path_factory):
    """All decks of the book, as `make slides` writes them, in a folder of this test."""
    out = tmp_path_factory.mktemp("slides")
    chapters = [slide_blocks.read_chapter(path, path.name) for path in CHAPTERS]
    problems = build_slides.write(chapters, ROOT, out)
    assert problems == [], "run `make book` first, then mend the blocks"
    return out


def opened(browser, address):
    """A deck in the browser, and everything that went wrong or left the folder."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    troubles: list[str] = []
    local = ("file:", "data:", "blob:", "about:")
    context.on("request", lambda r: None if r.url.startswith(local) else troubles.append(r.url))
    context.on("requestfailed", lambda r: troubles.append(f"failed: {r.url}"))
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    page = context.new_page()
    page.set_default_timeout(120_000)  # a deck of a hundred formulas, on a busy machine
    page.goto(address)
    page.locator("html[data-ready]").wait_for(state="attached")
    return page, troubles


class TestInTheBrowser:
    pytestmark = browser_test

    @pytest.mark.parametrize("name", DECKS)
    def test_no_slide_overflows_and_nothing_leaves_the_folder(self, browser, slides, name):
        page, troubles = opened(browser, (slides / f"{name}.html").as_uri())
        wrong = {}
        for number in range(page.evaluate("Reveal.getTotalSlides()")):
            page.evaluate(f"Reveal.slide({number})")
            if found := page.evaluate(LOOK):
                wrong[number + 1] = found
        assert wrong == {} and troubles == []
        page.context.close()

    def test_the_look_sees_a_slide_that_is_too_full(self, browser, slides):
        page, _ = opened(browser, (slides / f"{DECKS[0]}.html").as_uri())
        page.evaluate("Reveal.slide(1)")
        assert page.evaluate(LOOK) == []
        page.evaluate("Reveal.getCurrentSlide().querySelector('li').style.fontSize = '300px'")
        assert page.evaluate(LOOK) != []
        page.context.close()

    def test_speaker_notes_open_with_their_formulas(self, browser, slides):
        page, troubles = opened(browser, (slides / "04-p4.html#/3").as_uri().replace("%23", "#"))
        with page.context.expect_page() as second:
            page.keyboard.press("s")
        notes = second.value.locator(".speaker-controls-notes")
        notes.get_by_text("Prove the second line on the board.").wait_for()
        assert (
            notes.locator("mjx-container svg").count() > 0 and notes.locator("mjx-assistive-mml").count() == 0
        )
        page.keyboard.press("ArrowRight")
        notes.get_by_text("Run the cell after the guesses.").wait_for()
        assert troubles == []
        page.context.close()
