"""The process in which a student's answers run: ``python -m course_lib.grading.worker FD OPTIONS``.

It imports torch, takes the limits upon itself, and then forks once for each question,
so that a crash or a changed module ends with its question.
"""

import ctypes
import json
import linecache
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from course_lib.checks.calling import NotAttemptedError, readable
from course_lib.grading.messages import LARGEST, decode, encode

NOBODY = 65534
PROCESSES = 32  # that an answer may start
FILES = 64
FILE_SIZE = 10 * 2**20
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS = 1, 8, 38
CAPABILITY_VERSION, CAP_DAC_READ_SEARCH = 0x20080522, 1 << 2


def main() -> None:
    """Serve questions until the grader closes the connection."""
    connection, options = Connection(int(sys.argv[1])), json.loads(sys.argv[2])
    torch.set_num_threads(1)
    notes = restrict(options["memory_mb"])
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
        _, status = os.waitpid(child, 0)
        try:
            os.killpg(child, signal.SIGKILL)  # what the answer has started and left behind
        except ProcessLookupError:
            pass
        connection.send_bytes(encode({"ended": os.waitstatus_to_exitcode(status)}))


def restrict(memory_mb: int) -> list[str]:
    """Take limits upon this process and all that it starts; return what could not be limited."""
    import resource  # absent on Windows

    if sys.platform != "linux":
        limit(resource.RLIMIT_NOFILE, FILES)
        limit(resource.RLIMIT_FSIZE, FILE_SIZE)
        return ["Memory and the number of processes are limited on Linux only."]
    notes = []
    if os.getuid() == 0 and not become_nobody():
        notes.append("Answers ran as root, so the number of their processes was not limited.")
    die_with_parent()  # setuid has cleared it
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit(resource.RLIMIT_AS, pages * os.sysconf("SC_PAGE_SIZE") + memory_mb * 2**20)
    limit(resource.RLIMIT_NPROC, threads_of(os.getuid()) + PROCESSES)
    limit(resource.RLIMIT_NOFILE, FILES)
    limit(resource.RLIMIT_FSIZE, FILE_SIZE)
    limit(resource.RLIMIT_CORE, 0)
    return notes


def become_nobody() -> bool:
    """Give up root, whom no limit on processes binds; keep only the right to read Python's own files."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    except OSError:  # in a user namespace there may be no other user
        return os.getuid() != 0
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    readable_by_all = all(os.access(path, os.R_OK) for path in (os.__file__, torch.__file__))
    kept = 0 if readable_by_all else CAP_DAC_READ_SEARCH
    libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0))
    return True


def limit(kind: int, value: int) -> None:
    """Set a limit that cannot be raised again."""
    import resource

    resource.setrlimit(kind, (value, value))


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends; never gain privileges."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def threads_of(user: int) -> int:
    """Threads that a user runs at the moment; the limit on processes counts them all."""
    count = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:  # the process has ended meanwhile
            continue
        if int(lines["Uid"].split()[0]) == user:
            count += int(lines["Threads"])
    return count


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
        except Exception as error:
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
