"""Notebooks from sources: placeholders, what students get, and errors that name the remedy."""

import builtins
import json
from pathlib import Path

import pytest

from course_lib import exercises
from course_lib.checks import groups
from course_lib.checks.questions import variant

ROOT = Path(__file__).resolve().parents[1]
UNIT = ROOT / "solutions/groups.py"
SEVEN = groups.QUESTIONS | {"product": variant(groups.QUESTIONS["product"], 7)}


def test_placeholders_take_values_and_words():
    assert exercises.fill("$D_{{{n}}}$ has {{n.order}} elements", SEVEN) == "$D_{7}$ has 14 elements"
    with pytest.raises(ValueError, match="angle.* must be one of n, n.order"):
        exercises.fill("{{angle}}", SEVEN)


def test_a_notebook_for_a_student_has_the_value_and_no_solution():
    text = exercises.build(UNIT, [], "https://example.org/", questions=SEVEN)
    sources = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
    assert any("**Your group is $D_{7}$**, with 14 elements." in source for source in sources)
    assert "checks.product(product, n=7)" in sources
    assert "](https://example.org/book/02-groups-and-actions.html)" in sources[0]
    assert "BEGIN" not in text and "seed=" not in text and "a, b = g % n" not in text
    solved = exercises.build(UNIT, [], "https://example.org/", questions=SEVEN, solved=True)
    assert "    n = 7\\n" in solved and "product, n=7, seed=20271).require()" in solved


def test_the_source_is_read_again_after_a_change(tmp_path):
    path = tmp_path / "groups.py"
    path.write_text("# %%\nx = {{n}}\n", "utf8")
    assert exercises.source_cells(path)[0].source == "x = 4"
    path.write_text("# %%\nlonger = {{n}}\n", "utf8")
    assert exercises.source_cells(path, SEVEN)[0].source == "longer = 7"


def test_a_missing_package_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "jupytext":
            raise ImportError("No module named 'jupytext'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install 'equivariance-course\\[lecturer\\]'"):
        exercises.notebook_tools()


def test_the_set_up_cell_is_that_of_the_published_notebook(tmp_path):
    (cell,) = exercises.published_setup(ROOT / "exercises/groups.ipynb")
    assert "Set-up" in cell.source
    with pytest.raises(ValueError, match="make notebooks"):
        exercises.published_setup(tmp_path / "groups.ipynb")
