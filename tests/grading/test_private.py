"""The lecturer's folder: what is read from it, and what is refused."""

from dataclasses import replace

import pytest

from course_lib.grading.isolation import Isolation
from course_lib.grading.private import Private, read_private
from course_lib.variants import questions_of

HIDDEN = """
from dataclasses import replace
from course_lib.checks.p4 import QUESTIONS as PUBLISHED
QUESTIONS = {"norm": replace(PUBLISHED["norm"], hints=("hidden",))}
"""


def test_secret_and_hidden_questions_are_read(tmp_path):
    (tmp_path / "secret.txt").write_text(" words \n")
    (tmp_path / "p4.py").write_text(HIDDEN)
    private = read_private(tmp_path, ["p4", "sre"])
    assert private.secret == b"words"
    questions = private.questions_of("p4")
    assert list(questions) == list(questions_of("p4"))
    assert questions["norm"].hints == ("hidden",) and questions["action"].hints != ("hidden",)
    (tmp_path / "p4.py").write_text(HIDDEN + "\n")
    assert read_private(tmp_path, ["p4"]).digest != private.digest


def test_seeds_follow_from_secret_run_unit_and_student():
    one = Private(secret=b"a")
    seeds = {
        one.seed_for(1, "p4", "anna"),
        one.seed_for(2, "p4", "anna"),
        one.seed_for(1, "sre", "anna"),
        one.seed_for(1, "p4", "ben"),
        replace(one, secret=b"b").seed_for(1, "p4", "anna"),
    }
    assert len(seeds) == 5 and all(0 <= seed < 2**31 for seed in seeds)
    assert one.seed_for(1, "p4", "anna") in seeds


@pytest.mark.parametrize(
    ("name", "text", "phrase"),
    [
        ("secret.txt", " \n", "empty"),
        ("p5.py", "", "after its unit"),
        ("p4.py", "1/0", "ZeroDivisionError"),
        ("p4.py", "", "must define QUESTIONS"),
        ("p4.py", "QUESTIONS = {'norm': 3}", "must define QUESTIONS"),
    ],
)
def test_what_is_wrong_is_refused(tmp_path, name, text, phrase):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=phrase):
        read_private(tmp_path, ["p4"])
    with pytest.raises(ValueError, match="no folder"):
        read_private(tmp_path / "nowhere", ["p4"])


def test_the_lecturer_is_told_if_answers_could_read_the_folder(tmp_path):
    (tmp_path / "secret.txt").write_text("x")
    tmp_path.chmod(0o700)
    (tmp_path / "secret.txt").chmod(0o644)
    private = read_private(tmp_path, [])
    assert private.warnings(Isolation(("unshare",), files=True)) == []
    assert "run as you" in private.warnings(Isolation())[0]
    assert "chmod" in private.warnings(Isolation(users=True))[0]
    (tmp_path / "secret.txt").chmod(0o600)
    assert private.warnings(Isolation(users=True)) == []
