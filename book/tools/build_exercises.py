"""Student notebooks and the list of units, made from ``solutions/``; ``--check`` only looks for drift."""

import argparse
import json
import re
import sys
from pathlib import Path

import yaml
from setup_cell import setup_cells

from course_lib.exercises import build, source_cells

ROOT = Path(__file__).resolve().parents[2]


def about(source: Path) -> dict:
    """What the library's report needs to know about a unit; its chapter is the last that it builds on."""
    cells = source_cells(source)
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
    setup, site = setup_cells(config), config["html"]["baseurl"]
    wanted = {folder / f"{unit.stem}.ipynb": build(unit, setup, site, solved=solved) for unit in sources}
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
