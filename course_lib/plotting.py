"""Figures of the course: arrays in, Axes out, and sliders that work in a static page.

The look stands in one style file; switch it on with ``plt.style.use("course_lib.course")``.
"""

import base64
import html
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from course_lib.groups import PlanarGroup

FAMILY_COLOURS = {
    "plain": "#6b6b6b",
    "p4": "#0072B2",
    "p4m": "#56B4E9",
    "se2-8": "#E69F00",
    "se2-12": "#D55E00",
    "se2-16": "#8B3A00",
    "p4-attention": "#6A3D9A",
    "steerable-12": "#009E73",
    "steerable-so2": "#00563F",
    "e2cnn-12": "#7A9A01",
    "e2cnn-so2": "#4B5320",
    "sre": "#CC79A7",
}
FRAME_BYTES = 300_000  # all frames of one slider, as text in the page


def element_label(group: PlanarGroup, g: int) -> str:
    """Name of a group element for titles and axes.

    Example:
        >>> from course_lib.groups import DihedralGroup
        >>> element_label(DihedralGroup(4), 1), element_label(DihedralGroup(4), 5)
        ('90°', 'flip, 90°')
    """
    turn = f"{group.angle_deg(g):g}°"
    return f"flip, {turn}" if group.is_flip(g) else turn


def plot_image(
    image: Float[Tensor, "c y x"], *, limits: tuple[float, float] | None = None, ax: Axes | None = None
) -> Axes:
    """An image without axes: one channel in grey, three channels in colour.

    Args:
        image: Channels, rows, columns; colours in [0, 1].
        limits: Values shown black and white; by default the smallest and the largest. Grey images only.
        ax: Where to draw; a new figure by default.

    Raises:
        ValueError: If there are neither one nor three channels.
    """
    channels = image.shape[0]
    if channels not in (1, 3):
        raise ValueError(f"an image has 1 or 3 channels, got {channels}; choose a channel with x[:1]")
    ax = _axes(ax)
    pixels = image.detach().cpu().permute(1, 2, 0).numpy()
    low, high = limits or (pixels.min(), pixels.max())
    ax.imshow(pixels.squeeze(-1) if channels == 1 else pixels.clip(0, 1), cmap="gray", vmin=low, vmax=high)
    return _bare(ax)


def plot_kernel(
    kernel: Float[Tensor, "y x"], *, limit: float | None = None, numbers: bool = False, ax: Axes | None = None
) -> Axes:
    """A kernel in a diverging map whose middle, white, is zero.

    Args:
        kernel: Rows, columns.
        limit: Absolute value of the darkest colours; by default the largest of the kernel. Give the same
            limit to kernels that are to be compared.
        numbers: Whether to write each weight into its pixel.
        ax: Where to draw; a new figure by default.
    """
    ax = _axes(ax)
    weights = kernel.detach().cpu().numpy()
    limit = limit or float(np.abs(weights).max()) or 1.0
    ax.imshow(weights, cmap="RdBu_r", vmin=-limit, vmax=limit)
    if numbers:
        for (y, x), weight in np.ndenumerate(weights):
            colour = "white" if abs(weight) > 0.6 * limit else "black"
            ax.text(x, y, f"{weight:g}", ha="center", va="center", color=colour)
    return _bare(ax)


def plot_fiber(
    features: Float[Tensor, "fiber y x"],
    group: PlanarGroup,
    *,
    limit: float | None = None,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """The entries of a regular feature side by side, each under the name of its group element.

    Args:
        features: Fiber, rows, columns.
        group: The group whose elements index the fiber.
        limit: Absolute value of the darkest colours, shared by all entries; by default the largest.
        axes: Where to draw, one for each element; a new figure by default.

    Raises:
        ValueError: If the fiber, or the number of axes, is not the order of the group.
    """
    if len(features) != group.order:
        raise ValueError(
            f"the fiber of regular features of {group} has {group.order} entries, got {len(features)}; "
            "choose one image and one channel with x[0, 0]"
        )
    if axes is None:
        _, panels = plt.subplots(1, group.order, figsize=(1.8 * group.order, 2.1), squeeze=False)
        axes = list(panels[0])
    if len(axes) != group.order:
        raise ValueError(f"{group} needs {group.order} axes, one for each element; got {len(axes)}")
    limit = limit or float(features.detach().abs().max())
    for g, ax in zip(group.elements, axes, strict=True):
        plot_kernel(features[g], limit=limit, ax=ax).set_title(element_label(group, g))
    return list(axes)


def plot_kernel_bank(
    bank: Float[Tensor, "order fiber y x"], group: PlanarGroup, *, axes: np.ndarray | None = None
) -> np.ndarray:
    """The kernels between one input and one output channel: a row an output entry, a column an input entry.

    Args:
        bank: Output entry, input entry, rows, columns: ``layer.kernel()[o, :, i]``.
        group: The group whose elements index the output entries.
        axes: Where to draw, (order, fiber); a new figure by default.
    """
    rows, columns = bank.shape[:2]
    if axes is None:
        axes = plt.subplots(rows, columns, figsize=(1.1 * columns + 0.6, 1.1 * rows + 0.3), squeeze=False)[1]
    limit = float(bank.detach().abs().max())
    for h in range(rows):
        for k in range(columns):
            plot_kernel(bank[h, k], limit=limit, ax=axes[h, k])
        axes[h, 0].set_ylabel(element_label(group, h))
    for k in range(columns):
        axes[0, k].set_title(element_label(group, k) if columns > 1 else "scalar")
    return axes


@dataclass(frozen=True)
class Slider:
    """A figure with a slider, as HTML that needs nothing else; notebooks and the book show it.

    Args:
        html: The whole figure; frames and script are inside.
    """

    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html


def slider(draw: Callable[[Any], Figure], values: Sequence[Any], *, label: str, alt: str) -> Slider:
    """A figure to play with: one frame a value, drawn now, chosen later by mouse, touch or arrow keys.

    It needs no kernel, so it works in the built page, and in Colab and Jupyter as well. Without
    script the first frame shows.

    Args:
        draw: From a value to a figure; all figures of one size.
        values: What the slider chooses from, in order; 2 or more, 24 are plenty.
        label: Name of the slider, with unit; it stands beside it and is read out.
        alt: What the figure shows, for readers who do not see it; the label and value are added.

    Raises:
        ValueError: If there are fewer than two values, or the frames exceed 300 kB.
    """
    if len(values) < 2:
        raise ValueError(f"a slider needs at least 2 values, got {len(values)}")
    frames = [_webp(draw(value)) for value in values]
    total = sum(map(len, frames))
    if total > FRAME_BYTES:
        raise ValueError(
            f"the {len(values)} frames take {total} bytes, more than {FRAME_BYTES}; take fewer values, "
            "a smaller figure or a lower dpi"
        )
    texts = [str(value) for value in values]
    images = "".join(
        f'<img src="data:image/webp;base64,{frame}" alt="{html.escape(f"{alt} {label}: {text}.")}"'
        f' style="max-width:100%;margin:0 auto;display:{"none" if k else "block"}">'
        for k, (frame, text) in enumerate(zip(frames, texts, strict=True))
    )
    return Slider(
        f'<figure class="course-slider" style="margin:1rem 0;text-align:center">{images}'
        f'<div style="{CONTROL}"><label>{html.escape(label)} '
        f'<input type="range" min="0" max="{len(values) - 1}" step="1" value="0" autocomplete="off"'
        f' aria-valuetext="{html.escape(texts[0])}" data-values="{html.escape(json.dumps(texts))}"'
        f' oninput="{SHOW_FRAME}" style="{INPUT}"></label>'
        f'<output style="min-width:4em;text-align:left">{html.escape(texts[0])}</output></div></figure>'
    )


INPUT = "width:min(20rem,60vw);margin-left:.6rem;vertical-align:middle"
CONTROL = "display:flex;gap:.75rem;justify-content:center;align-items:center;margin-top:.5rem"
# Inline, because output that a notebook inserts later must work too; it needs no id and no global name.
SHOW_FRAME = (
    "const figure = this.closest('figure'), text = JSON.parse(this.dataset.values)[this.value];"
    "figure.querySelectorAll('img').forEach((image, k) => {"
    " image.style.display = k == this.value ? 'block' : 'none'; });"
    "this.setAttribute('aria-valuetext', text); figure.querySelector('output').value = text;"
)


def _webp(figure: Figure) -> str:
    """A figure as base64 text of a WebP picture; the figure is closed."""
    png = io.BytesIO()
    figure.savefig(png, format="png", bbox_inches=None)
    plt.close(figure)
    picture = Image.open(png).convert("RGB")
    encodings = []
    for options in ({"lossless": True}, {"quality": 82}):  # flat drawings are smaller without loss
        encoded = io.BytesIO()
        picture.save(encoded, format="webp", method=6, **options)
        encodings.append(encoded.getvalue())
    return base64.b64encode(min(encodings, key=len)).decode("ascii")


def _axes(ax: Axes | None) -> Axes:
    return plt.subplots()[1] if ax is None else ax


def _bare(ax: Axes) -> Axes:
    """Without ticks and grid: a picture has pixels, not coordinates."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(True)
    return ax
