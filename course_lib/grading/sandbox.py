"""Keeper of the process in which a student's answers run: starts it, talks to it, ends it in time."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from course_lib.checks.calling import AnswerError, NotAttemptedError
from course_lib.grading.isolation import CLEAN, Isolation
from course_lib.grading.limits import end_processes_of
from course_lib.grading.messages import LARGEST, decode, encode

START_SECONDS = 120  # importing torch on a loaded machine


@dataclass(frozen=True)
class Limits:
    """What an answer may use.

    Args:
        seconds: For one question, all its cases together.
        memory_mb: Beyond what torch itself takes.
    """

    seconds: float | int = 20
    memory_mb: int = 1024


class EarlierCellError(Exception):
    """A cell before the answer ended the process or did not end."""


class Sandbox:
    """One disposable process a submission; it starts when first needed and again after an accident.

    Whoever makes one calls ``kill`` at the end.

    Args:
        limits: What an answer may use.
        isolation: From ``find_isolation()``.
        user: Number of the user to run as, where isolation gives each answer its own.
        hidden: Folders that no answer may see, such as the lecturer's tests.
        unit: Name of the unit, whose helpers the answers may call.
    """

    def __init__(
        self,
        limits: Limits,
        isolation: Isolation,
        *,
        user: int = 0,
        hidden: Sequence[Path] = (),
        unit: str = "",
    ):
        self.unit = unit
        self.limits = limits
        self.isolation = isolation
        self.user = user if isolation.users else 0
        self.hidden = [str(path.resolve()) for path in hidden]
        self.notes: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        self.timed_out = False
        self.watchdog: threading.Timer | None = None
        self.busy = False
        self.finishing = False
        self.broken_by_cell = False  # by the last answer cell itself, before its function was called

    def start(self) -> None:
        """Start the process.

        Raises:
            OSError: If it does not come up.
        """
        self.folder = tempfile.TemporaryDirectory(prefix="answer-", ignore_cleanup_errors=True)
        here, there = Pipe()
        options = {
            "memory_mb": self.limits.memory_mb,
            "cpu_seconds": int(self.limits.seconds) + 5,
            "user": self.user,
            "room": self.folder.name if self.isolation.files else "",
            "hidden": self.hidden,
            "unit": self.unit,
        }
        home = "/tmp" if self.isolation.files else self.folder.name
        environment = {
            **CLEAN,
            "HOME": home,
            "TMPDIR": home,
            "USER": "answer",
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",
        }
        worker = [sys.executable, "-P", "-m", "course_lib.grading.worker", str(there.fileno())]
        with (Path(self.folder.name) / "start.log").open("wb") as log:
            self.process = subprocess.Popen(
                [*self.isolation.prefix, *worker],
                cwd=self.folder.name,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[there.fileno()],
                start_new_session=True,
            )
        if self.user:
            os.chown(self.folder.name, self.user, self.user)
        there.close()
        self.connection = here
        self.watch(START_SECONDS)
        self.send(options)
        try:
            self.notes = decode(here.recv_bytes(LARGEST))["ready"]
        except (EOFError, OSError, ValueError) as error:
            said = (Path(self.folder.name) / "start.log").read_text("utf8", errors="replace").strip()
            self.kill()
            last = said.splitlines()[-1] if said else "no message"
            raise OSError(f"the process for answers did not start: {last}") from error
        self.unwatch()

    def load(self, function: str, own: str, before: Sequence[str]) -> None:
        """Run the cells of a question.

        Args:
            function: Name that the answer cell must define.
            own: The answer cell.
            before: Cells to run before it; their exceptions are ignored.

        Raises:
            AnswerError: If the answer cell fails.
            EarlierCellError: If a cell before it ends the process or takes too long.
        """
        self.broken_by_cell = False
        if self.process is None:
            self.start()
        self.watch(self.limits.seconds)
        self.busy = True
        self.send({"function": function, "own": own, "before": list(before)})
        try:
            started = self.receive()
        except AnswerError as error:
            raise EarlierCellError(str(error)) from error
        if started.get("stage") != "own":
            self.kill()
            raise EarlierCellError("an earlier answer has left messages behind")
        self.watch(self.limits.seconds)
        self.broken_by_cell = True
        reply = self.receive()
        self.broken_by_cell = False
        if "error" in reply:
            raise AnswerError(str(reply["error"]))
        if reply.get("loaded") is not True:
            raise AnswerError(f"the answer cell does not define the function {function}; keep its name")

    def call(self, *arguments: Any) -> Any:
        """Call the student's function; the arguments and its answer travel as numbers.

        Raises:
            AnswerError: If it does not return.
            NotAttemptedError: If it is still the stub.
        """
        if not self.busy:
            raise AnswerError("your function ended the process")
        self.send({"call": arguments})
        reply = self.receive()
        if "not attempted" in reply:
            raise NotAttemptedError
        if "error" in reply:
            raise AnswerError(str(reply["error"])[:500])
        return reply.get("value")

    def finish(self) -> None:
        """End the question; the process stays for the next if it is well."""
        if self.process is None:
            return
        if self.busy:
            self.finishing = True
            try:
                self.send({"call": None})
                while self.busy:
                    self.receive()
            except AnswerError:
                pass
            self.finishing = False
        self.unwatch()

    def send(self, value: dict[str, Any]) -> None:
        """Send a message; a process that is gone is noticed on receiving."""
        if self.connection is not None:
            try:
                self.connection.send_bytes(encode(value))
            except OSError:
                pass

    def receive(self) -> dict[str, Any]:
        """The next message of the process.

        Raises:
            AnswerError: If the process or the question has ended, or the message makes no sense.
        """
        if self.connection is None:
            raise AnswerError("your function ended the process")
        try:
            reply = decode(self.connection.recv_bytes(LARGEST))
        except (EOFError, OSError, ValueError) as error:
            late = self.timed_out
            self.kill()
            if late:
                raise AnswerError(
                    f"your function did not finish within {self.limits.seconds:g} seconds: an endless loop?"
                ) from error
            if isinstance(error, EOFError | ConnectionError):
                raise AnswerError("your function ended the process") from error
            raise AnswerError("your function sent an answer that is too large or cannot be read") from error
        if not isinstance(reply, dict):
            self.kill()
            raise AnswerError("your function sent an answer that cannot be read")
        if "ended" in reply:
            if self.finishing:
                self.busy = False
            else:  # an accident, or a message that the answer has forged
                self.kill()
            raise AnswerError(_ending(reply["ended"]))
        return reply

    def watch(self, seconds: float | int) -> None:
        """Kill the process after some seconds unless ``unwatch`` is called."""
        self.unwatch()
        self.timed_out = False
        self.watchdog = threading.Timer(seconds, self._late)
        self.watchdog.daemon = True
        self.watchdog.start()

    def unwatch(self) -> None:
        """Stop the clock."""
        if self.watchdog is not None:
            self.watchdog.cancel()
            self.watchdog = None

    def _late(self) -> None:
        self.timed_out = True
        self._kill_process()

    def _kill_process(self) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        """End the process and all that it started, and remove its folder."""
        self.unwatch()
        self._kill_process()
        if self.process is not None:
            self.process.wait()
            if self.user and not self.isolation.prefix:
                end_processes_of(self.user)
        if self.connection is not None:
            self.connection.close()
        if self.folder is not None:
            self.folder.cleanup()
        self.process = self.connection = self.folder = None
        self.busy = False


def _ending(status: Any) -> str:
    """How a process ended, in words."""
    if status == -signal.SIGSEGV:
        return "your function crashed Python (segmentation fault)"
    if status == -signal.SIGXCPU:
        return "your function used up its time: an endless loop?"
    if isinstance(status, int) and status < 0:
        return f"your function crashed Python (signal {-status})"
    return "your function ended the process instead of returning"
