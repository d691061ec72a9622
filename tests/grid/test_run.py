"""The engine, for real: kills at bad moments, failures, full disks, two grids at a time."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from course_lib.config import Settings
from course_lib.grid.plan import read_plan
from course_lib.grid.run import run_grid
from course_lib.grid.watch import Watch

EPOCHS = 20
PLAN = {
    "common": {"size": 16, "widths": [2, 4], "epochs": EPOCHS},
    "methods": {"plain": {"family": "plain"}, "p4": {"family": "p4"}},
    "parts": [{"data": ["synthetic-polyps"], "fraction": [0.2], "seeds": [0]}],
}
PLAIN, P4 = (f"synthetic-polyps_group_{family}_16px_0.2of1_s0" for family in ("plain", "p4"))
MISSING = "kvasir-seg_group_plain_16px_0.5of1_s0"
IN_ANOTHER_PROCESS = """
import resource, sys
from pathlib import Path
from course_lib.grid.run import run_grid
folder, tier, bytes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if bytes:
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, bytes))
places = {"plans": folder, "runs": folder / "runs", "ledger": folder / "ledger"}
report = run_grid("polyps", tier, accelerator="cpu", **places)
print("\\n".join(report.lines()))
sys.exit(report.exit_code)
"""


def write_plan(folder: Path, tier: str = "smoke", **changes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"polyps-{tier}.yaml").write_text(yaml.safe_dump({**PLAN, **changes}, sort_keys=False))


def run(folder: Path, tier: str = "smoke", **options):
    places = {"plans": folder, "runs": folder / "runs", "ledger": folder / "ledger"}
    return run_grid("polyps", tier, accelerator="cpu", **{**places, **options})


def start(folder: Path, tier: str = "smoke", *, largest_file: int = 0) -> subprocess.Popen:
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(folder), tier, str(largest_file)]
    return subprocess.Popen(
        command,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores Ctrl-C
    )


def entry(folder: Path, name: str, tier: str = "smoke") -> Path:
    return folder / f"ledger/polyps-{tier}/{name}.json"


def numbers(path: Path) -> dict:
    """An entry without what differs from one run to the next."""
    values = json.loads(path.read_text())
    return {key: value for key, value in values.items() if key not in ("seconds", "peak_memory_mb")}


def wait_for(condition, *, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def processes_of(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or ())
        if str(folder) in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def epochs_done(folder: Path, name: str) -> int:
    saved = [int(path.stem[-5:]) for path in (folder / "runs/polyps-smoke" / name).glob("epoch-*.pt")]
    return max(saved, default=0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A grid of two runs and, between them, one whose data are missing; with the report."""
    folder = tmp_path_factory.mktemp("finished")
    parts = [
        {"data": ["synthetic-polyps"], "fraction": [0.2], "seeds": [0], "methods": ["plain"]},
        {"data": ["kvasir-seg"], "fraction": [0.5], "seeds": [0], "methods": ["plain"]},
        {"data": ["synthetic-polyps"], "fraction": [0.2], "seeds": [0], "methods": ["p4"]},
    ]
    write_plan(folder, parts=parts)
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(folder / "nowhere"))
        report = run(folder, progress=seen.append)
    return folder, report, seen


@pytest.mark.slow
def test_a_failed_run_is_told_and_stops_no_other(finished):
    folder, report, seen = finished
    assert report.finished == [PLAIN, P4]
    assert report.exit_code == 1
    (failure,) = report.failed
    assert failure.name == MISSING
    assert "kvasir-seg" in failure.error
    assert "\n" not in failure.error
    assert failure.error in failure.log.read_text()
    assert f"failed: {MISSING}: {failure.error}" in "\n".join(report.lines())
    assert (seen[0].finished, seen[0].failed, seen[0].seconds_left) == (0, 0, None)
    assert (seen[-1].finished, seen[-1].failed, seen[-1].total) == (2, 1, 3)
    assert any(0 < status.finished < 2 and status.seconds_left for status in seen)


@pytest.mark.slow
def test_finished_runs_are_kept_and_failed_ones_repeated(finished):
    folder, _, _ = finished
    before = {path: path.stat().st_mtime_ns for path in (folder / "ledger").rglob("*.json")}
    report = run(folder, only="synthetic-polyps*")
    assert (report.skipped, report.finished, report.failed) == ([PLAIN, P4], [], [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(folder / "nowhere"))
        again = run(folder)
    assert again.skipped == [PLAIN, P4]
    assert [failure.name for failure in again.failed] == [MISSING]
    assert {path: path.stat().st_mtime_ns for path in (folder / "ledger").rglob("*.json")} == before


@pytest.mark.slow
def test_changed_plan_is_refused(finished, tmp_path):
    folder, _, _ = finished
    write_plan(tmp_path, common={**PLAN["common"], "epochs": 3})
    with pytest.raises(ValueError, match=rf"{P4}|{PLAIN}.*\(epochs {EPOCHS} -> 3\); remove it"):
        run(tmp_path, ledger=folder / "ledger")


@pytest.mark.slow
def test_killed_grid_goes_on_to_the_same_numbers(finished, tmp_path):
    write_plan(tmp_path)
    first = start(tmp_path)
    wait_for(lambda: (tmp_path / "runs/polyps-smoke" / f"{PLAIN}.log").exists())
    kill_all(first, tmp_path)  # while the first run imports its libraries
    second = start(tmp_path)
    wait_for(lambda: epochs_done(tmp_path, P4) >= 2)
    kill_all(second, tmp_path)  # in the middle of the second run
    kept, done = entry(tmp_path, PLAIN).stat().st_mtime_ns, epochs_done(tmp_path, P4)
    assert 2 <= done < EPOCHS
    assert not entry(tmp_path, P4).exists()

    report = run(tmp_path)
    assert (report.skipped, report.finished, report.failed) == ([PLAIN], [P4], [])
    assert entry(tmp_path, PLAIN).stat().st_mtime_ns == kept
    log = (tmp_path / "runs/polyps-smoke" / f"{P4}.log").read_text()
    assert f"epoch {done + 1}/{EPOCHS} " in log
    assert f"epoch {done}/{EPOCHS} " not in log
    for name in (PLAIN, P4):
        assert numbers(entry(tmp_path, name)) == numbers(entry(finished[0], name))


def kill_all(process: subprocess.Popen, folder: Path) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not processes_of(folder))


@pytest.mark.slow
def test_interrupt_ends_the_jobs_too(tmp_path):
    write_plan(tmp_path)
    process = start(tmp_path)
    wait_for(lambda: epochs_done(tmp_path, PLAIN) >= 1)
    process.send_signal(signal.SIGINT)  # to this process alone, not to its group
    _, errors = process.communicate(timeout=240)
    assert "KeyboardInterrupt" in errors
    assert not processes_of(tmp_path)
    assert not entry(tmp_path, P4).exists()


@pytest.mark.slow
def test_two_grids_at_a_time(finished, tmp_path):
    for tier in ("smoke", "colab"):
        write_plan(tmp_path, tier, methods={"plain": {"family": "plain"}})
    other = start(tmp_path)
    wait_for(lambda: epochs_done(tmp_path, PLAIN) >= 1)
    with pytest.raises(ValueError, match=r"polyps-smoke is being run already by process \d+; wait for it"):
        run(tmp_path)
    assert run(tmp_path, "colab").finished == [PLAIN]
    output, errors = other.communicate(timeout=240)
    assert other.returncode == 0, errors
    assert output.startswith("1 finished, in ")
    expected = numbers(entry(finished[0], PLAIN))
    assert numbers(entry(tmp_path, PLAIN)) == expected
    assert numbers(entry(tmp_path, PLAIN, "colab")) == expected


@pytest.mark.slow
def test_full_disk_is_a_clear_error(tmp_path):
    write_plan(tmp_path, methods={"plain": {"family": "plain"}})
    process = start(tmp_path, largest_file=16 * 1024)  # of a checkpoint's 31 kB
    output, errors = process.communicate(timeout=240)
    assert process.returncode == 1, errors
    assert f"failed: {PLAIN}: cannot write {tmp_path}" in output
    assert "File too large; free some space or take another folder" in output


@pytest.mark.parametrize("which", ["runs", "ledger"])
def test_unwritable_folders_are_clear_errors(tmp_path, which):
    write_plan(tmp_path)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match=r"cannot write .*file.*Not a directory; free some space or take"):
        run(tmp_path, **{which: tmp_path / "file/below"})


def test_checkpoints_of_other_settings_are_refused(tmp_path):
    write_plan(tmp_path)
    folder = tmp_path / "runs/polyps-smoke"
    (folder / PLAIN).mkdir(parents=True)
    (folder / PLAIN / "epoch-00001.pt").touch()
    (run_now, _) = read_plan(tmp_path, "polyps", "smoke")
    old = run_now.settings.model_copy(update={"batch_size": 2})
    (folder / f"{PLAIN}.yaml").write_text(yaml.safe_dump(old.model_dump(mode="json")))
    with pytest.raises(ValueError, match=rf"{PLAIN} holds this run .*\(batch_size 2 -> 16\); remove it"):
        run(tmp_path)


def test_settings_reach_the_job_unchanged(tmp_path):
    write_plan(tmp_path)
    assert run(tmp_path, dry_run=True).waiting == [PLAIN, P4]
    folder = tmp_path / "runs/polyps-smoke/dry-run"
    for planned in read_plan(tmp_path, "polyps", "smoke"):
        assert Settings.from_yaml(folder / f"{planned.name}.yaml") == planned.settings


def test_dry_run_on_a_cluster_plans_every_run(tmp_path):
    write_plan(tmp_path)
    report = run(tmp_path, dry_run=True, executor="slurm", extra=["--default-resources", "runtime=30"])
    assert report.waiting == [PLAIN, P4]
    assert report.exit_code == 0
    planned = (tmp_path / "runs/polyps-smoke/dry-run/snakemake.log").read_text()
    assert "This was a dry-run" in planned
    assert "runtime=30" in planned
    assert planned.index(f"log: {tmp_path}/runs/polyps-smoke/dry-run/{PLAIN}.log") > 0
    assert not (tmp_path / "ledger").exists()


def test_unknown_executor_is_named(tmp_path):
    write_plan(tmp_path)
    with pytest.raises(ValueError, match="Snakemake started no run: .*invalid choice: 'sulrm'"):
        run(tmp_path, dry_run=True, executor="sulrm")


def test_wrong_use_is_named(tmp_path):
    write_plan(tmp_path)
    with pytest.raises(ValueError, match=r"only must fit .*got 'p5'; try '\*p5\*'"):
        run(tmp_path, only="p5")
    with pytest.raises(ValueError, match="cores and threads must be at least 1, got 0 and 1"):
        run(tmp_path, cores=0)


def test_a_started_run_without_mark_counts_as_failed(tmp_path):
    write_plan(tmp_path)
    watch = Watch(read_plan(tmp_path, "polyps", "smoke"), tmp_path, tmp_path / "ledger")
    (tmp_path / f"{PLAIN}.log").touch()
    assert not watch.count_lost()
    (tmp_path / f"{P4}.log").write_text("epoch 1\n")
    assert watch.count_lost()
    assert [(failure.name, failure.error) for failure in watch.report(1.0).failed] == [(P4, "epoch 1")]
    assert watch.report(1.0).waiting == [PLAIN]
