"""One job of a grid: a command that runs while no other process runs the same job.

The lock lives as long as the process does, however it ends. It lies in the folder of the
runs, so that it holds between machines too where the file system shares locks.
"""

import fcntl
import os
import sys
from pathlib import Path


def hold(path: Path, *, wait: bool) -> int:
    """Take the lock of a file, until this process and those that inherit the descriptor have ended.

    Args:
        path: The file; made if missing.
        wait: Whether to wait for another holder.

    Returns:
        The open file's descriptor.

    Raises:
        BlockingIOError: If another process holds the lock and ``wait`` is false.
        OSError: If the file cannot be written or its file system knows no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def main() -> None:
    """``python -m course_lib.grid.job LOCK COMMAND...``: wait for the lock, then become the command."""
    path, *command = sys.argv[1:]
    os.set_inheritable(hold(Path(path), wait=True), True)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
