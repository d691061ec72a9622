"""One notebook: each of its answers is run, judged, and given points with a reason."""

from dataclasses import asdict, dataclass
from pathlib import Path

from course_lib.checks.calling import AnswerError
from course_lib.checks.questions import Question, sentence, variant
from course_lib.checks.verdicts import NOT_ATTEMPTED, WRONG, Verdict, to_html
from course_lib.grading.private import Private
from course_lib.grading.records import BY_HAND, FAILED, LONGEST_CODE, MISSING, UNREADABLE, Score, digest_of
from course_lib.grading.sandbox import EarlierCellError, Limits, Sandbox
from course_lib.grading.submissions import (
    LARGEST_ANSWER,
    Submission,
    Task,
    find_answers,
    read_cells,
    read_unit,
)
from course_lib.variants import draw

CHECKS = Path(__file__).resolve().parents[1] / "checks"


@dataclass(frozen=True)
class Unit:
    """A unit as it is graded.

    Args:
        name: Name of the unit, such as ``"p4"``.
        tasks: Its questions in the order of the notebook.
        questions: How each is judged, by name.
        basis: Digest of all that decides on the points.
        secret: Of the course, if the unit was handed out in variants; else empty.
    """

    name: str
    tasks: tuple[Task, ...]
    questions: dict[str, Question]
    basis: str
    secret: str = ""

    def question_for(self, task: Task, student: str) -> Question:
        """The question by which a student's answer to a task is judged: the variant that was drawn, if any.

        What stands in the submitted notebook has no say in it.
        """
        question = self.questions[task.name]
        if not self.secret or not question.variants:
            return question
        return variant(question, draw(self.secret, self.name, student, question))


def load_unit(name: str, exercises: Path, private: Private, limits: Limits) -> Unit:
    """A unit and its questions.

    Raises:
        ValueError: If the unit or its checks are missing.
    """
    tasks, questions = read_unit(exercises / f"{name}.ipynb"), private.questions_of(name)
    unknown = [task.name for task in tasks if task.function and task.name not in questions]
    if unknown:
        raise ValueError(
            f"no checks for {', '.join(unknown)}; compare {name}.ipynb with course_lib.checks.{name}"
        )
    settings = f"{private.digest} {asdict(limits)}".encode()
    basis = digest_of(settings, exercises / f"{name}.ipynb", *sorted(CHECKS.glob("*.py")))
    return Unit(name, tasks, questions, basis, private.secret_of(name))


def grade_submission(submission: Submission, unit: Unit, seed: int, sandbox: Sandbox) -> list[Score]:
    """Scores of one notebook; whatever is wrong with it, there is a score for every question."""
    tasks = unit.tasks
    if submission.path is None:
        return [Score(task.name, 0, task.points, MISSING, sentence(submission.problem)) for task in tasks]
    try:
        answers = find_answers(read_cells(submission.path), tasks)
    except (ValueError, OSError) as error:
        return [Score(task.name, 0, task.points, UNREADABLE, sentence(str(error))) for task in tasks]
    scores, before = [], []
    for task in tasks:
        code = answers.get(task.name, ("", ""))[0]
        try:
            if task.function:
                question = unit.question_for(task, submission.student)
                scores.append(_grade_task(task, answers, before, question, seed, sandbox))
            else:
                message = "People read this answer."
                scores.append(Score(task.name, 0, task.points, BY_HAND, message, code=code[:LONGEST_CODE]))
        except Exception as error:  # one answer must not stop the others; the lecturer decides
            reason = f"{type(error).__name__}: {error}; grade this answer by hand"
            scores.append(Score(task.name, 0, task.points, FAILED, reason))
            sandbox.kill()
        if len(code) <= LARGEST_ANSWER and not sandbox.broken_by_cell:
            before.append(code)
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
    if len(code) > LARGEST_ANSWER:
        message = f"The answer cell has {len(code)} characters; at most {LARGEST_ANSWER} are graded."
        return Score(task.name, 0, task.points, UNREADABLE, message)
    try:
        try:
            sandbox.load(task.function, code, [*task.given, *before])
        except EarlierCellError:  # or a message that an earlier answer has left behind
            sandbox.kill()
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
    points = task.points * verdict.share
    points = int(points) if points == int(points) else round(points, 2)
    return Score(
        task.name,
        points,
        task.points,
        verdict.state,
        verdict.message,
        remark=remark.strip(),
        detail=to_html(verdict),
        mistake=verdict.mistake,
        code=code[:LONGEST_CODE],
    )
