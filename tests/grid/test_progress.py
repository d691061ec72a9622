"""Progress: the estimated end by hand, and what a log says of a failure."""

import re

import pytest

from course_lib.config import Settings
from course_lib.grid.plan import Run
from course_lib.grid.progress import Failure, Report, Status, last_error, seconds_left, snakemake_error


def run(method: str, seed: int, **values) -> Run:
    return Run(method, Settings(data=values.pop("data", "kvasir-seg"), family=method, seed=seed, **values))


def test_time_left_by_hand():
    # Paces: p4 on kvasir (60 + 80) / 2, on clinicdb 30, plain 10 / 0.1.
    done = [
        (run("p4", 0), 60.0),
        (run("p4", 1), 80.0),
        (run("p4", 0, data="cvc-clinicdb"), 30.0),
        (run("plain", 0, fraction=0.1), 10.0),
    ]
    assert seconds_left(done, {run("p4", 2): 0.0}, cores=1) == pytest.approx(70)
    assert seconds_left(done, {run("p4", 2): 50.0}, cores=1) == pytest.approx(20)
    assert seconds_left(done, {run("p4", 2): 500.0}, cores=1) == 0
    assert seconds_left(done, {run("plain", 0): 0.0}, cores=1) == pytest.approx(100)
    assert seconds_left(done, {run("plain", 0, data="cvc-clinicdb", fraction=0.5): 0.0}, cores=1) == 50
    unseen = run("sre", 0, fraction=0.5)
    assert seconds_left(done, {unseen: 0.0}, cores=1) == pytest.approx((60 + 80 + 30 + 100) / 4 / 2)
    assert seconds_left(done, {run("p4", 2): 0.0, run("plain", 1): 0.0}, cores=2) == pytest.approx(100)
    assert seconds_left(done, {}, cores=2) == 0
    assert seconds_left([], {unseen: 0.0}, cores=2) is None


def test_status_in_words():
    assert str(Status(5, 1, 2, 0, None)) == "3/5 finished"
    assert str(Status(5, 1, 2, 1, 250.0)).startswith("3/5 finished, 1 failed, about 4 min left (until ")


def test_report_in_words(tmp_path):
    failure = Failure("a_s0", "no data", tmp_path / "a_s0.log")
    report = Report(skipped=["b"], finished=["c", "d"], failed=[failure], seconds=7500.0)
    assert report.exit_code == 1
    assert report.lines() == [
        f"failed: a_s0: no data\n  log: {tmp_path / 'a_s0.log'}",
        "2 finished, 1 finished before, 1 failed, in 2 h 5 min",
    ]
    assert Report(waiting=["a"]).exit_code == 0
    assert Report().lines() == ["no runs, in 0 s"]


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("epoch 1\nerror: the first\nerror: disk is full\n\ntable\n", 2, "disk is full"),
        ("Traceback:\n  line 1\nKeyError: 'x'\n\n", 1, "KeyError: 'x'"),
        ("50%\r100%\rlast", 1, "last"),
        ("epoch 1", 137, "ended by signal 9, perhaps for want of memory"),
        ("epoch 1", 143, "ended by signal 15"),
        ("started on here\n", 1, "wrote no message; look whether the disk is full"),
    ],
)
def test_last_error(tmp_path, text, code, expected):
    (tmp_path / "log").write_text(text)
    assert last_error(tmp_path / "log", code) == expected
    assert last_error(tmp_path / "none", 1) == "wrote no message; look whether the disk is full"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("usage: x\n__main__.py: error: argument --executor: invalid choice\n", "argument --executor: .*"),
        ("    message: None\n    message: no sacct\nWorkflowError:\nfailed\n", "no sacct"),
        ("SyntaxError\n\n", "SyntaxError"),
        ("", "it wrote no message"),
    ],
)
def test_snakemake_error(tmp_path, text, expected):

    (tmp_path / "log").write_text(text)
    assert re.fullmatch(expected, snakemake_error(tmp_path / "log"))
