"""The ledger as a page: every run in its folder, linked; and a run that is repeated."""

import shutil
from pathlib import Path

import pytest

from course_lib import results_ledger
from course_lib.ledger import read_ledger
from course_lib.results_ledger import ledger_table, repeat, series

LEDGER = Path(__file__).parents[1] / "book/ledger"
SMOKE = LEDGER / "polyps-smoke"


def test_runs_stand_under_their_own_folder(tmp_path):
    (entry,) = read_ledger(SMOKE)
    for folder in (".", "grid", "benchmarks"):
        (tmp_path / folder).mkdir(exist_ok=True)
        shutil.copy(SMOKE / f"{entry.name}.json", tmp_path / folder)
    found = series(tmp_path)
    assert {folder: [one.name for one in runs] for folder, runs in found.items()} == {
        ".": [entry.name],
        "grid": [entry.name],
    }


def test_table_links_runs_and_shows_their_scores():
    (entry,) = read_ledger(SMOKE)
    table = ledger_table([entry], address="https://example.org/smoke")
    assert f"](https://example.org/smoke/{entry.name}.json)" in table
    assert f"Dice {entry.segmentation.test.dice.mean:.3f}" in table
    assert table.count("\n") == 2


def test_a_run_repeated_from_its_settings_gives_its_numbers():
    (entry,) = read_ledger(SMOKE)
    again = repeat(entry)
    assert again.settings == entry.settings
    assert again.segmentation.validation.loss_per_epoch == pytest.approx(
        entry.segmentation.validation.loss_per_epoch, rel=1e-3
    )
    assert again.segmentation.test.dice.mean == pytest.approx(entry.segmentation.test.dice.mean, abs=0.02)


def test_other_data_under_the_same_name_is_refused_unless_it_is_drawn(monkeypatch):
    monkeypatch.setattr(results_ledger, "SYNTHETIC", "")
    (entry,) = read_ledger(SMOKE)
    with pytest.raises(ValueError, match="must have the checksum 00000000"):
        repeat(entry.model_copy(update={"data_sha256": "0" * 64}))
