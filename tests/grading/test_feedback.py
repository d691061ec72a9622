"""Pages for students and lecturer: complete, harmless, and without what is hidden; old grades are kept."""

import pytest

from course_lib.checks.p4 import QUESTIONS
from course_lib.checks.verdicts import to_html
from course_lib.grading.feedback import page_names, places, student_page, write_pages, write_table
from course_lib.grading.grade import Report
from course_lib.grading.judging import load_unit
from course_lib.grading.private import Private
from course_lib.grading.records import Record, Score
from course_lib.grading.sandbox import Limits
from tests.exercises import p4_answers
from tests.grading.notebooks import EXERCISES

EVIL = "=1+1 <script>alert(1)</script>"
SEED = 1234567


@pytest.fixture(scope="module")
def report():
    """A class of three: a right answer, a known mistake, and a student who writes what is not asked for."""
    unit = load_unit("p4", EXERCISES, Private(), Limits())
    verdicts = {
        "anna": QUESTIONS["lifting"].check(p4_answers.RIGHT["lifting"][0], seed=SEED),
        "ben": QUESTIONS["lifting"].check(p4_answers.WRONG["lifting"][0][0], seed=SEED),
    }
    assert verdicts["ben"].mistake
    records = {}
    for name, verdict in verdicts.items():
        score = Score("lifting", 2 * verdict.share, 2, verdict.state, verdict.message)
        found = Score(
            **vars(score) | {"detail": to_html(verdict), "mistake": verdict.mistake, "code": "x = 1"}
        )
        records[name] = {"p4": full(name, unit, found)}
    evil = Score("lifting", 0, 2, "wrong", EVIL, remark=EVIL, code=f"</pre>{EVIL}")
    records["../../evil <i>"] = {"p4": full("../../evil <i>", unit, evil)}
    return Report([unit], SEED, records, ["Isolation: none."])


def full(name, unit, score):
    scores = [
        score if task.name == "lifting" else Score(task.name, 0, task.points, "missing", "no cell")
        for task in unit.tasks
    ]
    return Record(name, "p4", SEED, "", "", tuple(scores))


def test_each_student_has_a_page_with_the_reason_and_the_picture(report, tmp_path):
    files = write_pages(report, tmp_path)
    assert all(path.resolve().is_relative_to(tmp_path.resolve()) for path in files)
    text = (tmp_path / "feedback/ben.html").read_text("utf8")
    verdict = report.records["ben"]["p4"].scores[1]
    assert verdict.mistake.replace("'", "&#x27;") in text and "difference" in text and "checks.hint" in text
    assert "x = 1" in text and "no cell" in text
    for path in files:
        page = path.read_text("utf8")
        if path.suffix == ".html":
            assert "<script" not in page and "<i>" not in page and "http" not in page
            assert page.count("</pre>") == page.count("<pre")


def test_pages_of_students_hold_no_seed_and_no_source_of_the_checks(report):
    text = student_page("ben", report.records["ben"])
    assert str(SEED) not in text and "seed" not in text
    assert "_reference" not in text and "course_lib" not in text


def test_the_page_on_the_class_counts_answers_and_mistakes(report, tmp_path):
    summary = write_pages(report, tmp_path)[0].read_text("utf8")
    assert "lifting: 1 right, " in summary and "action: 3 other" in summary
    mistake = report.records["ben"]["p4"].scores[1].mistake.replace("'", "&#x27;")
    assert summary.count(mistake) == 1 and f"Seed {SEED}" in summary
    assert "no known mistake: 1" in summary
    assert 'href="feedback/ben.html"' in summary


def test_pages_of_an_earlier_grading_go(report, tmp_path):
    write_pages(report, tmp_path)
    (tmp_path / "feedback/gone.html").write_text("of an earlier grading")
    write_pages(report, tmp_path)
    assert not (tmp_path / "feedback/gone.html").exists()


def test_page_names_differ_even_where_case_does_not_count():
    names = page_names(["Anna", "anna", "an/na", "an na", "..."])
    assert len({name.lower() for name in names.values()}) == 5


def test_grades_that_are_there_are_kept(tmp_path):
    path = tmp_path / "grades.csv"
    assert write_table(path, "one") is None and write_table(path, "one") is None
    path.write_text("changed by hand")
    assert write_table(path, "two") == tmp_path / "grades.1.csv"
    assert write_table(path, "three") == tmp_path / "grades.2.csv"
    assert [p.read_text() for p in sorted(tmp_path.iterdir())] == ["changed by hand", "two", "three"]


def test_a_folder_of_something_else_is_refused(tmp_path):
    assert places(tmp_path / "grades.csv") == (tmp_path / "grades.csv", tmp_path / "grades")
    assert places(tmp_path / "out") == (tmp_path / "out/grades.csv", tmp_path / "out")
    (tmp_path / "grades").mkdir()
    (tmp_path / "grades/thesis.tex").write_text("")
    with pytest.raises(ValueError, match="something else"):
        places(tmp_path / "grades.csv")
    (tmp_path / "grades/records").mkdir()
    places(tmp_path / "grades.csv")
