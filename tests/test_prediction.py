"""Prediction on images of any size: the letterbox is undone where the picture lies."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from course_lib.prediction import HIGHLIGHT, overlay, read_image, segment_image, unletterbox, write_png


class Bright(nn.Module):
    """Pixels brighter than one half."""

    def forward(self, x):
        return x.mean(1, keepdim=True) - 0.5


@pytest.mark.parametrize(("height", "width"), [(120, 200), (200, 120), (64, 64), (31, 47), (500, 333)])
def test_bright_rectangle_is_found_where_it_lies(height, width):
    picture = np.zeros((height, width, 3), np.uint8)
    truth = np.zeros((height, width), bool)
    truth[height // 4 : height // 2, width // 2 : width * 7 // 8] = True
    picture[truth] = 255
    mask = segment_image(Bright(), picture, 64)
    assert mask.shape == (height, width)
    assert set(np.unique(mask)) == {0, 255}
    found = mask > 0
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.9


def test_undone_letterbox_by_hand():
    # A picture of 2 x 4 pixels in a square of 4: rows 1 and 2 of the square are the picture.
    square = torch.arange(16.0).view(1, 1, 4, 4)
    assert torch.allclose(unletterbox(square, 2, 4), square[:, :, 1:3], atol=1e-5)
    assert torch.allclose(unletterbox(square, 4, 2), square[:, :, :, 1:3], atol=1e-5)


def test_overlay_tints_the_mask_only():
    picture = np.full((2, 2, 3), 100, np.uint8)
    mask = np.array([[255, 0], [0, 0]], np.uint8)
    tinted = overlay(picture, mask)
    assert tinted[0, 0].tolist() == [int(55 + 0.45 * colour) for colour in HIGHLIGHT]
    assert (tinted[mask == 0] == 100).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_image_files_of_every_mode_are_read_as_colours(tmp_path, mode):
    path = tmp_path / "image.png"
    Image.new("RGB", (7, 5), (10, 200, 30)).convert(mode).save(path)
    assert read_image(path).shape == (5, 7, 3)


def test_missing_or_damaged_image_is_named(tmp_path):
    with pytest.raises(ValueError, match="there is no image .*none.png"):
        read_image(tmp_path / "none.png")
    path = tmp_path / "damaged.png"
    write_png(path, np.zeros((9, 9, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ValueError, match="damaged.png"):
        read_image(path)
