"""From a benchmark to the tables and the figure of the performance page."""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from course_lib.bench.layers import LayerRow
from course_lib.bench.networks import NetworkRow
from course_lib.bench.timing import Ratio
from course_lib.plotting import FAMILY_COLOURS

E2CNN_FAMILY = {
    "e2cnn C4": "e2cnn-12",
    "e2cnn C8": "e2cnn-12",
    "e2cnn C12": "e2cnn-12",
    "e2cnn SO(2)": "e2cnn-so2",
}
OTHER_FAMILY = {"steerable-8": "steerable-12", "sre hard": "sre", "sre smooth": "sre"}


def layer_table(rows: Iterable[LayerRow]) -> str:
    """Markdown table of layers at one size."""
    lines = [
        "| layer | numbers at a pixel | parameters | error (at) | training | inference | memory |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.layer} | {row.channels} x {row.fiber} | {row.parameters:,} | "
        f"{row.error:.1e} ({row.angle_deg}°) | {_ratio(row.train)} | {_ratio(row.inference)} | "
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
        f"({1 / row.train.high:.1f} to {1 / row.train.low:.1f}) | "
        f"{1 / row.inference.median:.1f} | {row.memory:.2f} | {row.error:.1e} |"
        for row in rows
    ]
    return "\n".join(lines)


def network_table(rows: Iterable[NetworkRow]) -> str:
    """Markdown table of U-Nets against the plain one."""
    lines = [
        "| U-Net | widths | parameters | multiply-adds | training step | per multiply-add | inference "
        "| memory | building kernels | error at 30° |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.family} | {', '.join(map(str, row.widths))} | {row.parameters:,} | {row.arithmetic:.2f} | "
        f"{_ratio(row.train)} | {row.train.median / row.arithmetic:.2f} | {row.inference.median:.2f} | "
        f"{row.memory:.2f} | {100 * row.kernels:.1f} % | {row.error:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def plot_trade(rows: Sequence[LayerRow], *, ax: Axes | None = None) -> Axes:
    """Equivariance error against the time of a training step, the area of a point by its parameters."""
    ax = ax or plt.subplots()[1]
    most = max(row.parameters for row in rows)
    for row in rows:
        family = E2CNN_FAMILY.get(row.layer) or OTHER_FAMILY.get(row.layer) or row.layer
        ax.scatter(
            row.train.median,
            row.error,
            s=30 + 500 * row.parameters / most,
            color=FAMILY_COLOURS[family],
            alpha=0.75,
            marker="s" if row.layer.startswith("e2cnn") else "o",
        )
        ax.annotate(
            row.layer, (row.train.median, row.error), xytext=(9, 4), textcoords="offset points", fontsize=8
        )
    ax.set(
        xlabel="training step, relative to one convolution",
        ylabel="equivariance error",
        yscale="log",
    )
    return ax


def _ratio(value: Ratio) -> str:
    return f"{value.median:.2f} ({value.low:.2f} to {value.high:.2f})"
