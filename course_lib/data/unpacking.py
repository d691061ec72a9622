"""Unpacking of RAR archives by whatever program the machine has; Python has none of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

SIGNATURE = b"Rar!\x1a\x07"
LIMIT_S = 600


def commands(archive: Path, folder: Path) -> list[list[str]]:
    """Commands that unpack a RAR archive, of all programs that are known to."""
    return [
        ["unrar", "x", "-idq", "-y", f"{archive}", f"{folder}/"],
        ["unar", "-quiet", "-force-overwrite", "-output-directory", f"{folder}", f"{archive}"],
        ["bsdtar", "-xf", f"{archive}", "-C", f"{folder}"],
        ["7z", "x", "-bd", "-y", f"-o{folder}", f"{archive}"],
        ["7zz", "x", "-bd", "-y", f"-o{folder}", f"{archive}"],
        ["tar", "-xf", f"{archive}", "-C", f"{folder}"],  # on macOS and Windows it is bsdtar
    ]


def unpack_rar(archive: Path, folder: Path, check: Callable[[Path], None]) -> None:
    """Unpack a RAR archive into a new folder, which appears only when it is whole and checked.

    Args:
        archive: The RAR file; it stays, unless a program that could unpack it failed.
        folder: Where its content shall be; must not exist.
        check: Raises ``ValueError`` if the content of a folder is not the right one.

    Raises:
        ValueError: If no program is there that can, or the content is not the right one.
        OSError: If the disk is full or the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
        fresh = Path(place) / "content"
        there = [command for command in commands(archive, fresh) if shutil.which(command[0])]
        for command in there:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            if succeeds(command):
                break
        else:
            if any(command[0] != "tar" for command in there):  # GNU tar cannot, whatever the archive
                archive.unlink()
                raise ValueError(f"{archive} could not be unpacked and was removed; fetch it again")
            raise ValueError(
                f"{archive}: no program here unpacks RAR archives; install one of unrar, unar, bsdtar or "
                f"7-Zip and run the command again, or unpack it yourself to {folder}"
            )
        check(fresh)
        fresh.rename(folder)


def succeeds(command: list[str]) -> bool:
    """Whether a command ends well within ten minutes."""
    try:
        return not subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False
