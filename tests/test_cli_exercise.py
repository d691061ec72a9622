"""The command ``exercise``: a folder a student, the same at every call, and no secret in it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_lib.checks import p4
from course_lib.cli.exercise import folders_of, read_students
from course_lib.cli.main import app
from course_lib.variants import draw

ROOT = Path(__file__).resolve().parents[1]
SECRET = "a secret for the tests, not for a course"


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "PRIVATE").mkdir()
    (tmp_path / "PRIVATE/secret.txt").write_text(SECRET + "\n", "utf8")
    return tmp_path


def run(*arguments):
    done = CliRunner().invoke(app, ["exercise", "--course", str(ROOT), *map(str, arguments)])
    return done.exit_code, done.output


def checks_in(path):
    cells = json.loads(path.read_text("utf8"))["cells"]
    return [
        source for cell in cells if (source := "".join(cell["source"])).startswith("checks.sizes(stays_exact")
    ]


def test_each_student_gets_the_variant_that_was_drawn(course):
    (course / "list.csv").write_text("Name,ID number\nMüller,s1\nÅngström,s2\nNoether,s3\n", "utf8")
    code, output = run("--students", "list.csv", "--unit", "p4", "--out", "handed-out")
    assert code == 0 and SECRET not in output
    files = sorted(path.relative_to("handed-out") for path in Path("handed-out").rglob("*.*"))
    assert [file.as_posix() for file in files] == ["s1/p4.ipynb", "s2/p4.ipynb", "s3/p4.ipynb"]
    for student in ("s1", "s2", "s3"):
        path = course / "handed-out" / student / "p4.ipynb"
        step = draw(SECRET, "p4", student, p4.QUESTIONS["sizes"])
        assert checks_in(path) == [f"checks.sizes(stays_exact, step={step})"]
        text = path.read_text("utf8")
        assert SECRET not in text and "BEGIN" not in text and "### " not in text
        before = path.read_bytes()
    assert run("--student", "S3", "--unit", "p4", "--out", "again")[0] == 0
    assert (course / "again/S3/p4.ipynb").read_bytes() == before


def test_the_lecturer_gets_the_solution_elsewhere(course):
    assert run("--student", "s1", "--unit", "p4", "--solved")[0] == 0
    text = (course / "PRIVATE/solved/s1/p4.ipynb").read_text("utf8")
    assert "BEGIN SOLUTION" in text and SECRET not in text


def test_a_secret_is_made_once_and_not_shown(course):
    _, output = run("--student", "s1", "--unit", "p4", "--secret-file", "new/secret.txt")
    assert "made a new secret" in output
    secret = (course / "new/secret.txt").read_text().strip()
    code, output = run("--student", "s1", "--unit", "p4", "--secret-file", "new/secret.txt")
    assert code == 0 and "made" not in output and secret not in output
    assert (course / "new/secret.txt").read_text().strip() == secret


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        ((), "name a student by --student"),
        (("--student", " "), "must not be empty"),
        (("--student", "a/b"), "able to name a folder"),
        (("--student", "s1", "--student", "S1 "), "the same ID"),
        (("--student", "s1", "--unit", "p5"), "units are group_convolution, groups"),
        (("--student", "s1", "--course", "."), "clone the course's repository"),
        (("--student", "s1", "--out", "."), "must not lie in"),
        (("--student", "s1", "--secret-file", "short.txt"), "at least 16 characters, got 3"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_remedy(course, arguments, phrase):
    (course / "short.txt").write_text("abc", "utf8")
    code, output = run(*arguments)
    assert code == 2 and phrase in output and "Traceback" not in output
    assert not (course / "variants").exists()


def test_lists_of_students(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("\ufeffMüller, Anna\n\n  s2 \n", "utf8")
    assert read_students(path) == ["Müller, Anna", "s2"]
    table = tmp_path / "list.csv"
    table.write_text("s1,Anna\ns2,Bo\n", "utf8")
    assert read_students(table) == ["s1", "s2"]
    table.write_text("Name,Student\nAnna,s7\nBo,\n", "utf8")
    assert read_students(table) == ["s7"]
    table.write_text("\n", "utf8")
    with pytest.raises(ValueError, match="holds none"):
        read_students(table)


@pytest.mark.parametrize("name", ["..", ".x", "__x", "a:b", "a\\b", "a\nb", "x" * 101, "end."])
def test_an_id_that_cannot_name_a_folder_is_refused(name):
    with pytest.raises(ValueError, match="able to name a folder"):
        folders_of([name])
