"""Points for a folder of submissions."""

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.checks.calling import AnswerError
from course_lib.checks.questions import Question, sentence
from course_lib.checks.verdicts import NOT_ATTEMPTED, WRONG, Verdict
from course_lib.grading.sandbox import EarlierCellError, Limits, Sandbox, isolation
from course_lib.grading.submissions import (
    Submission,
    Task,
    find_answers,
    find_submissions,
    read_cells,
    read_unit,
)

MISSING, UNREADABLE, FAILED = "missing", "unreadable", "not graded"


@dataclass(frozen=True)
class Score:
    """Points of one student for one question.

    Args:
        question: Name of the question.
        points: Points reached.
        maximum: Points for a right answer.
        state: A state of the check, or ``"missing"``, ``"unreadable"``, ``"not graded"``.
        message: The reason.
        verdict: What the check found, if it ran.
        code: The answer that was graded.
    """

    question: str
    points: float | int
    maximum: float | int
    state: str
    message: str
    verdict: Verdict | None = None
    code: str = ""


@dataclass
class Report:
    """All scores of a unit.

    Args:
        unit: Name of the unit.
        seed: Seed of the hidden cases.
        scores: Scores of each student, in alphabetical order.
        remarks: How the answers were run.
    """

    unit: str
    seed: int
    scores: dict[str, list[Score]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def grade(
    folder: Path,
    *,
    unit: str,
    exercises: Path,
    seed: int,
    limits: Limits,
    jobs: int = 1,
    progress: Callable[[str, list[Score]], None] | None = None,
) -> Report:
    """Grade every notebook in a folder.

    Args:
        folder: Holds ``student.ipynb`` or ``student/UNIT.ipynb``.
        unit: Name of the unit, such as ``"p4"``.
        exercises: Folder of the notebooks that students receive.
        seed: Seed of the hidden cases; all students get the same.
        limits: What an answer may use.
        jobs: Submissions at a time.
        progress: Called with each student and scores as they come.

    Raises:
        ValueError: If the folder, the unit or its checks are missing.
    """
    tasks, questions = read_unit(exercises / f"{unit}.ipynb"), questions_of(unit)
    unknown = [task.name for task in tasks if task.name not in questions]
    if unknown:
        raise ValueError(
            f"no checks for {', '.join(unknown)}; compare {unit}.ipynb with course_lib.checks.{unit}"
        )
    submissions = list(find_submissions(folder, unit))
    prefix = isolation()
    remarks = {
        "Answers ran without network, each submission in a process tree of its own."
        if prefix
        else "Answers were not cut off from the network: this system does not permit unshare."
    }
    found: dict[str, list[Score]] = {}

    def one(submission: Submission) -> tuple[list[Score], list[str]]:
        sandbox = Sandbox(limits, prefix)
        try:
            return grade_submission(submission, tasks, questions, seed, sandbox), sandbox.notes
        finally:
            sandbox.kill()

    executor = ThreadPoolExecutor(max_workers=jobs)
    try:
        names = _names(submissions)
        futures = {executor.submit(one, entry): name for entry, name in zip(submissions, names, strict=True)}
        for future in as_completed(futures):
            scores, notes = future.result()
            remarks.update(notes)
            found[futures[future]] = scores
            if progress:
                progress(futures[future], scores)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    return Report(unit, seed, dict(sorted(found.items())), sorted(remarks))


def questions_of(unit: str) -> dict[str, Question]:
    """Questions that ``course_lib.checks`` has for a unit.

    Raises:
        ValueError: If there is no such unit.
    """
    try:
        return importlib.import_module(f"course_lib.checks.{unit}").QUESTIONS
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(f"there is no unit {unit!r}; units are the notebooks in exercises/") from error


def _names(submissions: list[Submission]) -> list[str]:
    """Names of the students, made different where a file and a folder share one."""
    names: list[str] = []
    for submission in submissions:
        taken = submission.student in names
        names.append(f"{submission.student} ({len(names)})" if taken else submission.student)
    return names


def grade_submission(
    submission: Submission,
    tasks: tuple[Task, ...],
    questions: dict[str, Question],
    seed: int,
    sandbox: Sandbox,
) -> list[Score]:
    """Scores of one notebook; whatever is wrong with it, there is a score for every question."""
    if submission.path is None:
        return [Score(task.name, 0, task.points, MISSING, submission.problem) for task in tasks]
    try:
        answers = find_answers(read_cells(submission.path), tasks)
    except (ValueError, OSError) as error:
        return [Score(task.name, 0, task.points, UNREADABLE, str(error)) for task in tasks]
    scores = []
    for number, task in enumerate(tasks):
        before = [answers[earlier.name][0] for earlier in tasks[:number] if earlier.name in answers]
        try:
            scores.append(_grade_task(task, answers, before, questions[task.name], seed, sandbox))
        except Exception as error:  # one answer must not stop the others; the lecturer decides
            reason = f"{type(error).__name__}: {error}; grade this answer by hand"
            scores.append(Score(task.name, 0, task.points, FAILED, reason))
            sandbox.kill()
    return scores


def _grade_task(
    task: Task,
    answers: dict[str, tuple[str, str]],
    before: list[str],
    question: Question,
    seed: int,
    sandbox: Sandbox,
) -> Score:
    """Score of one answer."""
    if task.name not in answers:
        message = "The answer cell is missing, and no other cell defines the function."
        return Score(task.name, 0, task.points, MISSING, message)
    code, remark = answers[task.name]
    if code.strip() == task.stub.strip():
        return Score(task.name, 0, task.points, NOT_ATTEMPTED, "The answer cell is as it was handed out.")
    try:
        try:
            sandbox.load(task.function, code, [*task.given, *before])
        except EarlierCellError:
            sandbox.kill()
            sandbox.load(task.function, code, task.given)
        verdict = question.judge(sandbox.call, seed=seed)
    except AnswerError as error:
        verdict = Verdict(task.name, WRONG, sentence(str(error)))
    finally:
        sandbox.finish()
    points = task.points if verdict.is_right else 0
    return Score(task.name, points, task.points, verdict.state, remark + verdict.message, verdict, code)
