"""What an answer sees of the file system: Python, the course library without its checks, and an empty folder.

For use in a mount namespace of one's own. Everything not listed is gone, rather than
forbidden: other submissions, the lecturer's tests and grades, homes, the solutions.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE, MS_RDONLY = 2, 4, 4096, 16384, 1 << 18, 1
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000  # the number is the same on all machines
ATTR_RDONLY_NOSUID = 3
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache")
DEVICES = ("null", "zero", "full", "random", "urandom")
LIBRARY = Path(__file__).resolve().parents[1]
ROOM_MB = 64
libc = ctypes.CDLL(None, use_errno=True)


def close_view(room: Path, hidden: Iterable[Path] = ()) -> None:
    """Make a folder the root of all that this process and its children see.

    Programs and libraries are there to be read; ``/tmp`` is an empty folder in memory, the
    only one that can be written. A root without namespaces of its own would lose its
    files: run this below ``unshare --mount``.

    Args:
        room: An existing empty folder.
        hidden: Folders to cover even where they lie within what is shown.

    Raises:
        OSError: If the system does not permit it.
    """
    _mount("none", Path("/"), "", MS_REC | MS_PRIVATE)
    _mount("tmpfs", room, "tmpfs", MS_NOSUID, f"size={ROOM_MB}m,mode=755")
    for path in _shown():
        _show(room, path)
    for name in DEVICES:
        _show(room, Path("/dev", name))
    for path in (LIBRARY / "checks", *hidden):
        place = _within(room, path.resolve())
        if place.is_dir():
            _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_RDONLY, "size=4k,mode=755")
    (room / "etc").mkdir(exist_ok=True)
    (room / "etc/passwd").write_text(f"answer:x:{os.getuid()}:{os.getgid()}::/tmp:/bin/false\n")
    for name, mode in (("proc", 0o555), ("tmp", 0o1777)):
        (room / name).mkdir(exist_ok=True)
        (room / name).chmod(mode)
    try:
        _mount("proc", room / "proc", "proc", MS_NOSUID | MS_RDONLY)
    except OSError:
        pass  # some containers forbid it; answers do without
    os.chroot(room)
    os.chdir("/tmp")


def _shown() -> list[Path]:
    """What is needed to run Python and the course library; a folder comes before what lies in it."""
    python = {sys.prefix, sys.base_prefix, *sys.path}
    paths = {Path(path) for path in SYSTEM} | {Path(path).resolve() for path in python if path}
    paths = {path for path in paths if os.path.lexists(path)} - {LIBRARY.parent, Path("/"), Path.cwd()}
    ordered = sorted(paths | {LIBRARY}, key=lambda path: len(path.parts))
    top: list[Path] = []
    for path in ordered:
        if not any(path.is_relative_to(other) for other in top):
            top.append(path)
    return top


def _within(room: Path, path: Path) -> Path:
    return room / path.relative_to("/")


def _show(room: Path, path: Path) -> None:
    """Mount a file or folder at the same place in the room, for reading."""
    place = _within(room, path)
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        place.symlink_to(path.readlink())
        return
    if path.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    _mount(str(path), place, "", MS_BIND | MS_REC)
    attributes = (ctypes.c_uint64 * 4)(ATTR_RDONLY_NOSUID, 0, 0, 0)
    arguments = (os.fsencode(place), AT_RECURSIVE, attributes, ctypes.c_size_t(ctypes.sizeof(attributes)))
    if libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, *arguments):
        raise OSError(ctypes.get_errno(), f"cannot show {path} for reading only")


def _mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    strings = (os.fsencode(source), os.fsencode(target), kind.encode())
    if libc.mount(*strings, ctypes.c_ulong(flags), options.encode()):
        number = ctypes.get_errno()
        raise OSError(number, f"cannot mount {target}: {os.strerror(number)}")


if __name__ == "__main__":
    close_view(Path(sys.argv[1]))
    if (LIBRARY / "checks/questions.py").exists():
        raise SystemExit("the checks are still there")
