"""Results that outlive an interrupted run: one small file a student and unit, whole or not there."""

import hashlib
import json
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course_lib.atomic import write_atomically

MISSING, UNREADABLE, FAILED, BY_HAND = "missing", "unreadable", "not graded", "by hand"
RUN = "seed.txt"
LONGEST_CODE = 20_000  # characters of an answer that are kept


@dataclass(frozen=True)
class Score:
    """Points of one student for one question.

    Args:
        question: Name of the question.
        points: Points reached.
        maximum: Points for a right answer.
        state: A state of the check, or ``"missing"``, ``"unreadable"``, ``"not graded"``, ``"by hand"``.
        message: The reason.
        remark: Where the answer was found, if not in its cell.
        detail: What the check found, as HTML; empty if it did not run.
        mistake: Message of the known mistake, if one was recognised.
        code: The answer that was graded.
    """

    question: str
    points: float | int
    maximum: float | int
    state: str
    message: str
    remark: str = ""
    detail: str = ""
    mistake: str = ""
    code: str = ""


@dataclass(frozen=True)
class Record:
    """Result of one notebook.

    Args:
        student: Name of the student.
        unit: Name of the unit.
        seed: Seed of the hidden cases.
        notebook: Digest of the notebook, from ``digest_of``.
        basis: Digest of what it was graded by: questions, limits, secret.
        scores: One a question, in the order of the unit.
        remarks: How the answers were run.
    """

    student: str
    unit: str
    seed: int
    notebook: str
    basis: str
    scores: tuple[Score, ...]
    remarks: tuple[str, ...] = ()


def digest_of(*parts: bytes | Path | None) -> str:
    """Digest of files and texts together; of a file that is missing, its absence."""
    whole = hashlib.sha256()
    for part in parts:
        content = part
        if isinstance(part, Path):
            content = part.read_bytes() if part.is_file() else None
        whole.update(hashlib.sha256(content).digest() if isinstance(content, bytes) else b"-")
    return whole.hexdigest()


def record_path(folder: Path, unit: str, student: str) -> Path:
    """Where a result lies: a name that can be read, and a digest that tells like names apart."""
    name = re.sub(r"[^\w-]+", "_", student)[:60]
    return folder / unit / f"{name}-{hashlib.sha256(student.encode()).hexdigest()[:10]}.json"


def write_record(folder: Path, record: Record) -> None:
    """Keep a result.

    Raises:
        OSError: If the folder cannot be written.
    """
    content = asdict(record)
    whole = {**content, "check": _checksum(content)}
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    write_atomically(record_path(folder, record.unit, record.student), text.encode())


def read_record(folder: Path, unit: str, student: str) -> Record | None:
    """A result that was kept, or None if there is none or the file is damaged."""
    try:
        content = json.loads(record_path(folder, unit, student).read_text("utf8"))
        check = content.pop("check")
        if check != _checksum(content):
            return None
        scores = tuple(Score(**score) for score in content.pop("scores"))
        record = Record(**content | {"scores": scores, "remarks": tuple(content["remarks"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return record if (record.student, record.unit) == (student, unit) else None


def run_seed(folder: Path, named: int | None) -> int:
    """Seed of a run: the one that was named, that of an interrupted run, or a fresh one, which is kept.

    Args:
        folder: Folder of the results.
        named: Seed that the lecturer has named, if any.
    """
    path = folder / RUN
    seed = named
    if seed is None and path.is_file():
        try:
            seed = int(path.read_text("utf8"))
        except ValueError:
            seed = None
    if seed is None:
        seed = secrets.randbelow(2**31)
    write_atomically(path, f"{seed}\n".encode())
    return seed


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
