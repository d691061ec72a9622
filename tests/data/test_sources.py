"""Archives and folders: found by name, read in place, refused where they are unsafe."""

import hashlib
import zipfile

import pytest

from course_lib.data.sources import Archive, Folder, find
from tests.data.conftest import write_folder, write_zip

FILES = {"A/b.png": b"one", "A/a.png": b"two", "__MACOSX/A/._b.png": b"shadow", "A/.DS_Store": b"shadow"}


def test_both_kinds_give_the_same_files(tmp_path):
    for source in (
        Archive(write_zip(tmp_path / "a.zip", FILES)),
        Folder(write_folder(tmp_path / "a", FILES)),
    ):
        assert source.names() == ["A/a.png", "A/b.png"]
        assert list(source.contents(["A/b.png", "A/a.png"])) == [b"one", b"two"]


def test_checksums_are_those_of_the_archive_and_of_the_sorted_contents(tmp_path):
    archive = Archive(write_zip(tmp_path / "a.zip", FILES))
    assert archive.checksum(archive.names()) == hashlib.sha256(archive.path.read_bytes()).hexdigest()
    folder = Folder(write_folder(tmp_path / "a", FILES))
    assert folder.checksum(["A/b.png", "A/a.png"]) == hashlib.sha256(b"twoone").hexdigest()


@pytest.mark.parametrize(
    "name", ["../x.png", "a/../../x.png", "/etc/x.png", "..\\x.png", "C:x.png", "__MACOSX/../../x"]
)
def test_a_path_that_climbs_out_is_refused(tmp_path, name):
    path = write_zip(tmp_path / "bad.zip", {"ok.png": b"", name: b""})
    with pytest.raises(
        ValueError, match="bad.zip: holds the path .* leads out of the archive; do not unpack"
    ):
        Archive(path)
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"<html>404</html>"])
def test_a_file_that_is_no_zip_is_named(tmp_path, content):
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(ValueError, match="bad.zip: not a readable zip file .* download it again"):
        Archive(tmp_path / "bad.zip")


def test_a_truncated_zip_is_named(tmp_path):
    path = write_zip(tmp_path / "bad.zip", {f"{i}.png": bytes(1000) for i in range(10)})
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="not a readable zip file"):
        Archive(path)


def test_an_empty_zip_is_named(tmp_path):
    with pytest.raises(ValueError, match="bad.zip: the archive is empty"):
        Archive(write_zip(tmp_path / "bad.zip", {}))


def test_a_damaged_member_is_named(tmp_path):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(range(256)) * 40)
    content = bytearray(path.read_bytes())
    content[60:80] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="bad.zip: cannot read a.png .* download"):
        list(Archive(path).contents(["a.png"]))


@pytest.mark.parametrize("name", ["kvasir-seg.zip", "Kvasir_SEG.ZIP", "polyps/kvasir_seg.zip"])
def test_an_archive_is_found_by_name(tmp_path, name):
    (tmp_path / "polyps").mkdir()
    path = write_zip(tmp_path / name, FILES)
    assert find("kvasir-seg", [tmp_path]) == find("kvasir-seg", [path]) == Archive(path)


@pytest.mark.parametrize("name", ["Kvasir-SEG", "polyps/kvasir-seg"])
def test_a_folder_is_found_by_name(tmp_path, name):
    path = write_folder(tmp_path / name, FILES)
    assert find("kvasir-seg", [tmp_path]) == find("kvasir-seg", [path]) == Folder(path)


def test_what_is_not_there_is_not_found(tmp_path):
    write_zip(tmp_path / "kvasir_seg_sample.zip", FILES)
    (tmp_path / "kvasir-seg.txt").write_text("notes")
    assert find("kvasir-seg", [tmp_path, tmp_path / "missing"]) is None


def test_places_are_searched_in_order(tmp_path):
    first, second = (write_folder(tmp_path / place / "kvasir-seg", FILES) for place in "ab")
    assert find("kvasir-seg", [first.parent, second.parent]) == Folder(first)
