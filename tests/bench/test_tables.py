"""Tables and figure show every row that was measured."""

import matplotlib
import matplotlib.pyplot as plt

from course_lib.bench.layers import LAYERS, LayerRow
from course_lib.bench.networks import NetworkRow
from course_lib.bench.particles import ParticleRow
from course_lib.bench.tables import (
    NARROW,
    isotropic_table,
    layer_table,
    network_table,
    particle_table,
    plot_trade,
)
from course_lib.bench.timing import Ratio

matplotlib.use("agg")
TWICE = Ratio(median=0.5, low=0.4, high=0.8)


def row(name):
    sizes = {"channels": 8, "fiber": 4, "size_px": 14, "kernel_size": 5, "batch": 2, "parameters": 1234}
    return LayerRow(
        layer=name,
        precision="float32",
        train=TWICE,
        inference=TWICE,
        memory=1,
        dense_ms=3,
        error=0.02,
        angle_deg=30,
        **sizes,
    )


def plainly(table):
    return table.replace(NARROW, " ")


def test_tables_show_the_numbers():
    assert "| p4 | 8 × 4 | 1,234 | 2.0e-02 (30°) | 0.50 (0.40–0.80) |" in plainly(layer_table([row("p4")]))
    assert "| hard | 14 px | 5 px | 3 ms | 2.0 (1.2–2.5) | 2.0 |" in isotropic_table([row("sre hard")])
    net = NetworkRow(
        family="p4",
        widths=(1, 2),
        size_px=8,
        batch=1,
        parameters=5000,
        gigamacs=1,
        arithmetic=4,
        train=TWICE,
        inference=TWICE,
        memory=2,
        kernels=0.0213,
        step_ms=1,
    )
    assert "| p4 | 1 to 2 | 5,000 | 4.00 | 0.50 (0.40–0.80) | 0.12 | 2.00 | 2.1 % |" in plainly(
        network_table([net])
    )
    net = ParticleRow(
        highest=2,
        width=16,
        depth=4,
        sets=100,
        edges=2000,
        parameters=5000,
        parameters_e3nn=5000,
        train=TWICE,
        fastest=0.3,
        memory=1.5,
        ms=10,
        ms_e3nn=20,
        memory_mb=3,
        memory_mb_e3nn=2,
        error=1e-7,
        error_e3nn=2e-7,
    )
    assert "| 2 | 16 | 2,000 | 5,000 | 20 ms | 0.50 (0.40–0.80) | 1.50 | 1e-07 | 2e-07 |" in plainly(
        particle_table([net])
    )


def test_the_figure_names_every_layer():
    axes = plot_trade([row(case.name) for case in LAYERS]).axes
    assert [text.get_text() for text in axes[0].get_yticklabels()] == [case.name for case in LAYERS]
    assert [line.get_xdata()[0] for line in axes[1].lines] == [0.02] * len(LAYERS)
    plt.close("all")
