"""How far a grid has come, and when it will end."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from course_lib.grid.plan import Run


@dataclass(frozen=True)
class Status:
    """State of a grid at one moment.

    Args:
        total: Number of runs.
        skipped: Runs that were finished before.
        finished: Runs that were finished now.
        failed: Runs that failed now.
        seconds_left: Estimate until the end; None while no run is measured.
    """

    total: int
    skipped: int
    finished: int
    failed: int
    seconds_left: float | None

    def __str__(self) -> str:
        done = f"{self.skipped + self.finished}/{self.total} finished"
        failed = f", {self.failed} failed" if self.failed else ""
        if not self.seconds_left:
            return done + failed
        end = datetime.now() + timedelta(seconds=self.seconds_left)
        return f"{done}{failed}, about {duration(self.seconds_left)} left (until {end:%a %H:%M})"


@dataclass(frozen=True)
class Failure:
    """A run that failed.

    Args:
        name: Name of the run.
        error: The last line of its log that says why.
        log: The log.
    """

    name: str
    error: str
    log: Path


@dataclass(frozen=True)
class Report:
    """What became of a grid.

    Args:
        skipped: Names of the runs that were finished before.
        finished: Runs that were finished now.
        failed: Runs that failed.
        waiting: Runs that were not started.
        seconds: Time of all of it.
    """

    skipped: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """1 if a run failed, else 0."""
        return int(bool(self.failed))

    def lines(self) -> list[str]:
        """The report in words: one line of numbers, and two for each failure."""
        counts = {
            "finished": self.finished,
            "finished before": self.skipped,
            "failed": self.failed,
            "not started": self.waiting,
        }
        numbers = ", ".join(f"{len(names)} {label}" for label, names in counts.items() if names)
        failures = [f"failed: {fail.name}: {fail.error}\n  log: {fail.log}" for fail in self.failed]
        return [*failures, f"{numbers or 'no runs'}, in {duration(self.seconds)}"]


def seconds_left(
    seconds: Iterable[tuple[Run, float]], missing: Mapping[Run, float], *, cores: int
) -> float | None:
    """Estimate of the time until a grid ends.

    A run is expected to take as long as finished runs of the same method and data set; if
    there are none, as those of the same method, else as all. The time grows with the share
    of the data.

    Args:
        seconds: Finished runs and their times.
        missing: Runs that are not finished, and how long each has been running.
        cores: Runs at a time.

    Returns:
        Seconds, or None if no run is finished.

    Example:
        >>> from course_lib.config import Settings
        >>> runs = [Run("p4", Settings(data="kvasir-seg", family="p4", seed=seed)) for seed in range(4)]
        >>> seconds_left([(runs[0], 60.0)], {runs[1]: 20.0, runs[2]: 0.0, runs[3]: 0.0}, cores=2)
        80.0
    """
    pace: dict[tuple[str, ...], list[float]] = {}
    for run, taken in seconds:
        for key in _keys(run):
            pace.setdefault(key, []).append(taken / run.settings.fraction)
    if not pace:
        return None
    left = []
    for run, running in missing.items():
        like = next(pace[key] for key in _keys(run) if key in pace)
        left.append(max(math.fsum(like) / len(like) * run.settings.fraction - running, 0.0))
    return max(math.fsum(left) / cores, max(left, default=0.0))


def _keys(run: Run) -> list[tuple[str, ...]]:
    """What finished runs must share to tell this one's time, nearest first."""
    return [(run.method, run.settings.data), (run.method,), ()]


def duration(seconds: float | int) -> str:
    """Time in words.

    Example:
        >>> duration(59.6), duration(250), duration(7500)
        ('60 s', '4 min', '2 h 5 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def last_error(log: Path, code: int | None) -> str:
    """Why a run failed, in one line.

    Args:
        log: Its log; the last line that begins with ``error:`` is taken, else the last line.
        code: Its exit code, above 128 if a signal ended it; None if unknown.
    """
    if code is not None and code > 128:
        hint = ", perhaps for want of memory" if code == 137 else ""
        return f"ended by signal {code - 128}{hint}"
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("started on ")]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if not lines:
        return "wrote no message; look whether the disk is full"
    return (errors or lines)[-1]


def snakemake_error(log: Path) -> str:
    """Why Snakemake ended before the runs, in one line.

    Args:
        log: What it printed; the last message or error is taken, else the last line.
    """
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    messages = [line.removeprefix("message: ") for line in lines if line.startswith("message: ")]
    errors = [line.partition(" error: ")[2] for line in lines if " error: " in line]
    told = [message for message in messages if message != "None"]
    return (errors or told or [line for line in lines if line] or ["it wrote no message"])[-1]
