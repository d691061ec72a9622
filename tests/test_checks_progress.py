"""Results of checks are remembered on this machine: whole, by question, never while a lecturer grades."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from course_lib.checks import p4, progress, report
from course_lib.checks.progress import Result, read_units, recall, remember
from course_lib.checks.verdicts import Verdict

ROOT = Path(__file__).resolve().parents[1]
RIGHT, WRONG = Verdict("lifting", "right", "well"), Verdict("lifting", "wrong", "no")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty place for results, as after a fresh start of the kernel."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(progress, "_session", {})
    return tmp_path / "progress"


def lifting(weight):
    return torch.stack([weight.rot90(r, (-2, -1)) for r in range(4)], dim=1)


def row(name):
    return next(row for row in report().rows if row.unit.name == name)


def test_a_check_is_remembered_after_the_kernel_has_stopped_and_a_later_one_replaces_it(folder, monkeypatch):
    p4.lifting(lifting)
    monkeypatch.setattr(progress, "_session", {})
    assert (row("p4").reached, row("p4").count("right")) == (2, 1)
    p4.lifting(lambda weight: weight)
    monkeypatch.setattr(progress, "_session", {})
    assert (row("p4").reached, row("p4").count("wrong"), row("p4").count("not attempted")) == (0, 1, 4)


def test_a_file_holds_a_state_and_nothing_of_the_answer(folder):
    p4.lifting(lifting)
    assert [path.name for path in folder.iterdir()] == ["p4.lifting.json"]
    assert set(json.loads((folder / "p4.lifting.json").read_text())) == {"state", "share", "when"}


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", '{"state": "perfect"}', '{"state": "right", "share": 7}', "\x00"]
)
def test_a_broken_file_is_set_aside_and_not_lost(folder, text):
    remember("p4", RIGHT)
    remember("p4", Verdict("group", "right", ""))
    progress._session.clear()
    (folder / "p4.lifting.json").write_text(text)
    assert recall("p4", "lifting") == Result()
    assert (folder / "p4.lifting.json.broken").read_text() == text
    assert recall("p4", "group").state == "right"
    remember("p4", RIGHT)
    assert recall("p4", "lifting").state == "right"


def test_notebooks_that_write_at_once_leave_each_other_alone(folder):
    verdicts = [(f"unit{n % 7}", Verdict(f"q{n}", "right", "")) for n in range(70)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: remember(*pair), verdicts))
    progress._session.clear()
    assert {recall(unit, verdict.question).state for unit, verdict in verdicts} == {"right"}
    assert len(list(folder.iterdir())) == 70, "no half file is left"


def test_a_folder_that_cannot_be_written_costs_no_check(folder):
    folder.write_text("a file stands in the way")
    assert p4.lifting(lifting).is_right
    assert row("p4").reached == 2


@pytest.mark.parametrize("variable", [("COURSE_PROGRESS", "off"), ("NBGRADER_EXECUTION", "autograde")])
def test_nothing_is_written_while_a_lecturer_grades_or_tests_run(folder, monkeypatch, variable):
    monkeypatch.setenv(*variable)
    assert p4.lifting(lifting).is_right
    p4.QUESTIONS["lifting"].judge(lifting, seed=1)
    assert not folder.exists() and report().reached == 0
    assert "not remembered" in repr(report())


def test_the_grader_judges_without_a_trace(folder):
    p4.QUESTIONS["lifting"].judge(lifting, seed=1)
    assert not folder.exists()


def test_results_lie_below_the_state_folder_of_the_user(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS")
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert progress.progress_folder() == tmp_path / "equivariance-course/progress"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert progress.progress_folder() == tmp_path / ".local/state/equivariance-course/progress"


def test_part_of_the_points_counts(folder):
    remember("p4", Verdict("group", "wrong", "", partial=0.5))  # of 3 points
    assert row("p4").reached == 1.5 and "1.5 / 10" in repr(report())
    assert "part of the points" in report()._repr_html_()


def test_units_stand_in_the_order_of_the_course_and_are_all_there():
    units = read_units()
    assert {unit.name for unit in units} == {path.stem for path in (ROOT / "solutions").glob("*.py")}
    assert [unit.chapter for unit in units] == sorted(unit.chapter for unit in units)
    assert [unit.name for unit in units][:3] == ["groups", "group_convolution", "p4"]
    assert all(sum(unit.points.values()) == 10 for unit in units)


def test_the_report_shows_every_unit_as_text_and_as_a_figure(folder):
    remember("p4", RIGHT)
    remember("sre", WRONG)
    text, page = repr(report()), report()._repr_html_()
    for unit in read_units():
        assert unit.name in text and unit.name in page and unit.title in page
    assert "2 / 10" in text and "p4 2 / 10" in page, "the figure speaks to screen readers too"
    assert page.count("<rect") == len(read_units()) + 1, "p4 has two parts"
    assert "<script" not in page and "http" not in page, "it needs no network"
    assert str(folder) in text
