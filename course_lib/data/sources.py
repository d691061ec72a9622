"""Where the files of a data set lie: a zip archive or a folder, read in place and checked."""

import os
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

import pooch


class Source(ABC):
    """Files by name, wherever they are stored. Nothing is unpacked to disk."""

    path: Path

    @abstractmethod
    def names(self) -> list[str]:
        """Names of all files, sorted, with ``/`` between folders."""

    @abstractmethod
    def contents(self, names: Sequence[str]) -> Iterator[bytes]:
        """Contents of these files, one after the other."""

    @abstractmethod
    def checksum(self, names: Sequence[str]) -> str:
        """SHA-256 that identifies the data, where ``names`` are the files in use."""


@dataclass(frozen=True)
class Folder(Source):
    """Unpacked data set.

    Args:
        path: The folder.
    """

    path: Path

    def names(self) -> list[str]:
        found = (file.relative_to(self.path).as_posix() for file in self.path.rglob("*") if file.is_file())
        return sorted(name for name in found if not is_hidden(name))

    def contents(self, names: Sequence[str]) -> Iterator[bytes]:
        for name in names:
            yield (self.path / name).read_bytes()

    def checksum(self, names: Sequence[str]) -> str:
        """SHA-256 of the contents of these files, in the order of their names."""
        digest = sha256()
        for content in self.contents(sorted(names)):
            digest.update(content)
        return digest.hexdigest()


@dataclass(frozen=True)
class Archive(Source):
    """Zip file.

    Args:
        path: The file.

    Raises:
        ValueError: If the file is no zip, is empty, or holds a path that leads out of it.
    """

    path: Path

    def __post_init__(self):
        try:
            with zipfile.ZipFile(self.path) as file:
                names = file.namelist()
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise ValueError(f"{self.path}: not a readable zip file ({error}); download it again") from error
        if not names:
            raise ValueError(f"{self.path}: the archive is empty; download it again")
        for name in names:
            if name.startswith("/") or ".." in PurePosixPath(name).parts or {"\\", ":"} & set(name):
                raise ValueError(
                    f"{self.path}: holds the path {name!r}, which leads out of the archive; "
                    "do not unpack it, and download it again from the official address"
                )

    def names(self) -> list[str]:
        with zipfile.ZipFile(self.path) as file:
            names = [entry.filename for entry in file.infolist() if not entry.is_dir()]
        return sorted(name for name in names if not is_hidden(name))

    def contents(self, names: Sequence[str]) -> Iterator[bytes]:
        with zipfile.ZipFile(self.path) as file:
            for name in names:
                try:
                    content = file.read(name)
                except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
                    raise ValueError(
                        f"{self.path}: cannot read {name} ({error}); download the archive again"
                    ) from error
                yield content

    def checksum(self, names: Sequence[str]) -> str:
        """SHA-256 of the archive file, whatever is used of it."""
        digest = sha256()
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()


def is_hidden(name: str) -> bool:
    """Whether a file is one that systems leave behind, such as the shadow files of macOS."""
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def data_folder(root: str | Path | None) -> Path:
    """Folder of the data: ``root``, else that in the variable ``COURSE_DATA``, else the user's cache."""
    return Path(root or os.environ.get("COURSE_DATA") or pooch.os_cache("equivariance-course")).expanduser()


def find_file(names: Sequence[str], place: Path, subfolder: str) -> Path | None:
    """The first of these files that is in a folder or in its subfolder.

    Args:
        names: File names under which it may be stored.
        place: The folder; it may also be the file itself.
        subfolder: Name of the subfolder.

    Returns:
        The file, or None where there is none.
    """
    candidates = (folder / name for folder in (place, place / subfolder) for name in names)
    inside = (path for path in candidates if path.is_file())
    return place if place.name in names and place.is_file() else next(inside, None)


def find(name: str, places: Sequence[Path]) -> Source | None:
    """The first folder or zip file of this name in any of these places.

    Capitals, ``-`` and ``_`` do not count: ``CVC-ClinicDB``, ``cvc_clinicdb.zip`` and
    ``cvc-clinicdb`` are the same. A place may itself be the folder or the zip file.

    Args:
        name: Name of the data set.
        places: Folders to look into, in order, each also in its subfolder ``polyps``.

    Returns:
        The source, or None where there is none.
    """
    wanted = plain(name)
    for place in places:
        inside = (
            path
            for folder in (place, place / "polyps")
            if folder.is_dir()
            for path in sorted(folder.iterdir())
        )
        for path in (place, *inside):
            if path.is_file() and path.suffix.lower() == ".zip" and plain(path.stem) == wanted:
                return Archive(path)
            if path.is_dir() and plain(path.name) == wanted:
                return Folder(path)
    return None


def plain(name: str) -> str:
    """Name without capitals and separators."""
    return "".join(character for character in name.lower() if character.isalnum())
