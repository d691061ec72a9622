"""Units and submissions: what is taken from notebooks, however they come back."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_MB = 20
LARGEST_ANSWER = 100_000  # characters of a cell


@dataclass(frozen=True)
class Task:
    """A question of a unit.

    Args:
        name: The ``grade_id`` of its answer cell.
        points: Points for a right answer.
        function: Name of the function that the answer cell defines; empty if people read the answer.
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
        raise ValueError(
            f"the file {path.name} is larger than {LARGEST_MB} MB; clear its outputs and save it again"
        )
    try:
        cells = json.loads(path.read_text("utf-8-sig"))["cells"]
        if not isinstance(cells, list):
            raise TypeError("cells are no list")
        return [_cell(cell) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"the file {path.name} cannot be read as a notebook ({type(error).__name__}); save it again"
        ) from error


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    source = cell.get("source", "")
    metadata = cell.get("metadata")
    return {
        "cell_type": str(cell.get("cell_type", "")),
        "source": _whole("".join(map(str, source)) if isinstance(source, list) else str(source)),
        "metadata": metadata if isinstance(metadata, dict) else {},
    }


def _whole(text: str) -> str:
    """The text without halves of characters, which no file can hold."""
    return text.encode("utf8", "replace").decode("utf8")


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
            function = "" if about.get("grade") else functions_in(source)[0]
            tasks.append(Task(name, points[name], function, source, tuple(given)))
        elif cell["cell_type"] == "code" and "given" in cell["metadata"].get("tags", []):
            given.append(cell["source"])
    if not tasks:
        raise ValueError(f"{path} holds no cell with nbgrader's metadata; generate it with `make notebooks`")
    return tuple(tasks)


def find_units(folder: Path, exercises: Path) -> list[str]:
    """Units for which a folder holds notebooks: ``student/UNIT.ipynb`` or ``student/UNIT/``.

    Raises:
        ValueError: If there are none, or a notebook does not say to which unit it belongs.
    """
    known = sorted(path.stem for path in exercises.glob("*.ipynb"))
    if not known:
        raise ValueError(
            f"{exercises} holds no notebook; run `make notebooks`, or name the folder by --exercises"
        )
    entries = _entries(folder)
    lone = [path.name for path in entries if not path.is_dir()]
    if lone:
        raise ValueError(
            f"{lone[0]} does not say to which unit it belongs; name it by --unit, one of {known}"
        )
    found = [unit for unit in known if any(_notebook(path, unit, alone=False)[0] for path in entries)]
    if not found:
        raise ValueError(
            f"{folder} holds no notebook named after a unit; expected student/UNIT.ipynb, or --unit"
        )
    return found


def find_submissions(folder: Path, unit: str, *, alone: bool = True) -> Iterator[Submission]:
    """Notebooks in a folder: ``student.ipynb``, ``student/UNIT.ipynb``, nbgrader's ``student/UNIT/*.ipynb``.

    Browsers and Colab rename: a name that has the unit's as a word will do, and if only
    one unit is graded any name, as long as the folder holds one notebook. Links are not
    followed.

    Args:
        folder: Holds a file or folder a student.
        unit: Name of the unit.
        alone: Whether this is the only unit that is graded.

    Raises:
        ValueError: If the folder is missing or empty.
    """
    taken: dict[str, int] = {}
    for path in _entries(folder):
        name = path.name.removesuffix(".ipynb") if path.suffix == ".ipynb" else path.name
        name = name.encode("utf8", "surrogateescape").decode("utf8", "replace")
        taken[name] = taken.get(name, 0) + 1
        student = f"{name} ({taken[name]})" if taken[name] > 1 else name
        if path.is_symlink():
            yield Submission(
                student, None, "a link is handed in, which is not followed; hand in the notebook"
            )
        elif path.is_dir():
            yield Submission(student, *_notebook(path, unit, alone=alone))
        else:
            yield Submission(student, path)


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; give the folder that holds the students' notebooks")
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__")))
    entries = [path for path in entries if path.is_symlink() or path.is_dir() or path.suffix == ".ipynb"]
    if not entries:
        raise ValueError(f"{folder} holds no notebook; expected student.ipynb or student/UNIT.ipynb")
    return entries


def _notebook(folder: Path, unit: str, *, alone: bool) -> tuple[Path | None, str]:
    """A student's notebook of a unit, or why there is none."""
    within = folder / unit
    inner = within if within.is_dir() and not within.is_symlink() else folder
    everything = sorted(inner.glob("*.ipynb"))
    notebooks = [path for path in everything if path.is_file() and not path.is_symlink()]
    word = re.compile(rf"(?<![^\W_]){re.escape(unit)}(?![^\W_])")
    named = [path for path in notebooks if word.search(path.stem)]
    if inner / f"{unit}.ipynb" in notebooks:
        return inner / f"{unit}.ipynb", ""
    if len(named) == 1:
        return named[0], ""
    if len(notebooks) == 1 and (alone or inner == within):
        return notebooks[0], ""
    if len(everything) > len(notebooks):
        return None, "a link is handed in, which is not followed; hand in the notebook"
    found = f"{len(notebooks)} others" if notebooks else "no notebook"
    return None, f"the folder should hold {unit}.ipynb and holds {found}"


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
            if task.function and "grade_id" not in _grading(cell) and defines(cell["source"], task.function)
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


def defines(source: str, function: str) -> bool:
    """Whether a cell seems to define a function; a student's text is searched, not parsed."""
    return re.search(rf"^def[ \t]+{function}\b", source, flags=re.MULTILINE) is not None


def functions_in(source: str) -> list[str]:
    """Names of the functions that a cell of ours defines, in their order."""
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
