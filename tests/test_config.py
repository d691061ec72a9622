"""Settings: validated, frozen, named, and refused with the field's name."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from course_lib.config import Settings
from course_lib.weights import build_model

CONFIGS = sorted((Path(__file__).parents[1] / "book" / "configs").glob("*.yaml"))


def test_name_of_a_run():
    assert Settings(data="kvasir-seg", family="p4").name == "kvasir-seg_group_p4_64px_s0"
    changed = {"split": "random", "size": 96, "seed": 3, "split_seed": 2, "fraction": 0.1}
    assert (
        Settings(data="cvc-clinicdb", augmentation="rotations", **changed).name
        == "cvc-clinicdb_random_plain_96px_split2_0.1of1_rotations_s3"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("familly", "p4"),
        ("family", "p5"),
        ("size", 63),
        ("size", 4),
        ("size", "big"),
        ("fraction", 0),
        ("fraction", 1.5),
        ("widths", [16]),
        ("widths", [16, 0]),
        ("seed", -1),
        ("epochs", 0),
        ("learning_rate", 0),
        ("augmentation", "flips"),
        ("precision", "16"),
        ("data", "../elsewhere"),
    ],
)
def test_wrong_value_is_refused_in_one_line_with_its_name(field, value):
    with pytest.raises(ValueError, match=f"x.yaml: .*{field}") as error:
        Settings.from_dict({"data": "kvasir-seg", field: value}, source="x.yaml")
    assert "\n" not in str(error.value)


def test_missing_data_is_named():
    with pytest.raises(ValueError, match="data: Field required"):
        Settings.from_dict({})


def test_settings_cannot_be_changed():
    settings = Settings(data="kvasir-seg")
    with pytest.raises(ValidationError, match="frozen"):
        settings.seed = 1  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("content", ["[1, 2", "just text", "", "\x00"])
def test_file_that_holds_no_settings_is_named(tmp_path, content):
    path = tmp_path / "odd.yaml"
    path.write_text(content)
    with pytest.raises(ValueError, match="odd.yaml"):
        Settings.from_yaml(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.yaml.*No such file"):
        Settings.from_yaml(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_settings_of_the_book_are_valid(path):
    settings = Settings.from_yaml(path)
    assert settings.family in path.stem


@pytest.mark.parametrize("data", ["polyps-kvasir", "polyps-clinicdb", "smoke"])
def test_families_are_compared_at_equal_size_and_equal_settings(data):
    folder = CONFIGS[0].parent
    plain, p4 = (Settings.from_yaml(folder / f"{data}-{family}.yaml") for family in ("plain", "p4"))
    different = {key for key, value in plain if value != getattr(p4, key)}
    assert different == {"family", "widths"}
    counts = [sum(p.numel() for p in build_model(settings).parameters()) for settings in (plain, p4)]
    assert counts[1] == pytest.approx(counts[0], rel=0.02)
