"""RAR archives: unpacked by what is there, whole or not at all. A script stands in for the programs."""

import pytest

from course_lib.data.unpacking import commands, unpack_rar


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program of this name on an otherwise empty path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put


def whole(folder):
    if not (folder / "picture").exists():
        raise ValueError("the picture is missing")


def test_the_first_program_that_succeeds_is_enough(tmp_path, program):
    program("unrar", "exit 3")
    program("bsdtar", 'echo > "$4/picture"')
    unpack_rar(tmp_path / "set.rar", tmp_path / "set", whole)
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["picture"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "set"]


def test_without_a_program_the_error_names_some(tmp_path, program):
    with pytest.raises(ValueError, match="set.rar: no program .*unrar, unar, bsdtar or 7-Zip .*yourself to"):
        unpack_rar(tmp_path / "set.rar", tmp_path / "set", whole)
    assert not (tmp_path / "set").exists()


def test_a_wrong_content_leaves_nothing_behind(tmp_path, program):
    program("7z", "exit 0")
    with pytest.raises(ValueError, match="picture is missing"):
        unpack_rar(tmp_path / "set.rar", tmp_path / "set", whole)
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_each_command_names_archive_and_folder(tmp_path):
    for command in commands(tmp_path / "a.rar", tmp_path / "out"):
        assert any(str(tmp_path / "a.rar") in part for part in command)
        assert any(str(tmp_path / "out") in part for part in command)
