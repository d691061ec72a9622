"""The p4 unit: right answers pass however they are written, each typical mistake meets its own message."""

import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import jupytext
import pytest

from course_lib.checks import p4
from course_lib.checks.p4_sizes import LAYERS, count, measured_error
from tests.exactness import EXACT
from tests.exercises.p4_answers import RIGHT, WRONG

ROOT = Path(__file__).resolve().parents[2]
SOURCE, NOTEBOOK = ROOT / "solutions/p4.py", ROOT / "exercises/p4.ipynb"
CHECKS = {"action": p4.action, "lifting": p4.lifting, "group": p4.group, "sizes": p4.sizes, "norm": p4.norm}


def cases(answers):
    return [
        pytest.param(name, *(entry if isinstance(entry, tuple) else (entry,)), id=f"{name}-{number}")
        for name, entries in answers.items()
        for number, entry in enumerate(entries)
    ]


def source_cells():
    return jupytext.reads(SOURCE.read_text("utf8"), fmt="py:percent").cells


def student_cells():
    return json.loads(NOTEBOOK.read_text("utf8"))["cells"]


@pytest.mark.parametrize(("name", "answer"), cases(RIGHT))
@pytest.mark.parametrize("seed", [0, 77])
def test_right_answers_pass_however_they_are_written(name, answer, seed):
    verdict = CHECKS[name](answer, seed=seed)
    assert verdict.state == "right", verdict


@pytest.mark.parametrize(("name", "answer", "phrase"), cases(WRONG))
def test_each_mistake_meets_its_own_message(name, answer, phrase):
    verdict = CHECKS[name](answer, seed=5)
    assert verdict.state == "wrong"
    assert phrase in verdict.message
    assert verdict.case, "the smallest failing input is named"
    if verdict.expected is not None:
        assert verdict.finding is not None and verdict.finding.statement


def test_at_least_five_mistakes_a_question_have_a_message_of_their_own():
    for name, answers in WRONG.items():
        known = {mistake.message for mistake in p4.QUESTIONS[name].mistakes}
        meant = {message for _, phrase in answers for message in known if phrase in message}
        assert len(meant) >= 5, name


@pytest.mark.parametrize("name", CHECKS)
def test_known_mistakes_are_wrong_and_are_told_apart(name):
    question = p4.QUESTIONS[name]
    for mistake in question.mistakes:
        verdict = question.check(mistake.function, seed=3)
        assert (verdict.state, verdict.message) == ("wrong", mistake.message)


def test_the_sense_of_rotation_by_hand():
    # The reference answers rest on course_lib; these numbers do not.
    import torch

    x = torch.zeros(1, 1, 4, 2, 2, dtype=torch.float64)
    x[0, 0, 0, 0, 0] = 1  # top left, direction 0
    turned = p4.QUESTIONS["action"].reference(1, x)
    assert turned[0, 0, 1, 1, 0] == 1 and turned.sum() == 1  # bottom left, direction 1
    kernel = p4.QUESTIONS["group"].reference(x)
    assert kernel[0, 1, 0, 1, 1, 0] == 1 and kernel[0, 3, 0, 3, 0, 1] == 1


CHAINS = [*product(LAYERS, repeat=1), *product(LAYERS, repeat=2), ("stride", "up", "pool", "conv", "stride")]


@pytest.mark.parametrize("layers", CHAINS, ids="-".join)
def test_the_rule_of_sizes_agrees_with_measured_networks(layers):
    for size in range(8, 12):
        assert count(size, layers) == (measured_error(size, layers) < EXACT), size


def test_the_measuring_network_is_made_of_the_layers_of_the_course():
    import torch

    from course_lib.checks.p4_sizes import REGULAR, network
    from course_lib.layers.regular import GroupConv

    conv = GroupConv(REGULAR, 1, 1, bias=False).double()
    weight = torch.randn(1, 1, 1, 4, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    conv.load_state_dict({"weight": weight[0]})
    x = torch.randn(1, 1, 4, 5, 6, dtype=torch.float64)
    assert torch.allclose(network(["conv"], seed=3)(x), conv(x), atol=1e-12)
    with pytest.raises(ValueError, match="got 'dense'"):
        network(["conv", "dense"])


def test_every_question_can_be_checked_and_has_hints_that_do_not_give_it_away():
    assert set(p4.QUESTIONS) == set(CHECKS)
    answers = [cell.source for cell in source_cells() if "BEGIN SOLUTION" in cell.source]
    lines = {line.strip() for source in answers for line in solution_lines(source)}
    for name, question in p4.QUESTIONS.items():
        assert len(question.hints) == 3
        for number in (1, 2, 3):
            hint = p4.hint(name, number)
            assert repr(hint) == hint, "shown without quotes"
            assert not any(line in hint for line in lines)
            assert not re.search(r"rot90\(.*,|roll\(.*,|stack\(|return ", hint)


@pytest.mark.parametrize(("name", "number"), [("lifting", 0), ("lifting", 4), ("lift", 1)])
def test_a_hint_that_does_not_exist_is_refused_by_name(name, number):
    with pytest.raises(ValueError, match="lifting"):
        p4.hint(name, number)


def solution_lines(source):
    block = re.search(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.DOTALL)
    return [line for line in block.group(1).splitlines() if line.strip()] if block else []


def test_no_line_of_a_solution_and_no_hidden_test_is_in_the_exercise():
    text = "\n".join("".join(cell["source"]) for cell in student_cells())
    secret = [line.strip() for cell in source_cells() for line in solution_lines(cell.source)]
    assert len(secret) > 20
    trivial = {"return True", "return False"}
    leaked = [line for line in secret if line not in trivial and line in text]
    assert leaked == []
    for cell in source_cells():
        if "solution" in cell.metadata.get("tags", []):
            assert cell.source.splitlines()[0] not in text
    assert "HIDDEN" not in text and "SOLUTION" not in text and "seed=" not in text


def test_cards_and_metadata_agree_and_make_ten_points():
    cells = student_cells()
    about = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
    answers = [entry["grade_id"] for entry in about if entry["solution"]]
    points = {entry["grade_id"]: entry["points"] for entry in about if entry["grade"]}
    assert answers == list(p4.QUESTIONS)
    assert list(points) == [f"{name}-check" for name in answers]
    assert sum(points.values()) == 10
    cards = ["".join(cell["source"]) for cell in cells if "".join(cell["source"]).startswith("## Question")]
    rows = [re.search(r"^\| (\d+) \| (★+) \| (\d+) min \| .+ \|$", card, re.MULTILINE) for card in cards]
    assert [int(row.group(1)) for row in rows] == list(points.values())
    assert 60 <= sum(int(row.group(3)) for row in rows) <= 90
    stubs = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("solution")]
    for name, cell in zip(answers, stubs, strict=True):
        source = "".join(cell["source"])
        assert source.endswith(f'raise NotImplementedError("exercise: {name}")')
        assert f"def {p4.QUESTIONS[name].function}({', '.join(p4.QUESTIONS[name].arguments)}):" in source


def test_an_unfilled_notebook_runs_and_says_not_attempted():
    namespace = {"__name__": "student"}
    states = []
    for cell in student_cells():
        source = "".join(cell["source"])
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            states.append(eval(source, namespace).state)
        elif cell["cell_type"] == "code":
            exec(source, namespace)
    assert states == ["not attempted"] * len(CHECKS)


def test_the_solutions_are_right_and_pass_the_hidden_tests():
    namespace = {"__name__": "lecturer"}
    for cell in source_cells():
        if cell.cell_type == "code":
            exec(cell.source, namespace)
            if cell.metadata.get("nbgrader", {}).get("grade"):
                assert eval(cell.source.splitlines()[0], namespace).is_right
                assert ".require()" in cell.source


def test_nbgrader_accepts_the_metadata():
    nbformat = pytest.importorskip("nbgrader.nbgraderformat")
    for cell in student_cells():
        if "nbgrader" in cell["metadata"]:
            nbformat.MetadataValidator().validate_cell(as_node(cell))


def as_node(cell):
    import nbformat

    return nbformat.from_dict(cell)


def test_the_committed_notebook_is_up_to_date_and_drift_is_seen(tmp_path):
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
    (tmp_path / "solutions/p4.py").write_text(SOURCE.read_text("utf8"), "utf8")
    assert build_exercises.main(["--check"], tmp_path) == 1
    assert build_exercises.main([], tmp_path) == 0
    assert build_exercises.main(["--check"], tmp_path) == 0
    changed = tmp_path / "exercises/p4.ipynb"
    changed.write_text(changed.read_text("utf8").replace("Write the action", "Write an action"), "utf8")
    assert build_exercises.main(["--check"], tmp_path) == 1
    with pytest.raises(ValueError, match="no partner"):
        build_exercises.student_version("### BEGIN SOLUTION\nx = 1\n", "action")
