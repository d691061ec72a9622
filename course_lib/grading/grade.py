"""Points for a folder of submissions."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.grading.isolation import FIRST_USER, Isolation
from course_lib.grading.judging import Unit, grade_submission
from course_lib.grading.private import Private
from course_lib.grading.records import FAILED, Record, digest_of, read_record, write_record
from course_lib.grading.sandbox import Limits, Sandbox
from course_lib.grading.submissions import Submission, find_submissions


@dataclass
class Report:
    """All that was graded.

    Args:
        units: The units.
        seed: Seed of the run, from which each student's follows.
        records: Results by student and unit, in alphabetical order.
        remarks: How the answers were run.
        resumed: How many results were there from an earlier run.
    """

    units: list[Unit]
    seed: int
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    resumed: int = 0


def grade(
    folder: Path,
    units: Sequence[Unit],
    *,
    seed: int,
    limits: Limits,
    isolation: Isolation,
    records: Path,
    private: Private | None = None,
    hidden: Sequence[Path] = (),
    jobs: int = 1,
    progress: Callable[[Record, int, int], None] | None = None,
) -> Report:
    """Grade every notebook in a folder; what is graded already, and has not changed, is kept.

    Args:
        folder: Holds ``student.ipynb`` or ``student/UNIT.ipynb``.
        units: From ``load_unit``.
        seed: Seed of the run.
        limits: What an answer may use.
        isolation: From ``find_isolation``.
        records: Folder of the results, one file a student and unit.
        private: What only the lecturer has.
        hidden: Folders that no answer may see, besides submissions, results and tests.
        jobs: Submissions at a time.
        progress: Called with each result, how many there are, and how many there will be.

    Raises:
        ValueError: If the folder is missing or empty.
    """
    private = private or Private()
    covered = [folder, records, *hidden, *([private.folder] if private.folder else [])]
    wanted = [
        (unit, submission)
        for unit in units
        for submission in find_submissions(folder, unit.name, alone=len(units) == 1)
    ]
    report = Report(list(units), seed, remarks=isolation.describe())
    found: dict[tuple[str, str], Record] = {}
    users: queue.SimpleQueue[int] = queue.SimpleQueue()
    for user in range(FIRST_USER, FIRST_USER + jobs):
        users.put(user)
    running: set[Sandbox] = set()
    stopped = threading.Event()

    def one(unit: Unit, submission: Submission) -> Record:
        user = users.get()
        sandbox = Sandbox(limits, isolation, user=user, hidden=covered, unit=unit.name)
        running.add(sandbox)
        own = private.seed_for(seed, unit.name, submission.student)
        try:
            notebook = digest_of(submission.path, submission.problem.encode())
            scores = tuple(grade_submission(submission, unit, own, sandbox))
            notes = tuple(sandbox.notes)
        finally:
            sandbox.kill()
            running.discard(sandbox)
            users.put(user)
        if stopped.is_set():  # its process was killed by us
            raise CancelledError
        record = Record(submission.student, unit.name, own, notebook, unit.basis, scores, notes)
        write_record(records, record)
        return record

    executor = ThreadPoolExecutor(max_workers=jobs)
    try:
        futures = []
        for unit, submission in wanted:
            kept = _kept(records, unit, submission, private.seed_for(seed, unit.name, submission.student))
            if kept:
                found[submission.student, unit.name] = kept
            else:
                futures.append(executor.submit(one, unit, submission))
        report.resumed = len(found)
        for future in as_completed(futures):
            record = future.result()
            found[record.student, record.unit] = record
            if progress:
                progress(record, len(found), len(wanted))
    except BaseException:
        stopped.set()
        executor.shutdown(wait=False, cancel_futures=True)
        for sandbox in list(running):
            sandbox.kill()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    for student, unit in sorted(found):
        report.records.setdefault(student, {})[unit] = found[student, unit]
    report.remarks += sorted({note for record in found.values() for note in record.remarks})
    return report


def _kept(records: Path, unit: Unit, submission: Submission, seed: int) -> Record | None:
    """A result of an earlier run that still holds."""
    record = read_record(records, unit.name, submission.student)
    if record is None or (record.basis, record.seed) != (unit.basis, seed):
        return None
    if any(score.state == FAILED for score in record.scores):
        return None
    same = record.notebook == digest_of(submission.path, submission.problem.encode())
    return record if same else None
