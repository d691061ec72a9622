"""The real sets: their layouts and faults on small stand-ins, their facts on the real files."""

import io
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data import polyps, sources
from course_lib.data.pictures import read_pair
from course_lib.data.polyps import CLINICDB, KVASIR, locate, pair, read
from course_lib.data.sources import Archive, Folder
from tests.data.conftest import encoded, example_files, write_folder, write_zip

LAYOUTS = [
    (CLINICDB, ("CVC-ClinicDB/PNG/Original", "CVC-ClinicDB/PNG/Ground Truth"), "png"),
    (CLINICDB, ("CVC-ClinicDB/TIF/Original", "CVC-ClinicDB/TIF/Ground Truth"), "tif"),
    (CLINICDB, ("CVC-ClinicDB/Original", "CVC-ClinicDB/Ground Truth"), "tif"),
    (CLINICDB, ("Original", "Ground Truth"), "tif"),
    (KVASIR, ("Kvasir-SEG/images", "Kvasir-SEG/masks"), "jpg"),
    (KVASIR, ("images", "masks"), "jpg"),
]


@pytest.mark.parametrize(("spec", "folders", "kind"), LAYOUTS)
def test_each_layout_is_read_from_zip_and_folder(tmp_path, spec, folders, kind):
    spec = replace(spec, count=60)
    files = example_files(spec, folders, kind)
    zipped = Archive(write_zip(tmp_path / "set.zip", files))
    unpacked = Folder(write_folder(tmp_path / "set", files))
    (a, _), (b, _) = (read(spec, source, 12) for source in (zipped, unpacked))
    assert len(a) == 60 and a.ids == b.ids and a.groups == b.groups
    assert torch.equal(a.images, b.images) and torch.equal(a.masks, b.masks)
    assert abs(a.masks[0].sum() - 4 * 3) <= (kind == "jpg")


def test_png_is_preferred_where_the_archive_holds_both(tmp_path):
    both = example_files(CLINICDB, ("PNG/Original", "PNG/Ground Truth"))
    both |= example_files(CLINICDB, ("TIF/Original", "TIF/Ground Truth"), "tif")
    names = pair(CLINICDB, Archive(write_zip(tmp_path / "set.zip", both)))
    assert len(names) == 612 and all(image.startswith("PNG/") for _, image, _ in names)


def test_frames_are_in_the_order_of_their_numbers(tmp_path):
    source = Archive(write_zip(tmp_path / "set.zip", example_files(CLINICDB)))
    assert [name for name, _, _ in pair(CLINICDB, source)] == [str(i) for i in range(1, 613)]


def broken(**changes):
    """Files of a set in which some have been replaced, or removed with None."""
    files = example_files(CLINICDB) | changes
    return {name: content for name, content in files.items() if content is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Ground Truth/7.png": None}, r"Original/7.png has no mask .* download"),
        ({"Original/7.png": None}, r"Ground Truth/7.png has no image .* download"),
        ({"Original/7.png": None, "Ground Truth/7.png": None}, "has 612 images, found 611"),
        ({"Original/7.png": b"\x89PNG nonsense"}, "Original/7.png: not a readable image"),
        (
            {"Ground Truth/7.png": encoded(np.zeros((20, 24), np.uint8), "png")},
            "7.png must have the same size",
        ),
    ],
)
def test_faults_are_named_with_a_remedy(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read(CLINICDB, Folder(write_folder(tmp_path / "set", broken(**changes))), 12)


def test_a_wrong_archive_is_told_which_folders_are_needed(tmp_path):
    source = Archive(write_zip(tmp_path / "set.zip", {"readme.txt": b"hello"}))
    with pytest.raises(
        ValueError, match="no images found; kvasir-seg must hold the folders images/ beside masks/"
    ):
        pair(KVASIR, source)


def test_where_nothing_is_the_error_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match="https://datasets.simula.no/kvasir-seg/ .*commercial"
    ) as caught:
        locate(KVASIR, None)
    assert str(tmp_path) in str(caught.value)


def test_root_comes_before_the_variable_and_the_variable_before_the_cache(tmp_path, monkeypatch):
    places = {place: tmp_path / place for place in ("root", "variable", "cache")}
    for path in places.values():
        write_folder(path / "kvasir-seg", {"images/a.jpg": b""})
    monkeypatch.setattr(sources.pooch, "os_cache", lambda name: places["cache"])
    monkeypatch.setenv("COURSE_DATA", str(places["variable"]))
    assert locate(KVASIR, places["root"]).path.parent == places["root"]
    assert locate(KVASIR, None).path.parent == places["variable"]
    monkeypatch.delenv("COURSE_DATA")
    assert locate(KVASIR, None).path.parent == places["cache"]


def test_the_indices_know_29_sequences_and_22_groups():
    frames = polyps.clinicdb_groups()
    assert sorted(map(int, frames)) == list(range(1, 613)) and len(set(frames.values())) == 29
    alike = polyps.kvasir_groups()
    assert len(alike) == 51 and len(set(alike.values())) == 22


def test_the_real_files_have_the_published_counts_and_foreground(real):
    spec, source = real
    pictures, checksum = read(spec, source, 64)
    count, groups, share = {"cvc-clinicdb": (612, 29, 0.092), "kvasir-seg": (1000, 971, 0.154)}[spec.name]
    assert len(pictures) == count == len(set(pictures.ids)) and len(set(pictures.groups)) == groups
    assert len(checksum) == 64
    areas = pictures.masks.sum(dim=(1, 2, 3))
    assert areas.min() > 0, "no mask is empty, even at 64 px"
    sizes = [
        Image.open(io.BytesIO(c)).size for c in source.contents([mask for _, _, mask in pair(spec, source)])
    ]
    seen = torch.tensor([64 * 64 * min(size) / max(size) for size in sizes])
    assert (areas / seen).mean().item() == pytest.approx(share, abs=0.002)


@pytest.mark.parametrize("real", [KVASIR], indirect=True, ids=["kvasir-seg"])
def test_three_images_of_kvasir_occur_twice_in_one_group_with_different_masks(real):
    spec, source = real
    pictures, _ = read(spec, source, 32)
    colours = pictures.images.flatten(1).float()
    alike = torch.cdist(colours, colours) / colours.shape[1] ** 0.5 < 2
    twins = [(i, j) for i, j in alike.nonzero().tolist() if i < j]
    assert len(twins) == 3
    for i, j in twins:
        assert pictures.groups[i] == pictures.groups[j]
        a, b = pictures.masks[i].bool(), pictures.masks[j].bool()
        assert 0.8 < ((a & b).sum() / (a | b).sum()).item() < 1


@pytest.mark.parametrize("real", [CLINICDB], indirect=True, ids=["cvc-clinicdb"])
def test_the_original_tiffs_equal_the_png_files(real):
    spec, source = real
    path = source.path.parent / "cvc_clinicdb_tif_sample.zip"
    if not path.exists():
        pytest.skip(f"the sample of the original TIFFs, {path.name}, does not lie beside CVC-ClinicDB")
    sample = Archive(path)
    png = {name: files for name, *files in pair(spec, source)}
    tiff = pair(spec, sample)
    assert len(tiff) == 6
    for name, *files in tiff:
        a = read_pair(*sample.contents(files), tuple(files), 64)
        b = read_pair(*source.contents(png[name]), tuple(png[name]), 64)
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_neighbouring_sequences_do_not_share_frames():
    frames = polyps.clinicdb_groups()
    by_sequence = {s: {int(f) for f in frames if frames[f] == s} for s in set(frames.values())}
    assert not any(a & b for a, b in combinations(by_sequence.values(), 2))
    assert all(max(numbers) - min(numbers) == len(numbers) - 1 for numbers in by_sequence.values())
