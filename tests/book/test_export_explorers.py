"""Data of the figures to play with: made anew when something has changed, and whatever the ledger holds."""

import shutil
import subprocess

import export_explorers
import pytest
from build_book import ROOT
from export_results import data_sets, draw_still


def book_with(tmp_path, *entries):
    """A book with the real plans and a ledger of these entries."""
    shutil.copytree(ROOT / "book/configs", tmp_path / "configs")
    (tmp_path / "ledger").mkdir()
    for entry in entries:
        shutil.copy(ROOT / "book/ledger" / entry, tmp_path / "ledger")
    return tmp_path


def test_an_empty_ledger_gives_no_sets_and_a_picture_all_the_same(tmp_path):
    assert data_sets(book_with(tmp_path)) == []
    draw_still([], tmp_path / "still.webp")
    assert (tmp_path / "still.webp").stat().st_size > 0


def test_one_run_is_enough(tmp_path):
    entry = "polyps-colab/kvasir-seg_group_sre_48px_s0.json"
    (only,) = data_sets(book_with(tmp_path, entry))
    (method,) = only["shares"][0]["methods"]
    assert (only["name"], method["label"], method["runs"]) == ("Kvasir-SEG", "sre", 1)
    assert method["curves"]["dice"]["low"] == method["curves"]["dice"]["high"]


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Names of the scripts that were run, in a build folder of its own."""
    found = []

    def run(command):
        found.append(command[1].name)
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data/one.json").touch()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(export_explorers, "BUILD", tmp_path)
    monkeypatch.setattr(export_explorers, "FIGURES", {"one": ()})
    monkeypatch.setattr(export_explorers.subprocess, "run", run)
    return found


def test_a_script_runs_once_and_again_if_something_has_changed(runs, tmp_path, monkeypatch):
    assert export_explorers.main() == export_explorers.main() == 0
    assert runs == ["export_one.py"]
    (tmp_path / "data/one.json").unlink()
    export_explorers.main()
    monkeypatch.setattr(export_explorers, "digest", lambda *patterns: "other")
    export_explorers.main()
    assert runs == 3 * ["export_one.py"]


def test_every_figure_has_its_script():
    for name in export_explorers.FIGURES:
        assert (export_explorers.TOOLS / f"export_{name.replace('-', '_')}.py").is_file()
