"""Twin of the site's figure of lifting: turn a letter, and see its maps turn and change places."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_lib.explorers.lifting import C4, KERNELS, Lifted, lift_turned
from course_lib.plotting import plot_fiber, plot_image
from course_lib.widgets.live_figure import LiveFigure, choice, slider


def lifting_widget() -> LiveFigure:
    """The letter F under a slider, with the four maps of its lifting convolution; data is a ``Lifted``."""
    controls = {
        "angle_deg": slider("turn in degrees", 0, 360, 30),
        "kernel": choice("kernel", {name: name for name in KERNELS}, "edge"),
    }
    return LiveFigure(controls, compute=lift_turned, draw=draw_lifted, say=describe_lifted)


def draw_lifted(found: Lifted) -> Figure:
    """Above the maps of the turned letter, below the turned maps; the frame follows entry 0°."""
    figure, axes = plt.subplots(2, 5, figsize=(7.5, 3.6))
    limit = float(found.moved.abs().max())
    plot_image(found.image[None], limits=(0.0, 1.0), ax=axes[0, 0]).set_title("turned")
    axes[1, 0].set_axis_off()
    for row, maps in zip(axes, (found.maps, found.moved), strict=True):
        plot_fiber(maps, C4, limit=limit, axes=list(row[1:]))
        for spine in row[1 + found.turns].spines.values():
            spine.set(edgecolor="#E69F00", linewidth=4)
    axes[0, 1].set_ylabel("turn, lift")
    axes[1, 1].set_ylabel("lift, turn")
    return figure


def describe_lifted(found: Lifted) -> str:
    """The numbers of the figure."""
    return f"What stood at 0° stands at {90 * found.turns}°. The two rows differ by {found.error:.4g}."
