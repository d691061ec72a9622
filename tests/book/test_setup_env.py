"""Messages and repairs of the set-up script, with fakes in place of disk, network and Python."""

import os
import shutil
import stat
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
import setup_env
from setup_env import SetupError

ROOT = Path(__file__).resolve().parents[2]
Usage = namedtuple("Usage", "total used free")


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def fake_python(path: Path, version: tuple[int, int]) -> Path:
    return script(path, f'echo "{version[0]} {version[1]} {path}"')


@pytest.fixture
def project(tmp_path):
    (tmp_path / "requirements.txt").write_text("# pins\ntorch==2.13.0\n")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 14)])
def test_wrong_python_names_version_and_remedy(tmp_path, version):
    python = fake_python(tmp_path / "python", version)
    with pytest.raises(
        SetupError, match=rf"is {version[0]}\.{version[1]}; install Python 3\.11 or 3\.12.*PYTHON="
    ):
        setup_env.choose_python(str(python))


def test_absent_python_is_named():
    with pytest.raises(SetupError, match="no-such-python does not run"):
        setup_env.choose_python("no-such-python")


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_supported_python_is_taken(tmp_path, version):
    python = fake_python(tmp_path / "python", version)
    assert setup_env.choose_python(str(python)) == (str(python), version)


def test_no_disk_names_what_is_needed(monkeypatch, project):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 0, 2 * 10**9))
    with pytest.raises(SetupError, match="about 6 GB .* only 2.0 GB are free; free some space"):
        setup_env.prepare_python(project)
    assert not (project / ".venv").exists()


@pytest.mark.parametrize(
    ("complaint", "message"),
    [
        (
            "[Errno -3] Temporary failure in name resolution",
            "could not reach the package registry; check the network",
        ),
        ("npm error code ENOTFOUND", "could not reach the package registry; check the network"),
        ("OSError: [Errno 28] No space left on device", "filled the disk"),
        ("ensurepip is not available", "apt-get install python3-venv"),
        ("something else", r"failed \(exit status 1\); the lines above say why"),
    ],
)
def test_failures_of_installers_are_explained(tmp_path, complaint, message, capfd):
    command = script(tmp_path / "installer", f'echo "{complaint}" >&2; exit 1')
    with pytest.raises(SetupError, match=message):
        setup_env.run([command], "pip", cwd=tmp_path)
    assert complaint in capfd.readouterr().err


def test_main_prints_one_message_and_fails(monkeypatch, capsys):
    def stop(*arguments):
        raise SetupError("this is missing; do that")

    monkeypatch.setattr(setup_env, "prepare_python", stop)
    assert setup_env.main([]) == 1
    assert capsys.readouterr().err == "\n[setup] STOP: this is missing; do that\n"


@pytest.fixture
def installer(monkeypatch):
    """Replace the installer: venv makes a runnable python and pip; pip succeeds unless told otherwise."""
    calls, outcome = [], {"pip": None}

    def run(command, what, cwd=None, env=None):
        calls.append([str(word) for word in command])
        if "venv" in calls[-1]:
            script(Path(command[-1]) / "bin" / "pip", "")
            version = sys.version_info
            probe = f'case "$2" in *metadata*) echo torch;; *) echo {version[0]} {version[1]} "$0";; esac'
            script(Path(command[-1]) / "bin" / "python", probe)
        elif outcome["pip"]:
            raise outcome["pip"]

    monkeypatch.setattr(setup_env, "run", run)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**12, 0, 10**12))
    return calls, outcome


def test_second_run_does_nothing(project, installer):
    calls, _ = installer
    assert setup_env.prepare_python(project)
    done = len(calls)
    assert done == 3 and not setup_env.prepare_python(project) and len(calls) == done


def test_changed_pins_are_installed_into_the_same_environment(project, installer):
    calls, _ = installer
    setup_env.prepare_python(project)
    (project / "requirements.txt").write_text("torch==2.14.0\n")
    calls.clear()
    assert setup_env.prepare_python(project)
    assert not any("venv" in call for call in calls) and any("-r" in call for call in calls)


def test_interrupted_installation_is_made_anew(project, installer, capsys):
    calls, outcome = installer
    outcome["pip"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        setup_env.prepare_python(project)
    outcome["pip"] = None
    (project / ".venv" / "leftover").touch()
    calls.clear()
    assert setup_env.prepare_python(project)
    assert not (project / ".venv" / "leftover").exists()
    assert "interrupted: made anew" in capsys.readouterr().out


def test_broken_environment_is_made_anew(project, installer, capsys):
    setup_env.prepare_python(project)
    (project / ".venv" / "bin" / "python").unlink()
    assert setup_env.prepare_python(project)
    assert "the old one is broken" in capsys.readouterr().out


def make(*words: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON")}
    return subprocess.run(["make", *words], cwd=ROOT, env=env, capture_output=True, text=True)


def test_unknown_target_lists_the_known_ones():
    done = make("boook")
    assert done.returncode == 2
    assert "There is no target 'boook'" in done.stderr and "execute the chapters" in done.stderr


def test_python_that_does_not_run_is_named():
    done = make("env", "PYTHON=no-such-python")
    assert (
        done.returncode == 2 and "'no-such-python' does not run; install Python 3.11 or 3.12" in done.stderr
    )


def test_lock_file_names_no_download_address():
    assert "resolved" not in (ROOT / "book/web/package-lock.json").read_text()
