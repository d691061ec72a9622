"""Results that are kept: whole, or seen to be damaged."""

import json

import pytest

from course_lib.grading.records import (
    Record,
    Score,
    digest_of,
    read_record,
    record_path,
    run_seed,
    write_record,
)

SCORES = (Score("action", 1, 1, "right", "all well"), Score("lifting", 0.5, 2, "wrong", "no", mistake="sign"))
RECORD = Record("Zoë/李", "p4", 7, "abc", "def", SCORES, ("note",))


def test_a_result_comes_back_as_it_was(tmp_path):
    write_record(tmp_path, RECORD)
    assert read_record(tmp_path, "p4", "Zoë/李") == RECORD
    assert read_record(tmp_path, "p4", "other") is None
    assert record_path(tmp_path, "p4", "a/b") != record_path(tmp_path, "p4", "a_b")
    assert record_path(tmp_path, "p4", "../../x").parent == tmp_path / "p4"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace('"points": 1', '"points": 2'),
        lambda text: text.replace('"check"', '"chock"'),
        lambda text: json.dumps({"check": 1}),
    ],
)
def test_a_damaged_file_is_no_result(tmp_path, damage):
    write_record(tmp_path, RECORD)
    path = record_path(tmp_path, "p4", "Zoë/李")
    path.write_text(damage(path.read_text("utf8")), "utf8")
    assert read_record(tmp_path, "p4", "Zoë/李") is None


def test_digests_tell_contents_and_absence_apart(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    assert digest_of(tmp_path / "a") == digest_of(b"x")
    assert len({digest_of(b"x"), digest_of(b"y"), digest_of(None), digest_of(b"x", b""), digest_of(b"")}) == 5
    assert digest_of(tmp_path / "none") == digest_of(None)


def test_the_seed_of_a_run_is_fresh_and_stays(tmp_path):
    first = run_seed(tmp_path / "a", None)
    assert run_seed(tmp_path / "a", None) == first != run_seed(tmp_path / "b", None)
    assert run_seed(tmp_path / "a", 7) == 7 == run_seed(tmp_path / "a", None)
    (tmp_path / "a/seed.txt").write_text("damaged")
    assert isinstance(run_seed(tmp_path / "a", None), int)
