"""Twin of the site's figure of kernel orbits: turned by interpolation, and turned by formula."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_lib.explorers.orbit import MAX_FREQUENCY, ORDERS, KernelOrbit, kernel_orbit
from course_lib.plotting import plot_kernel
from course_lib.widgets.live_figure import LiveFigure, choice, slider


@dataclass(frozen=True)
class Entry:
    """One row of a kernel bank.

    Args:
        orbit: The whole bank.
        entry: The output entry h.
    """

    orbit: KernelOrbit
    entry: int

    @property
    def angle_deg(self) -> float:
        """Angle by which the kernels of this entry are turned."""
        return 360 * self.entry / len(self.orbit.errors)

    @property
    def error(self) -> float:
        """How much interpolation differs from the formula."""
        return self.orbit.errors[self.entry].item()


def kernel_orbit_widget() -> LiveFigure:
    """A kernel of C_4, C_8 or C_12 in both versions, with the error of every entry; data is an ``Entry``."""
    controls = {
        "order": choice("group", {f"C_{n}": n for n in ORDERS}, 8),
        "entry": slider("output entry", 0, 7, 1),
        "max_frequency": slider("highest frequency", 0, MAX_FREQUENCY, MAX_FREQUENCY),
    }

    def keep_within(change: dict) -> None:
        controls["entry"].max = change["new"] - 1

    controls["order"].observe(keep_within, names="value")
    return LiveFigure(controls, compute=orbit_entry, draw=draw_entry, say=describe_entry)


def orbit_entry(order: int, entry: int, max_frequency: int) -> Entry:
    """One row of the bank of C_N."""
    return Entry(kernel_orbit(order, max_frequency), entry)


def draw_entry(found: Entry) -> Figure:
    """Slice 0 at its place in the row, in both versions; the errors of all rows."""
    figure, axes = plt.subplots(1, 4, figsize=(8.4, 2.5), width_ratios=(1, 1, 1, 1.6))
    orbit, h = found.orbit, found.entry
    pair = orbit.interpolated[h, h], orbit.analytic[h, h]
    limit = float(pair[1].abs().max())
    titles = "pixels turned", "formula turned", "difference"
    for ax, kernel, title in zip(axes[:3], (*pair, pair[0] - pair[1]), titles, strict=True):
        plot_kernel(kernel, limit=limit, ax=ax).set_title(title)
    colours = ["#0072B2" if k == h else "#888888" for k in range(len(orbit.errors))]
    axes[3].bar(range(len(orbit.errors)), orbit.errors.tolist(), color=colours)
    axes[3].set(xlabel="output entry", ylabel="error", ylim=(0, 0.4))
    return figure


def describe_entry(found: Entry) -> str:
    """The numbers of the figure."""
    worst = found.orbit.errors.max().item()
    return (
        f"Entry {found.angle_deg:g}°: turned pixels differ from the turned formula by {found.error:.4g}. "
        f"Largest of all entries: {worst:.4g}."
    )
