"""Figures of results: what is drawn is what was measured."""

import pytest
from matplotlib import pyplot as plt

from course_lib.results import methods
from course_lib.results_figures import plot_boxes, plot_forest, plot_over_angle, plot_over_fraction
from tests.results_entries import RUNS, entry


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def labels(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def test_curves_are_the_means_and_closed():
    found = methods(RUNS)
    ax = plot_over_angle(found, "agreement", floor=True)
    assert ax.lines[0].get_ydata().tolist() == [1, 0.9] * 4 + [1]
    assert ax.lines[1].get_xdata().tolist() == [0, 45, 90, 135, 180, 225, 270, 315, 360]
    assert ax.lines[1].get_ydata().tolist() == pytest.approx([1, 0.8, 0.7, 0.6, 0.7, 0.6, 0.7, 0.8, 1])
    assert [line.get_label() for line in ax.lines] == ["interpolation alone", *(m.label for m in found)]
    assert [line.get_linestyle() for line in ax.lines[1:]] == ["-", "--", "-"]


def test_boxes_of_one_method_stand_in_one_row_in_all_panels():
    _, axes = plt.subplots(1, 2)
    found = {"one": methods(RUNS), "two": methods([entry("p4")])}
    plot_boxes(found, axes)
    assert labels(axes[0]) == ["plain", "plain + quarter turns", "p4"]
    assert len(axes[0].patches) == 3 and len(axes[1].patches) == 1
    assert axes[1].patches[0].get_path().vertices[:, 1].mean() == pytest.approx(2, abs=0.2)


def test_forest_shows_the_gain_over_the_baseline():
    _, axes = plt.subplots(1, 2)
    uneven = entry("sre", scores={"a": 0.5, "b": 1.0})
    found = {"one": methods([*RUNS, uneven]), "without the baseline": methods([entry("p4")])}
    plot_forest(found, axes)
    assert labels(axes[0]) == ["plain + quarter turns", "p4", "sre"]
    points = [line.get_xydata()[0].tolist() for line in axes[0].lines if line.get_marker() == "o"]
    assert points == [pytest.approx(point) for point in ([-0.05, 0], [0.05, 1], [0.1, 2])]
    bars = [segment[:, 0].tolist() for bar in axes[0].collections for segment in bar.get_segments()]
    assert bars[-1] == pytest.approx([-0.1, 0.3])
    assert [line.get_xdata()[0] for line in axes[1].lines] == [0]


def test_shares_of_the_training_images():
    found = {
        0.1: methods([entry("plain"), entry("plain", 1, 0.1)]),
        1.0: methods([entry("plain", shift=0.2), entry("p4")]),
    }
    ax = plot_over_fraction(found)
    line, *_ = ax.lines
    assert [line.get_label() for line in ax.lines if not line.get_label().startswith("_")] == ["plain"]
    assert line.get_xdata().tolist() == pytest.approx([10, 100])
    assert line.get_ydata().tolist() == pytest.approx([0.65, 0.8])
