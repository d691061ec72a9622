"""Twins of the site's figures: moving a control computes anew, with the library's numbers."""

import builtins
import importlib
import sys

import pytest
import torch

from course_lib.explorers import harmonics, lifting, orbit
from course_lib.widgets.harmonics import harmonics_widget
from course_lib.widgets.kernel_orbit import kernel_orbit_widget
from course_lib.widgets.lifting import lifting_widget

pytestmark = pytest.mark.slow

PNG = b"\x89PNG"


def picture(figure):
    return bytes(figure.children[-2].value)


def test_slider_turns_the_letter():
    figure = lifting_widget()
    before = picture(figure)
    figure.controls["angle_deg"].value = 90
    assert figure.data.error == 0 and figure.data.turns == 1
    figure.controls["kernel"].value = "corner"
    figure.controls["angle_deg"].value = 33
    wanted = lifting.lift_turned(33, "corner")
    assert torch.equal(figure.data.maps, wanted.maps) and figure.data.error == wanted.error
    assert f"{wanted.error:.4g}" in figure.sentence and "stands at 0°" in figure.sentence
    assert picture(figure).startswith(PNG) and picture(figure) != before


def test_entry_follows_the_group():
    figure = kernel_orbit_widget()
    assert figure.data.error == pytest.approx(orbit.kernel_orbit(8).errors[1].item())
    figure.controls["order"].value = 12
    figure.controls["entry"].value = 11
    figure.controls["max_frequency"].value = 1
    assert figure.data.angle_deg == 330
    assert figure.data.error == orbit.kernel_orbit(12, 1).errors[11].item()
    figure.controls["order"].value = 4
    assert figure.controls["entry"].value == 3 and figure.data.error < 1e-12
    assert "Entry 270°" in figure.sentence


def test_harmonic_is_added_to_a_kernel():
    weights = torch.zeros(5, 9, dtype=torch.float64)
    weights[3, 0] = 0.5
    figure = harmonics_widget(weights)
    figure.controls["ring"].value = 1
    figure.controls["frequency"].value = 3
    figure.controls["angle_deg"].value = 45
    weights[1, 3] = 1
    wanted = harmonics.steer(weights, 45)
    assert figure.data.formula_error == wanted.formula_error and figure.data.alias == wanted.alias
    assert torch.equal(figure.data.pixels, wanted.pixels)
    assert f"{wanted.alias:.4g}" in figure.sentence


def test_missing_ipywidgets_is_said(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "ipywidgets":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "course_lib.widgets.live_figure")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"need ipywidgets.*pip install 'equivariance-course\[widgets\]'"):
        importlib.import_module("course_lib.widgets.live_figure")
