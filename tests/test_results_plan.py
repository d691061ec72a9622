"""Planned runs and the ledger: what is missing is named, with its seeds."""

from course_lib.config import Settings
from course_lib.results_plan import by_label, method_label, missing_runs, runs_in_words
from tests.results_entries import RUNS, entry

PLANNED = [
    *(run.settings for run in RUNS),
    Settings(data="kvasir-seg", family="p4", widths=(4, 8), fraction=0.1, seed=2),
]


def test_missing_runs_are_named():
    assert missing_runs(PLANNED, RUNS[1:]) == {
        "kvasir-seg, group split": {"p4": [0]},
        "kvasir-seg, group split, 10% of the training set": {"p4": [2]},
    }
    # A run with other settings is not the planned one.
    assert missing_runs([entry("p4", epochs=99).settings], RUNS) == {"kvasir-seg, group split": {"p4": [0]}}


def test_missing_runs_are_listed_in_words():
    assert runs_in_words(PLANNED[:-1], RUNS) == f"All {len(RUNS)} planned runs are in the ledger."
    assert runs_in_words(PLANNED, RUNS[1:]).splitlines() == [
        f"{len(RUNS) - 1} of {len(RUNS) + 1} planned runs are in the ledger. Not finished:",
        "",
        "- kvasir-seg, group split: p4 (seed 0)",
        "- kvasir-seg, group split, 10% of the training set: p4 (seed 2)",
    ]


def test_volumes_stand_under_the_names_of_the_plane():
    volume = Settings(data="adrenalmnist3d", model="resnet", split="official", family="sre-3d-hard", size=14)
    assert method_label(volume) == "sre-hard"
    assert by_label([]) == {}
