"""Which variant of a unit a student gets: drawn from a secret of the course and the student's ID."""

import hmac
import importlib
import os
import secrets
import unicodedata
from pathlib import Path
from typing import Any

from course_lib.checks.questions import Question, variant

SHORTEST = 16  # characters of a secret; a new one has 64
HANDED_OUT = "variants.txt"  # beside the secret


def normalised(student: str) -> str:
    """A student's ID as it enters the draw: Unicode NFC, no white space around it, no capitals.

    Raises:
        ValueError: If nothing is left.

    Example:
        >>> normalised(" S1234 ") == normalised("s1234")
        True
    """
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFC", student).strip().casefold())
    if not plain:
        raise ValueError(f"a student's ID must not be empty, got {student!r}; give the one you grade by")
    return plain


def draw(secret: str, unit: str, student: str, question: Question) -> Any:
    """The value that a student gets, the same on every machine.

    HMAC-SHA256 of unit, name of the value and ID, keyed by the secret, modulo the number
    of values. Who does not know the secret can tell nothing about the draw of another.
    Another list of values changes the draws, so leave it alone during a term.

    Args:
        secret: Of the course, at least 16 characters.
        unit: Name of the unit.
        student: The ID; spaces around it and capitals make no difference.
        question: A question with variants.

    Raises:
        ValueError: If the secret is too short, the ID empty, or nothing is to be drawn.
    """
    if len(secret) < SHORTEST:
        raise ValueError(
            f"a secret needs at least {SHORTEST} characters, got {len(secret)}; "
            "remove the file, and `python -m course_lib exercise` makes a new one"
        )
    if not question.variants:
        raise ValueError(f"{question.name} of {unit} has no variants; ask for another question")
    message = "\x1f".join(("variant", unit, question.drawn, normalised(student)))
    digest = hmac.digest(secret.encode(), message.encode(), "sha256")
    return question.variants[int.from_bytes(digest, "big") % len(question.variants)].value


def questions_of(unit: str, *, student: str = "", secret: str = "") -> dict[str, Question]:
    """Questions of a unit: those of the published notebook, or a student's own.

    Args:
        unit: Name of the unit.
        student: The student's ID; only needed with a secret.
        secret: Of the course; without one, everybody has the published values.

    Raises:
        ValueError: If there is no such unit; with a secret, if it is too short or the ID empty.
    """
    try:
        questions = importlib.import_module(f"course_lib.checks.{unit}").QUESTIONS
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(f"there is no unit {unit!r}; units are the notebooks in exercises/") from error
    if not secret:
        return questions
    return {
        name: variant(question, draw(secret, unit, student, question)) if question.variants else question
        for name, question in questions.items()
    }


def read_secret(path: Path) -> str:
    """The course secret.

    Raises:
        ValueError: If it is too short.
        OSError: If the file cannot be read.
    """
    secret = path.read_text("utf-8-sig").strip()
    if len(secret) < SHORTEST:
        raise ValueError(
            f"{path} must hold at least {SHORTEST} characters, got {len(secret)}; put the course's secret "
            "back, or remove the file to have a new one made, which changes every student's variant"
        )
    return secret


def make_secret(path: Path) -> str:
    """A fresh random secret in a new file that only its owner can read and Git does not see.

    Args:
        path: The file. If its folder is new, a ``.gitignore`` keeps the folder out of every commit.

    Raises:
        OSError: If the file is there already, or cannot be written.
    """
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        (path.parent / ".gitignore").write_text("*\n", "utf8")
    secret = secrets.token_hex(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf8") as file:
        file.write(secret + "\n")
    return secret


def handed_out(secret: Path) -> tuple[str, ...]:
    """Units that were handed out in variants, from the list beside the secret; none if there is no list.

    Args:
        secret: File of the secret.
    """
    path = secret.parent / HANDED_OUT
    return tuple(path.read_text("utf-8-sig").split()) if path.is_file() else ()


def note_handed_out(secret: Path, units: list[str]) -> None:
    """Add units to the list by which `grade` knows that students have variants.

    Args:
        secret: File of the secret.
        units: Names of units.
    """
    known = handed_out(secret)
    lines = [*known, *(unit for unit in units if unit not in known)]
    (secret.parent / HANDED_OUT).write_text("\n".join(lines) + "\n", "utf8")
