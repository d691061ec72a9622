"""Notebooks for Colab, made from the book's chapters; ``--check`` only says whether they are up to date."""

import argparse
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import yaml
from myst_to_markdown import Site, labels_of, to_markdown
from pybtex.database import parse_file
from setup_cell import setup_cells

ROOT = Path(__file__).resolve().parents[2]

# A figure of the site that has a twin for live kernels: the notebook shows the twin.
TWIN = re.compile(r'```\{raw\} html\n<figure[^>]*\bdata-twin="(?P<name>\w+)".*?\n```\n', re.DOTALL)
TWIN_CELL = """\
```{{code-cell}} ipython3
from course_lib.widgets.{name} import {name}_widget

{name}_widget()
```
"""


def citations(bib: Path) -> dict[str, tuple[str, str]]:
    """Author, year and address of every work in the bibliography."""
    works = {}
    for key, entry in parse_file(str(bib)).entries.items():
        people = [
            " ".join(person.prelast_names + person.last_names) for person in entry.persons.get("author", [])
        ]
        people = [re.sub(r"[{}]", "", name) for name in people]
        names = " and ".join(people) if len(people) < 3 else f"{people[0]} et al."
        fields = entry.fields
        address = fields.get("url", "")
        if "doi" in fields:
            address = f"https://doi.org/{fields['doi']}"
        elif fields.get("archiveprefix", "").lower() == "arxiv" or "eprint" in fields:
            address = f"https://arxiv.org/abs/{fields['eprint']}"
        works[key] = (f"{names or fields.get('title', key)} {fields.get('year', '')}".strip(), address)
    return works


def chapters(root: Path) -> list[Path]:
    """Chapters of the table of contents that hold code."""
    toc = (root / "_toc.yml").read_text("utf8")
    pages = [root / f"{name}.md" for name in re.findall(r"(?:file|root):\s*(\S+)", toc)]
    return [page for page in pages if page.is_file() and "```{code-cell}" in page.read_text("utf8")]


def labels_by_page(pages: list[Path], config: dict, root: Path) -> dict[str, tuple[str, str]]:
    """Name and address of everything in the chapters that a reference can point to."""
    return {
        label: (name, address(page, config, root))
        for page in pages
        for label, name in labels_of(page.read_text("utf8")).items()
    }


def address(chapter: Path, config: dict, root: Path) -> str:
    """Where the site shows a chapter."""
    path = chapter.relative_to(root).with_suffix(".html").as_posix()
    return f"{config['html']['baseurl'].rstrip('/')}/{path}"


def build(
    chapter: Path,
    config: dict,
    works: dict[str, tuple[str, str]],
    elsewhere: dict[str, tuple[str, str]],
    root: Path,
) -> str:
    """Text of the notebook of one chapter."""
    source = chapter.read_text("utf8")
    repository, branch = config["repository"]["url"].rstrip("/"), config["repository"]["branch"]
    site = Site(
        page=address(chapter, config, root),
        raw=f"{repository}/raw/{branch}/",
        folder=chapter.parent.relative_to(root).as_posix(),
        citations=works,
        elsewhere=elsewhere,
    )
    labels = labels_of(source)
    cells = setup_cells(config, source)
    live = TWIN.sub(lambda figure: TWIN_CELL.format(name=figure["name"]), source)
    for cell in jupytext.reads(live, fmt="md:myst").cells:
        if cell.cell_type == "markdown":
            cell.source = to_markdown(cell.source, site, labels)
        cell.metadata = {k: v for k, v in cell.metadata.items() if k != "mystnb"}
        if cell.source.strip():
            cells.append(cell)
    for number, cell in enumerate(cells):
        cell["id"] = f"{chapter.stem}-{number:03d}"[-64:]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the notebooks, or with ``--check`` compare them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a notebook is out of date"
    )
    check = parser.parse_args(arguments).check
    config = yaml.safe_load((root / "_config.yml").read_text("utf8"))
    works = citations(root / "book/references.bib")
    folder = root / "book/notebooks"
    pages = chapters(root)
    elsewhere = labels_by_page(pages, config, root)
    wanted = {folder / f"{page.stem}.ipynb": build(page, config, works, elsewhere, root) for page in pages}
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf8") != text]
    extra = sorted(set(folder.glob("*.ipynb")) - set(wanted))
    if check:
        for path in stale + extra:
            print(f"{path.relative_to(root)} is out of date: run `make notebooks` and commit what it writes")
        return 1 if stale or extra else 0
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(wanted[path], "utf8")
        print(f"wrote {path.relative_to(root)}")
    for path in extra:
        path.unlink()
        print(f"removed {path.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
