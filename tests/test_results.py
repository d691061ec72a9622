"""Tables and figures of results: what is compared is comparable, and the numbers are the ledger's."""

import re

import pytest
from matplotlib import pyplot as plt

from course_lib.config import Settings
from course_lib.ledger import Entry
from course_lib.results import find_book, ledger_table, methods, plot_boxes, plot_over_angle, results_table
from course_lib.scores import Agreement, Measure, SegmentationScores, UprightScores, Validation

PER_IMAGE = {"plain": {"a": 0.5, "b": 0.7}, "p4": {"a": 0.6, "b": 0.8}}
ANGLES = [0, 45, 90]


def entry(family="plain", seed=0, shift=0.0, **settings):
    scores = {image: value + shift for image, value in PER_IMAGE[family].items()}
    measure = Measure(mean=sum(scores.values()) / 2, per_image=scores)
    agreement = [1.0, 0.8, 1.0 if family == "p4" else 0.7]
    settings = Settings(data="kvasir-seg", family=family, widths=(4, 8), seed=seed, **settings)
    return Entry(
        experiment="polyps",
        data="kvasir-seg",
        family=family,
        seed=seed,
        settings=settings,
        versions={"torch": "2"},
        device="a processor",
        seconds=10,
        peak_memory_mb=100,
        data_sha256="0" * 64,
        parameters=1234,
        scores=SegmentationScores(
            test=UprightScores(dice=measure, iou=measure, empty=0, groups={"a": "x", "b": "y"}),
            agreement=Agreement(
                angles_deg=ANGLES,
                mean=agreement,
                floor=[1, 0.9, 1],
                empty=[0, 0, 0],
                per_image_mean={"a": 0.9, "b": 0.9},
            ),
            dice_at_angle=agreement,
            validation=Validation(
                score_name="Dice", score=0.5, epoch=1, loss_per_epoch=[1], score_per_epoch=[0.5]
            ),
        ),
    )


RUNS = [entry("p4"), entry("plain", 1, 0.1), entry("plain", 0), entry("plain", augmentation="quarter-turns")]


def test_runs_are_put_together_by_method_plain_first():
    found = methods(RUNS)
    assert [method.label for method in found] == ["plain", "plain + quarter turns", "p4"]
    assert [run.seed for run in found[0].runs] == [0, 1]
    assert found[0].dice_per_image == pytest.approx({"a": 0.55, "b": 0.75})
    assert found[0].dice_per_seed == pytest.approx([0.6, 0.7])


def test_difference_is_paired():
    plain, _, p4 = methods(RUNS)
    difference = p4.difference(plain)
    assert difference.mean == pytest.approx(0.05)
    # Every image gains the same, so that no resampling can change it, however much the images differ.
    assert difference.low == pytest.approx(0.05) == difference.high
    assert p4.dice.high - p4.dice.low > 0.1


def test_table_holds_the_ledgers_numbers():
    table = results_table(methods(RUNS))
    p4_row = table.splitlines()[-1]
    assert (
        p4_row
        == "| p4 | 0.700 (0.60 to 0.80) | 0.700 | +0.050 (+0.05 to +0.05) | 0.800, 1.000 | 0.001 | 0.2 |"
    )
    assert len({row.count("|") for row in table.splitlines()}) == 1


def test_ledger_table_links_every_run():
    table = ledger_table(RUNS, address="https://example.org/ledger")
    assert re.findall(r"ledger/(\S+)\.json", table) == [run.name for run in RUNS]


def test_unlike_runs_are_not_compared():
    with pytest.raises(
        ValueError, match="must differ only in augmentation, family, seed, widths; got 2 kinds"
    ):
        methods([*RUNS, entry("p4", epochs=99)])


def test_figures_show_the_means():
    found = methods(RUNS)
    ax = plot_over_angle(found, "agreement", floor=True)
    assert ax.lines[0].get_ydata().tolist() == [1, 0.9, 1]
    assert ax.lines[1].get_ydata().tolist() == pytest.approx([1, 0.8, 0.7])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "interpolation alone",
        *(m.label for m in found),
    ]
    ax = plot_boxes({"Kvasir-SEG": found})
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Kvasir-SEG"]
    plt.close("all")
    with pytest.raises(ValueError, match='what must be "agreement" or "dice"'):
        found[0].at_angle("loss")


def test_the_book_is_found_from_inside_a_checkout(tmp_path):
    (tmp_path / "book" / "ledger").mkdir(parents=True)
    inside = tmp_path / "book" / "notebooks"
    inside.mkdir()
    assert find_book(inside) == tmp_path / "book"
    with pytest.raises(ValueError, match="no folder book/ledger"):
        find_book(tmp_path.parent)
