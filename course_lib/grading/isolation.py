"""How far answers can be kept apart from the machine that grades them; found out, not assumed."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
NAMESPACES = ("unshare", "--net", "--pid", "--ipc", "--mount", "--fork", "--kill-child")
WITHOUT_FILES = ("unshare", "--net", "--pid", "--fork", "--kill-child")
FIRST_USER = 64100  # users of the answers, one for each submission that runs at the same time
TRY_SECONDS = 60
PATHS = [str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])]
CLEAN = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONPATH": os.pathsep.join(PATHS),
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass(frozen=True)
class Isolation:
    """What keeps an answer from the rest of the machine.

    Args:
        prefix: Beginning of the command that runs it; empty where namespaces are not permitted.
        files: Whether it sees no files but Python, the library without checks, and an empty folder.
        users: Whether it runs as a user of its own.
    """

    prefix: tuple[str, ...] = ()
    files: bool = False
    users: bool = False

    def describe(self) -> list[str]:
        """What holds and what does not, in sentences for the lecturer."""
        said = [
            "Isolation: " + ("namespaces." if self.files else "process limits only, no closed file view.")
        ]
        if self.prefix:
            said.append("Answers have no network and see no process but their own.")
        else:
            said.append("Answers are not cut off from the network, and see which processes run.")
        if self.files:
            said.append("Answers see Python, course_lib without its checks, and an empty folder in memory.")
        elif self.users:
            said.append(
                "Answers run as another user: they can read what everybody may read, and change nothing."
            )
        else:
            said.append(
                "Answers run as you: they could read and change your files. Grade strangers in a container "
                "(lecturer's guide)."
            )
        return said


def find_isolation() -> Isolation:
    """The strongest isolation that this system permits, each tried out before it is relied upon."""
    users = hasattr(os, "getuid") and os.getuid() == 0
    if shutil.which("unshare") is None:
        return Isolation(users=users)
    for command, files in ((NAMESPACES, True), (WITHOUT_FILES, False)):
        for prefix in (command, (*command, "--map-root-user")):
            if _works(prefix, files):
                return Isolation(prefix, files, users)
    return Isolation(users=users)


def _works(prefix: tuple[str, ...], files: bool) -> bool:
    with tempfile.TemporaryDirectory(prefix="view-") as room:
        trial = [sys.executable, "-P", "-m", "course_lib.grading.view", room] if files else ["true"]
        try:
            return (
                subprocess.run(
                    [*prefix, *trial], capture_output=True, timeout=TRY_SECONDS, env=CLEAN, cwd=room
                ).returncode
                == 0
            )
        except subprocess.TimeoutExpired:
            return False
