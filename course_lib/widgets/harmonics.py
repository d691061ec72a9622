"""Twin of the site's figure of circular harmonics: a steerable kernel, turned, and what images see of it."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from course_lib.explorers.harmonics import MAX_FREQUENCY, N_RINGS, Steered, Weights, steer
from course_lib.plotting import plot_kernel
from course_lib.widgets.live_figure import LiveFigure, slider


def harmonics_widget(weights: Weights | None = None) -> LiveFigure:
    """One harmonic under sliders, added to a kernel of your own; data is a ``Steered``.

    Args:
        weights: Weights of a kernel to which the harmonic is added, for rings 0 to 4 and
            frequencies 0 to 8; by default none.
    """
    shape = (N_RINGS, MAX_FREQUENCY + 1)
    kept = torch.zeros(shape, dtype=torch.float64) if weights is None else weights

    def compute(frequency: int, ring: int, weight: float, angle_deg: int) -> Steered:
        added = kept.clone()
        added[ring, frequency] += weight
        return steer(added, angle_deg)

    controls = {
        "frequency": slider("frequency", 0, MAX_FREQUENCY, 2),
        "ring": slider("ring in px", 0, N_RINGS - 1, 2),
        "weight": slider("weight", 0.1, 2.0, 1.0, step=0.1),
        "angle_deg": slider("turn in degrees", 0, 360, 30),
    }
    return LiveFigure(controls, compute=compute, draw=draw_steered, say=describe_steered)


def draw_steered(found: Steered) -> Figure:
    """The kernel, turned by formula and by pixels; the share of each frequency that images see."""
    figure, axes = plt.subplots(1, 4, figsize=(8.4, 2.5), width_ratios=(1, 1, 1, 1.6))
    limit = float(found.start.abs().max())
    panels = {
        "at 0°": found.start,
        f"formula: {found.formula_norm:.0%}": found.formula,
        f"pixels: {found.pixels_norm:.0%}": found.pixels,
    }
    for ax, (title, kernel) in zip(axes[:3], panels.items(), strict=True):
        plot_kernel(kernel, limit=limit, ax=ax).set_title(title)
    axes[3].bar(range(len(found.shares)), found.shares.tolist(), color="#0072B2")
    axes[3].set(xlabel="frequency", ylabel="share seen", ylim=(0, 1), xticks=range(len(found.shares)))
    return figure


def describe_steered(found: Steered) -> str:
    """The numbers of the figure."""
    return (
        f"A smooth image sees mostly frequency {int(found.shares.argmax())}. "
        f"At frequencies without a weight: {found.alias:.4g}. "
        f"Error of the layer, formula turned: {found.formula_error:.4g}; "
        f"pixels turned: {found.pixels_error:.4g}."
    )
