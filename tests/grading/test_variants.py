"""Students with variants: each is judged by the own draw, whatever the notebook says."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_lib.checks import p4
from course_lib.cli.main import app
from course_lib.grading.judging import load_unit
from course_lib.grading.private import Private, read_private
from course_lib.grading.sandbox import Limits
from course_lib.variants import draw, handed_out, note_handed_out
from tests.grading.notebooks import EXERCISES, ROOT

pytestmark = pytest.mark.slow

SECRET = "a secret for the tests, not for a course"
SIZES = p4.QUESTIONS["sizes"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "PRIVATE").mkdir()
    (tmp_path / "PRIVATE/secret.txt").write_text(SECRET, "utf8")
    return tmp_path / "PRIVATE"


def test_the_question_is_that_of_the_students_draw(folder):
    note_handed_out(folder / "secret.txt", ["p4"])
    unit = load_unit("p4", EXERCISES, read_private(folder, ["p4"]), Limits())
    tasks = {task.name: task for task in unit.tasks}
    steps = [unit.question_for(tasks["sizes"], f"s{i}").value for i in range(40)]
    assert steps == [draw(SECRET, "p4", f"s{i}", SIZES) for i in range(40)] and len(set(steps)) > 3
    assert unit.question_for(tasks["norm"], "s1") is p4.QUESTIONS["norm"]


def test_who_hands_out_published_notebooks_grades_by_them(folder):
    note_handed_out(folder / "secret.txt", ["sre"])
    for private in (Private(), read_private(folder, ["p4", "sre"])):
        unit = load_unit("p4", EXERCISES, private, Limits())
        assert all(unit.question_for(task, "s1") is unit.questions[task.name] for task in unit.tasks)


def test_results_are_graded_anew_when_a_unit_is_listed(folder):
    before = read_private(folder, ["p4"]).digest
    note_handed_out(folder / "secret.txt", ["p4"])
    note_handed_out(folder / "secret.txt", ["p4", "sre"])
    assert handed_out(folder / "secret.txt") == ("p4", "sre")
    assert read_private(folder, ["p4"]).digest != before
    (folder / "secret.txt").write_text("short", "utf8")
    with pytest.raises(ValueError, match="at least 16 characters, got 5"):
        read_private(folder, ["p4"])


@pytest.mark.slow
def test_a_copied_notebook_earns_nothing_for_what_was_drawn(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    copier = next(s for s in "bcdefgh" if draw(SECRET, "p4", s, SIZES) != draw(SECRET, "p4", "a", SIZES))
    run("exercise", "--course", ROOT, "--student", "a", "--unit", "p4")
    run("exercise", "--course", ROOT, "--student", "a", "--unit", "p4", "--solved", "--out", "in")
    shutil.copytree("in/a", Path("in") / copier)
    output = run("grade", "in", "--unit", "p4", "--tests", "PRIVATE", "--exercises", EXERCISES, "--jobs", 1)
    assert "judged by the variant drawn: p4" in output
    assert "a, p4: 10 of 10" in output
    assert f"{copier}, p4: 8 of 10" in output and "sizes wrong" in output
    page = next(Path("grades").rglob(f"{copier}*.html")).read_text("utf8")
    step = draw(SECRET, "p4", copier, SIZES)
    assert f"Your pooling takes {step} x {step} pixels" in page


def run(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done.output
