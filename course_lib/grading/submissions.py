"""Units and submissions: what is taken from notebooks, however they come back."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_MB = 50


@dataclass(frozen=True)
class Task:
    """A question of a unit.

    Args:
        name: The ``grade_id`` of its answer cell.
        points: Points for a right answer.
        function: Name of the function that the answer cell defines.
        stub: The answer cell as it was handed out.
        given: Code cells that stand before it, without answers and checks.
    """

    name: str
    points: float | int
    function: str
    stub: str
    given: tuple[str, ...]


@dataclass(frozen=True)
class Submission:
    """A student's notebook, or why there is none.

    Args:
        student: Name of the file or folder.
        path: The notebook, or None.
        problem: Why there is no notebook.
    """

    student: str
    path: Path | None
    problem: str = ""


def read_cells(path: Path) -> list[dict[str, Any]]:
    """Cells of a notebook, each with ``cell_type``, ``source`` as text, and ``metadata``.

    Raises:
        ValueError: If the file is no notebook.
    """
    if path.stat().st_size > LARGEST_MB * 2**20:
        raise ValueError(f"{path.name} is larger than {LARGEST_MB} MB; clear its outputs and save it again")
    try:
        cells = json.loads(path.read_text("utf-8-sig"))["cells"]
        if not isinstance(cells, list):
            raise TypeError("cells are no list")
        return [_cell(cell) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path.name} cannot be read as a notebook ({type(error).__name__}); save it again as .ipynb"
        ) from error


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    source = cell.get("source", "")
    metadata = cell.get("metadata")
    return {
        "cell_type": str(cell.get("cell_type", "")),
        "source": "".join(map(str, source)) if isinstance(source, list) else str(source),
        "metadata": metadata if isinstance(metadata, dict) else {},
    }


def _grading(cell: dict[str, Any]) -> dict[str, Any]:
    """Metadata of a cell that nbgrader keeps."""
    found = cell["metadata"].get("nbgrader")
    return found if isinstance(found, dict) else {}


def read_unit(path: Path) -> tuple[Task, ...]:
    """Questions of a unit, from the notebook that students receive.

    Raises:
        ValueError: If the notebook is missing or holds no question.
    """
    if not path.is_file():
        raise ValueError(f"{path} does not exist; run `make notebooks`, or name the folder by --exercises")
    cells = read_cells(path)
    points = {
        str(about["grade_id"]).removesuffix("-check"): float(about["points"])
        for about in map(_grading, cells)
        if about.get("grade")
    }
    tasks, given = [], []
    for cell in cells:
        about = _grading(cell)
        if about.get("solution"):
            name, source = str(about["grade_id"]), cell["source"]
            tasks.append(Task(name, points[name], functions_in(source)[0], source, tuple(given)))
        elif cell["cell_type"] == "code" and "given" in cell["metadata"].get("tags", []):
            given.append(cell["source"])
    if not tasks:
        raise ValueError(f"{path} holds no cell with nbgrader's metadata; generate it with `make notebooks`")
    return tuple(tasks)


def find_submissions(folder: Path, unit: str) -> Iterator[Submission]:
    """Notebooks in a folder: ``student.ipynb``, or a folder a student with the unit's notebook.

    A folder's only notebook counts whatever its name, since browsers and Colab rename.

    Raises:
        ValueError: If the folder is missing or empty.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; give the folder that holds the students' notebooks")
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__")))
    entries = [path for path in entries if path.is_dir() or path.suffix == ".ipynb"]
    if not entries:
        raise ValueError(f"{folder} holds no notebook; expected student.ipynb or student/{unit}.ipynb")
    for path in entries:
        if path.is_file():
            yield Submission(path.stem, path)
            continue
        notebooks = sorted(p for p in path.glob("*.ipynb") if p.is_file())
        wanted = path / f"{unit}.ipynb"
        if wanted in notebooks:
            yield Submission(path.name, wanted)
        elif len(notebooks) == 1:
            yield Submission(path.name, notebooks[0])
        else:
            found = f"{len(notebooks)} others" if notebooks else "no notebook"
            yield Submission(path.name, None, f"the folder should hold {unit}.ipynb and holds {found}")


def find_answers(cells: list[dict[str, Any]], tasks: tuple[Task, ...]) -> dict[str, tuple[str, str]]:
    """Answer cell of each question and a remark on where it was found.

    By the cell's ``grade_id``; of copied cells the last that was changed. A cell that was
    deleted and typed again has lost its ``grade_id``: then the last cell that defines the
    function counts.
    """
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    answers = {}
    for task in tasks:
        own = [cell["source"] for cell in code if _grading(cell).get("grade_id") == task.name]
        changed = [source for source in own if source.strip() != task.stub.strip()]
        retyped = [
            cell["source"]
            for cell in code
            if "grade_id" not in _grading(cell) and task.function in functions_in(cell["source"])
        ]
        if changed:
            remark = (
                f"Of {len(own)} copies of the cell, the last changed one counts. " if len(own) > 1 else ""
            )
            answers[task.name] = (changed[-1], remark)
        elif retyped:
            answers[task.name] = (retyped[-1], "Taken from a cell that is not the answer cell. ")
        elif own:
            answers[task.name] = (own[-1], "")
    return answers


def functions_in(source: str) -> list[str]:
    """Names of the functions that a cell defines, in their order; none if it is no Python."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node.name for node in body if isinstance(node, ast.FunctionDef)]
