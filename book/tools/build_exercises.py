"""Student notebooks and the list of units, made from ``solutions/``; ``--check`` only looks for drift."""

import argparse
import json
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import yaml
from setup_cell import setup_cells

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION\n?", re.DOTALL | re.MULTILINE)
HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?", re.DOTALL | re.MULTILINE)
KEPT = ("nbgrader", "tags", "cellView")
PROGRESS = """\
## Your progress

Each check remembers its result on the machine that runs this notebook, and nowhere else. The next cell
shows how far you are, in this unit and in all others."""
REPORT = "from course_lib.checks import report\n\nreport()"
MARKER = re.compile(r"### (BEGIN|END) (SOLUTION|HIDDEN TESTS)")


def build(source: Path, config: dict, *, solved: bool = False) -> str:
    """Text of the notebook of one unit.

    Args:
        source: The unit, in jupytext's percent format.
        config: Content of ``_config.yml``, for the addresses of repository and site.
        solved: Whether to keep solutions and hidden tests, for lecturers and nbgrader.
    """
    site = config["html"]["baseurl"].rstrip("/")
    cells = []
    for cell in jupytext.reads(source.read_text("utf8"), fmt="py:percent").cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\(book:([\w-]+)\)", rf"]({site}/book/\1.html)", cell.source)
        if solved:
            cells.append(cell)
        elif "solution" not in cell.metadata.get("tags", []):
            cell.source = student_version(cell.source, cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            cells.append(cell)
    cells[1:1] = setup_cells(config)
    cells += [nbformat.v4.new_markdown_cell(PROGRESS), nbformat.v4.new_code_cell(REPORT)]
    for number, cell in enumerate(cells):
        cell.metadata = {key: cell.metadata[key] for key in KEPT if key in cell.metadata}
        cell["id"] = f"{source.stem}-{number:03d}"[-64:]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def about(source: Path) -> dict:
    """What the library's report needs to know about a unit; its chapter is the last that it builds on."""
    cells = jupytext.reads(source.read_text("utf8"), fmt="py:percent").cells
    names = [cell.metadata["nbgrader"] for cell in cells if "nbgrader" in cell.metadata]
    chapters = re.findall(r"\]\(book:(\d+)-", cells[0].source)
    return {
        "name": source.stem,
        "title": cells[0].source.splitlines()[0].removeprefix("# Exercises: "),
        "chapter": max(map(int, chapters), default=99),
        "points": {n["grade_id"].removesuffix("-check"): n["points"] for n in names if n["grade"]},
    }


def units(sources: list[Path]) -> str:
    """Text of ``units.json``: all units in the order of the course."""
    found = sorted(map(about, sources), key=lambda unit: (unit["chapter"], unit["name"]))
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def student_version(code: str, name: str) -> str:
    """The code without solutions and hidden tests.

    Raises:
        ValueError: If a marker has no partner.
    """
    code = SOLUTION.sub(rf'\1raise NotImplementedError("exercise: {name}")\n', code)
    code = HIDDEN.sub("", code)
    left = MARKER.search(code)
    if left:
        raise ValueError(f"cell {name!r}: {left.group(0)!r} has no partner; each BEGIN needs its END")
    return code.rstrip()


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the notebooks, or with ``--check`` compare them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a notebook is out of date"
    )
    parser.add_argument(
        "--solved", type=Path, metavar="FOLDER", help="write the notebooks with solutions there"
    )
    options = parser.parse_args(arguments)
    config = yaml.safe_load((root / "_config.yml").read_text("utf8"))
    sources = sorted((root / "solutions").glob("*.py"))
    folder = options.solved or root / "exercises"
    solved = options.solved is not None
    wanted = {folder / f"{unit.stem}.ipynb": build(unit, config, solved=solved) for unit in sources}
    if not solved:
        wanted[root / "course_lib/checks/units.json"] = units(sources)
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf8") != text]
    extra = [] if solved else sorted(set(folder.glob("*.ipynb")) - set(wanted))
    if options.check:
        for path in stale + extra:
            name = f"{path.parent.name}/{path.name}"
            print(f"{name} is out of date: run `make notebooks` and commit what it writes")
        return 1 if stale or extra else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf8")
        print(f"wrote {path.parent.name}/{path.name}")
    for path in extra:
        path.unlink()
        print(f"removed {path.parent.name}/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
