"""Exercise notebooks from the sources of the units: for one student or for all, with or without solutions."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from course_lib.checks.questions import Question
from course_lib.variants import questions_of

SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION\n?", re.DOTALL | re.MULTILINE)
HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?", re.DOTALL | re.MULTILINE)
MARKER = re.compile(r"### (BEGIN|END) (SOLUTION|HIDDEN TESTS)")
PLACEHOLDER = re.compile(r"\{\{(\w+(?:\.\w+)?)\}\}")
KEPT = ("nbgrader", "tags", "cellView")
PROGRESS = """\
## Your progress

Each check remembers its result on the machine that runs this notebook, and nowhere else. The next cell
shows how far you are, in this unit and in all others."""
REPORT = "from course_lib.checks import report\n\nreport()"


def notebook_tools() -> tuple[Any, Any]:
    """The packages jupytext and nbformat, which students do not need.

    Raises:
        ImportError: If they are missing.
    """
    try:
        import jupytext
        import nbformat
    except ImportError as error:
        raise ImportError(
            "making exercise notebooks needs jupytext and nbformat; "
            "install them with: pip install 'equivariance-course[lecturer]'"
        ) from error
    return jupytext, nbformat


def fill(text: str, questions: Mapping[str, Question]) -> str:
    """Text with the drawn values in place of ``{{n}}``, and of ``{{n.word}}`` a text that follows from it.

    Args:
        text: From the source of a unit.
        questions: The unit's questions, each at the value that was drawn.

    Raises:
        ValueError: If no question draws such a value.
    """
    values = {q.drawn: str(q.value) for q in questions.values() if q.drawn}
    for question in questions.values():
        values |= {f"{question.drawn}.{name}": word for name, word in question.words}

    def value(match: re.Match[str]) -> str:
        if match.group(1) not in values:
            raise ValueError(
                f"the placeholder {match.group(0)} must be one of {', '.join(values)}; rename it"
            )
        return values[match.group(1)]

    return PLACEHOLDER.sub(value, text)


@cache
def _source(path: Path, size: int, changed: int) -> list[Any]:
    """Cells of a source; read again if the file has changed."""
    jupytext, _ = notebook_tools()
    return jupytext.reads(path.read_text("utf8"), fmt="py:percent").cells


def source_cells(path: Path, questions: Mapping[str, Question] | None = None) -> list[Any]:
    """Cells of a unit's source, solutions included, with the drawn values.

    Args:
        path: The source, in jupytext's percent format.
        questions: At the values that were drawn; if not given, those of the published notebook.
    """
    found = questions_of(path.stem) if questions is None else questions
    about = path.stat()
    cells = [cell.copy() for cell in _source(path, about.st_size, about.st_mtime_ns)]
    for cell in cells:
        cell.source = fill(cell.source, found)
    return cells


def build(
    path: Path,
    setup: list[Any],
    site: str,
    *,
    questions: Mapping[str, Question] | None = None,
    solved: bool = False,
) -> str:
    """Text of the notebook of one unit.

    Args:
        path: The source, in jupytext's percent format.
        setup: Code cells that stand behind the title.
        site: Address of the book.
        questions: At the values that were drawn; if not given, those of the published notebook.
        solved: Whether to keep solutions and hidden tests, for lecturers and nbgrader.
    """
    _, nbformat = notebook_tools()
    cells = []
    for cell in source_cells(path, questions):
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\(book:([\w-]+)\)", rf"]({site.rstrip('/')}/book/\1.html)", cell.source)
        if solved:
            cells.append(cell)
        elif "solution" not in cell.metadata.get("tags", []):
            cell.source = student_version(cell.source, cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            cells.append(cell)
    cells[1:1] = setup
    cells += [nbformat.v4.new_markdown_cell(PROGRESS), nbformat.v4.new_code_cell(REPORT)]
    for number, cell in enumerate(cells):
        cell.metadata = {key: cell.metadata[key] for key in KEPT if key in cell.metadata}
        cell["id"] = f"{path.stem}-{number:03d}"[-64:]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


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


def published_setup(path: Path) -> list[Any]:
    """The set-up cells of a published notebook, for its variants.

    Raises:
        ValueError: If the notebook is missing.
    """
    if not path.is_file():
        raise ValueError(f"{path} does not exist; run `make notebooks`, which writes it")
    _, nbformat = notebook_tools()
    cells = nbformat.reads(path.read_text("utf8"), as_version=4).cells
    return [cell for cell in cells if "setup" in cell.metadata.get("tags", [])]
