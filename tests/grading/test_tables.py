"""Tables of the points, as a spreadsheet, Moodle and Canvas read them."""

import csv

import pytest

from course_lib.grading.grade import Report
from course_lib.grading.judging import Unit
from course_lib.grading.records import Record, Score
from course_lib.grading.submissions import Task
from course_lib.grading.tables import CANVAS, MOODLE, match, read_roster, to_csv, to_details, unmatched

TASKS = (Task("action", 1, "f", "", ()), Task("design", 4, "", "", ()))
UNIT = Unit("p4", TASKS, {}, "")
CANVAS_ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section,p4: action (991)\n"
    "    Points Possible,,,,,1\n"
    '"Ångström, Zoë",101,s1,zoe,A,\n"Berg, Ben",102,s2,ben,A,\n'
)
MOODLE_ROSTER = (
    "First name,Last name,ID number,Email address\nZoë,Ångström,7001,zoe@uni.example\n"
    "Ben,Berg,7002,ben@uni.example\n"
)


def report(*students, waiting=False):
    state, points = ("by hand", 0) if waiting else ("right", 4)
    scores = (
        Score("action", 0.5, 1, "wrong", "=1+1\nsecond line"),
        Score("design", points, 4, state, "read"),
    )
    records = {name: {"p4": Record(name, "p4", 1, "", "", scores)} for name in students}
    return Report([UNIT], 1, records)


def rows(text):
    return list(csv.reader(text.splitlines()))


def test_a_column_a_question_and_a_total():
    assert rows(to_csv(report("Zoë Ångström", "=cmd|' /C calc'!A0"))) == [
        ["Student", "p4: action", "p4: design", "p4: total"],
        ["Zoë Ångström", "0.5", "4", "4.5"],
        ["'=cmd|' /C calc'!A0", "0.5", "4", "4.5"],
    ]


def test_what_people_must_decide_stays_empty():
    assert rows(to_csv(report("anna", waiting=True)))[1] == ["anna", "0.5", "", ""]


def test_details_hold_state_and_reason_on_one_harmless_line():
    assert rows(to_details(report("anna")))[1] == [
        "anna",
        "p4",
        "action",
        "0.5",
        "1",
        "wrong",
        "'=1+1 second line",
    ]


def test_canvas_has_its_columns_and_the_points_possible():
    table = rows(to_csv(report("zoe"), CANVAS))
    assert table[0] == [
        "Student",
        "ID",
        "SIS User ID",
        "SIS Login ID",
        "Section",
        "p4: action",
        "p4: design",
        "p4: total",
    ]
    assert table[1] == ["    Points Possible", "", "", "", "", "1", "4", "5"]
    assert table[2] == ["zoe", "", "", "zoe", "", "0.5", "4", "4.5"]


def test_canvas_with_its_own_export_as_roster(tmp_path):
    (tmp_path / "roster.csv").write_text(CANVAS_ROSTER, "utf-8-sig")
    roster = read_roster(tmp_path / "roster.csv")
    students = ("angstromzoe_101_5566_p4", "ben", "stranger")
    table = rows(to_csv(report(*students), CANVAS, roster))
    assert table[0][5] == "p4: action (991)"
    assert [row[:5] for row in table[2:]] == [
        ["Ångström, Zoë", "101", "s1", "zoe", "A"],
        ["Berg, Ben", "102", "s2", "ben", "A"],
    ]
    assert unmatched(report(*students), roster) == ["stranger"]


def test_moodle_keeps_the_columns_of_the_participants(tmp_path):
    (tmp_path / "roster.csv").write_text(MOODLE_ROSTER, "utf8")
    roster = read_roster(tmp_path / "roster.csv")
    table = rows(to_csv(report("Zoë Ångström_4711_assignsubmission_file", "ben@uni.example"), MOODLE, roster))
    assert table[0][:4] == ["First name", "Last name", "ID number", "Email address"]
    assert table[1][:5] == ["Zoë", "Ångström", "7001", "zoe@uni.example", "0.5"]
    assert table[2][3:] == ["ben@uni.example", "0.5", "4", "4.5"]
    assert rows(to_csv(report("anna"), MOODLE))[0][0] == "Username"


def test_whom_two_participants_fit_is_left_out():
    roster = [{"ID": "1", "Section": "A"}, {"ID": "2", "Section": "A"}]
    assert match(["A", "2"], roster) == {"2": roster[1]}


def test_what_is_wrong_is_refused(tmp_path):
    with pytest.raises(ValueError, match="--format"):
        to_csv(report("anna"), "blackboard")
    (tmp_path / "empty.csv").write_text("ID\n")
    with pytest.raises(ValueError, match="no participants"):
        read_roster(tmp_path / "empty.csv")
    with pytest.raises(ValueError, match="UTF-8"):
        read_roster(tmp_path / "none.csv")
