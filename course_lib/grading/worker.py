"""The process in which a student's answers run: ``python -m course_lib.grading.worker FD``.

It imports torch, closes the view of the file system, takes the limits upon itself, and
then forks once for each question, so that a crash or a changed module ends with its
question.
"""

import linecache
import os
import select
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from course_lib.checks.calling import NotAttemptedError, readable
from course_lib.grading.limits import die_with_parent, restrict
from course_lib.grading.messages import LARGEST, decode, encode
from course_lib.grading.stand_ins import helpers_of, hide_checks
from course_lib.grading.view import close_view

GONE = select.POLLHUP | select.POLLERR if hasattr(select, "POLLHUP") else 0


def main() -> None:
    """Serve questions until the grader closes the connection."""
    connection = Connection(int(sys.argv[1]))
    options = decode(connection.recv_bytes(LARGEST))
    torch.set_num_threads(1)
    warm_up()
    helpers = helpers_of(options["unit"])
    if options["room"]:
        close_view(Path(options["room"]), [Path(path) for path in options["hidden"]])
    notes = restrict(options["memory_mb"], options["user"])
    hide_checks(options["unit"], helpers)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    connection.send_bytes(encode({"ready": notes}))
    while True:
        try:
            task = decode(connection.recv_bytes(LARGEST))
        except (EOFError, OSError):
            return
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            die_with_parent()
            try:
                answer(connection, task, options["cpu_seconds"])
            finally:
                os._exit(0)
        status = outcome(child, connection)
        try:
            os.killpg(child, signal.SIGKILL)  # what the answer has started and left behind
        except ProcessLookupError:
            pass
        connection.send_bytes(encode({"ended": os.waitstatus_to_exitcode(status)}))


def warm_up() -> None:
    """Have torch load what it loads on first use, while all files can be seen."""
    x = torch.ones(1, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.conv2d(x, x, padding=1).sum().backward()
    torch.linalg.qr(torch.eye(2, dtype=torch.float64))


def outcome(child: int, connection: Connection) -> int:
    """Wait for the process of an answer; leave, and so end it, when the grader is gone."""
    if hasattr(os, "pidfd_open"):
        ended = os.pidfd_open(child)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(connection.fileno(), 0)
        happened = dict(poll.poll())
        os.close(ended)
        if happened.get(connection.fileno(), 0) & GONE:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def answer(connection: Connection, task: dict[str, Any], cpu_seconds: int) -> None:
    """Run the cells of one question, then answer calls until the grader is done."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for source in task["before"]:
        try:
            run_cell(source, "<earlier cell>", namespace)
        except BaseException:  # another question's answer; it is judged there
            continue
    namespace.pop(task["function"], None)
    connection.send_bytes(encode({"stage": "own"}))
    try:
        run_cell(task["own"], "<answer>", namespace)
    except BaseException as error:  # whatever a student raises is part of the answer
        reply: dict[str, Any] = {"error": str(readable(error)).replace("your function", "the cell", 1)}
    else:
        function = namespace.get(task["function"])
        reply = {"loaded": callable(function)}
    connection.send_bytes(encode(reply))
    while True:
        arguments = decode(connection.recv_bytes(LARGEST))["call"]
        if arguments is None:
            return
        try:
            reply = {"value": namespace[task["function"]](*arguments)}
        except BaseException as error:  # judged as part of the answer
            failure = readable(error)
            kind = "not attempted" if isinstance(failure, NotAttemptedError) else "error"
            reply = {kind: str(failure)}
        try:
            message = encode(reply)
        except BaseException as error:  # of a class that the student has written
            message = encode({"error": f"your function's answer cannot be read: {type(error).__name__}"})
        connection.send_bytes(message[: LARGEST + 1])


def run_cell(source: str, name: str, namespace: dict[str, Any]) -> None:
    """Execute a cell; lines of IPython's own are passed over."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        code = compile(source, name, "exec")
    except SyntaxError:
        lines = ["" if line.startswith(("%", "!")) else line for line in source.splitlines()]
        code = compile("\n".join(lines), name, "exec")
    exec(code, namespace)


if __name__ == "__main__":
    main()
