"""What the checks have said so far, remembered on this machine and nowhere else.

One small file a question, so two notebooks that run at once cannot destroy each other's results. Nothing is
sent anywhere, and nothing of an answer is kept but whether it was right.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from course_lib.atomic import write_atomically
from course_lib.checks.verdicts import NOT_ATTEMPTED, RIGHT, WRONG, Verdict

OFF = "off"
_session: dict[tuple[str, str], "Result"] = {}


@dataclass(frozen=True)
class Result:
    """What a check said last.

    Args:
        state: ``"not attempted"``, ``"wrong"`` or ``"right"``.
        share: Share of the question's points, from 0 to 1.
        when: Date and time in UTC, as ISO 8601; empty if the question was never checked.
    """

    state: str = NOT_ATTEMPTED
    share: float | int = 0
    when: str = ""


@dataclass(frozen=True)
class Unit:
    """What a report needs to know about a unit of exercises.

    Args:
        name: Name of its notebook and of its module of checks.
        title: What it is about.
        chapter: Number of the chapter after which it comes.
        points: Points of each question, in the order of the notebook.
    """

    name: str
    title: str
    chapter: int
    points: dict[str, int]


def read_units() -> list[Unit]:
    """All units in the order of the course, as ``units.json`` lists them."""
    listed = json.loads(resources.files("course_lib.checks").joinpath("units.json").read_text("utf8"))
    return [Unit(**entry) for entry in listed]


def progress_folder() -> Path | None:
    """Where results are remembered, or None if they are not.

    It is ``equivariance-course/progress`` below ``$XDG_STATE_HOME``, or below
    ``~/.local/state``. The variable ``COURSE_PROGRESS`` names another folder; ``off``
    remembers nothing. Nothing is remembered either while nbgrader runs a notebook.
    """
    chosen = os.environ.get("COURSE_PROGRESS", "")
    if chosen == OFF or "NBGRADER_EXECUTION" in os.environ:
        return None
    if chosen:
        return Path(chosen).expanduser()
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "equivariance-course" / "progress"


def remember(unit: str, verdict: Verdict) -> None:
    """Keep what a check said, in place of what it said before.

    A check must not fail because of this: if the folder cannot be written, the result is
    remembered until the kernel stops.

    Args:
        unit: Name of the unit.
        verdict: The result of the check.
    """
    folder = progress_folder()
    if folder is None:
        return
    result = Result(verdict.state, verdict.share, datetime.now(UTC).isoformat(timespec="seconds"))
    _session[unit, verdict.question] = result
    try:
        write_atomically(_file(folder, unit, verdict.question), json.dumps(vars(result)).encode())
    except OSError:
        pass  # it is in the session; the report says that the folder cannot be written


def recall(unit: str, question: str) -> Result:
    """What the check of a question said last.

    A file that cannot be read as a result is set aside with ``.broken`` at the end of its
    name, and the question counts as never checked.

    Args:
        unit: Name of the unit.
        question: Name of the question.
    """
    folder = progress_folder()
    if folder is None:
        return Result()
    path = _file(folder, unit, question)
    try:
        found = Result(**json.loads(path.read_text("utf8")))
        if found.state not in (NOT_ATTEMPTED, WRONG, RIGHT) or not 0 <= found.share <= 1:
            raise ValueError(f"no result of a check: {found}")
    except OSError:
        found = Result()
    except (ValueError, TypeError):
        with suppress(OSError):  # another notebook may have set it aside just now
            os.replace(path, path.with_name(path.name + ".broken"))
        found = Result()
    return max(found, _session.get((unit, question), Result()), key=lambda result: result.when)


def _file(folder: Path, unit: str, question: str) -> Path:
    return folder / f"{unit}.{question}.json"
