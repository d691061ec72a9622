"""From the bytes of an image file to a square array: decode, scale isotropically, letterbox."""

import io
import math
import struct
import zlib
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import tifffile
from jaxtyping import UInt8
from PIL import Image

# What Pillow and tifffile raise on damaged files.
UNREADABLE = (
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    LookupError,
    struct.error,
    zlib.error,
    tifffile.TiffFileError,
    Image.DecompressionBombError,
)


class Decoded(NamedTuple):
    """Picture of an image file, perhaps at reduced size.

    Args:
        image: The picture.
        extent: Its width and height in px, before they were rounded up to whole px.
        full: Width and height of the file in px, before any reduction.
    """

    image: Image.Image
    extent: tuple[float | int, float | int]
    full: tuple[int, int]


def decode(data: bytes, name: str, mode: str, at_least: int) -> Decoded:
    """Picture of an image file: PNG, JPEG, TIFF or what else Pillow opens.

    A JPEG is decoded at a half, a quarter or an eighth of its size where that suffices;
    this saves most of the time.

    Args:
        data: Content of the file.
        name: Name of the file, for messages and for its ending.
        mode: ``"RGB"`` or ``"L"``, as Pillow names them.
        at_least: The longer side is not reduced below this number of px.

    Raises:
        ValueError: If the file cannot be read as an image, or stops early.
    """
    try:
        if PurePosixPath(name).suffix.lower() in {".tif", ".tiff"}:
            # Pillow does not open the TIFFs of CVC-ClinicDB.
            image = Image.fromarray(tifffile.imread(io.BytesIO(data)))
            return Decoded(image.convert(mode), image.size, image.size)
        image = Image.open(io.BytesIO(data))
        full = image.size
        width, height = (math.ceil(side * at_least / max(full)) for side in full)
        reduced = image.draft(mode, (width, height))
        return Decoded(image.convert(mode), reduced[1][2:] if reduced else full, full)
    except UNREADABLE as error:
        raise ValueError(f"{name}: not a readable image ({error}); download the data set again") from error


def letterbox(image: Image.Image, extent: tuple[float | int, float | int], size: int) -> Image.Image:
    """Picture scaled to fit a square and centred in it, black beside it.

    Both directions are scaled alike, so a circle stays a circle. The picture is smoothed
    before it is reduced (a triangle filter as wide as the step), so nothing aliases.

    Args:
        image: The picture.
        extent: Its width and height in px; up to one px less than those of ``image``,
            where a reduced size was rounded up.
        size: Side of the square in px.
    """
    side = max(extent)
    # Whole px of margin before the picture; the rest of the way the box moves by a fraction.
    left, top = (math.ceil((side - length) / 2) for length in extent)
    x, y = left + (extent[0] - side) / 2, top + (extent[1] - side) / 2
    width, height = max(left + image.width, math.ceil(x + side)), max(top + image.height, math.ceil(y + side))
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(image, (left, top))
    return canvas.resize((size, size), Image.Resampling.BILINEAR, box=(x, y, x + side, y + side))


def read_pair(
    image: bytes, mask: bytes, names: tuple[str, str], size: int
) -> tuple[UInt8[np.ndarray, "3 y x"], UInt8[np.ndarray, "1 y x"]]:
    """Picture and mask of one example, as squares of ``size`` px.

    The mask is scaled like the picture and then cut at one half: its files hold grey
    levels at the edge.

    Args:
        image: Content of the image file.
        mask: Content of the mask file.
        names: Names of the two files, for messages.
        size: Side in px.

    Raises:
        ValueError: If a file is unreadable, or the two differ in size.
    """
    picture = decode(image, names[0], "RGB", 2 * size)
    outline = decode(mask, names[1], "L", 2 * size)
    if picture.full != outline.full:
        sizes = " and ".join(f"{width} x {height} px" for width, height in (picture.full, outline.full))
        raise ValueError(
            f"{names[0]} and {names[1]} must have the same size, got {sizes}; download the data again"
        )
    pixels = np.asarray(letterbox(picture.image, picture.extent, size)).transpose(2, 0, 1)
    inside = np.asarray(letterbox(outline.image, outline.extent, size)) >= 128
    return pixels.copy(), inside[None].astype(np.uint8)
