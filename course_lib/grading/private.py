"""What only the lecturer has: the secret of the course, and hidden questions in place of published ones."""

import hashlib
import hmac
import importlib.util
import stat
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.checks.questions import Question
from course_lib.grading.isolation import Isolation
from course_lib.grading.records import digest_of
from course_lib.variants import handed_out, questions_of, read_secret

SECRET = "secret.txt"


@dataclass(frozen=True)
class Private:
    """The lecturer's folder, read once before any answer runs.

    Args:
        folder: Where it lies, or None if there is none.
        secret: Secret of the course; empty if there is none.
        questions: Hidden questions by unit and name.
        varied: Units that were handed out in variants.
        digest: Of all that was read.
    """

    folder: Path | None = None
    secret: bytes = b""
    questions: dict[str, dict[str, Question]] = field(default_factory=dict)
    varied: tuple[str, ...] = ()
    digest: str = ""

    def questions_of(self, unit: str) -> dict[str, Question]:
        """Questions of a unit: the published ones, and in their place the hidden ones.

        Raises:
            ValueError: If there is no such unit.
        """
        return questions_of(unit) | self.questions.get(unit, {})

    def secret_of(self, unit: str) -> str:
        """The secret by which a unit's variants were drawn, or nothing if all students have the same."""
        return self.secret.decode() if unit in self.varied else ""

    def warnings(self, isolation: Isolation) -> list[str]:
        """What the lecturer must know if answers could read this folder, as far as its rights tell."""
        if self.folder is None or isolation.files:
            return []
        files = [self.folder, *self.folder.iterdir()]
        if isolation.users and all(not file.stat().st_mode & stat.S_IROTH for file in files):
            return []
        reason = "make it private with `chmod -R go= FOLDER`" if isolation.users else "they run as you"
        return [f"{self.folder} can be read by the answers: {reason}."]

    def seed_for(self, run: int, unit: str, student: str) -> int:
        """Seed of a student's hidden cases; without the secret it cannot be told from the run's.

        Args:
            run: Seed of the run, drawn afresh or named by the lecturer.
            unit: Name of the unit.
            student: Name of the student.
        """
        mixed = hmac.new(self.secret, f"{run}/{unit}/{student}".encode(), hashlib.sha256).digest()
        return int.from_bytes(mixed[:4], "big") >> 1


def read_private(folder: Path, units: list[str]) -> Private:
    """Read the secret and the hidden questions.

    Args:
        folder: May hold ``secret.txt``, ``variants.txt``, and ``UNIT.py`` with a dict ``QUESTIONS`` of names
            and questions.
        units: Units that there are.

    Raises:
        ValueError: If the folder is missing, or a file in it is none of these.
    """
    if not folder.is_dir():
        raise ValueError(f"--tests {folder} is no folder; it may hold {SECRET} and UNIT.py")
    path = folder / SECRET
    secret = path.read_bytes().strip() if path.is_file() else b""
    if path.is_file() and not secret:
        raise ValueError(f"{path} is empty; write a line of random characters into it, or take it away")
    varied = handed_out(path)
    if varied:
        read_secret(path)  # raises if it cannot have been the secret of a draw
    files = sorted(folder.glob("*.py"))
    unknown = [file.name for file in files if file.stem not in units]
    if unknown:
        raise ValueError(
            f"{folder} holds {', '.join(unknown)}; name a file after its unit: {', '.join(units)}"
        )
    questions = {file.stem: _questions_in(file) for file in files}
    digest = digest_of(secret, "\n".join(varied).encode(), *files)
    return Private(folder, secret, questions, varied, digest)


def _questions_in(path: Path) -> dict[str, Question]:
    spec = importlib.util.spec_from_file_location(f"private_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} cannot be read as Python; see the lecturer's guide for an example")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the lecturer's own code
        raise ValueError(
            f"{path} fails: {type(error).__name__}: {error}; mend it, nobody was graded"
        ) from error
    found = getattr(module, "QUESTIONS", None)
    if not isinstance(found, dict) or not all(isinstance(entry, Question) for entry in found.values()):
        raise ValueError(
            f"{path} must define QUESTIONS, a dict of names and questions; got {type(found).__name__}"
        )
    return found
