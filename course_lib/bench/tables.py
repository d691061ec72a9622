"""From a benchmark to the tables and the figure of the performance page."""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_lib.bench.layers import LayerRow
from course_lib.bench.networks import NetworkRow
from course_lib.bench.particles import ParticleRow
from course_lib.bench.timing import Ratio
from course_lib.plotting import FAMILY_COLOURS

E2CNN_FAMILY = {
    "e2cnn C4": "e2cnn-12",
    "e2cnn C8": "e2cnn-12",
    "e2cnn C12": "e2cnn-12",
    "e2cnn SO(2)": "e2cnn-so2",
}
OTHER_FAMILY = {"steerable-8": "steerable-12", "sre hard": "sre", "sre smooth": "sre"}
NARROW = "\N{NARROW NO-BREAK SPACE}"  # keeps a number on one line with what belongs to it


def layer_table(rows: Iterable[LayerRow]) -> str:
    """Markdown table of layers at one size."""
    lines = [
        "| layer | channels | parameters | error (at) | training | inference | memory |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.layer} | {row.channels}{NARROW}×{NARROW}{row.fiber} | {row.parameters:,} | "
        f"{row.error:.1e}{NARROW}({row.angle_deg}°) | {_ratio(row.train)} | {row.inference.median:.2f} | "
        f"{row.memory:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def isotropic_table(rows: Iterable[LayerRow]) -> str:
    """Markdown table of SRE layers: how many times faster than the dense kernel of the same size."""
    lines = [
        "| rings | map | kernel | dense | speed-up in training | in inference | memory | error (at 30°) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.layer.removeprefix('sre ')} | {row.size_px} px | {row.kernel_size} px | "
        f"{row.dense_ms:,.0f} ms | {1 / row.train.median:.1f} "
        f"({1 / row.train.high:.1f}–{1 / row.train.low:.1f}) | "
        f"{1 / row.inference.median:.1f} | {row.memory:.2f} | {row.error:.1e} |"
        for row in rows
    ]
    return "\n".join(lines)


def network_table(rows: Iterable[NetworkRow]) -> str:
    """Markdown table of U-Nets against the plain one."""
    lines = [
        "| U-Net | widths | parameters | multiply-adds | training step | for each | memory | kernels |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.family} | {row.widths[0]} to {row.widths[-1]} | {row.parameters:,} | {row.arithmetic:.2f} | "
        f"{_ratio(row.train)} | {row.train.median / row.arithmetic:.2f} | {row.memory:.2f} | "
        f"{100 * row.kernels:.1f}{NARROW}% |"
        for row in rows
    ]
    return "\n".join(lines)


def particle_table(rows: Iterable[ParticleRow]) -> str:
    """Markdown table of steerable networks of particles against the same built with e3nn."""
    lines = [
        "| degree | channels | edges | weights | e3nn's step | ours to e3nn's | memory | error | e3nn's |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.highest} | {row.width} | {row.edges:,} | {row.parameters:,} | {row.ms_e3nn:,.0f} ms | "
        f"{_ratio(row.train)} | {row.memory:.2f} | {row.error:.0e} | {row.error_e3nn:.0e} |"
        for row in rows
    ]
    return "\n".join(lines)


def plot_trade(rows: Sequence[LayerRow]) -> Figure:
    """Time of a training step, equivariance error and parameters of each layer, side by side."""
    figure, axes = plt.subplots(1, 3, sharey=True, figsize=(7.4, 3.8))
    for height, row in enumerate(rows):
        family = E2CNN_FAMILY.get(row.layer) or OTHER_FAMILY.get(row.layer) or row.layer
        style = {"color": FAMILY_COLOURS[family], "marker": "s" if row.layer.startswith("e2cnn") else "o"}
        axes[0].plot([row.train.low, row.train.high], [height, height], color=style["color"])
        for ax, value in zip(axes, (row.train.median, row.error, row.parameters), strict=True):
            ax.plot(value, height, markersize=7, **style)
    axes[0].set_yticks(range(len(rows)), [row.layer for row in rows])
    axes[0].invert_yaxis()
    axes[0].set_xlabel("training step\n(one convolution = 1)")
    axes[1].set(xlabel="equivariance error", xscale="log")
    axes[2].set(xlabel="parameters", xscale="log")
    return figure


def _ratio(value: Ratio) -> str:
    return f"{value.median:.2f}{NARROW}({value.low:.2f}–{value.high:.2f})"
