"""The table, the figure and the comparisons of the n-body runs hold the numbers of the entries."""

import pytest
from matplotlib import pyplot as plt
from matplotlib.container import ErrorbarContainer

from course_lib.config import Settings
from course_lib.ledger import Entry
from course_lib.results_particles import (
    Comparison,
    by_size,
    compared,
    comparisons_table,
    errors_table,
    plot_errors,
)
from course_lib.scores import Foresight, ParticleScores, Validation

ERRORS = {"graph": 0.04, "egnn": 0.02, "vectors": 0.01}


def motion_entry(family="graph", seed=0, *, shift=0.0, **changes) -> Entry:
    """One run on 20 test sets, of which every other is twice as hard as its neighbour."""
    own = {"model": "particles", "split": "official", "widths": (4, 4), "epochs": 10}
    settings = Settings(data="charged-particles", family=family, seed=seed, **{**own, **changes})
    per_set = [(ERRORS[family] + shift) * (1 + place % 2) for place in range(20)]
    upright = Foresight(mse=sum(per_set) / 20, per_set=per_set)
    turned = Foresight(mse=2 * upright.mse, per_set=[2 * error for error in per_set])
    validation = Validation(
        score_name="-MSE", score=-0.1, epoch=1, loss_per_epoch=[1], score_per_epoch=[-0.1]
    )
    return Entry(
        experiment=settings.experiment,
        data=settings.data,
        family=family,
        seed=seed,
        settings=settings,
        versions={"torch": "2"},
        device="a processor",
        seconds=15,
        peak_memory_mb=100,
        parameters=1234,
        data_sha256="0" * 64,
        scores=ParticleScores(
            foresight=upright,
            turned=turned,
            error_of_turn=0.5 if family == "graph" else 1e-7,
            straight=0.08,
            validation=validation,
        ),
    )


RUNS = [
    *(motion_entry("vectors", seed) for seed in (1, 0, 2)),
    *(motion_entry("graph", seed, shift=0.001 * seed) for seed in range(3)),
    motion_entry("graph", augmentation="rotations"),
    motion_entry("egnn", fraction=0.1, epochs=30),
    *(motion_entry("vectors", seed, fraction=0.1, epochs=30, shift=0.02) for seed in range(3)),
]


def test_runs_are_put_together_by_method_and_number_of_training_sets():
    found = by_size(RUNS)
    assert {sets: [method.label for method in methods] for sets, methods in found.items()} == {
        300: ["egnn", "vectors"],
        3000: ["graph", "graph + rotations", "vectors"],
    }
    assert [run.seed for run in found[3000][2].runs] == [0, 1, 2]
    assert by_size([]) == {}
    with pytest.raises(ValueError, match="more than one kind with 3000 sets: filter them"):
        by_size([*RUNS, motion_entry("egnn", epochs=11)])


def test_table_holds_the_numbers_of_the_runs():
    rows = errors_table(by_size(RUNS)[3000]).splitlines()
    cells = rows[3].split(" | ")
    assert cells[:2] == ["| graph + rotations", "1"] and cells[2].startswith("0.0600 (0.0")
    assert cells[3:] == ["0.0600", "0.1200", "5e-01", "1,234", "1.5 |"]
    assert rows[4].startswith("| vectors | 3 | 0.0150 (0.0")
    assert rows[4].endswith("| 0.0150, 0.0150, 0.0150 | 0.0300 | 1e-07 | 1,234 | 1.5 |")
    assert len({row.count("|") for row in rows}) == 1


def test_intervals_hold_what_sets_and_seeds_vary_by():
    vectors = by_size(RUNS)[3000][2]
    mean = vectors.mean()
    assert mean.mean == pytest.approx(0.015) and 0.012 < mean.low < 0.015 < mean.high < 0.018
    assert (mean.runs, mean.groups) == (3, 20)
    assert vectors.mean(turned=True).mean == pytest.approx(0.03) and vectors.straight == 0.08


def test_comparisons_are_paired_and_judged():
    found = by_size(RUNS)
    saved = compared(found, Comparison("vectors", "graph", 3000))
    assert saved is not None and saved.mean == pytest.approx(0.0465) and saved.low > 0
    claims = [
        Comparison("vectors", "graph", 3000),
        Comparison("graph", "vectors", 3000),
        Comparison("vectors", "graph", 300, 3000),
        Comparison("graph + rotations", "graph", 3000),
        Comparison("lie-t3", "graph", 3000),
    ]
    rows = [row.split(" | ") for row in comparisons_table(found, claims).splitlines()[2:]]
    assert [row[1] for row in rows[1:3]] == ["3,000", "300 against 3,000"]
    assert rows[0][0] == "| vectors errs less than graph" and rows[0][2].startswith("+0.0465 (+0.03")
    assert rows[1][2].startswith("−0.0465 (−0.05") and rows[4][2] == "not measured"
    judged = ["confirmed", "refuted", "confirmed", "not testable here", "not testable here"]
    assert [row[3] for row in rows] == [f"{word} |" for word in judged]


def test_figure_shows_means_and_the_straight_line():
    ax = plot_errors(by_size(RUNS))
    labels = [text for text in ax.get_legend_handles_labels()[1]]
    assert sorted(labels) == ["egnn", "graph", "graph + rotations", "straight on", "vectors"]
    drawn = [bars for bars in ax.containers if isinstance(bars, ErrorbarContainer)]
    means = {bars.get_label(): bars.lines[0].get_ydata() for bars in drawn}
    assert means["vectors"] == pytest.approx([0.045, 0.015]) and means["egnn"] == pytest.approx([0.03])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["300", "3,000"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0.02", "0.05"]
    assert not plot_errors({}).containers
    plt.close("all")
