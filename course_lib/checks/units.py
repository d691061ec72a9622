"""What the modules of the units share: questions by name, the functions that check them, and their hints."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from course_lib.checks.progress import remember
from course_lib.checks.questions import Hint, Question
from course_lib.checks.verdicts import Verdict


def by_name(*questions: Question) -> dict[str, Question]:
    """The questions of a unit by their names, in the order of the notebook.

    Raises:
        ValueError: If two have the same name.
    """
    named = {question.name: question for question in questions}
    if len(named) < len(questions):
        raise ValueError(f"questions of a unit must have different names, got {list(named)}; rename one")
    return named


def checks_of(questions: dict[str, Question], module: str) -> Iterator[Callable[..., Verdict]]:
    """The functions that a notebook calls, one a question; each remembers what it says.

    Args:
        questions: The unit's questions by name.
        module: The module's ``__name__``; its last part is the name of the unit.
    """
    unit = module.rpartition(".")[2]

    def remembering(question: Question) -> Callable[..., Verdict]:
        @wraps(question.check)
        def check(function: Any, **options: Any) -> Verdict:
            verdict = question.check(function, **options)
            remember(unit, verdict)
            return verdict

        return check

    return map(remembering, questions.values())


def hints(questions: dict[str, Question]) -> Callable[[str, int], Hint]:
    """The function ``hint`` of a unit.

    Args:
        questions: The unit's questions by name.
    """

    def hint(name: str, number: int) -> Hint:
        """A hint, which shows itself at the end of a cell.

        Args:
            name: Name of the question, such as ``"lifting"``.
            number: 1 for the gentlest.

        Raises:
            ValueError: If there is no such question or hint.
        """
        if name not in questions:
            raise ValueError(f"the questions are {', '.join(questions)}; got {name!r}")
        return questions[name].hint(number)

    return hint
