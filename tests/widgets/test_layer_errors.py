"""Twin of the equivariance meter: moving a control measures anew, with the library's numbers."""

from pathlib import Path

import pytest

from course_lib.layer_errors import LayerErrors, measuring_picture
from course_lib.weights import load_model
from course_lib.widgets.layer_errors import layer_errors_widget

pytestmark = pytest.mark.slow

WEIGHTS = Path(__file__).resolve().parents[2] / "book/weights"
PNG = b"\x89PNG"


@pytest.mark.slow
def test_controls_measure_the_chosen_network_at_the_chosen_angle():
    figure = layer_errors_widget()  # finds the weights of the checkout by itself
    assert figure.data.label == "plain" and figure.data.errors["logits"] > 0.05
    figure.controls["network"].value = "sre"
    figure.controls["angle_deg"].value = 35
    figure.controls["layer"].value = 2
    model, settings = load_model(WEIGHTS / "kvasir-seg_group_sre_48px_s1.safetensors")
    meter = LayerErrors(model.double(), measuring_picture(settings.size))
    wanted = meter.errors(35)
    assert figure.data.errors == pytest.approx(wanted)
    assert figure.data.layer == "down 1 bend 1"
    assert f"error {wanted['down 1 bend 1']:.4g}" in figure.sentence
    assert bytes(figure.children[-2].value).startswith(PNG)
    figure.controls["angle_deg"].value = 180
    assert max(figure.data.errors.values()) < 1e-12


def test_weights_that_are_not_there_are_named(tmp_path):
    with pytest.raises(ValueError, match="there is no weights file"):
        layer_errors_widget(tmp_path)
