"""Plans: order, merging, every mistake named, and the plans of the book."""

from pathlib import Path

import pytest
import yaml

from course_lib.config import Settings
from course_lib.families import FAMILIES
from course_lib.grid.plan import Part, Plan, changes, expand, read_plan
from course_lib.models.unet import UNet

BOOK = Path(__file__).resolve().parents[2] / "book/configs/grids"
METHODS = {"plain": {"family": "plain"}, "p4": {"family": "p4", "widths": [8, 16, 32, 64]}}


def names(runs) -> list[str]:
    return [run.name for run in runs]


def test_seeds_change_last_and_the_rest_stays_as_listed():
    parts = [
        Part(data=["kvasir-seg", "cvc-clinicdb"], seeds=[0, 1]),
        Part(data=["kvasir-seg"], fraction=[0.1, 0.3], methods=["p4"], seeds=[1]),
    ]
    assert names(expand(Plan(methods=METHODS, parts=parts))) == [
        "kvasir-seg_group_plain_64px_s0",
        "kvasir-seg_group_p4_64px_s0",
        "cvc-clinicdb_group_plain_64px_s0",
        "cvc-clinicdb_group_p4_64px_s0",
        "kvasir-seg_group_plain_64px_s1",
        "kvasir-seg_group_p4_64px_s1",
        "cvc-clinicdb_group_plain_64px_s1",
        "cvc-clinicdb_group_p4_64px_s1",
        "kvasir-seg_group_p4_64px_0.1of1_s1",
        "kvasir-seg_group_p4_64px_0.3of1_s1",
    ]


def test_common_and_method_settings_reach_the_run():
    part = Part(data=["kvasir-seg"], split=["random"], seeds=[5])
    plan = Plan(common={"size": 32, "epochs": 7, "widths": [2, 4, 8, 16]}, methods=METHODS, parts=[part])
    plain, p4 = (run.settings for run in expand(plan))
    shared = {"data": "kvasir-seg", "split": "random", "size": 32, "epochs": 7, "seed": 5}
    assert plain == Settings(**shared, family="plain", widths=(2, 4, 8, 16))
    assert p4 == Settings(**shared, family="p4", widths=(8, 16, 32, 64))


def test_a_run_in_two_parts_is_one_run_with_the_scores_of_both():
    parts = [
        Part(data=["kvasir-seg"], seeds=[0], also=["cvc-clinicdb"]),
        Part(data=["kvasir-seg"], seeds=[0], methods=["p4"], also=["synthetic-polyps"], average=True),
    ]
    plain, p4 = expand(Plan(methods=METHODS, parts=parts))
    assert plain.options == ["--also", "cvc-clinicdb"]
    assert p4.options == ["--also", "cvc-clinicdb", "--also", "synthetic-polyps", "--average"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": {}}, "methods"),
        ({"typo": 1}, "typo: unknown key"),
        ({"common": {"seed": 1}}, "common must not set seed"),
        ({"methods": {"p4": {"split": "random"}}}, "p4 must not set split"),
        ({"parts": [{"data": ["kvasir-seg"], "methods": ["p5"]}]}, "part 1: methods must be among .* 'p5'"),
        ({"parts": [{"data": ["kvasir-seg"], "sizes": [1]}]}, "parts.0.sizes: unknown key"),
        ({"parts": [{"data": []}]}, "parts.0.data"),
        ({"common": {"widhts": [2]}}, "part 1, kvasir-seg group 1.0 0, method plain: widhts: unknown key"),
        ({"common": {"size": 30}}, "part 1, .* size must be divisible by 8"),
        ({"parts": [{"data": ["kvasir-seg"], "fraction": [0]}]}, "part 1, .* fraction"),
        (
            {"methods": {**METHODS, "wide": {"family": "plain", "widths": [32, 64]}}},
            "method wide: kvasir-seg_group_plain_64px_s0 stands in the plan already, by method plain "
            r".*widths \[16, 32, 64, 128\] -> \[32, 64\]",
        ),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path, change, message):
    plan = {"methods": METHODS, "parts": [{"data": ["kvasir-seg"]}], **change}
    (tmp_path / "polyps-full.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    with pytest.raises(ValueError, match=message) as caught:
        read_plan(tmp_path, "polyps", "full")
    assert "\n" not in str(caught.value)
    assert "polyps-full.yaml" in str(caught.value)


def test_unknown_grid_lists_what_is_there():
    with pytest.raises(ValueError, match="polyps-colab, polyps-full, polyps-smoke.*got polyp-smoke"):
        read_plan(BOOK, "polyp", "smoke")


def test_changes_name_only_what_differs():
    old = Settings(data="kvasir-seg")
    assert changes(old, old.model_copy(update={"epochs": 7})) == "epochs 30 -> 7"
    assert changes(old, old) == ""


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.yaml")), ids=lambda path: path.stem)
def test_plans_of_the_book_can_be_read(path):
    grid, tier = path.stem.rsplit("-", 1)
    runs = read_plan(BOOK, grid, tier)
    assert len(runs) >= 2
    assert len({run.name for run in runs}) == len(runs)


def test_polyps_colab_has_the_published_runs():
    runs = read_plan(BOOK, "polyps", "colab")
    assert len(runs) == 3 * (2 * 9 + 2 + 2 * 4)
    assert runs[0].settings == Settings(
        experiment="polyp-grid", data="kvasir-seg", size=48, widths=(8, 16, 32, 64), epochs=20
    )
    assert {run.settings.seed for run in runs} == {0, 1, 2}


def test_polyps_full_compares_networks_of_equal_size():
    parameters = {}
    for run in read_plan(BOOK, "polyps", "full"):
        if run.method not in parameters:
            model = UNet(FAMILIES[run.settings.family], 3, 1, widths=run.settings.widths)
            parameters[run.method] = sum(weight.numel() for weight in model.parameters())
    assert len(parameters) == 9
    assert all(abs(count / 1.965e6 - 1) < 0.03 for count in parameters.values()), parameters


def test_a_part_changes_common_settings_and_a_method_changes_both():
    plan = Plan(
        common={"epochs": 3, "batch_size": 8},
        methods={"a": {}, "b": {"epochs": 7}},
        parts=[Part(data=["kvasir-seg"], seeds=[0], settings={"epochs": 5, "size": 32})],
    )
    with pytest.raises(ValueError, match="other settings"):
        expand(plan)
    plan = plan.model_copy(update={"methods": {"a": {}, "b": {"epochs": 7, "family": "p4"}}})
    found = {run.method: run.settings for run in expand(plan)}
    assert [found[method].epochs for method in "ab"] == [5, 7]
    assert {(one.size, one.batch_size) for one in found.values()} == {(32, 8)}


def test_a_part_may_not_hide_its_seed_among_the_settings():
    with pytest.raises(ValueError, match="must not set seed"):
        Plan(methods={"a": {}}, parts=[Part(data=["kvasir-seg"], settings={"seed": 1})])
