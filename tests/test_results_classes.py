"""Results of classifiers: what is put together, paired and resampled, by hand-made entries."""

import numpy as np
import pytest
import torch

from course_lib.classification import auc
from course_lib.config import Settings
from course_lib.data.catalogue import describe
from course_lib.ledger import Entry
from course_lib.results_classes import (
    ClassMethod,
    class_methods,
    difference,
    differences,
    majority_rate,
    multiply_adds,
)
from course_lib.results_plan import by_label
from course_lib.scores import ClassificationScores, ClassTest, Flipped, Turned, Validation

LABELS = [0, 0, 1, 1]
ANGLES = [0, 90]


def class_entry(family="plain", seed=0, *, wrong=(), labels=LABELS, probabilities=None, **settings):
    """A run on four images that answers rightly but for some of them, and wrongly on turned ones if plain."""
    answers = [1 - label if i in wrong else label for i, label in enumerate(labels)]
    accuracy = 1 - len(wrong) / len(labels)
    loss = 0.5 if family.startswith("plain") else 0
    shape = {"data": "breastmnist", "model": "resnet", "split": "official", "size": 28, "widths": (2, 4)}
    widths = {"widths": (2, 2, 2, 2)} if family.startswith("sre-h") else {}
    chosen = Settings(**{**shape, **widths, "family": family, "seed": seed, **settings})
    axes = ("plane",) if describe(chosen.data).dims == 2 else ("z", "y", "x")
    turned = Turned(
        angles_deg=ANGLES,
        auc=[0.9, 0.9 - loss],
        accuracy=[accuracy, accuracy * (1 - loss)],
        agreement=[1, 1 - loss],
        correct=[0 if i in wrong else 1 - loss / 2 for i in range(len(labels))],
    )
    return Entry(
        experiment="medmnist",
        data=chosen.data,
        family=family,
        seed=seed,
        settings=chosen,
        versions={"torch": "2"},
        device="a processor",
        seconds=10,
        peak_memory_mb=100,
        data_sha256="0" * 64,
        parameters=1234,
        scores=ClassificationScores(
            test=ClassTest(
                auc=0.9,
                accuracy=accuracy,
                labels=labels,
                answers=answers,
                probabilities=probabilities or [[1 - a, a] for a in answers],
            ),
            turned=dict.fromkeys(axes, turned),
            flipped={"y": Flipped(auc=0.8, accuracy=0.5), "x": Flipped(auc=0.6, accuracy=1.0)},
            validation=Validation(
                score_name="AUC", score=0.5, epoch=1, loss_per_epoch=[1], score_per_epoch=[0.5]
            ),
        ),
    )


def test_runs_are_put_together_by_method_plain_first():
    runs = [class_entry("p4"), class_entry(seed=1), class_entry(), class_entry(augmentation="rotations")]
    found = class_methods(runs)
    assert [method.label for method in found] == ["plain", "plain + rotations", "p4"]
    assert found[0].seeds == [0, 1]
    assert class_methods([]) == []
    with pytest.raises(
        ValueError, match="must differ only in augmentation, family, seed, widths; got 2 kinds"
    ):
        class_methods([*runs, class_entry(epochs=99)])


def test_families_of_volumes_bear_the_names_of_the_plane():
    found = class_methods(
        [class_entry(family, data="adrenalmnist3d") for family in ("sre-3d-hard", "plain-3d")]
    )
    assert [method.label for method in found] == ["plain", "sre-hard"]
    assert found[0].axes == ["z", "y", "x"]


def test_means_over_angles_flips_and_seeds():
    method = class_methods([class_entry(wrong=[0]), class_entry(seed=1)])[0]
    assert method.upright("accuracy").tolist() == [0.75, 1]
    assert method.over_angle("agreement").tolist() == [[1, 0.5], [1, 0.5]]
    assert method.turned("auc") == pytest.approx([0.65, 0.65])
    assert method.flipped("auc") == pytest.approx([0.7, 0.7])
    assert method.correct().tolist() == [[0, 1, 1, 1], [1, 1, 1, 1]]
    assert method.correct(turned=True).mean(axis=0).tolist() == [0.375, 0.75, 0.75, 0.75]


def test_several_findings_count_in_part():
    labels = [[0, 1], [1, 1]]
    run = class_entry(labels=[0, 0])
    test = run.classification.test.model_copy(update={"labels": labels, "answers": [[0, 1], [1, 0]]})
    run = run.model_copy(update={"scores": run.classification.model_copy(update={"test": test})})
    method = class_methods([run])[0]
    assert method.correct().tolist() == [[1, 0.5]]
    assert majority_rate(method) == 0.75


def test_majority_rate_is_the_share_of_the_commonest_class():
    assert majority_rate(class_methods([class_entry(labels=[0, 1, 1, 1])])[0]) == 0.75


def test_difference_is_paired_over_images_and_seeds():
    runs = [class_entry("p4"), class_entry("p4", 1, wrong=[2])] + [
        class_entry(seed=0, wrong=[0, 1]),
        class_entry(seed=7),
    ]
    methods = by_label(class_methods(runs))
    found = difference(methods, "p4", "plain", "accuracy")  # seed 0 alone is in both
    assert found is not None
    assert found.mean == 0.5
    assert 0 <= found.low < 0.5 < found.high <= 1
    turned = difference(methods, "p4", "plain", "turned accuracy")
    assert turned is not None and turned.mean == pytest.approx((1 + 1 + 0.25 + 0.25) / 4)
    # Every image gains the same: no resample can change that.
    same = difference(
        by_label(class_methods([class_entry("p4"), class_entry()])), "p4", "plain", "turned accuracy"
    )
    assert same is not None and same.low == same.high == pytest.approx(0.25)


def test_differences_on_several_sets():
    better, worse = class_entry("p4"), class_entry(wrong=[0, 1])
    found = {"a": class_methods([better, worse]), "b": class_methods([better])}
    measured = differences(found, "p4", "plain", "accuracy")
    assert measured["a"] is not None and measured["a"].mean == 0.5
    assert measured["b"] is None


def test_what_was_not_run_or_kept_has_no_difference():
    methods = by_label(class_methods([class_entry("p4", 0), class_entry(seed=1)]))
    assert difference(methods, "p4", "plain", "accuracy") is None
    assert difference(methods, "p4", "p4m", "accuracy") is None
    with pytest.raises(ValueError, match="what must be auc, accuracy or turned accuracy"):
        difference(methods, "p4", "plain", "dice")
    run = class_entry()
    test = run.classification.test.model_copy(update={"probabilities": None})
    run = run.model_copy(update={"scores": run.classification.model_copy(update={"test": test})})
    assert difference(by_label(class_methods([run])), "plain", "plain", "auc") is None


def test_difference_of_auc_is_that_of_the_metric():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=40).tolist()
    first, second = (torch.tensor(rng.dirichlet(np.ones(3), size=40).round(1)) for _ in range(2))
    runs = [class_entry(labels=[0] * 40, probabilities=scores.tolist()) for scores in (first, second)]
    runs = [
        run.model_copy(
            update={
                "scores": run.classification.model_copy(
                    update={"test": run.classification.test.model_copy(update={"labels": labels})}
                )
            }
        )
        for run in runs
    ]
    methods = {name: ClassMethod((run,)) for name, run in zip("ab", runs, strict=True)}
    found = difference(methods, "a", "b", "auc")
    truth = torch.tensor(labels)
    assert found is not None
    assert found.mean == pytest.approx(auc(first, truth) - auc(second, truth), abs=1e-6)
    assert found.low < found.mean < found.high
    assert (found.runs, found.groups) == (1, 40)
    nothing = difference(methods, "a", "a", "auc")
    assert nothing is not None and nothing.low == nothing.high == 0


def test_multiply_adds_of_a_network_that_can_be_counted_by_hand():
    settings = Settings(data="breastmnist", model="resnet", split="official", size=28, widths=(2, 4))
    stem, first, head = 28**2 * 9 * 2, 4 * 28**2 * 9 * 2 * 2, 4 * 2
    second = 14**2 * (9 * 2 * 4 + 3 * 9 * 4 * 4 + 2 * 4)  # the shortcut of the first block has one pixel
    assert multiply_adds(settings) == stem + first + second + head


def test_seeds_that_differ_widen_the_interval():
    steady = [class_entry("p4", seed, labels=[0, 1] * 20) for seed in range(3)]
    moody = [
        class_entry(seed=seed, labels=[0, 1] * 20, wrong=list(range(wrong)))
        for seed, wrong in enumerate((0, 8, 16))
    ]
    found = difference(by_label(class_methods(steady + moody)), "p4", "plain", "accuracy")
    assert found is not None
    assert found.mean == pytest.approx(0.2)
    assert found.low <= 0.01  # the seed without errors, drawn three times
    assert (found.runs, found.groups) == (3, 40)
