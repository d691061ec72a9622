"""Figures of groups: Cayley tables, orbits, representations and commuting squares."""

import colorsys

import matplotlib.pyplot as plt
import numpy as np
from einops import rearrange
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_lib.actions import act
from course_lib.groups import PlanarGroup
from course_lib.plotting import element_label, plot_image, plot_kernel
from course_lib.representations import Representation, Trivial

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def element_symbol(group: PlanarGroup, g: int) -> str:
    """Short name of a group element: r is the turn of element 1, m the flip, and rm flips first.

    Example:
        >>> from course_lib.groups import DihedralGroup
        >>> [element_symbol(DihedralGroup(4), g) for g in (0, 1, 3, 4, 6)]
        ['e', 'r', 'r³', 'm', 'r²m']
    """
    turns = g % group.n
    turn = "" if turns == 0 else "r" if turns == 1 else f"r{turns}".translate(SUPERSCRIPTS)
    return turn + "m" if group.is_flip(g) else turn or "e"


def element_colour(group: PlanarGroup, g: int) -> tuple[float, float, float]:
    """Red, green and blue of a group element: the hue is the angle, flips are darker and duller."""
    hue = group.angle_deg(g) / 360
    return colorsys.hsv_to_rgb(hue, 0.26, 0.80) if group.is_flip(g) else colorsys.hsv_to_rgb(hue, 0.38, 1.0)


def plot_cayley_table(group: PlanarGroup, *, ax: Axes | None = None) -> Axes:
    """All products gh, row g and column h, coloured by the product.

    Args:
        group: A group of at most some 16 elements.
        ax: Where to draw; a new figure by default.
    """
    ax = plt.subplots(figsize=(3.2, 3.2))[1] if ax is None else ax
    products = [[group.product(g, h) for h in group.elements] for g in group.elements]
    ax.imshow([[element_colour(group, k) for k in row] for row in products])
    for g, row in enumerate(products):
        for h, k in enumerate(row):
            ax.text(h, g, element_symbol(group, k), ha="center", va="center", color="black")
    symbols = [element_symbol(group, g) for g in group.elements]
    ax.set_xticks(range(group.order), symbols)
    ax.set_yticks(range(group.order), symbols)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.set(xlabel="h, the first move", ylabel="g, the second move")
    ax.xaxis.set_label_position("top")
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def plot_orbit(image: Float[Tensor, "c y x"], group: PlanarGroup) -> Figure:
    """Every picture that the group makes of one: turns in the first row, flips before the turn in the second.

    Args:
        image: One or three channels, rows, columns.
        group: The group that acts.
    """
    rows = group.order // group.n
    figure, axes = plt.subplots(rows, group.n, figsize=(1.6 * group.n, 1.9 * rows), squeeze=False)
    for g, ax in zip(group.elements, axes.flat, strict=True):
        title = f"{element_symbol(group, g)}: {element_label(group, g)}"
        plot_image(act(g, image, Trivial(group)), ax=ax).set_title(title)
    return figure


def plot_representation(rep: Representation) -> Figure:
    """The matrices rho(g) side by side: red is positive, blue negative, white zero.

    Args:
        rep: A representation; its group has at most some 8 elements.
    """
    group = rep.group
    rows = group.order // group.n
    figure, axes = plt.subplots(rows, group.n, figsize=(1.6 * group.n, 1.9 * rows), squeeze=False)
    for g, ax in zip(group.elements, axes.flat, strict=True):
        plot_kernel(rep.matrix(g), limit=1.0, ax=ax).set_title(f"ρ({element_symbol(group, g)})")
        ax.set_xticks(np.arange(rep.dim + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(rep.dim + 1) - 0.5, minor=True)
        ax.grid(which="minor", linewidth=0.6)
        ax.tick_params(which="minor", length=0)
    return figure


def plot_commuting_square(
    x: Float[Tensor, "fiber_in y x"],
    f_x: Float[Tensor, "fiber_out y x"],
    g_x: Float[Tensor, "fiber_in y x"],
    meeting: Float[Tensor, "fiber_out y x"],
) -> Figure:
    """Two ways through a square: first the map f, then the move g; or first g, then f.

    Corners of one or three channels are drawn as pictures, others as all their maps side by side.

    Args:
        x: The input; upper left.
        f_x: f(x); upper right.
        g_x: The input moved by g; lower left.
        meeting: Where both ways end if f is equivariant, g f(x) = f(g x); lower right.
    """
    widths = {"width_ratios": (4, 1, 4), "height_ratios": (4, 1, 4)}
    figure, axes = plt.subplots(3, 3, figsize=(5.6, 5.6), gridspec_kw=widths)
    limit = float(f_x.detach().abs().max())
    corners = {(0, 0): (x, "$x$"), (0, 2): (f_x, "$f(x)$"), (2, 0): (g_x, "$g\\,x$")}
    corners[2, 2] = (meeting, "$g\\,f(x) = f(g\\,x)$")
    for place, (corner, title) in corners.items():
        if len(corner) in (1, 3):
            plot_image(corner, ax=axes[place]).set_title(title)
        else:
            plot_kernel(mosaic(corner), limit=limit, ax=axes[place]).set_title(title)
    for place, name in {(0, 1): "f", (2, 1): "f", (1, 0): "g", (1, 2): "g"}.items():
        _arrow(axes[place], f"${name}$", right=name == "f")
    axes[1, 1].set_axis_off()
    return figure


def mosaic(features: Float[Tensor, "fiber y x"]) -> Float[Tensor, "y_all x_all"]:
    """The maps of a fiber in one picture: two rows, in reading order.

    Raises:
        ValueError: If the fiber is odd.

    Example:
        >>> import torch
        >>> mosaic(torch.arange(4.0).view(4, 1, 1))
        tensor([[0., 1.],
                [2., 3.]])
    """
    if len(features) % 2:
        raise ValueError(f"two rows need an even number of maps, got {len(features)}; plot them one by one")
    return rearrange(features, "(row column) y x -> (row y) (column x)", row=2)


def _arrow(ax: Axes, name: str, *, right: bool) -> None:
    """An arrow to the right or downwards across otherwise empty axes."""
    start, end, label = ((0, 0.5), (1, 0.5), (0.5, 0.62)) if right else ((0.5, 1), (0.5, 0), (0.62, 0.5))
    style = {"arrowstyle": "-|>", "lw": 2, "color": "#0072B2", "mutation_scale": 16}
    ax.annotate("", end, start, xycoords="axes fraction", arrowprops=style)
    vertical = "bottom" if right else "center"
    ax.text(*label, name, transform=ax.transAxes, ha="center" if right else "left", va=vertical, fontsize=13)
    ax.set_axis_off()
