"""Grading of a folder of odd submissions: each gets the points it deserves and a reason."""

import copy
import csv
import json
import os
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from course_lib.checks.calling import AnswerError
from course_lib.cli.main import app
from course_lib.grading.feedback import page_names, to_csv, write_report
from course_lib.grading.grade import Report, Score, grade
from course_lib.grading.messages import LARGEST, decode, encode
from course_lib.grading.sandbox import Limits, Sandbox, isolation
from course_lib.grading.submissions import find_answers, find_submissions, functions_in, read_cells, read_unit
from tests.exercises import p4_answers

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = ROOT / "exercises"
HANDED_OUT = json.loads((EXERCISES / "p4.ipynb").read_text("utf8"))
RIGHT = {
    "action": "def act_on_features(r, x):\n    return torch.rot90(x, r, (-2, -1)).roll(r, 2)",
    "lifting": "def lifting_kernels(weight):\n"
    "    return torch.stack([weight.rot90(r, (-2, -1)) for r in range(4)], 1)",
    "group": "def group_kernels(weight):\n"
    "    return torch.stack([act_on_features(r, weight) for r in range(4)], 1)",
    "sizes": "def stays_exact(size, layers):\n    return bool(torch.tensor(True))",
    "norm": "def shared_norm(x, mean, variance):\n    m = mean.mean(1)[:, None, None, None]\n"
    "    v = (variance.mean(1) + mean.var(1, correction=0))[:, None, None, None]\n"
    "    return (x - m) / (v + EPS).sqrt()",
}  # everything right but the sizes, which are always True: 8 of 10 points
LOOP = "def lifting_kernels(weight):\n    while True:\n        pass"
TAMPER = """\
import torch, course_lib.checks.questions as questions, course_lib.checks.p4 as p4
questions.same = lambda *anything: True
questions.Question.judge = questions.Question.check = lambda *anything, **more: None
p4.QUESTIONS.clear()
torch.equal = torch.allclose = torch.Tensor.__eq__ = lambda *anything, **more: True
def lifting_kernels(weight):
    return weight.new_zeros(weight.shape[0], 4, *weight.shape[1:])
"""
SEGFAULT = "import ctypes\ndef act_on_features(r, x):\n    ctypes.string_at(0)"
EXIT = "import os, signal\ndef lifting_kernels(weight):\n    os._exit(0)"
KILL = "import os\ndef group_kernels(weight):\n    os.kill(os.getppid(), 9)\n    os._exit(1)"
PRINT = "def lifting_kernels(weight):\n    print('x' * 20_000_000)\n" + RIGHT["lifting"].splitlines()[1]
GREEDY = "def lifting_kernels(weight):\n    return torch.zeros(10**10)"
FILE = "def group_kernels(weight):\n    open('big', 'wb').write(b'x' * 20_000_000)"
PROCESSES = """\
import subprocess
def act_on_features(r, x):
    started = [subprocess.Popen(['sleep', '9']) for _ in range(40)]
"""
NETWORK = """\
import socket
def shared_norm(x, mean, variance):
    socket.create_connection(('192.0.2.1', 9), 2)
"""


def notebook(answers, edit=None):
    filled = copy.deepcopy(HANDED_OUT)
    for cell in filled["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("solution") and about["grade_id"] in answers:
            cell["source"] = answers[about["grade_id"]]
    if edit:
        edit(filled["cells"])
    return json.dumps(filled)


def without(name):
    def edit(cells):
        cells[:] = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") != name]

    return edit


SUBMISSIONS = {
    "right": notebook(RIGHT),
    "empty": notebook({}),
    "loop": notebook(RIGHT | {"lifting": LOOP, "group": "while True: pass"}),
    "crash": notebook(RIGHT | {"action": SEGFAULT, "lifting": EXIT, "group": KILL}),
    "missing": notebook(RIGHT, without("lifting")),
    "broken": '{"cells": [{"cell_type": "co',
    "renamed": notebook(RIGHT | {"lifting": RIGHT["lifting"].replace("lifting_kernels", "my_kernels")}),
    "prints": notebook(RIGHT | {"lifting": PRINT}),
    "tampers": notebook(RIGHT | {"lifting": TAMPER}),
    "greedy": notebook(
        RIGHT | {"action": PROCESSES, "lifting": GREEDY, "group": FILE, "norm": NETWORK}
    ),
}  # fmt: skip
EXPECTED = {  # points for action, lifting, group, sizes, norm
    "right": [1, 2, 3, 0, 2],
    "empty": [0, 0, 0, 0, 0],
    "loop": [1, 0, 0, 0, 2],
    "crash": [0, 0, 0, 0, 2],
    "missing": [1, 0, 3, 0, 2],
    "broken": [0, 0, 0, 0, 0],
    "renamed": [1, 0, 3, 0, 2],
    "prints": [1, 2, 3, 0, 2],
    "tampers": [1, 0, 3, 0, 2],
    "greedy": [0, 0, 0, 0, 0],
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    for number, (student, text) in enumerate(SUBMISSIONS.items()):
        path = folder / f"{student}.ipynb" if number % 2 else folder / student / "p4.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf8")
    seen = []
    report = grade(
        folder,
        unit="p4",
        exercises=EXERCISES,
        seed=5,
        limits=Limits(seconds=10),
        jobs=2,
        progress=lambda student, scores: seen.append(student),
    )
    assert sorted(seen) == sorted(SUBMISSIONS)
    return report


def reason(report, student, question):
    return next(score.message for score in report.scores[student] if score.question == question)


@pytest.mark.slow
@pytest.mark.parametrize("student", SUBMISSIONS)
def test_points(graded, student):
    assert [score.points for score in graded.scores[student]] == EXPECTED[student], graded.scores[student]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "question", "phrase"),
    [
        ("empty", "action", "as it was handed out"),
        ("right", "sizes", "always answer True"),
        ("loop", "lifting", "endless loop"),
        ("loop", "group", "endless loop"),
        ("crash", "action", "segmentation fault"),
        ("crash", "lifting", "ended the process"),
        ("crash", "group", "ended the process"),
        ("missing", "lifting", "missing"),
        ("broken", "norm", "cannot be read as a notebook"),
        ("renamed", "lifting", "does not define the function lifting_kernels"),
        ("tampers", "lifting", "Compare them"),
        ("greedy", "lifting", "memory"),
        ("greedy", "group", "File too large"),
    ],
)
def test_reasons(graded, student, question, phrase):
    assert phrase in reason(graded, student, question)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are limited on Linux")
def test_an_answer_cannot_start_many_processes(graded):
    assert "BlockingIOError" in reason(graded, "greedy", "action")


@pytest.mark.slow
@pytest.mark.skipif(not isolation(), reason="unshare is not permitted here")
def test_answers_have_no_network_and_leave_no_process(graded):
    assert "unreachable" in reason(graded, "greedy", "norm")
    assert any("without network" in remark for remark in graded.remarks)
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(path.read_bytes().replace(b"\0", b" "))
        except OSError:  # ended meanwhile
            continue
    mine = str(os.getpid()).encode()
    assert not [c for c in commands if b"sleep 9" in c and mine not in c]


@pytest.mark.slow
def test_the_report_is_a_table_and_pages(graded, tmp_path):
    files = write_report(graded, tmp_path)
    rows = list(csv.DictReader((tmp_path / "results.csv").read_text("utf8").splitlines()))
    assert list(rows[0]) == ["student", "unit", "question", "points", "max", "state", "message"]
    assert len(rows) == 5 * len(SUBMISSIONS)
    assert sum(float(row["points"]) for row in rows if row["student"] == "right") == 8
    summary = (tmp_path / "index.html").read_text("utf8")
    assert "Seed 5" in summary
    for student in SUBMISSIONS:
        page = tmp_path / "feedback" / f"{student}.html"
        assert page in files and f"feedback/{page.name}" in summary
        text = page.read_text("utf8")
        assert "http" not in text and "<script" not in text
    assert "8 of 10 points" in (tmp_path / "feedback/right.html").read_text("utf8")
    (tmp_path / "feedback/gone.html").write_text("of an earlier grading")
    write_report(graded, tmp_path)
    assert not (tmp_path / "feedback/gone.html").exists()


def test_the_command_writes_table_and_pages_and_refuses_in_one_line(tmp_path):
    (tmp_path / "in").mkdir()
    for student in ("empty", "broken"):
        (tmp_path / "in" / f"{student}.ipynb").write_text(SUBMISSIONS[student], "utf8")
    command = ["grade", str(tmp_path / "in"), "--exercises", str(EXERCISES), "--out"]
    done = CliRunner().invoke(app, [*command, str(tmp_path / "out"), "--seed", "7"])
    assert done.exit_code == 0, done.output
    assert "empty: 0 of 10" in done.output and "seed of the hidden cases: 7" in done.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"results.csv", "index.html", "feedback"}
    inside = CliRunner().invoke(app, [*command, str(tmp_path / "in/out")])
    assert inside.exit_code == 2 and "outside" in inside.output


def test_what_students_write_is_harmless_in_table_and_page(tmp_path):
    score = Score("action", 0, 1, "wrong", "=1+1 <script>alert(1)</script>\nsecond line", code="<b>x</b>")
    report = Report("p4", 1, {"../../evil <i>": [score]})
    assert "'=1+1 <script>alert(1)</script> second line" in to_csv(report)
    files = write_report(report, tmp_path)
    assert all(path.resolve().is_relative_to(tmp_path.resolve()) for path in files)
    for path in files[1:]:
        text = path.read_text("utf8")
        assert "<script>" not in text and "<i>" not in text and "<b>x</b>" not in text


def test_page_names_differ_even_where_case_does_not_count():
    names = page_names(["Anna", "anna", "an/na", "an na", "..."])
    assert len({name.lower() for name in names.values()}) == 5


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -0.5, "text", [1, [2, "x"]], (1, ("a", "b")), {"call": (3,)}, float("inf")],
)
def test_messages_carry_plain_values(value):
    assert decode(encode(value)) == value


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64, torch.bool])
def test_messages_carry_tensors(dtype):
    tensors = [
        torch.arange(6).reshape(1, 2, 3).to(dtype),
        torch.zeros(0, 2, dtype=dtype),
        torch.tensor(1).to(dtype),
    ]
    for sent, received in zip(tensors, decode(encode(tensors)), strict=True):
        assert received.dtype == dtype and torch.equal(sent, received)


def test_messages_replace_what_they_cannot_carry_by_the_name_of_its_type():
    assert type(decode(encode({"value": object()}))["value"]).__name__ == "object"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"no json\n",
        b"\xff\n",
        b'{"tensor": [9], "dtype": "torch.float64", "bytes": 72}\n',
        b'{"tensor": [4], "dtype": "torch.uint8", "bytes": 3}\nabc',
        b'{"tensor": [1], "dtype": "object", "bytes": 1}\na',
        b'{"import": "os"}\n',
        b"{}\n",
        b"[" * 100_000 + b"\n",
        b"9" * 5000 + b"\n",
    ],
)
def test_malformed_messages_are_refused(message):
    assert len(message) < LARGEST
    with pytest.raises(ValueError):
        decode(message)


def test_answers_are_found_by_grade_id_by_name_and_among_copies(tmp_path):
    tasks = read_unit(EXERCISES / "p4.ipynb")
    assert [task.points for task in tasks] == [1, 2, 3, 2, 2]
    assert any("EPS" in cell for cell in tasks[-1].given)
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


@pytest.mark.parametrize("source", ["def f(:", "\0", "x = (" * 500])
def test_cells_that_are_no_python_define_nothing(source):
    assert functions_in(source) == []


def test_folders_are_searched_as_they_come(tmp_path):
    for name in (
        "anna.ipynb",
        "ben/p4.ipynb",
        "ben/other.ipynb",
        "carla/Copy of p4 (1).ipynb",
        ".git/x.ipynb",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "dora").mkdir()
    (tmp_path / "notes.txt").write_text("")
    found = {entry.student: entry for entry in find_submissions(tmp_path, "p4")}
    assert list(found) == ["anna", "ben", "carla", "dora"]
    assert found["ben"].path == tmp_path / "ben/p4.ipynb"
    assert found["carla"].path.name == "Copy of p4 (1).ipynb"
    assert found["dora"].path is None and "no notebook" in found["dora"].problem


def test_a_folder_that_cannot_be_graded_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match="no folder"):
        list(find_submissions(tmp_path / "nowhere", "p4"))
    with pytest.raises(ValueError, match=r"expected student.ipynb"):
        list(find_submissions(tmp_path, "p4"))
    with pytest.raises(ValueError, match="make notebooks"):
        read_unit(tmp_path / "p5.ipynb")


def test_a_process_that_does_not_start_is_an_error_of_the_machine(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    sandbox = Sandbox(Limits(), [])
    with pytest.raises(OSError, match="did not start"):
        sandbox.start()
    assert sandbox.process is None


def test_a_call_after_the_end_is_an_answer_that_failed():
    with pytest.raises(AnswerError, match="ended the process"):
        Sandbox(Limits(), []).call(1)


def test_the_right_answers_here_are_those_of_the_unit():
    namespace = {"torch": torch, "EPS": p4_answers.EPS}
    for name in ("action", "lifting", "group", "norm"):
        exec(RIGHT[name], namespace)
    weight = torch.randn(2, 3, 4, 3, 3, dtype=torch.float64)
    assert torch.equal(namespace["group_kernels"](weight), p4_answers.group_by_loop(weight))
