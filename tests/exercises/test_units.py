"""Every unit: right answers pass however they are written, each typical mistake meets its own message.

A unit is ``solutions/<name>.py`` with its checks in ``course_lib.checks.<name>`` and its answers in
``tests.exercises.<name>_answers``.
"""

import json
import re
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
import torch

from course_lib import exercises

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted(path.stem for path in (ROOT / "solutions").glob("*.py"))
CHECKS = {unit: import_module(f"course_lib.checks.{unit}") for unit in UNITS}
ANSWERS = {unit: import_module(f"tests.exercises.{unit}_answers") for unit in UNITS}
QUESTIONS = [(unit, name) for unit in UNITS for name in CHECKS[unit].QUESTIONS]
each_unit = pytest.mark.parametrize("unit", UNITS)
each_question = pytest.mark.parametrize(("unit", "name"), QUESTIONS)


def cases(kind):
    """The answers of all units, one parameter set each."""
    return [
        pytest.param(unit, name, *(entry if isinstance(entry, tuple) else (entry,)), id=f"{unit}-{name}-{n}")
        for unit in UNITS
        for name, entries in getattr(ANSWERS[unit], kind).items()
        for n, entry in enumerate(entries)
    ]


def check(unit, name):
    return getattr(CHECKS[unit], name)


def fitted(question, answer):
    """An answer without the value that is drawn; in the lists of answers it is the first argument."""
    return partial(answer, question.value) if question.drawn else answer


def source_cells(unit):
    return exercises.source_cells(ROOT / f"solutions/{unit}.py")


def student_cells(unit):
    return json.loads((ROOT / f"exercises/{unit}.ipynb").read_text("utf8"))["cells"]


@pytest.mark.parametrize(("unit", "name", "answer"), cases("RIGHT"))
@pytest.mark.parametrize("seed", [0, 77])
def test_right_answers_pass_however_they_are_written(unit, name, answer, seed):
    verdict = check(unit, name)(fitted(CHECKS[unit].QUESTIONS[name], answer), seed=seed)
    assert verdict.state == "right", verdict


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "name", "answer", "phrase"), cases("WRONG"))
def test_each_mistake_meets_its_own_message(unit, name, answer, phrase):
    verdict = check(unit, name)(fitted(CHECKS[unit].QUESTIONS[name], answer), seed=5)
    assert verdict.state == "wrong"
    assert phrase in verdict.message
    assert verdict.case, "the smallest failing input is named"
    if verdict.expected is not None:
        assert verdict.finding is not None and verdict.finding.statement


@each_question
def test_answers_of_others_are_there(unit, name):
    assert len(ANSWERS[unit].RIGHT[name]) >= 2
    known = {mistake.message for mistake in CHECKS[unit].QUESTIONS[name].mistakes}
    meant = {message for _, phrase in ANSWERS[unit].WRONG[name] for message in known if phrase in message}
    assert len(meant) >= 5, "so many mistakes have a message of their own"


@pytest.mark.slow
@each_question
def test_known_mistakes_are_wrong_and_are_told_apart(unit, name):
    question = CHECKS[unit].QUESTIONS[name]
    for mistake in question.mistakes:
        verdict = question.check(mistake.function, seed=3)
        assert verdict.state == "wrong"
        assert verdict.message == mistake.message or mistake.is_copied  # a copy can be a known mistake too


@each_question
def test_cases_have_random_shapes_and_exact_numbers(unit, name):
    question = CHECKS[unit].QUESTIONS[name]
    drawn = [list(question.cases(torch.Generator().manual_seed(seed))) for seed in range(4)]
    assert len({str([[measure(value) for value in case] for case in cases]) for cases in drawn}) > 1
    assert all(is_exact(value) for cases in drawn for case in cases for value in case)
    sizes = [sum(value.numel() for value in case if isinstance(value, torch.Tensor)) for case in drawn[0]]
    assert sizes[0] <= max(sizes[-1], 1), "the smallest comes first"


def measure(value):
    """What may not be the same for every seed: the shape of a tensor, or any other value."""
    return tuple(value.shape) if isinstance(value, torch.Tensor) else value


def is_exact(value):
    return (
        not isinstance(value, torch.Tensor) or not value.is_floating_point() or value.dtype == torch.float64
    )


@each_question
def test_hints_do_not_give_the_answer_away(unit, name):
    answers = [cell.source for cell in source_cells(unit) if "BEGIN SOLUTION" in cell.source]
    lines = {line.strip() for source in answers for line in solution_lines(source)}
    assert len(CHECKS[unit].QUESTIONS[name].hints) == 3
    for number in (1, 2, 3):
        hint = CHECKS[unit].hint(name, number)
        assert repr(hint) == hint, "shown without quotes"
        assert not any(line in hint for line in lines)
        assert not re.search(r"rot90\(.*,|roll\(.*,|stack\(|return ", hint)


@pytest.mark.parametrize(("name", "number"), [("lifting", 0), ("lifting", 4), ("lift", 1)])
def test_a_hint_that_does_not_exist_is_refused_by_name(name, number):
    with pytest.raises(ValueError, match="lifting"):
        CHECKS["p4"].hint(name, number)


def solution_lines(source):
    block = re.search(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.DOTALL)
    return [line for line in block.group(1).splitlines() if line.strip()] if block else []


@each_unit
def test_no_line_of_a_solution_and_no_hidden_test_is_in_the_exercise(unit):
    text = "\n".join("".join(cell["source"]) for cell in student_cells(unit))
    secret = [line.strip() for cell in source_cells(unit) for line in solution_lines(cell.source)]
    assert len(secret) >= len(CHECKS[unit].QUESTIONS)
    trivial = {"return True", "return False"}
    leaked = [line for line in secret if line not in trivial and line in text]
    assert leaked == []
    for cell in source_cells(unit):
        if "solution" in cell.metadata.get("tags", []):
            assert cell.source.splitlines()[0] not in text
    assert "HIDDEN" not in text and "SOLUTION" not in text and "seed=" not in text


@each_unit
def test_cards_and_metadata_agree_and_make_ten_points(unit):
    cells, questions = student_cells(unit), CHECKS[unit].QUESTIONS
    about = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
    answers = [entry["grade_id"] for entry in about if entry["solution"]]
    points = {entry["grade_id"]: entry["points"] for entry in about if entry["grade"]}
    assert answers == list(questions) and 3 <= len(answers) <= 6
    assert list(points) == [f"{name}-check" for name in answers]
    assert sum(points.values()) == 10
    cards = ["".join(cell["source"]) for cell in cells if "".join(cell["source"]).startswith("## Question")]
    rows = [re.search(r"^\| (\d+) \| (★+) \| (\d+) min \| .+ \|$", card, re.MULTILINE) for card in cards]
    assert [int(row.group(1)) for row in rows] == list(points.values())
    minutes = sum(int(row.group(3)) for row in rows)
    assert 30 <= minutes <= 90
    assert f"| Time | about {minutes} minutes |" in "".join(cells[0]["source"])
    stubs = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("solution")]
    for name, cell in zip(answers, stubs, strict=True):
        source = "".join(cell["source"])
        assert source.endswith(f'raise NotImplementedError("exercise: {name}")')
        assert f"def {questions[name].function}({', '.join(questions[name].arguments)}):" in source


@each_unit
def test_an_unfilled_notebook_runs_and_says_not_attempted(unit):
    namespace = {"__name__": "student"}
    states = []
    for cell in student_cells(unit):
        source = "".join(cell["source"])
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            states.append(eval(source, namespace).state)
        elif cell["cell_type"] == "code":
            exec(source, namespace)
    assert states == ["not attempted"] * len(CHECKS[unit].QUESTIONS)


@each_unit
def test_the_solutions_are_right_and_pass_the_hidden_tests(unit):
    namespace = {"__name__": "lecturer"}
    for cell in source_cells(unit):
        if cell.cell_type == "code":
            exec(cell.source, namespace)
            if cell.metadata.get("nbgrader", {}).get("grade"):
                assert eval(cell.source.splitlines()[0], namespace).is_right
                assert ".require()" in cell.source


@each_unit
def test_nbgrader_accepts_the_metadata(unit):
    schema = pytest.importorskip("nbgrader.nbgraderformat")
    for cell in student_cells(unit):
        if "nbgrader" in cell["metadata"]:
            schema.MetadataValidator().validate_cell(nbformat.from_dict(cell))


def test_the_committed_notebooks_are_up_to_date_and_drift_is_seen(tmp_path):
    tool = ROOT / "book/tools/build_exercises.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(tool.parent))
    try:
        import build_exercises
    finally:
        sys.path.pop(0)
    for name in ("solutions", "exercises"):
        (tmp_path / name).mkdir()
    (tmp_path / "_config.yml").write_text((ROOT / "_config.yml").read_text("utf8"), "utf8")
    (tmp_path / "solutions/p4.py").write_text((ROOT / "solutions/p4.py").read_text("utf8"), "utf8")
    assert build_exercises.main(["--check"], tmp_path) == 1
    assert build_exercises.main([], tmp_path) == 0
    assert build_exercises.main(["--check"], tmp_path) == 0
    changed = tmp_path / "exercises/p4.ipynb"
    changed.write_text(changed.read_text("utf8").replace("Write the action", "Write an action"), "utf8")
    assert build_exercises.main(["--check"], tmp_path) == 1
    with pytest.raises(ValueError, match="no partner"):
        exercises.student_version("### BEGIN SOLUTION\nx = 1\n", "action")
