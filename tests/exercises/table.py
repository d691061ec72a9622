"""Prints what the tests hold against each question: ``python -m tests.exercises.table``.

Every answer is checked again. A wrong answer is caught if the check says the message meant for it.
"""

import sys
from functools import partial
from importlib import import_module

import torch

from course_lib.checks.progress import read_units

HEAD = (
    "unit",
    "question",
    "cases",
    "known mistakes",
    "right answers pass",
    "wrong answers caught",
    "messages",
)


def fitted(question, answer):
    """An answer without the value that is drawn; in the lists of answers it is the first argument."""
    return partial(answer, question.value) if question.drawn else answer


def rows(unit):
    """One row a question: its name, and counts as ``found / all``."""
    checks = import_module(f"course_lib.checks.{unit}")
    answers = import_module(f"tests.exercises.{unit}_answers")
    for name, question in checks.QUESTIONS.items():
        right = [question.check(fitted(question, answer), seed=5).is_right for answer in answers.RIGHT[name]]
        wrong = [(fitted(question, answer), phrase) for answer, phrase in answers.WRONG[name]]
        verdicts = [(question.check(answer, seed=5), phrase) for answer, phrase in wrong]
        caught = [v.state == "wrong" and phrase in v.message for v, phrase in verdicts]
        yield (
            unit,
            name,
            str(len(list(question.cases(torch.Generator().manual_seed(5))))),
            str(len(question.mistakes)),
            f"{sum(right)} / {len(right)}",
            f"{sum(caught)} / {len(caught)}",
            str(len({verdict.message for verdict, _ in verdicts})),
        )


def main() -> int:
    """Print the table; return 1 if an answer was not judged as it should be."""
    torch.set_num_threads(1)
    found = [row for unit in read_units() for row in rows(unit.name)]
    for row in (HEAD, ("---",) * len(HEAD), *found):
        print("| " + " | ".join(row) + " |", flush=True)
    right, wrong = ([[int(n) for n in row[place].split(" / ")] for row in found] for place in (4, 5))
    for what, pairs in (
        ("right answers pass", right),
        ("wrong answers meet the message meant for them", wrong),
    ):
        print(f"\n{len(found)} questions: {sum(n for n, _ in pairs)} of {sum(n for _, n in pairs)} {what}.")
    return int(any(n < everything for n, everything in right + wrong))


if __name__ == "__main__":
    sys.exit(main())
