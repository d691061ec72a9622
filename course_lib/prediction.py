"""A trained network on one file: the mask of an image of any size, or the class of an image or volume."""

import io
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.atomic import write_atomically
from course_lib.data.classification import Description
from course_lib.data.pictures import decode, letterbox
from course_lib.tasks import probabilities

Picture = UInt8[np.ndarray, "y x 3"]
Mask = UInt8[np.ndarray, "y x"]
HIGHLIGHT = (0, 114, 178)


def read_image(path: Path) -> Picture:
    """Colours of an image file: PNG, JPEG or TIFF.

    Raises:
        ValueError: If there is no such file or it is not an image.
    """
    if not path.is_file():
        raise ValueError(f"there is no image {path}; name a PNG, JPEG or TIFF file")
    content = path.read_bytes()
    return np.array(decode(content, str(path), "RGB", 2**31).image)


@torch.no_grad()
def segment_image(model: nn.Module, picture: Picture, size: int) -> Mask:
    """Mask of a picture in the picture's own size; 255 is the object.

    The picture is scaled to fit a square and centred in it, as in training. The logits
    are scaled back bilinearly, and cut at 0 (probability one half).

    Args:
        model: Maps images ``b c y x`` in [0, 1] to logits ``b 1 y x``.
        picture: Colours.
        size: Side of the square the network was trained on, in pixels.
    """
    height, width, _ = picture.shape
    square = letterbox(Image.fromarray(picture), (width, height), size)
    image = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None] / 255
    logits = unletterbox(model.eval()(image), height, width)
    return (logits[0, 0] > 0).numpy().astype(np.uint8) * 255


@torch.no_grad()
def classify(model: nn.Module, path: Path, facts: Description, size: int) -> dict[str, float]:
    """Probability of each class, or of each finding, in an image or volume file.

    Args:
        model: Maps images in [0, 1] to logits.
        path: Image file of any size, scaled to fit as in ``segment_image``; or for volumes a
            NumPy file of bytes ``z y x`` in the size of the data set.
        facts: The data set that the network was trained on.
        size: Side in pixels at which it was trained; volumes are made smaller by means of blocks.

    Raises:
        ValueError: If the file cannot be read or does not fit.
    """
    if facts.dims == 3:
        x = F.avg_pool3d(_read_volume(path, facts.size).float(), facts.size // size)
    else:
        picture = Image.fromarray(read_image(path)).convert("RGB" if facts.channels == 3 else "L")
        square = np.array(letterbox(picture, picture.size, size))
        x = torch.from_numpy(square.reshape(size, size, facts.channels)).permute(2, 0, 1)
    logits = model.eval()(x[None] / 255)
    found = probabilities(logits, multi_label=facts.multi_label)[0]
    return dict(zip(facts.classes, found.tolist(), strict=True))


def _read_volume(path: Path, size: int) -> UInt8[Tensor, "1 z y x"]:
    try:
        volume = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{path} must be a NumPy file (.npy) of a volume: {error}") from error
    if volume.dtype != np.uint8 or volume.shape != (size,) * 3:
        raise ValueError(
            f"{path} must hold {size} x {size} x {size} bytes, got {volume.dtype} {volume.shape}; resample it"
        )
    return torch.from_numpy(volume)[None]


def unletterbox(x: Float[Tensor, "b c size size"], height: int, width: int) -> Float[Tensor, "b c y x"]:
    """Undo ``letterbox``: sample a square map at the pixels of the picture that was fitted into it.

    Args:
        x: Maps on the square.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
    """
    side = max(height, width)
    # Pixel centres of the picture, in units in which the square reaches from -1 to 1.
    down = (2 * torch.arange(height) + 1 - height) / side
    right = (2 * torch.arange(width) + 1 - width) / side
    grid = torch.stack(torch.meshgrid(right, down, indexing="xy"), dim=-1)
    grid = grid.expand(len(x), height, width, 2).to(x)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def overlay(picture: Picture, mask: Mask) -> Picture:
    """The picture with its mask tinted."""
    tinted = 0.55 * picture + 0.45 * np.array(HIGHLIGHT)
    return np.where(mask[..., None] > 0, tinted, picture).astype(np.uint8)


def write_png(path: Path, pixels: Picture | Mask) -> None:
    """Write a PNG file in one step.

    Raises:
        OSError: If it cannot be written.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    write_atomically(path, buffer.getvalue())
