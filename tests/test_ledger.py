"""Ledger: what is written is read back, and an odd file stops with its name and the wrong field."""

import json
import os

import pytest

from course_lib.config import Settings
from course_lib.environment import device_name, versions
from course_lib.ledger import Entry, entry_path, read_entry, read_ledger, write_entry


def entry(**settings) -> Entry:
    chosen = Settings(data="kvasir-seg", **settings)
    measure = {"mean": 0.75, "per_image": {"a": 0.5, "b": 1.0}}
    return Entry.model_validate(
        {
            "experiment": chosen.experiment,
            "data": chosen.data,
            "family": chosen.family,
            "seed": chosen.seed,
            "settings": chosen,
            "versions": versions(),
            "device": device_name(),
            "seconds": 12.5,
            "peak_memory_mb": 300.0,
            "data_sha256": "0" * 64,
            "parameters": 10,
            "scores": {
                "test": {"dice": measure, "iou": measure, "empty": 0.0, "groups": {"a": "x", "b": "ä b"}},
                "agreement": {
                    "angles_deg": [0, 45],
                    "mean": [1.0, 0.9],
                    "floor": [1.0, 0.99],
                    "empty": [0.0, 0.5],
                    "per_image_mean": {"a": 1.0, "b": 0.9},
                },
                "dice_at_angle": [0.75, 0.7],
                "validation": {
                    "score_name": "Dice",
                    "score": 0.8,
                    "epoch": 2,
                    "loss_per_epoch": [1.2, 0.9],
                    "score_per_epoch": [0.1, 0.8],
                },
            },
        }
    )


def test_written_entry_is_read_back(tmp_path):
    path = write_entry(tmp_path / "new" / "ledger", entry(family="p4"))
    assert path.name == "kvasir-seg_group_p4_64px_s0.json"
    assert read_entry(path) == entry(family="p4")
    assert '"angles_deg": [ 0, 45 ]' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_entry_names_what_the_numbers_depend_on_and_no_place_of_this_machine(tmp_path):
    values = json.loads(write_entry(tmp_path, entry()).read_text())
    wanted = "experiment data family seed settings versions device seconds peak_memory_mb data_sha256"
    assert {*wanted.split(), "parameters", "scores"} == set(values)
    assert set(values["versions"]) == {"python", "torch", "numpy", "course_lib"}
    assert "threads" in values["device"] or "NVIDIA" in values["device"]
    text = json.dumps(values)
    assert str(tmp_path) not in text
    assert os.path.expanduser("~") + "/" not in text


def test_ledger_is_sorted_and_filtered(tmp_path):
    for family, seed in (("plain", 1), ("p4", 0), ("plain", 0)):
        write_entry(tmp_path, entry(family=family, seed=seed))
    (tmp_path / "README.md").write_text("not an entry")
    assert [(e.family, e.seed) for e in read_ledger(tmp_path)] == [("p4", 0), ("plain", 0), ("plain", 1)]
    assert [e.seed for e in read_ledger(tmp_path, family="plain")] == [0, 1]
    assert [e.family for e in read_ledger(tmp_path, seed=0, family=["p4", "p4m"])] == ["p4"]
    assert read_ledger(tmp_path, widths=(16, 32, 64, 128), seed=1, data="kvasir-seg") != []
    assert read_ledger(tmp_path, data="cvc-clinicdb") == []
    with pytest.raises(ValueError, match="unknown setting 'familly'"):
        read_ledger(tmp_path, familly="p4")
    with pytest.raises(ValueError, match="no ledger folder"):
        read_ledger(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda e: e.pop("parameters"), "parameters"),
        (lambda e: e.update(note="?"), "note: unknown key"),
        (lambda e: e["settings"].update(size=63), "settings: size"),
        (lambda e: e["scores"]["test"]["dice"].update(mean=1.5), "scores.masks.test.dice.mean"),
        (
            lambda e: e["scores"]["test"]["dice"]["per_image"].update(a="?"),
            "scores.masks.test.dice.per_image.a",
        ),
        (lambda e: e["scores"]["agreement"]["mean"].__setitem__(1, -0.1), "scores.masks.agreement.mean.1"),
        (lambda e: e.update(data_sha256="abc"), "data_sha256"),
        (lambda e: e.update(seconds=float("nan")), "seconds"),
    ],
)
def test_malformed_entry_fails_with_file_and_field(tmp_path, change, field):
    path = write_entry(tmp_path, entry())
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(ValueError, match=f"{path.name} is not a ledger entry: .*{field}") as error:
        read_ledger(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_file_that_is_no_entry_is_named(tmp_path, content):
    path = entry_path(tmp_path, "odd")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="odd.json"):
        read_ledger(tmp_path)


def test_renamed_entry_is_named(tmp_path):
    write_entry(tmp_path, entry()).rename(tmp_path / "other.json")
    with pytest.raises(ValueError, match=r"other\.json holds the run kvasir-seg_group_plain_64px_s0"):
        read_ledger(tmp_path)


def test_failed_write_keeps_the_old_entry(tmp_path, monkeypatch):
    path = write_entry(tmp_path, entry())
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left.*free some space"):
        write_entry(tmp_path, entry(epochs=2))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
