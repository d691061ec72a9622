"""Tables and figures of classifiers hold the numbers of the entries, whatever is missing."""

import pytest
from matplotlib import pyplot as plt

from course_lib.results_classes import class_methods
from course_lib.results_classes_figures import (
    Claim,
    claims_table,
    cost_table,
    plot_dumbbells,
    plot_error_against_cost,
    plot_turned,
    points_table,
    ranking_table,
    scores_table,
    verdicts_in_words,
)
from course_lib.statistics import Interval
from tests.test_results_classes import class_entry

RUNS = [class_entry("p4"), class_entry(), class_entry(seed=1, wrong=[0])]


def test_table_holds_means_and_ranges():
    rows = scores_table(class_methods(RUNS)).splitlines()
    assert rows[2] == (
        "| plain | 2 | 0.900 (0.90 to 0.90) | 0.875 (0.75 to 1.00) | 0.650 (0.65 to 0.65) "
        "| 0.656 (0.56 to 0.75) | 0.750 (0.75 to 0.75) |"
    )
    assert rows[3] == "| p4 | 1 | 0.900 | 1.000 | 0.900 | 1.000 | 1.000 |"
    assert len({row.count("|") for row in rows}) == 1


def test_costs_are_those_of_one_epoch():
    rows = cost_table(class_methods(RUNS)).splitlines()
    assert rows[2].startswith("| plain | 1,234 | 0.") and rows[2].endswith("| 0.3 | 100 |")


def test_claims_come_with_a_verdict():
    claims = [
        Claim("a is better", "x", Interval(0.031, 0.01, 0.052)),
        Claim("b is better", "x", Interval(-0.5, -1.0, 0.0)),
        Claim("c is smaller", "all", Interval(64.0, 64.0, 64.0), percent=True),
        Claim("d is faster", "x", None),
    ]
    cells = [row.split(" | ")[2:] for row in claims_table(claims).splitlines()[2:]]
    assert cells == [
        ["+3.1 (+1.0 to +5.2)", "confirmed |"],
        ["-50.0 (-100.0 to +0.0)", "not confirmed |"],
        ["+64.0 %", "confirmed |"],
        ["not measured", "not testable here |"],
    ]


def test_tables_over_data_sets_leave_gaps_for_what_was_not_run():
    found = class_methods([class_entry("p4"), class_entry(augmentation="rotations"), class_entry()])
    sets = {"Breast": found[:1], "Retina": found[2:], "Blood": found[:2]}
    rows = points_table(sets, lambda method: method.turned("auc") - method.upright("auc")).splitlines()
    assert rows[0] == "| data | plain | plain + rotations | p4 |"
    assert rows[2:] == ["| Breast | -25.0 |  |  |", "| Retina |  |  | +0.0 |", "| Blood | -25.0 | -25.0 |  |"]
    order = "p4 0.90, plain 0.65, plain + rotations 0.65"
    assert ranking_table({"Breast": found}).splitlines()[2].endswith(f"| {order} |")
    assert points_table({}, lambda method: method.turned("auc")).splitlines()[0] == "| data |  |"


def test_verdicts_are_counted():
    found = {"a": Interval(1.0, 0.5, 2.0), "b": Interval(0.0, -1.0, 1.0), "c": Interval(1.0, 0.5, 2.0)}
    assert verdicts_in_words(found) == "confirmed on 2, not confirmed on 1 of 3 sets"
    assert verdicts_in_words({}) == "no runs yet"


def test_figures_show_means_of_any_subset():
    found = class_methods(RUNS)
    ax = plot_turned(found, "accuracy")
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([0.875, 0.4375])
    assert [line.get_label() for line in ax.lines] == ["plain", "p4"]
    ax = plot_dumbbells({"Breast": found, "Retina": found[1:]}, "accuracy")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Breast", "plain", "p4", "Retina", "p4"]
    assert ax.lines[0].get_xdata() == pytest.approx([0.875, 0.65625])
    mean, seeds = plot_error_against_cost(found).lines[:2]
    assert mean.get_ydata().tolist() == [12.5] and seeds.get_ydata().tolist() == [0, 25]
    volumes = class_methods([class_entry("plain-3d", data="adrenalmnist3d")])
    assert plot_turned(volumes, "auc", axis="z").lines[0].get_ydata().tolist() == pytest.approx([0.9, 0.4])
    plt.close("all")
