"""Calling a student's function: with a time limit, and every failure turned into a sentence."""

import ctypes
import linecache
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

SECONDS = 5.0  # of computing; right answers need milliseconds
PATIENCE = 6  # times as long by the clock on the wall, for a busy machine and for answers that only wait
Call = Callable[..., Any]


class NotAttemptedError(Exception):
    """The function still raises the NotImplementedError of the exercise."""


class AnswerError(Exception):
    """The function did not return; the message says why, in words for the student."""


class _Stop(BaseException):
    """Thrown into the thread of an endless loop; no ``except Exception`` holds it back."""


def limited(function: Any, *, seconds: float | int = SECONDS) -> Call:
    """The same function, stopped after some seconds, with readable failures.

    Args:
        function: What the student wrote.
        seconds: Time limit of one call, in seconds of computing where the system counts
            them, so that a busy machine makes no answer wrong. A loop inside compiled code
            cannot be stopped; it is left behind.

    Returns:
        Function that raises ``NotAttemptedError`` or ``AnswerError`` and nothing else.

    Raises:
        ValueError: If ``function`` cannot be called.
    """
    if not callable(function):
        raise ValueError(f"give the function itself, without brackets; got {type(function).__name__}")

    def call(*arguments: Any) -> Any:
        result: list[Any] = []
        failure: list[BaseException] = []
        clock: list[int] = []

        def target() -> None:
            if hasattr(time, "pthread_getcpuclockid"):
                clock.append(time.pthread_getcpuclockid(threading.get_ident()))
            try:
                result.append(function(*arguments))
            except _Stop:
                pass
            except BaseException as error:  # whatever a student raises is part of the answer
                failure.append(error)

        thread = threading.Thread(target=target, daemon=True)
        thread.start()
        latest = time.monotonic() + seconds * (PATIENCE if hasattr(time, "pthread_getcpuclockid") else 1)
        try:
            while thread.is_alive() and _computed(clock) < seconds and time.monotonic() < latest:
                thread.join(0.05)
        finally:
            if thread.is_alive():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Stop)
                )
        if thread.is_alive() or not (result or failure):
            raise AnswerError(f"your function did not finish within {seconds:g} seconds: an endless loop?")
        if failure:
            raise readable(failure[0], function) from None
        return result[0]

    return call


def _computed(clock: list[int]) -> float:
    """Seconds that a thread has computed, given the number of its clock once it has one."""
    try:
        return time.clock_gettime(clock[0]) if clock else 0.0
    except OSError:  # the thread has just ended
        return 0.0


def readable(error: BaseException, function: Callable[..., Any] | None = None) -> Exception:
    """What a student's exception means: not attempted, or a sentence with its line.

    Args:
        error: What the student's code raised.
        function: The student's function, to find the line in its own source.
    """
    stub = isinstance(error, NotImplementedError) and (not str(error) or str(error).startswith("exercise"))
    if stub:  # ours, or the one of nbgrader, which says nothing
        return NotAttemptedError(str(error))
    what = " ".join(str(error).split())[:300]
    where = _line(error, getattr(getattr(function, "__code__", None), "co_filename", "<answer>"))
    return AnswerError(f"your function raised {type(error).__name__}: {what}{where}")


def _line(error: BaseException, filename: str) -> str:
    """The last line of the student's own code that the exception passed through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    if not frames:
        return ""
    line = linecache.getline(filename, frames[-1].lineno or 0).strip()
    return f" (line {frames[-1].lineno}: {line})" if line else f" (line {frames[-1].lineno})"
