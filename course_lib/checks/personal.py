"""Questions that are another one for each student: one value is drawn, and the function is not told it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch

from course_lib.checks.calling import Call
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding

NOTHING = object()  # equal to no answer


def personal(
    question: Question,
    drawn: str,
    values: tuple[int | str, ...],
    *,
    cases: Callable[[torch.Generator, Any], Iterable[tuple[Any, ...]]],
    own: Callable[[Any], str],
    words: Callable[[Any], dict[str, str]] = lambda value: {},
    untold: dict[Any, tuple[str, ...]] | None = None,
) -> Question:
    """A question in which one argument is drawn for each student.

    The student's function has no such argument; the task says its value. A copied answer
    is right only by the luck of the draw, and else meets a message that says so.

    Args:
        question: The question with the drawn value as an argument of its reference, its mistakes and its
            finding; its own cases are not used.
        drawn: Name of the argument.
        values: What can be drawn; the first is that of the published notebook.
        cases: Arguments without the drawn one, for a generator and a value.
        own: What the value is, as a sentence.
        words: Texts for the task that follow from a value, by name.
        untold: Beginnings of the messages of mistakes that are right for a value, or no other than an
            earlier mistake.

    Returns:
        The question for the first value; ``variants`` holds all of them.

    Raises:
        ValueError: If the question has no such argument, or a value is given twice.
    """
    if drawn not in question.arguments or len(set(values)) < len(values):
        raise ValueError(f"{drawn} must be one of {question.arguments}, with different values; got {values}")
    place = question.arguments.index(drawn)

    def bound(function: Callable[..., Any], value: Any) -> Callable[..., Any]:
        return lambda *rest: function(*rest[:place], value, *rest[place:])

    def copied(other: Any, value: Any) -> Mistake:
        function = bound(question.reference, other)

        def answer(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except Exception:  # another student's answer need not fit these arguments
                return NOTHING

        message = f"This answers the exercise of another student, whose {drawn} is {other}. {own(value)}"
        return Mistake(message, answer, is_copied=True)

    def finding(call: Call, case: tuple[Any, ...], value: Any) -> Finding:
        def full(*arguments: Any) -> Any:
            return call(*arguments[:place], *arguments[place + 1 :])

        return question.finding(full, (*case[:place], value, *case[place:]))

    def version(value: Any) -> Question:
        left_out = (untold or {}).get(value, ())
        known = [m for m in question.mistakes if not m.message.startswith(left_out)]
        return replace(
            question,
            arguments=tuple(name for name in question.arguments if name != drawn),
            cases=lambda generator: cases(generator, value),
            reference=bound(question.reference, value),
            mistakes=(
                *(Mistake(f"{m.message} {own(value)}", bound(m.function, value)) for m in known),
                *(copied(other, value) for other in values if other != value),
            ),
            finding=lambda call, case: finding(call, case, value),
            drawn=drawn,
            value=value,
            own=own(value),
            words=tuple(words(value).items()),
        )

    versions = tuple(version(value) for value in values)
    return replace(versions[0], variants=tuple(replace(v, variants=versions) for v in versions))
