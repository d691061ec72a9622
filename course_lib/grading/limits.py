"""Limits that a process takes upon itself and upon all that it starts, and cannot take off again."""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Any

PROCESSES = 16  # that an answer may start
FILES = 64
FILE_SIZE = 10 * 2**20
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS = 1, 8, 38
CAPABILITY_VERSION, CAP_DAC_READ_SEARCH = 0x20080522, 1 << 2
ROUNDS = 20  # of ending processes that start others meanwhile


def restrict(memory_mb: int, user: int) -> list[str]:
    """Take limits upon this process and all that it starts; return what could not be limited.

    Args:
        memory_mb: Memory of each process, beyond what this one takes now.
        user: Number of the user to become, where this process runs as root; 0 for none.
    """
    import resource  # absent on Windows

    if sys.platform != "linux":
        limit(resource.RLIMIT_NOFILE, FILES)
        limit(resource.RLIMIT_FSIZE, FILE_SIZE)
        return ["Memory and the number of processes are limited on Linux only."]
    notes = []
    if os.getuid() == 0:
        notes = become(user)
    die_with_parent()  # setuid has cleared it
    pages = (
        int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 2**19
    )
    limit(resource.RLIMIT_AS, pages * os.sysconf("SC_PAGE_SIZE") + memory_mb * 2**20)
    limit(resource.RLIMIT_NPROC, threads_of(os.getuid()) + PROCESSES)
    limit(resource.RLIMIT_NOFILE, FILES)
    limit(resource.RLIMIT_FSIZE, FILE_SIZE)
    limit(resource.RLIMIT_CORE, 0)
    return notes


def become(user: int) -> list[str]:
    """Give up root for a user without rights, where there is one, and all privileges.

    One right is kept if Python's own files need it: to read what only root may read.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    notes = []
    try:
        if user:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
    except OSError:  # a user namespace of one user; its root is nobody outside
        pass
    import torch

    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)(0, 4, 0, 0, 0, 0))
    kept = 0
    if not all(os.access(path, os.R_OK) for path in (os.__file__, torch.__file__)):
        kept = CAP_DAC_READ_SEARCH
        notes = ["Answers could read files of root, since Python itself lies where only root may read."]
    libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0))
    return notes


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
    return sum(int(status["Threads"]) for _, status in _processes() if int(status["Uid"].split()[0]) == user)


def end_processes_of(user: int) -> None:
    """Kill all processes of a user that serves answers only, also those that hide from their parent."""
    for _ in range(ROUNDS):
        running = [pid for pid, status in _processes() if int(status["Uid"].split()[0]) == user]
        if not running:
            return
        for pid in running:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _processes() -> list[tuple[int, dict[str, Any]]]:
    """Number and status of all processes that run, the dead who wait for their parent left out."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:  # the process has ended meanwhile
            continue
        if not lines["State"].strip().startswith("Z"):
            found.append((int(status.parent.name), lines))
    return found
