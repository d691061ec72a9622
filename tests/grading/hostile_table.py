"""Grades the hostile submissions; ``python -m tests.grading.hostile_table`` prints what came of them."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from course_lib.grading.grade import grade
from course_lib.grading.isolation import find_isolation
from course_lib.grading.judging import load_unit
from course_lib.grading.private import read_private
from course_lib.grading.sandbox import Limits
from tests.grading.hostile import DESTRUCTIVE, SECRET, hand_in, submissions
from tests.grading.notebooks import EXERCISES, ROOT


def digest(folder):
    """Of all files below a folder, their names and contents; of large files the size."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts or not (path.is_symlink() or path.is_file()):
            continue
        if path.is_symlink():
            content = os.readlink(path).encode()
        else:
            size = path.stat().st_size
            content = str(size).encode() if size > 2**24 else path.read_bytes()
        whole.update(str(path).encode() + hashlib.sha256(content).digest())
    return whole.hexdigest()


def grade_hostile(base, isolation, limits, only=None, jobs=2):
    """Grade them; return the report, the submissions, and which folders changed meanwhile.

    Args:
        base: An empty folder.
        isolation: How the answers are kept apart.
        limits: What an answer may use.
        only: Names of those to grade; all if not given. Where files are not hidden, those that could do
            harm are left out.
        jobs: Submissions at a time.
    """
    folder, private, neighbour = base / "handed in", base / "private", base / "neighbour"
    private.mkdir()
    (private / "secret.txt").write_text(SECRET)
    (private / "p4.py").write_text(f"from course_lib.checks.p4 import QUESTIONS\nWORD = {SECRET!r}\n")
    private.chmod(0o700)
    neighbour.mkdir()
    (neighbour / "grades.csv").write_text("anna,10\n")
    entries = submissions(folder, private, os.getpid())
    left_out = () if isolation.files else DESTRUCTIVE
    wanted = [name for name in entries if name not in left_out and (only is None or name in only)]
    entries = {name: entries[name] for name in wanted}
    hand_in(folder, entries)
    watched = [folder, private, neighbour, ROOT / "course_lib"]
    before = [digest(path) for path in watched]
    read = read_private(private, ["p4"])
    report = grade(
        folder,
        [load_unit("p4", EXERCISES, read, limits)],
        seed=5,
        limits=limits,
        isolation=isolation,
        records=base / "grades/records",
        private=read,
        jobs=jobs,
    )
    changed = [path.name for path, old in zip(watched, before, strict=True) if digest(path) != old]
    return report, entries, changed


def main():
    with tempfile.TemporaryDirectory() as base:
        report, entries, changed = grade_hostile(Path(base), find_isolation(), Limits(20))
    print(*report.remarks, f"Folders that changed: {', '.join(changed) or 'none'}", "", sep="\n\n")
    print("| submission | points | state of question 2 | reason |\n|---|---|---|---|")
    for student in entries:
        scores = report.records[student]["p4"].scores
        reached, possible = sum(s.points for s in scores), sum(s.maximum for s in scores)
        score = scores[1]
        reason = score.message.replace("|", "\\|").replace(str(base), "…")
        print(f"| {student} | {reached:g} of {possible:g} | {score.state} | {reason} |")


if __name__ == "__main__":
    sys.exit(main())
