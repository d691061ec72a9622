"""What is found in folders and notebooks, however they come back."""

import copy
import json

import pytest

from course_lib.grading.submissions import (
    LARGEST_MB,
    defines,
    find_answers,
    find_submissions,
    find_units,
    functions_in,
    read_cells,
    read_unit,
)
from tests.grading.notebooks import EXERCISES, HANDED_OUT, NAMES, RIGHT, notebook

LOOP = "def lifting_kernels(weight):\n    while True:\n        pass"


def place(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


def test_a_unit_has_the_questions_of_its_notebook():
    tasks = read_unit(EXERCISES / "p4.ipynb")
    assert tuple(task.name for task in tasks) == NAMES
    assert all(task.points > 0 for task in tasks)
    assert any("EPS" in cell for cell in tasks[-1].given)


@pytest.mark.parametrize("unit", sorted(path.stem for path in EXERCISES.glob("*.ipynb")))
def test_released_notebooks_carry_the_metadata_of_nbgrader(unit):
    keys = {"grade", "grade_id", "locked", "schema_version", "solution", "task"}
    found = [cell["metadata"]["nbgrader"] for cell in read_cells(EXERCISES / f"{unit}.ipynb") if about(cell)]
    assert all(keys <= set(entry) and entry["schema_version"] == 3 for entry in found)
    assert all(("points" in entry) == (entry["grade"] or entry["task"]) for entry in found)
    assert len({entry["grade_id"] for entry in found}) == len(found)
    assert len(read_unit(EXERCISES / f"{unit}.ipynb")) == sum(entry["solution"] for entry in found)


def about(cell):
    return "nbgrader" in cell["metadata"]


def test_a_question_that_people_read_has_no_function(tmp_path):
    def manual(cells):
        cell = next(cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == "norm")
        cell["metadata"]["nbgrader"] |= {"grade": True, "points": 5}
        cell["source"] = "Write here."
        cells[:] = [c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") != "norm-check"]

    path = tmp_path / "p4.ipynb"
    path.write_text(notebook({}, manual))
    assert (read_unit(path)[-1].function, read_unit(path)[-1].points) == ("", 5)


def test_answers_are_found_by_grade_id_by_name_and_among_copies(tmp_path):
    tasks = read_unit(EXERCISES / "p4.ipynb")
    path = tmp_path / "a.ipynb"

    def strip(cells):
        for cell in cells:
            cell["metadata"] = {}

    path.write_text(notebook(RIGHT, strip), "utf8")
    answers = find_answers(read_cells(path), tasks)
    assert {name: code for name, (code, _) in answers.items()} == RIGHT
    assert "not the answer cell" in answers["action"][1]

    def copied(cells):
        index = next(i for i, cell in enumerate(cells) if cell["source"] == RIGHT["lifting"])
        cells.insert(index, copy.deepcopy(cells[index]) | {"source": LOOP})
        cells.append(copy.deepcopy(HANDED_OUT["cells"][8]))

    path.write_text(notebook(RIGHT, copied), "utf8")
    code, remark = find_answers(read_cells(path), tasks)["lifting"]
    assert code == RIGHT["lifting"] and "copies" in remark


def test_a_function_is_searched_in_text_that_need_not_be_python():
    assert defines("x = (\ndef  f(a):", "f")
    assert (
        not defines("def f2(a):", "f") and not defines("    def f(a):", "f") and not defines("# def f(", "f")
    )
    assert functions_in("x = 1\ndef a(): pass\ndef b(): pass") == ["a", "b"]


def test_folders_are_searched_as_they_come(tmp_path):
    place(
        tmp_path,
        "anna.ipynb",
        "ben/p4.ipynb",
        "ben/other.ipynb",
        "carla/Copy of p4 (1).ipynb",
        "emil/p4/anything.ipynb",
        "anna/p4.ipynb",
        ".git/x.ipynb",
    )
    (tmp_path / "dora").mkdir()
    (tmp_path / "notes.txt").write_text("")
    found = {entry.student: entry for entry in find_submissions(tmp_path, "p4")}
    assert list(found) == ["anna", "anna (2)", "ben", "carla", "dora", "emil"]
    assert found["ben"].path == tmp_path / "ben/p4.ipynb"
    assert found["carla"].path.name == "Copy of p4 (1).ipynb"
    assert found["emil"].path == tmp_path / "emil/p4/anything.ipynb"
    assert found["dora"].path is None and "no notebook" in found["dora"].problem


def test_links_are_not_followed(tmp_path):
    place(tmp_path, "anna.ipynb", "ben/x.txt")
    (tmp_path / "carla.ipynb").symlink_to(tmp_path / "anna.ipynb")
    (tmp_path / "dora").symlink_to(tmp_path / "ben")
    (tmp_path / "ben/p4.ipynb").symlink_to(tmp_path / "anna.ipynb")
    found = {entry.student: entry for entry in find_submissions(tmp_path, "p4")}
    assert [name for name, entry in found.items() if "link" in entry.problem] == ["ben", "carla", "dora"]


def test_units_are_found_by_the_names_of_notebooks_and_folders(tmp_path):
    place(tmp_path, "anna/p4.ipynb", "anna/sre.ipynb", "ben/se2/work.ipynb", "ben/my_p4_final.ipynb")
    assert find_units(tmp_path, EXERCISES) == ["p4", "se2", "sre"]
    found = {unit: [*find_submissions(tmp_path, unit, alone=False)] for unit in ("p4", "groups")}
    assert found["p4"][1].path.name == "my_p4_final.ipynb"
    assert all(entry.path is None for entry in found["groups"])
    place(tmp_path, "lone.ipynb")
    with pytest.raises(ValueError, match="--unit"):
        find_units(tmp_path, EXERCISES)


def test_what_cannot_be_graded_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match="no folder"):
        list(find_submissions(tmp_path / "nowhere", "p4"))
    with pytest.raises(ValueError, match="expected student.ipynb"):
        list(find_submissions(tmp_path, "p4"))
    with pytest.raises(ValueError, match="make notebooks"):
        read_unit(tmp_path / "p5.ipynb")
    with (tmp_path / "large.ipynb").open("wb") as file:
        file.truncate((LARGEST_MB + 1) * 2**20)
    with pytest.raises(ValueError, match="larger than"):
        read_cells(tmp_path / "large.ipynb")
    (tmp_path / "list.ipynb").write_text(json.dumps({"cells": {"a": 1}}))
    with pytest.raises(ValueError, match="cannot be read as a notebook"):
        read_cells(tmp_path / "list.ipynb")
