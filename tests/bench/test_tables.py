"""Tables and figure show every row that was measured."""

import matplotlib
import matplotlib.pyplot as plt

from course_lib.bench.layers import LAYERS, LayerRow
from course_lib.bench.networks import NetworkRow
from course_lib.bench.tables import isotropic_table, layer_table, network_table, plot_trade
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


def test_tables_show_the_numbers():
    assert "| p4 | 8 x 4 | 1,234 | 2.0e-02 (30°) | 0.50 (0.40 to 0.80) |" in layer_table([row("p4")])
    assert "| hard | 14 px | 5 px | 3 ms | 2.0 (1.2 to 2.5) | 2.0 |" in isotropic_table([row("sre hard")])
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
        error=0.3,
    )
    assert "| p4 | 1, 2 | 5,000 | 4.00 | 0.50 (0.40 to 0.80) | 0.12 |" in network_table([net])
    assert "2.1 %" in network_table([net])


def test_the_figure_names_every_layer():
    ax = plot_trade([row(case.name) for case in LAYERS])
    assert [text.get_text() for text in ax.texts] == [case.name for case in LAYERS]
    plt.close("all")
