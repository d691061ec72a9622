"""The command: what it writes and refuses, and that it goes on after it was killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from course_lib.cli.main import app
from tests.grading.notebooks import EXERCISES, RIGHT, ROOT, notebook

WAIT = "import time\ndef lifting_kernels(weight):\n    time.sleep(3600)"


def hand_in(folder, **texts):
    for student, text in texts.items():
        (folder / student).mkdir(parents=True, exist_ok=True)
        (folder / student / "p4.ipynb").write_text(text, "utf8")


def run(tmp_path, *options):
    command = [
        "grade",
        str(tmp_path / "in"),
        "--exercises",
        str(EXERCISES),
        "--out",
        str(tmp_path / "grades.csv"),
    ]
    return CliRunner().invoke(app, [*command, *options])


def test_table_pages_and_records(tmp_path):
    hand_in(tmp_path / "in", empty=notebook({}), broken='{"cells": [{"cell_type": "co')
    (tmp_path / "private").mkdir(mode=0o700)
    (tmp_path / "private/secret.txt").write_text("x")
    done = run(tmp_path, "--seed", "7", "--tests", str(tmp_path / "private"))
    assert done.exit_code == 0, done.output
    assert "Isolation: " in done.output and "[2/2]" in done.output
    assert "empty, p4: 0 of " in done.output and "seed of the hidden cases: 7" in done.output
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text("utf8").splitlines()))
    assert [row["Student"] for row in rows] == ["broken", "empty"]
    assert {row["p4: total"] for row in rows} == {"0"}
    names = {path.name for path in (tmp_path / "grades").iterdir()}
    assert names == {"details.csv", "feedback", "index.html", "records", "seed.txt"}
    again = run(tmp_path, "--format", "canvas", "--tests", str(tmp_path / "private"))
    assert "2 results are those of an earlier run" in again.output and "is now" in again.output
    assert (tmp_path / "grades.csv").read_text("utf8").startswith("Student,ID,SIS User ID")
    assert (tmp_path / "grades.1.csv").exists()


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (("--out", "in/grades.csv"), "outside"),
        (("--tests", "in/a"), "outside"),
        (("--format", "excel"), "--format"),
        (("--unit", "p5"), "p5.ipynb does not exist"),
        (("--tests", "nowhere"), "no folder"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(tmp_path, monkeypatch, options, phrase):
    monkeypatch.chdir(tmp_path)
    hand_in(tmp_path / "in", a=notebook({}))
    done = CliRunner().invoke(app, ["grade", "in", "--exercises", str(EXERCISES), *options])
    assert done.exit_code == 2 and phrase in done.output and "Traceback" not in done.output


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_a_killed_run_goes_on_where_it_was(tmp_path, how):
    hand_in(tmp_path / "in", anna=notebook(RIGHT), ben=notebook({"lifting": WAIT}), carla=notebook(RIGHT))
    command = [
        sys.executable,
        "-m",
        "course_lib",
        "grade",
        str(tmp_path / "in"),
        "--unit",
        "p4",
        "--jobs",
        "1",
    ]
    command += ["--exercises", str(EXERCISES), "--out", str(tmp_path / "grades.csv"), "--seconds", "600"]
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores Ctrl-C
    )
    lines = iter(running.stdout.readline, "")
    assert any(line.startswith("[1/3] anna") for line in lines)
    time.sleep(4)  # ben's answer runs now
    started = {int(line) for line in children(running.pid)}
    assert started
    os.kill(running.pid, how)
    said = running.communicate(timeout=60)[0]
    assert running.returncode == (-9 if how == signal.SIGKILL else 130), said
    end = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in started) and time.monotonic() < end:
        time.sleep(0.1)
    assert not [pid for pid in started if os.path.exists(f"/proc/{pid}")]
    records = sorted((tmp_path / "grades/records/p4").iterdir())
    assert [path.name.split("-")[0] for path in records] == ["anna"]
    before = records[0].read_bytes()
    seed = (tmp_path / "grades/seed.txt").read_text()

    hand_in(tmp_path / "in", ben=notebook({}))
    done = run(tmp_path, "--unit", "p4", "--seconds", "600")
    assert done.exit_code == 0 and "1 results are those of an earlier run" in done.output, done.output
    assert records[0].read_bytes() == before and (tmp_path / "grades/seed.txt").read_text() == seed
    records[0].write_bytes(before[:100])
    hand_in(tmp_path / "in", carla=notebook({"norm": RIGHT["norm"]}))
    done = run(tmp_path, "--unit", "p4", "--seconds", "600")
    assert "1 results are those of an earlier run" in done.output, done.output
    assert json.loads(records[0].read_bytes())["scores"] == json.loads(before)["scores"]
    rows = {row["Student"]: row for row in csv.DictReader((tmp_path / "grades.csv").read_text().splitlines())}
    assert rows["carla"]["p4: action"] == rows["ben"]["p4: total"] == "0" != rows["anna"]["p4: total"]


def children(pid):
    """Numbers of all processes below one."""
    found = []
    for child in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split():
        found += [child, *children(child)]
    return found
