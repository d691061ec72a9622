"""Decoding and letterboxing: shapes keep their proportions, damaged files are named."""

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from course_lib.data.pictures import decode, letterbox, read_pair
from tests.data.conftest import encoded

sides = st.integers(200, 500)


def disc(width, height, radius):
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2) < radius
    return (255 * inside).astype(np.uint8)


@given(
    width=sides, height=sides, size=st.sampled_from([96, 128]), kind=st.sampled_from(["png", "jpg", "tif"])
)
def test_a_circle_stays_a_circle_in_the_middle(width, height, size, kind):
    radius = 0.4 * min(width, height)
    mask = encoded(disc(width, height, radius), kind)
    _, inside = read_pair(mask, mask, (f"a.{kind}", f"b.{kind}"), size)
    y, x = np.nonzero(inside[0])
    scale = size / max(width, height)
    assert inside.sum() == pytest.approx(math.pi * (radius * scale) ** 2, rel=0.05)
    assert x.std() == pytest.approx(y.std(), rel=0.025)
    assert (x.mean(), y.mean()) == pytest.approx(((size - 1) / 2, (size - 1) / 2), abs=0.15)


@given(width=sides, height=sides)
def test_only_the_letterbox_is_black(width, height):
    white = Image.new("L", (width, height), 255)
    pixels = np.asarray(letterbox(white, white.size, 64)) / 255
    assert pixels.mean() == pytest.approx(min(width, height) / max(width, height), abs=0.01)
    assert pixels[32, 32] == 1


def test_colours_keep_their_order_and_size():
    red = np.zeros((30, 40, 3), np.uint8)
    red[..., 0] = 200
    image, mask = read_pair(encoded(red, "png"), encoded(red[..., 0], "png"), ("a.png", "b.png"), 16)
    assert image.shape == (3, 16, 16) and mask.shape == (1, 16, 16)
    assert image[:, 8, 8].tolist() == [200, 0, 0]
    assert set(np.unique(mask)) == {0, 1} and mask.sum() == 16 * 12


def test_fine_stripes_turn_grey_and_do_not_alias():
    stripes = np.zeros((512, 512), np.uint8)
    stripes[:, ::2] = 255
    pixels = np.asarray(letterbox(Image.fromarray(stripes), (512, 512), 64))
    assert pixels.std() < 2 and abs(pixels.mean() - 127.5) < 2


def test_a_large_jpeg_is_decoded_at_reduced_size():
    image = decode(encoded(disc(1000, 800, 300), "jpg"), "a.jpg", "L", 128)
    assert image.full == (1000, 800)
    assert max(image.image.size) < 500


@pytest.mark.parametrize("kind", ["png", "jpg", "tif"])
@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.9])
def test_a_truncated_image_is_named(kind, share):
    data = encoded(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8), kind)
    with pytest.raises(ValueError, match=f"broken.{kind}: not a readable image .* download"):
        decode(data[: int(share * len(data))], f"broken.{kind}", "RGB", 32)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_text_file_with_the_ending_of_an_image_is_named(name):
    with pytest.raises(ValueError, match="not a readable image"):
        decode(b"<html>please log in</html>" * 50, name, "RGB", 32)


def test_image_and_mask_of_different_size_are_named_with_both_sizes():
    image, mask = encoded(disc(40, 30, 9), "png"), encoded(disc(30, 40, 9), "png")
    with pytest.raises(
        ValueError, match="x.png and y.png must have the same size, got 40 x 30 px and 30 x 40 px"
    ):
        read_pair(image, mask, ("x.png", "y.png"), 16)


def test_a_palette_image_is_read_in_colour():
    file = io.BytesIO()
    Image.new("RGB", (20, 20), (250, 10, 10)).quantize(4).save(file, "PNG")
    image = decode(file.getvalue(), "a.png", "RGB", 16).image
    assert np.asarray(image)[10, 10].tolist() == [250, 10, 10]
