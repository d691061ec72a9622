"""Sets fetched by name from a server on this machine: terms first, content checked, nothing twice."""

import gzip
from dataclasses import replace
from hashlib import md5, sha256

import pytest

from course_lib.data import digits, downloads, medmnist, polyps
from course_lib.data.catalogue import NAMES
from course_lib.data.digits import DigitFile
from course_lib.data.downloads import FETCHABLE, MNIST_DIGESTS, fetch
from course_lib.data.polyps import CLINICDB, KVASIR, content_sha256
from course_lib.data.sources import Archive, Folder
from course_lib.data.transfer import Patience
from tests.data.conftest import example_files, write_folder, write_zip
from tests.data.server import serving

QUICK = Patience(timeout_s=0.5, attempts=3, pause_s=0.01)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving({}) as server:
        yield server


@pytest.fixture
def sites(server, monkeypatch, tmp_path):
    """All sites lead to the local server, which has a small file for each kind of set."""
    breast = b"a file of arrays"
    known = medmnist.facts("breastmnist") | {
        "url": f"{server.address}/breastmnist.npz",
        "MD5": md5(breast).hexdigest(),
    }
    monkeypatch.setattr(medmnist, "facts", lambda flag: known)
    server.files["/breastmnist.npz"] = breast

    files = {"train": (), "t10k": ()}
    for name in MNIST_DIGESTS:
        file = DigitFile(name, (4,), "")
        data = file.header + name.encode()[:4]
        packed = gzip.compress(data)
        files[name.split("-")[0]] += (DigitFile(name, (4,), md5(data).hexdigest()),)
        server.files[f"/mnist/{name}.gz"] = packed
        monkeypatch.setitem(downloads.MNIST_DIGESTS, name, f"sha256:{sha256(packed).hexdigest()}")
    monkeypatch.setattr(digits, "FILES", files)
    monkeypatch.setattr(downloads, "MNIST_MIRRORS", (f"{server.address}/gone", f"{server.address}/mnist"))

    kvasir = write_zip(tmp_path / "site.zip", example_files(KVASIR, ("images", "masks"), "jpg"))
    server.files["/kvasir-seg.zip"] = kvasir.read_bytes()
    monkeypatch.setattr(downloads, "KVASIR_ADDRESSES", (f"{server.address}/kvasir-seg.zip",))
    monkeypatch.setattr(downloads, "KVASIR_DIGEST", f"sha256:{sha256(kvasir.read_bytes()).hexdigest()}")
    content = content_sha256(KVASIR, Archive(kvasir))
    monkeypatch.setattr(polyps, "KVASIR", replace(KVASIR, sha256=content))

    server.files["/CVC-ClinicDB.rar"] = b"Rar!\x1a\x07 the frames"
    monkeypatch.setattr(downloads, "CLINICDB_ADDRESSES", (f"{server.address}/CVC-ClinicDB.rar",))
    return server


def run(name, folder):
    """Files below the folder, and what was said."""
    said = []
    paths = fetch(name, folder, say=said.append, patience=QUICK)
    return [path.relative_to(folder).as_posix() for path in paths], said


@pytest.mark.parametrize(
    ("name", "files", "terms"),
    [
        ("breastmnist", ["medmnist/breastmnist.npz"], "terms of breastmnist: CC BY 4.0"),
        (
            "rotated-digits-10k",
            ["mnist/t10k-images-idx3-ubyte.gz", "mnist/t10k-labels-idx1-ubyte.gz"],
            f"terms of t10k-images-idx3-ubyte.gz: {digits.LICENCE}",
        ),
        ("kvasir-seg", ["polyps/kvasir-seg.zip"], f"terms of kvasir-seg: {KVASIR.licence}"),
    ],
)
def test_terms_come_first_and_what_is_there_is_not_fetched_again(sites, tmp_path, name, files, terms):
    folder = tmp_path / "data"
    found, said = run(name, folder)
    assert found == files and said[0] == terms
    asked = len(sites.asked)
    found, said = run(name, folder)
    assert found == files and len(sites.asked) == asked
    assert all("is there already and good" in line for line in said)


def test_all_four_files_are_fetched_where_all_digits_are_needed(sites, tmp_path):
    found, _ = run("upright-digits", tmp_path)
    assert [path.split("/")[1].removesuffix(".gz") for path in found] == list(MNIST_DIGESTS)


def test_a_damaged_file_is_said_and_replaced(sites, tmp_path):
    path = tmp_path / "medmnist" / "breastmnist.npz"
    path.parent.mkdir()
    path.write_bytes(b"half of it")
    _, said = run("breastmnist", tmp_path)
    assert "will be replaced" in said[0] and path.read_bytes() == b"a file of arrays"


def test_a_wrong_file_is_refused_with_both_checksums(sites, tmp_path):
    sites.files["/breastmnist.npz"] = b"<html>"
    with pytest.raises(ValueError, match="breastmnist.npz must have the md5 .*what came has .*removed"):
        run("breastmnist", tmp_path)
    assert not list((tmp_path / "medmnist").iterdir())


def test_polyps_are_known_however_they_are_packed(tmp_path):
    files = example_files(KVASIR, ("images", "masks"), "jpg")
    renamed = {f"Kvasir-SEG/{name}": content for name, content in files.items()}
    zipped = content_sha256(KVASIR, Archive(write_zip(tmp_path / "a.zip", files)))
    assert zipped == content_sha256(KVASIR, Folder(write_folder(tmp_path / "b", renamed)))
    few = replace(CLINICDB, count=40)
    png = example_files(few)
    tif = example_files(few, kind="tif")
    png_sum, tif_sum = (
        content_sha256(CLINICDB, Folder(write_folder(tmp_path / kind, all_files)))
        for kind, all_files in (("png", png), ("tif", tif))
    )
    assert png_sum == tif_sum
    changed = tif | {"Original/7.tif": tif["Ground Truth/7.tif"]}
    assert content_sha256(CLINICDB, Folder(write_folder(tmp_path / "c", changed))) != tif_sum


def test_polyps_that_are_there_but_changed_are_refused(sites, tmp_path):
    write_zip(tmp_path / "kvasir-seg.zip", example_files(KVASIR, ("images", "masks"), "png"))
    with pytest.raises(ValueError, match="SHA-256 of the pictures of kvasir-seg .* move it away"):
        run("kvasir-seg", tmp_path)


@pytest.fixture
def unrar(tmp_path, monkeypatch):
    """A program that unpacks CVC-ClinicDB, whatever it is given."""
    frames = write_folder(tmp_path / "frames", example_files(replace(CLINICDB, count=40), kind="tif"))
    spec = replace(CLINICDB, sha256=content_sha256(CLINICDB, Folder(frames)))
    monkeypatch.setattr(polyps, "CLINICDB", spec)
    program = tmp_path / "bin" / "unrar"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n/bin/mkdir "$5/CVC-ClinicDB"; /bin/cp -r {frames}/* "$5/CVC-ClinicDB"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def test_clinicdb_is_unpacked_and_checked(sites, unrar, tmp_path):
    folder = tmp_path / "data"
    found, said = run("cvc-clinicdb", folder)
    assert found == ["polyps/cvc-clinicdb"] and said[0].startswith("terms of cvc-clinicdb: research")
    assert [path.name for path in (folder / "polyps").iterdir()] == ["cvc-clinicdb"]
    assert len(polyps.pair(CLINICDB, polyps.locate(CLINICDB, folder))) == 40
    run("cvc-clinicdb", folder)
    assert len(sites.asked) == 1


def test_an_archive_that_nothing_unpacks_stays(sites, unrar, tmp_path):
    unrar.unlink()
    for _ in range(2):
        with pytest.raises(ValueError, match="no program here unpacks RAR"):
            run("cvc-clinicdb", tmp_path / "data")
    assert (tmp_path / "data" / "polyps" / "CVC-ClinicDB.rar").exists() and len(sites.asked) == 1


def test_a_page_instead_of_the_archive_is_refused(sites, tmp_path):
    sites.files["/CVC-ClinicDB.rar"] = b"<html>this link is disabled"
    with pytest.raises(ValueError, match="must be a RAR archive, .*by hand from https://polyp.grand"):
        run("cvc-clinicdb", tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("breastmnst", "did you mean 'breastmnist'"), ("synthetic-digits", "needs no file")],
)
def test_names_that_cannot_be_fetched_are_answered(name, message):
    with pytest.raises(ValueError, match=message):
        fetch(name, say=print)


def test_every_set_with_files_can_be_fetched():
    assert set(NAMES) - set(FETCHABLE) == {name for name in NAMES if name.startswith("synthetic")}


@pytest.mark.parametrize("name", MNIST_DIGESTS)
def test_the_checksums_of_mnist_are_those_of_the_real_file(name):
    source = name.split("-")[0]
    file = next(file for file in digits.FILES[source] if file.name == name)
    try:
        path = digits.locate("rotated-digits", file, None)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    if path.suffix != ".gz":
        pytest.skip("MNIST lies here unpacked; the checksum is that of the packed file")
    downloads.has_digest(MNIST_DIGESTS[name])(path)


def test_the_real_polyps_have_the_known_content(real):
    spec, source = real
    downloads.check_polyps(spec, source)
