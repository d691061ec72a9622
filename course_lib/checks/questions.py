"""A question of an exercise: its cases, its reference, the known mistakes, and how an answer is judged."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.calling import AnswerError, Call, NotAttemptedError, limited
from course_lib.checks.drawing import counting
from course_lib.checks.forms import kind_of, misfit, plain, sentence
from course_lib.checks.partial import partial_share
from course_lib.checks.pictures import short
from course_lib.checks.verdicts import NOT_ATTEMPTED, RIGHT, WRONG, Finding, Verdict

SHOWN = 8  # numbers of an input that are written out
TOLERANCE = 1e-10  # relative, in float64; rounding gives about 1e-15


class Hint(str):
    """Text that a notebook shows without quotes."""

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer.

    Args:
        message: What the student is told; it explains the mistake and not the solution.
        function: Gives the wrong answer on the same arguments.
        is_copied: Whether it answers the question of another student; what it gets right earns nothing.
    """

    message: str
    function: Callable[..., Any]
    is_copied: bool = False


@dataclass(frozen=True)
class Question:
    """What is needed to judge an answer, whatever its code looks like.

    Args:
        name: Name of the question; also the ``grade_id`` of its answer cell.
        function: Name of the function that the student writes.
        arguments: Names of its arguments.
        axes: Names of the axes of the answer, or empty if it is not a tensor.
        cases: Arguments for a generator of random numbers, the smallest first.
        reference: The right answer, written otherwise than in the solution: a tensor, a truth value, a
            number, a text, or a tuple of such.
        mistakes: Known wrong answers, the most special first.
        finding: The property that a wrong answer breaks, given how to call it and a case.
        hints: What to tell on demand, the gentlest first.
        drawn: Name of the value that is drawn for each student, such as ``"order"``; empty if none is.
        value: The value for which this question asks.
        own: Sentence that tells the student this value.
        words: Texts that follow from the value, for the task.
        variants: This question for each value that can be drawn, the published one first.
    """

    name: str
    function: str
    arguments: tuple[str, ...]
    axes: tuple[str, ...]
    cases: Callable[[torch.Generator], Iterable[tuple[Any, ...]]]
    reference: Callable[..., Any]
    mistakes: tuple[Mistake, ...]
    finding: Callable[[Call, tuple[Any, ...]], Finding]
    hints: tuple[str, ...]
    drawn: str = ""
    value: Any = None
    own: str = ""
    words: tuple[tuple[str, str], ...] = ()
    variants: tuple[Any, ...] = ()

    def check(self, function: Any, *, seed: int = 0, **drawn: int | str) -> Verdict:
        """Judge a function of this process, as a notebook does.

        Args:
            function: What the student wrote.
            seed: Seed of the random cases.
            drawn: The value that was drawn for the student, by its name.

        Raises:
            ValueError: If the value, or its name, is none of this question.
        """
        if set(drawn) - {self.drawn}:
            raise ValueError(
                f"{self.name} draws {self.drawn or 'nothing'}, got {', '.join(drawn)}; use the check cell as "
                "handed out"
            )
        try:
            call = limited(function)
        except ValueError as error:
            return Verdict(self.name, WRONG, str(error))
        question = variant(self, drawn[self.drawn]) if drawn else self
        return question.judge(call, seed=seed)

    def judge(self, call: Call, *, seed: int) -> Verdict:
        """Judge an answer that may live anywhere.

        Args:
            call: Gives the answer to arguments; raises ``NotAttemptedError`` or
                ``AnswerError`` and nothing else.
            seed: Seed of the random cases.
        """
        seen: list[tuple[tuple[Any, ...], Any]] = []
        fault: Verdict | None = None
        cases = list(self.cases(torch.Generator().manual_seed(seed)))
        for case in cases:
            try:
                given = call(*_copies(case))
            except NotAttemptedError:
                return Verdict(
                    self.name,
                    NOT_ATTEMPTED,
                    f"Write {self.function} and take out the line that raises NotImplementedError.",
                )
            except AnswerError as error:
                message = f"{sentence(str(error))} {self.own}".strip()
                fault = Verdict(self.name, WRONG, message, case=self.describe(case))
                break
            given = plain(given)
            complaint = self.complaint(given, self.reference(*case))
            if complaint:
                mistake = self.known([*seen, (case, given)], complaint)
                message = mistake or f"{complaint} {self.own}".strip()
                fault = Verdict(self.name, WRONG, message, case=self.describe(case), mistake=mistake)
                break
            seen.append((case, given))
        wrong = [(case, given) for case, given in seen if not same(given, self.reference(*case))]
        if wrong:
            return self.explain(call, cases, seen, *wrong[0])
        if fault:
            return replace(fault, partial=self.partial(cases, seen))
        case, given = seen[-1]
        if not self.repeats(call, case, given):
            return self.restless(case)
        return Verdict(self.name, RIGHT, f"{self.function} passed {len(seen)} cases.")

    def explain(
        self,
        call: Call,
        cases: list[tuple[Any, ...]],
        seen: list[tuple[tuple[Any, ...], Any]],
        case: tuple[Any, ...],
        given: Any,
    ) -> Verdict:
        """Verdict on an answer that has the right form and wrong values."""
        if not self.repeats(call, case, given):
            return self.restless(case)
        message = f'The values are wrong. Compare them, then try checks.hint("{self.name}", 1). {self.own}'
        mistake = self.known(seen)
        try:
            finding = self.finding(lambda *arguments: plain(call(*arguments)), case)
        except (AnswerError, NotAttemptedError):  # on a turned input the function fails otherwise
            finding = None
        return Verdict(
            self.name,
            WRONG,
            mistake or message.strip(),
            finding=finding,
            case=self.describe(case),
            expected=self.reference(*case),
            given=given,
            labels=self.axes,
            mistake=mistake,
            partial=self.partial(cases, seen),
        )

    def partial(self, cases: list[tuple[Any, ...]], seen: list[tuple[tuple[Any, ...], Any]]) -> float | int:
        """Share of the points for a wrong answer of which only some cases were seen."""
        expected = [self.reference(*case) for case in cases]
        copied = [[m.function(*case) for case in cases] for m in self.mistakes if m.is_copied]
        return partial_share(cases, expected, [given for _, given in seen], same, copied)

    def known(self, seen: list[tuple[tuple[Any, ...], Any]], complaint: str = "") -> str:
        """Message of the known mistake that explains all answers, or an empty string.

        Args:
            seen: Arguments and answers.
            complaint: What is wrong with the form of the last answer.
        """
        case, _ = seen[-1]
        for mistake in self.mistakes:
            if complaint and self.complaint(mistake.function(*case), self.reference(*case)) != complaint:
                continue
            if all(same(answer, mistake.function(*arguments)) for arguments, answer in seen):
                return mistake.message
        return ""

    def repeats(self, call: Call, case: tuple[Any, ...], given: Any) -> bool:
        """Whether the same arguments give the same answer again."""
        try:
            return same(plain(call(*_copies(case))), given)
        except (AnswerError, NotAttemptedError):
            return False

    def restless(self, case: tuple[Any, ...]) -> Verdict:
        """Verdict on an answer that depends on more than its arguments."""
        message = "Called twice with the same arguments, your function gives two different answers."
        return Verdict(self.name, WRONG, message, case=self.describe(case))

    def complaint(self, given: Any, expected: Any) -> str:
        """What is wrong with the form of an answer, or an empty string."""
        if given is None:
            return f"{self.function} returned None. Is there a return statement on every path?"
        if not isinstance(expected, Tensor):
            return misfit(self.function, given, expected)
        if not isinstance(given, Tensor):
            return f"{self.function} must return a tensor, it returned {kind_of(given)}."
        if given.shape != expected.shape:
            hint = ""
            if sorted(given.shape) == sorted(expected.shape):
                hint = " These are the right axes in another order."
            return (
                f"Wrong shape: expected {tuple(expected.shape)} ({' '.join(self.axes)}), "
                f"given {tuple(given.shape)}.{hint}"
            )
        if given.layout != torch.strided:
            return f"{self.function} must return an ordinary tensor, it returned {given.layout}."
        if given.dtype != expected.dtype:
            return (
                f"Wrong type of numbers: expected {expected.dtype}, given {given.dtype}. "
                "A new tensor needs dtype=...; torch.zeros_like and torch.stack keep it."
            )
        return "" if given.isfinite().all() else "The answer contains inf or nan. Is there a division by 0?"

    def describe(self, case: tuple[Any, ...]) -> str:
        """The arguments of a case in words: small values, and the shapes of tensors."""
        return ", ".join(
            f"{name} = {_described(value)}" for name, value in zip(self.arguments, case, strict=True)
        )

    def hint(self, number: int) -> Hint:
        """The given hint, counted from 1.

        Raises:
            ValueError: If there is no such hint.
        """
        if not 1 <= number <= len(self.hints):
            raise ValueError(f"{self.name} has the hints 1 to {len(self.hints)}; got {number}")
        return Hint(self.hints[number - 1])


def variant(question: Question, value: Any) -> Question:
    """The same question for another drawn value.

    Raises:
        ValueError: If the value cannot be drawn.
    """
    for other in question.variants:
        if other.value == value:
            return other
    values = ", ".join(repr(other.value) for other in question.variants) or "no value"
    raise ValueError(f"{question.name} can draw {values}; got {value!r}, use the check cell as handed out")


def same(given: Any, expected: Any) -> bool:
    """Whether two answers are equal up to rounding."""
    if isinstance(expected, tuple | list) and isinstance(given, tuple | list):
        return len(given) == len(expected) and all(map(same, given, expected))
    if isinstance(expected, float) and isinstance(given, float | int) and not isinstance(given, bool):
        if isinstance(given, int) and abs(given) > sys.float_info.max:
            return False
        return bool(abs(given - expected) <= TOLERANCE * (1 + abs(expected)))
    if not isinstance(expected, Tensor) or not isinstance(given, Tensor):
        return type(given) is type(expected) and given == expected
    if given.shape != expected.shape or given.dtype != expected.dtype:
        return False
    if not expected.is_floating_point() and not expected.is_complex():
        return torch.equal(given, expected)
    return bool((given - expected).norm() <= TOLERANCE * (1 + expected.norm()))


def _described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return str(value)
    if same(value, counting(*value.shape)):
        return f"the numbers 1 to {value.numel()} in the shape {tuple(value.shape)}"
    if value.numel() <= SHOWN and not value.is_complex():
        return f"{', '.join(map(short, value.double().flatten().tolist()))} in the shape {tuple(value.shape)}"
    return f"random numbers in the shape {tuple(value.shape)}"


def _copies(case: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments; what the student's function writes into them does no harm."""
    return tuple(value.clone() if isinstance(value, Tensor) else value for value in case)
