"""Small stand-ins in the layouts of the real sets, and the real sets where they are at hand."""

import io
import zipfile

import numpy as np
import pytest
import tifffile
from PIL import Image

from course_lib.data import polyps


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "tif":
        tifffile.imwrite(file, pixels)
    else:
        Image.fromarray(pixels).save(file, {"png": "PNG", "jpg": "JPEG"}[kind])
    return file.getvalue()


def example_files(
    spec: polyps.PolypSet, folders=("Original", "Ground Truth"), kind="png"
) -> dict[str, bytes]:
    """All files of a set, with pictures of 24 x 18 px: content by name."""
    known = list(spec.groups())[: spec.count]
    names = known + [f"image{i}" for i in range(spec.count - len(known))]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (18, 24, 3), dtype=np.uint8)
    mask = np.zeros((18, 24), np.uint8)
    mask[4:10, 6:14] = 255
    contents = encoded(pixels, kind), encoded(mask, kind)
    return {f"{f}/{n}.{kind}": content for f, content in zip(folders, contents, strict=True) for n in names}


def write_folder(path, files):
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(params=[polyps.CLINICDB, polyps.KVASIR], ids=lambda spec: spec.name)
def real(request):
    """A real set and its source; the test is skipped where the set is not at hand."""
    try:
        return request.param, polyps.locate(request.param, None)
    except FileNotFoundError as error:
        pytest.skip(str(error))
