"""What the files of a grid say about its runs."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.config import Settings
from course_lib.grid.plan import Run, changes
from course_lib.grid.progress import Failure, Report, Status, last_error, seconds_left
from course_lib.ledger import entry_path, read_entry
from course_lib.scoring import lacks


@dataclass
class Watch:
    """What the files of a grid say about its runs.

    Args:
        runs: All runs.
        folder: Folder of checkpoints, settings and logs.
        ledger: Folder of the entries.
        seconds: Time of each finished run, by name; filled by ``look``.
        began: When each run that is not finished was first seen to have started, by name.
        before: Names of the runs that were finished at the first look.
    """

    runs: list[Run]
    folder: Path
    ledger: Path
    seconds: dict[str, float] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.look()
        self.before = list(self.seconds)

    def look(self) -> None:
        """Take note of new entries and logs.

        Raises:
            ValueError: If an entry is damaged or was made with other settings.
        """
        for run in self.missing:
            path = entry_path(self.ledger, run.name)
            if path.is_file():
                entry = read_entry(path)
                refuse_other(entry.settings, run.settings, path)
                if missing := lacks(entry, average=run.average, also=run.also):
                    raise ValueError(
                        f"{path} was scored without {', '.join(missing)}; remove it, and it is scored again"
                    )
                started = self.began.get(run.name)
                self.seconds[run.name] = entry.seconds if started is None else time.monotonic() - started
            elif self.started(run):
                self.began.setdefault(run.name, time.monotonic())

    @property
    def missing(self) -> list[Run]:
        """Runs without an entry."""
        return [run for run in self.runs if run.name not in self.seconds]

    @property
    def failed(self) -> list[Run]:
        """Runs that left the mark of a failure."""
        return [run for run in self.missing if self.mark(run).exists()]

    def count_lost(self) -> bool:
        """Count as failed what was started and left neither entry nor mark; whether any run has failed."""
        for run in self.missing:
            if self.started(run):
                self.mark(run).touch()
        return bool(self.failed)

    def started(self, run: Run) -> bool:
        """Whether the run's job wrote its first line; an executor may make the file sooner."""
        return self.log(run).is_file() and self.log(run).stat().st_size > 0

    def log(self, run: Run) -> Path:
        """What the run's job printed."""
        return self.folder / f"{run.name}.log"

    def mark(self, run: Run) -> Path:
        """Exit code of the run's job, written if it failed."""
        return self.folder / f"{run.name}.failed"

    def status(self, cores: int) -> Status:
        """Numbers of runs and estimated end."""
        known = [(run, self.seconds[run.name]) for run in self.runs if run.name in self.seconds]
        now, failed = time.monotonic(), self.failed
        missing = {run: now - self.began.get(run.name, now) for run in self.missing if run not in failed}
        return Status(
            total=len(self.runs),
            skipped=len(self.before),
            finished=len(known) - len(self.before),
            failed=len(failed),
            seconds_left=seconds_left(known, missing, cores=cores),
        )

    def report(self, seconds: float) -> Report:
        """What became of every run."""
        failures = []
        for run in self.failed:
            code = self.mark(run).read_text(encoding="utf-8").strip()
            error = last_error(self.log(run), int(code) if code.isdigit() else None)
            failures.append(Failure(run.name, error, self.log(run)))
        failed = {failure.name for failure in failures}
        return Report(
            skipped=self.before,
            finished=[run.name for run in self.runs if run.name in set(self.seconds) - set(self.before)],
            failed=failures,
            waiting=[run.name for run in self.missing if run.name not in failed],
            seconds=seconds,
        )


def refuse_other(old: Settings, new: Settings, place: Path) -> None:
    """Raise ValueError if a run of the same name was made with other settings."""
    if old != new:
        raise ValueError(
            f"{place} holds this run with other settings ({changes(old, new)}); remove it to repeat the run, "
            "restore the plan, or take other folders"
        )
