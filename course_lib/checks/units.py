"""What the modules of the units share: questions by name, and their hints."""

from collections.abc import Callable

from course_lib.checks.questions import Hint, Question


def by_name(*questions: Question) -> dict[str, Question]:
    """The questions of a unit by their names, in the order of the notebook.

    Raises:
        ValueError: If two have the same name.
    """
    named = {question.name: question for question in questions}
    if len(named) < len(questions):
        raise ValueError(f"questions of a unit must have different names, got {list(named)}; rename one")
    return named


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
