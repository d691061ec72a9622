"""One file over the network, from servers that are slow, break off, refuse, lie, or have another file."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from course_lib.data import transfer
from course_lib.data.transfer import BLOCK, Patience, download, source_file
from tests.data.server import serving

CONTENT = bytes(range(256)) * 1000
QUICK = Patience(timeout_s=0.4, attempts=4, pause_s=0.01)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving({"/file.bin": CONTENT, "/mirror/file.bin": CONTENT}) as server:
        yield server


def right(path):
    if path.read_bytes() != CONTENT:
        raise ValueError(f"{path.stem} is another file")


class Call:
    """A download into a folder, with what it said."""

    def __init__(self, server, folder):
        self.server, self.path, self.said = server, folder / "sets" / "file.bin", []
        self.part = self.path.with_name("file.bin.part")

    def __call__(self, *places, patience=QUICK):
        addresses = [f"{self.server.address}{place}" for place in places or ("/file.bin",)]
        download(addresses, self.path, right, self.said.append, patience)

    def is_whole_and_tidy(self):
        return self.path.read_bytes() == CONTENT and [p.name for p in self.path.parent.iterdir()] == [
            "file.bin"
        ]

    def ranges(self):
        return [span for _, span in self.server.asked]


@pytest.fixture
def call(server, tmp_path):
    return Call(server, tmp_path)


def test_a_good_server_is_asked_once(server, call):
    call()
    assert call.is_whole_and_tidy() and call.ranges() == [None]
    assert call.said[0] == "fetching file.bin, 0.2 MiB" and call.said[-1] == "100 % of file.bin"


@pytest.mark.parametrize("says_length", [True, False])
def test_a_slow_server_is_waited_for(server, call, says_length):
    server.behaviour, server.says_length = ["slow"], says_length
    call()
    assert call.is_whole_and_tidy() and len(server.asked) == 1


@pytest.mark.parametrize(("word", "kept"), [("half", len(CONTENT) // 2), ("silent", BLOCK)])
def test_what_has_come_is_kept_and_the_rest_is_asked_for(server, call, word, kept):
    """After a silence only whole blocks are kept."""
    server.behaviour = [word, "ok"]
    call()
    assert call.is_whole_and_tidy() and call.ranges() == [None, f"bytes={kept}-"]
    assert "going on with file.bin, 0.2 MiB" in call.said


def test_a_piece_of_the_rest_is_not_taken_for_the_rest(server, call):
    server.behaviour = ["half", "piece", "ok"]
    call()
    assert call.is_whole_and_tidy() and call.ranges()[-1] == f"bytes={len(CONTENT) // 2 + 1000}-"


def test_a_later_call_goes_on_where_the_first_stopped(server, call):
    server.behaviour = ["half"]
    with pytest.raises(ConnectionError, match="what has come so far is kept"):
        call(patience=Patience(timeout_s=1, attempts=1, pause_s=0))
    assert not call.path.exists() and call.part.read_bytes() == CONTENT[: len(CONTENT) // 2]
    call()
    assert call.is_whole_and_tidy() and call.ranges()[-1] == f"bytes={len(CONTENT) // 2}-"


def test_a_server_that_cannot_resume_sends_all_again(server, call):
    server.behaviour, server.ranges = ["half", "ok"], False
    call()
    assert call.is_whole_and_tidy()


def test_without_a_version_nothing_is_resumed(server, call):
    server.behaviour, server.version = ["half", "ok"], ""
    call()
    assert call.is_whole_and_tidy() and call.ranges() == [None, None]


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(server, call):
    server.behaviour = ["half"]
    with pytest.raises(ConnectionError):
        call(patience=Patience(timeout_s=1, attempts=1, pause_s=0))
    call.part.write_bytes(b"\0" * 1000)
    server.version = "2"
    call()
    assert call.is_whole_and_tidy() and call.ranges()[-1] == "bytes=1000-"


def test_a_part_that_was_whole_already_is_taken(server, call):
    call.part.parent.mkdir()
    call.part.write_bytes(CONTENT)
    source_file(call.part).write_text(f'{server.address}/file.bin\n"1"')
    call()
    assert call.is_whole_and_tidy() and call.ranges() == [f"bytes={len(CONTENT)}-"]


def test_a_part_that_is_too_long_is_thrown_away(server, call):
    call.part.parent.mkdir()
    call.part.write_bytes(CONTENT + b"more")
    source_file(call.part).write_text(f'{server.address}/file.bin\n"1"')
    call()
    assert call.is_whole_and_tidy() and call.ranges()[-1] is None


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_refusal_that_may_pass_is_asked_again(server, call, status):
    server.behaviour = [status, status, "ok"]
    call()
    assert call.is_whole_and_tidy() and len(server.asked) == 3
    assert str(status) in call.said[0]


def test_the_wait_doubles_and_a_server_may_name_its_own(server, call, monkeypatch):
    waits = []
    monkeypatch.setattr(transfer.time, "sleep", waits.append)
    server.behaviour = [503, 503, 503, "ok"]
    call()
    server.behaviour, server.refusal = [503, 503, 503, "ok"], {"Retry-After": "7"}
    call()
    assert waits == [0.01, 0.02, 0.04, 7, 7, 7]


def test_a_file_that_is_not_there_is_not_asked_for_again(server, call):
    with pytest.raises(ConnectionError, match="could not be fetched from .*/gone.bin .*404"):
        call("/gone.bin")
    assert len(server.asked) == 1 and not call.path.exists()


def test_a_mirror_helps_where_the_first_place_fails(server, call):
    call("/gone.bin", "/mirror/file.bin")
    assert call.is_whole_and_tidy()
    server.behaviour = [503, "ok"]
    call("/file.bin", "/mirror/file.bin")
    assert call.is_whole_and_tidy() and server.asked[-1][0] == "/mirror/file.bin"


def test_a_server_that_announces_more_than_it_sends_is_not_believed(server, call):
    server.behaviour = ["more"] * 9
    with pytest.raises(ConnectionError, match="could not be fetched"):
        call(patience=Patience(timeout_s=0.4, attempts=1, pause_s=0))
    assert not call.path.exists()


def test_a_server_that_announces_less_gives_a_wrong_file(server, call):
    server.behaviour = ["less"]
    with pytest.raises(ValueError, match=r"file.bin is another file"):
        call()
    assert list(call.path.parent.iterdir()) == []


def test_a_wrong_file_is_removed_and_the_mirror_asked(server, call):
    server.files["/file.bin"] = b"<html>sign in first</html>"
    with pytest.raises(ValueError, match="another file"):
        call()
    assert list(call.path.parent.iterdir()) == [], "neither the file nor a part of it"
    call("/file.bin", "/mirror/file.bin")
    assert call.is_whole_and_tidy()


def test_an_older_file_is_replaced_only_by_a_good_one(server, call):
    call.path.parent.mkdir()
    call.path.write_bytes(b"old")
    server.files["/file.bin"] = b"wrong"
    with pytest.raises(ValueError, match="another file"):
        call()
    assert call.path.read_bytes() == b"old"
    call("/mirror/file.bin")
    assert call.is_whole_and_tidy()


def test_no_server_at_all_is_answered(tmp_path):
    with pytest.raises(ConnectionError, match=r"from http://127.0.0.1:9/file.bin \(.*\); try again later"):
        download(["http://127.0.0.1:9/file.bin"], tmp_path / "file.bin", right, print, QUICK)


def test_a_folder_that_cannot_be_made_is_answered(server, tmp_path):
    (tmp_path / "sets").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="cannot write .*sets/file.bin: .*COURSE_DATA"):
        Call(server, tmp_path)()


def test_a_disk_that_is_too_small_is_answered_before_anything_comes(server, call, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**6, 10**6, 2**16)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OSError, match="0 MiB are needed, 0 MiB are free; free some space"):
        call()
    assert not call.path.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full of Linux")
def test_a_disk_that_fills_up_is_answered(server, call, monkeypatch):
    opened = Path.open

    def full(path, *args, **options):
        return opened(Path("/dev/full") if path == call.part else path, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(
        OSError, match="cannot write .*file.bin.part: No space left on device; free some space"
    ):
        call()
    assert not call.path.exists()
