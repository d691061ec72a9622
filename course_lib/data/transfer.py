"""One file from the network to the disk: resumed where it stopped, checked, and whole or not there."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

Say = Callable[[str], None]
BLOCK = 1 << 16
MIB = 1 << 20
GONE = {401, 404, 410}  # refusals that waiting does not cure
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True)
class Patience:
    """How long a server may keep us waiting.

    Args:
        timeout_s: Longest silence in seconds. A server that sends little is not silent.
        attempts: How often to ask, all addresses together.
        pause_s: Wait before the second attempt; it doubles from one to the next, up to a
            minute. A server that names a time itself is obeyed up to a minute.
    """

    timeout_s: float | int = 30
    attempts: int = 6
    pause_s: float | int = 1


PATIENT = Patience()


def download(
    addresses: Sequence[str],
    path: Path,
    check: Callable[[Path], None],
    say: Say,
    patience: Patience = PATIENT,
) -> None:
    """Fetch a file, from the first address that gives the right one.

    What has come is kept beside the file under the ending ``.part``, and the next call goes
    on from there. Only a whole and checked file gets the final name.

    Args:
        addresses: Where the file is, the official place first.
        path: Where it shall be; missing folders are made, an older file is replaced.
        check: Raises ``ValueError`` if the content of a file is not the right one.
        say: Told about progress and trouble, a line at a time.
        patience: How long to wait and how often to ask.

    Raises:
        ConnectionError: If no address gave the whole file; what has come stays.
        ValueError: If the last address gave another file than expected; it is removed.
        OSError: If the disk is full or the folder cannot be written.
    """
    part, left = path.with_name(f"{path.name}.part"), list(addresses)
    trouble: Exception | None = None
    with named_trouble(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    pause = float(patience.pause_s)
    for attempt in range(patience.attempts):
        if not left:
            break
        address, before = left[0], size(part)
        try:
            receive(address, part, say, patience.timeout_s)
            check(part)
        except ValueError as error:
            discard(part)
            left.remove(address)
            trouble = error
            say(f"wrong file: {error}")
        except (requests.RequestException, HTTPError) as error:
            trouble, answer = error, getattr(error, "response", None)
            say(f"attempt {attempt + 1} of {patience.attempts} failed: {error}")
            if answer is not None and answer.status_code in GONE:
                left.remove(address)
                continue
            if size(part) <= before:
                left.append(left.pop(0))  # nothing came: ask the next address
            if attempt + 1 < patience.attempts:
                time.sleep(min(max(pause, asked_to_wait(answer)), LONGEST_WAIT_S))
                pause *= 2
        else:
            with named_trouble(path):
                os.replace(part, path)
                source_file(part).unlink(missing_ok=True)
            return
    if isinstance(trouble, ValueError):
        raise trouble
    raise ConnectionError(
        f"{path.name} could not be fetched from {' or '.join(addresses)} ({trouble}); try again later, "
        "what has come so far is kept"
    ) from trouble


def receive(address: str, part: Path, say: Say, timeout_s: float | int) -> None:
    """Fetch the rest of a file, or all of it where the server cannot give a rest.

    Raises:
        requests.RequestException: If the server refuses, is silent, or stops early.
        urllib3.exceptions.HTTPError: If the connection breaks.
        OSError: If the disk is full or cannot be written.
    """
    source = source_file(part)
    known, _, version = source.read_text().partition("\n") if source.exists() else ("", "", "")
    if known != address or not version:
        discard(part)  # a rest fits only to the version that we have the beginning of
    have = size(part)
    # As it is stored: without this, a server may pack the bytes once more.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    with requests.get(address, headers=headers, stream=True, timeout=timeout_s) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            if answer.headers.get("Content-Range", "") == f"bytes */{have}":
                return
            discard(part)
            raise requests.ConnectionError("the server has another file than before; beginning again")
        answer.raise_for_status()
        start, total = place(answer)
        if start not in (0, have):
            discard(part)
            raise requests.ConnectionError(f"asked for byte {have}, got byte {start}; beginning again")
        if not start:
            etag = answer.headers.get("ETag", "")
            version = etag if etag.startswith('"') else answer.headers.get("Last-Modified", "")
            with named_trouble(part):
                part.unlink(missing_ok=True)  # first: old bytes must never stand under a new version
                source.write_text(f"{address}\n{version}")
        write(answer, part, start, total, say)


def place(answer: requests.Response) -> tuple[int, int | None]:
    """Where the bytes of an answer begin in the file, and how many the file has, if that is said."""
    if answer.status_code != requests.codes.partial_content:
        length = answer.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    span, _, total = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    start = span.split("-")[0]
    return int(start) if start.isdecimal() else -1, int(total) if total.isdecimal() else None


def write(answer: requests.Response, part: Path, start: int, total: int | None, say: Say) -> None:
    """Write the bytes of an answer to the disk, from position ``start`` of the file."""
    with named_trouble(part):
        if total is not None and total - start > (free := shutil.disk_usage(part.parent).free):
            raise OSError(f"{(total - start) / MIB:.0f} MiB are needed, {free / MIB:.0f} MiB are free")
        file = part.open("ab" if start else "wb")
    extent = f", {total / MIB:.1f} MiB" if total else ""
    say(f"{'going on with' if start else 'fetching'} {part.stem}{extent}")
    done, told = start, 10 * start // total if total else 0
    with file:
        for block in answer.raw.stream(BLOCK, decode_content=False):
            with named_trouble(part):
                file.write(block)
                file.flush()
            done += len(block)
            if total and 10 * done // total > told:
                told = 10 * done // total
                say(f"{10 * told} % of {part.stem}")
        with named_trouble(part):
            os.fsync(file.fileno())
    if total is not None and done != total:
        raise requests.ConnectionError(f"the server announced {total} bytes and sent {done}")


def size(path: Path) -> int:
    """Bytes of a file; none where it is not there."""
    return path.stat().st_size if path.exists() else 0


def asked_to_wait(answer: requests.Response | None) -> float:
    """Seconds that a refusing server asks to wait."""
    wait = "" if answer is None else answer.headers.get("Retry-After", "")
    return float(wait) if wait.isdecimal() else 0.0


def source_file(part: Path) -> Path:
    """File that says where a ``.part`` comes from, and which version of the file it is."""
    return part.with_name(f"{part.name}.source")


def discard(part: Path) -> None:
    """Forget what has come so far."""
    part.unlink(missing_ok=True)
    source_file(part).unlink(missing_ok=True)


@contextmanager
def named_trouble(path: Path):
    """Errors of the disk with the name of the file and a remedy."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"cannot write {path}: {error.strerror or error}; free some space, or set COURSE_DATA to "
            "another folder"
        ) from error
