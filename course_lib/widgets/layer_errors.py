"""Twin of the site's equivariance meter: the error of every layer of a trained network, at any angle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_lib.layer_errors import NETWORKS, LayerErrors, measuring_picture
from course_lib.models.unet import UNet
from course_lib.plotting import FAMILY_COLOURS
from course_lib.results import find_book
from course_lib.results_plan import method_label
from course_lib.weights import load_model
from course_lib.widgets.live_figure import LiveFigure, choice, slider

SMALLEST = 1e-4  # drawn for all that is less


@dataclass(frozen=True)
class Measured:
    """One network at one angle.

    Args:
        label: Family, and augmentation if there was one.
        family: Family alone.
        angle_deg: Angle of the picture, counter-clockwise as displayed.
        layer: Name of the chosen layer.
        errors: Error of each layer.
        floors: What turning there and back alone costs, for each layer's output.
    """

    label: str
    family: str
    angle_deg: int
    layer: str
    errors: Mapping[str, float]
    floors: Mapping[str, float]


def layer_errors_widget(folder: Path | None = None) -> LiveFigure:
    """A trained U-Net, an angle and a layer to choose; data is a ``Measured``.

    Args:
        folder: Folder of the weights; by default ``weights`` in the folder ``book`` around the notebook.
    """
    folder = find_book() / "weights" if folder is None else folder
    loaded = [load_model(folder / f"{name}.safetensors") for name in NETWORKS]
    families = {method_label(settings): settings.family for _, settings in loaded}
    meters = {
        method_label(settings): LayerErrors(model.double(), measuring_picture(settings.size))
        for model, settings in loaded
        if isinstance(model, UNet)
    }
    n = max(len(meter.names) for meter in meters.values())

    def compute(network: str, angle_deg: int, layer: int) -> Measured:
        meter = meters[network]
        found = meter.errors(angle_deg), meter.floors(angle_deg)
        return Measured(network, families[network], angle_deg, meter.names[layer - 1], *found)

    controls = {
        "network": choice("network", {label: label for label in meters}, next(iter(meters))),
        "angle_deg": slider("turn in degrees", 0, 360, 30, step=5),
        "layer": slider(f"layer, 1 to {n}", 1, n, n),
    }
    return LiveFigure(controls, compute=compute, draw=draw_measured, say=describe_measured)


def draw_measured(found: Measured) -> Figure:
    """The error of every layer, with the floor; the chosen layer is marked."""
    figure, ax = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
    place, colour = list(found.errors).index(found.layer), FAMILY_COLOURS[found.family]
    layers = range(1, len(found.errors) + 1)
    curves = {found.label: (found.errors, "-"), "floor": (found.floors, ":")}
    for label, (curve, line) in curves.items():
        values = [max(value, SMALLEST) for value in curve.values()]
        ax.semilogy(layers, values, line, color=colour if line == "-" else "#555555", label=label)
    ax.plot(place + 1, max(found.errors[found.layer], SMALLEST), "o", ms=9, color="#D55E00")
    ax.set(ylim=(SMALLEST, 2), xlabel="layer", ylabel=f"error at {found.angle_deg}°")
    ax.legend(loc="lower center", ncols=2)
    return figure


def describe_measured(found: Measured) -> str:
    """The numbers of the figure."""
    return (
        f"{found.label}, turned by {found.angle_deg}°, layer {found.layer}: "
        f"error {found.errors[found.layer]:.4g}, floor {found.floors[found.layer]:.4g}."
    )
