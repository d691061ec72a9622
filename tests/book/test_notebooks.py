"""Notebooks made from chapters: readable without MyST, repeatable, and up to date."""

import json
import subprocess
import sys
from pathlib import Path

import build_notebooks
import pytest
from myst_to_markdown import Site, labels_of, to_markdown

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "book/notebooks").glob("*.ipynb"))
SITE = Site(
    page="https://example.org/book/x.html",
    raw="https://example.org/raw/",
    citations={
        "cohen": ("Cohen and Welling 2016", "https://example.org/paper"),
        "plain": ("Nobody 2000", ""),
    },
    elsewhere={"thm-other": ("Theorem (Latin square)", "https://example.org/book/y.html")},
)


def convert(text: str) -> str:
    return to_markdown(text, SITE, labels_of(text))


def test_generated_files_are_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "book/tools/generate.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A {term}`fiber` and {term}`fibers <fiber>`.", "A *fiber* and *fibers*."),
        ("{math}`x^2`", "$x^2$"),
        ("{cite}`cohen`", "([Cohen and Welling 2016](https://example.org/paper))"),
        ("{cite:t}`plain`", "Nobody 2000"),
        ("{func}`~course_lib.actions.act`", "`act`"),
        ("{doc}`the words <glossary>`", "[the words](https://example.org/book/glossary.html)"),
        ("(top)=\n# Title\n\nSee {ref}`top`.", "# Title\n\nSee *Title*."),
        ("{prf:ref}`thm-other`", "[Theorem (Latin square)](https://example.org/book/y.html)"),
        ("{prf:ref}`thm-nowhere`", "[thm nowhere](https://example.org/book/x.html)"),
        ("```{math}\n:label: e\nx = 1\n```", "$$\nx = 1\n$$"),
        ("$$\nx\n$$ (eq-x)", "$$\nx\n$$"),
        (
            "```{raw} html\n<b>\n```",
            f"*Here the site shows an interactive figure: [open it there]({SITE.page}).*",
        ),
        ("![alt](assets/a.svg)", "![alt](https://example.org/raw/book/assets/a.svg)"),
        ("```python\n{term}\n```", "```python\n{term}\n```"),
    ],
)
def test_rewriting(text, expected):
    assert convert(text) == expected


def test_box_becomes_a_quote_and_can_be_referred_to():
    box = "```{prf:definition} Group\n:label: def-group\n\nA set {cite}`plain`.\n```"
    text = box + "\n\nBy {prf:ref}`def-group`."
    assert convert(text) == (
        "> **Definition (Group).**\n>\n> A set (Nobody 2000).\n\nBy *Definition (Group)*."
    )


def test_nested_boxes_stay_nested():
    text = "::::{exercise}\nTry.\n\n:::{hint}\nLook.\n:::\n::::"
    assert convert(text) == "> **Exercise.**\n>\n> Try.\n>\n>\n> > **Hint.**\n> >\n> > Look.\n>"


def test_unknown_citation_is_an_error():
    with pytest.raises(ValueError, match="'nobody' is not in the bibliography; add it"):
        convert("{cite}`nobody`")


@pytest.fixture
def small_book(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "_config.yml").write_text((ROOT / "_config.yml").read_text())
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\nchapters:\n  - file: book/one\n")
    (tmp_path / "book/index.md").write_text("# No code\n")
    (tmp_path / "book/references.bib").write_text("")
    kernel = "kernelspec: {name: python3, display_name: P}"
    head = f"---\njupytext: {{text_representation: {{extension: .md, format_name: myst}}}}\n{kernel}\n---\n"
    (tmp_path / "book/one.md").write_text(f"{head}# One\n\n```{{code-cell}} ipython3\n1 + 1\n```\n")
    return tmp_path


def test_check_sees_a_missing_a_changed_and_a_superfluous_notebook(small_book, capsys):
    notebook = small_book / "book/notebooks/one.ipynb"
    assert build_notebooks.main(["--check"], root=small_book) == 1
    assert build_notebooks.main([], root=small_book) == 0
    first = notebook.read_text()
    assert build_notebooks.main(["--check"], root=small_book) == 0
    notebook.write_text(first.replace("1 + 1", "1 + 2"))
    assert build_notebooks.main(["--check"], root=small_book) == 1
    assert "book/notebooks/one.ipynb is out of date: run `make notebooks`" in capsys.readouterr().out
    assert build_notebooks.main([], root=small_book) == 0 and notebook.read_text() == first
    (small_book / "book/notebooks/old.ipynb").write_text("{}")
    assert build_notebooks.main(["--check"], root=small_book) == 1


def test_only_a_chapter_that_reads_the_books_files_fetches_them(small_book):
    notebook, chapter = small_book / "book/notebooks/one.ipynb", small_book / "book/one.md"
    build_notebooks.main([], root=small_book)
    assert [cell["metadata"].get("tags") for cell in read(notebook)] == [["setup"], None, None]
    chapter.write_text(chapter.read_text().replace("1 + 1", "find_book()"))
    build_notebooks.main([], root=small_book)
    cells = read(notebook)
    assert [cell["metadata"].get("tags") for cell in cells] == [["setup"], ["setup"], None, None]
    assert "git" in "".join(cells[1]["source"])


def read(notebook):
    return json.loads(notebook.read_text())["cells"]


def test_notebook_calls_the_twin_of_an_interactive_figure(small_book):
    page = small_book / "book/one.md"
    twin = '```{raw} html\n<figure class="demo" data-demo="a-b" data-twin="a_b">\n</figure>\n```\n'
    page.write_text(page.read_text() + "\nBefore.\n\n" + twin + "\nAfter.\n")
    build_notebooks.main([], root=small_book)
    cells = json.loads((small_book / "book/notebooks/one.ipynb").read_text())["cells"]
    before, live, after = [("".join(cell["source"]), cell["cell_type"]) for cell in cells[-3:]]
    assert before == ("Before.", "markdown") and after == ("After.", "markdown")
    assert live == ("from course_lib.widgets.a_b import a_b_widget\n\na_b_widget()", "code")


def test_every_twin_is_in_the_library():
    calls = [
        line for path in NOTEBOOKS for line in path.read_text("utf8").splitlines() if "_widget()" in line
    ]
    names = {line.strip().strip('",').removesuffix("_widget()") for line in calls}
    assert {"lifting", "kernel_orbit", "harmonics"} <= names
    assert all((ROOT / f"course_lib/widgets/{name}.py").is_file() for name in names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_notebooks_are_clean(path):
    book = json.loads(path.read_text())
    for cell in book["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            assert not cell["outputs"] and cell["execution_count"] is None
            assert not any(line.startswith(("!", "%%bash")) for line in source.splitlines())
        else:
            outside = source.split("```")[::2]
            assert not any(
                "{" + role + "}`" in text for text in outside for role in ("term", "cite", "ref", "doc")
            )
            assert "```{" not in source and ":::" not in source, source[:300]


def test_answers_stay_closed():
    text = convert(":::{dropdown} It is $rm$\nNo: first the {term}`flip`.\n:::\n")
    assert text == "<details>\n<summary>It is $rm$</summary>\n\nNo: first the *flip*.\n\n</details>"
