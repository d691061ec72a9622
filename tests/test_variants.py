"""The draw: the same everywhere, close to uniform, another for another secret, and clear about bad input."""

import stat
import unicodedata
from collections import Counter

import pytest

from course_lib.checks import groups, p4, sre
from course_lib.variants import draw, make_secret, normalised, questions_of, read_secret

SECRET = "a secret for the tests, not for a course"
PRODUCT = groups.QUESTIONS["product"]


def test_the_draw_by_hand():
    # HMAC-SHA256 by OpenSSL: printf 'variant\x1fgroups\x1fn\x1fs1234' | openssl dgst -sha256 -hmac "$SECRET"
    digest = int("7e2854fe513d282e6154913f96ddebc7e9a068c0c949cbced63b24f80e177194", 16)
    assert draw(SECRET, "groups", "s1234", PRODUCT) == PRODUCT.variants[digest % 12].value


def test_case_spaces_and_the_form_of_accents_make_no_difference():
    name = "Jörg Ångström"
    assert draw(SECRET, "groups", name, PRODUCT) == draw(SECRET, "groups", f" {name.upper()}\n", PRODUCT)
    assert normalised(unicodedata.normalize("NFD", name)) == normalised(name)
    assert normalised("ſtraße") == normalised("STRASSE")


@pytest.mark.parametrize(
    "question", [PRODUCT, p4.QUESTIONS["sizes"], sre.QUESTIONS["cost"]], ids=lambda q: q.name
)
def test_the_draw_is_close_to_uniform(question):
    n = 6000
    counts = Counter(draw(SECRET, "unit", f"s{i}", question) for i in range(n))
    expected = n / len(question.variants)
    chi_square = sum((counts[q.value] - expected) ** 2 / expected for q in question.variants)
    assert chi_square < 35  # 11 degrees of freedom at most: exceeded once in 4000 secrets


def test_another_secret_or_unit_draws_anew():
    students = [f"s{i}" for i in range(300)]
    first = [draw(SECRET, "groups", s, PRODUCT) for s in students]
    for others in (
        [draw(SECRET + "!", "groups", s, PRODUCT) for s in students],
        [draw(SECRET, "p4", s, PRODUCT) for s in students],
    ):
        same = sum(a == b for a, b in zip(first, others, strict=True))
        assert 5 < same < 60  # one in twelve by chance


@pytest.mark.parametrize(
    ("secret", "student", "phrase"),
    [("short", "s1", "at least 16"), ("", "s1", "at least 16"), (SECRET, " \n", "must not be empty")],
)
def test_bad_input_is_refused(secret, student, phrase):
    with pytest.raises(ValueError, match=phrase):
        draw(secret, "groups", student, PRODUCT)


def test_a_question_without_variants_draws_nothing():
    with pytest.raises(ValueError, match="no variants"):
        draw(SECRET, "groups", "s1", groups.QUESTIONS["axioms"])


def test_the_questions_of_a_student():
    assert questions_of("groups") is groups.QUESTIONS
    own = questions_of("groups", student="s1234", secret=SECRET)
    assert list(own) == list(groups.QUESTIONS)
    assert own["product"].value == draw(SECRET, "groups", "s1234", PRODUCT)
    assert own["axioms"] is groups.QUESTIONS["axioms"]
    with pytest.raises(ValueError, match="no unit 'p5'"):
        questions_of("p5")


def test_a_new_secret_is_random_and_for_its_owner_alone(tmp_path):
    first, second = tmp_path / "PRIVATE/secret.txt", tmp_path / "second.txt"
    made = make_secret(first)
    assert read_secret(first) == made != make_secret(second) and len(made) == 64
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert (tmp_path / "PRIVATE/.gitignore").read_text() == "*\n"
    assert not (tmp_path / ".gitignore").exists(), "a folder that was there is left alone"
    with pytest.raises(FileExistsError):
        make_secret(first)


def test_a_short_secret_in_a_file_is_refused(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("abc\n")
    with pytest.raises(ValueError, match="at least 16 characters, got 3"):
        read_secret(path)
