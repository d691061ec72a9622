"""A folder of hostile submissions: each gets the points it deserves and a reason, and harms nobody."""

import os

import pytest

from course_lib.grading.isolation import Isolation, find_isolation
from course_lib.grading.sandbox import Limits
from tests.grading.hostile import DESTRUCTIVE, submissions
from tests.grading.hostile_table import grade_hostile
from tests.grading.notebooks import ROOT

ISOLATION = find_isolation()
ALL = submissions(ROOT, ROOT, 0)
CLOSED_ONLY = {"copies the reference's file", "opens a connection"}  # need namespaces
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    return grade_hostile(tmp_path_factory.mktemp("hostile"), ISOLATION, Limits(8), jobs=os.cpu_count() or 1)


@pytest.mark.parametrize("student", ALL)
def test_points_and_reason(graded, student):
    report, entries, _ = graded
    if student in (*CLOSED_ONLY, *DESTRUCTIVE) and not ISOLATION.files:
        pytest.skip("namespaces are not permitted here")
    _, shares, phrases = entries[student]
    scores = report.records[student]["p4"].scores
    message = scores[1].message
    assert [score.points for score in scores] == [
        share * score.maximum for share, score in zip(shares, scores, strict=True)
    ], scores
    assert any(phrase in message for phrase in ([phrases] if isinstance(phrases, str) else phrases)), message


def test_nothing_outside_is_changed(graded):
    report, _, changed = graded
    assert changed == []
    assert report.remarks[0].startswith("Isolation: ")


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root has other users")
def test_without_namespaces_another_user_holds_most_of_it_back(tmp_path):
    tmp_path.chmod(0o755)
    names = ("all right", "os._exit", "many processes", "patches torch and checker")
    report, entries, changed = grade_hostile(tmp_path, Isolation(users=True), Limits(20), only=names)
    for student, (_, shares, _) in entries.items():
        scores = report.records[student]["p4"].scores
        assert [bool(score.points) for score in scores] == [bool(share) for share in shares], scores
    assert changed == [] and "process limits only" in report.remarks[0]
