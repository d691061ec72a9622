"""Figures to play with that measure: what they show is what the library computes, to four digits."""

import numpy as np
import pytest
import torch
from export_layer_errors import ANGLES, BOOK, FLOOR_ANGLE
from export_lie_samples import CURVES, DRAWS, SAMPLES
from export_sre_rings import WEIGHTS, picture
from torch.nn import functional as F

from course_lib.evaluation import error_at_angle, spline_rotate
from course_lib.explorers.lie_samples import sampling_error
from course_lib.filters import ring_masks
from course_lib.layer_errors import NETWORKS, LayerErrors, measuring_picture
from course_lib.results_plan import method_label
from course_lib.weights import load_model

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]
FOUR_DIGITS = {"rel": 6e-4, "abs": 1e-9}  # half a step of the fourth digit, if that is all that is shown


def ring_kernel(kind, size, weights):
    """The kernel that the explorer of rings shows."""
    rings = ring_masks(size, rings="smooth" if kind == "smooth" else "hard").double()
    kernel = torch.einsum("r,ryx->yx", torch.tensor(weights, dtype=torch.float64), rings)
    if kind == "half":
        kernel[size // 2 + 1 :] = 0
    return kernel


@pytest.mark.parametrize(
    ("kind", "size", "weights", "angle"),
    [
        ("hard", 9, WEIGHTS[:5], 30),
        ("smooth", 9, WEIGHTS[:5], 45),
        ("half", 9, WEIGHTS[:5], 90),
        ("hard", 5, (1.0, -0.5, 0.2), 137),
        ("hard", 5, (1.0, -0.5, 0.2), 270),
    ],
)
def test_rings_show_the_error_of_the_library(explorer, kind, size, weights, angle):
    one = explorer("sre-rings")
    one.set("Kernel", kind)
    one.set("Size", str(size))
    for ring, weight in enumerate(weights):
        one.set(f"Ring {ring}", weight)
    one.set("Turn", angle)
    kernel, x = ring_kernel(kind, size, weights), picture()

    def respond(y):
        return F.conv2d(y.view(1, 1, *x.shape), kernel[None, None], padding="same").view(y.shape)

    scalar = torch.ones(1, 1)
    error = error_at_angle(respond, x[None], angle, scalar, scalar)
    assert one.number("error") == pytest.approx(error, **FOUR_DIGITS)
    assert (error > 0.3) == (kind == "half")
    middle = len(x) // 2
    assert one.number("before") == pytest.approx(respond(x)[middle, middle].item(), **FOUR_DIGITS)
    turned = respond(spline_rotate(x, angle))[middle, middle].item()
    assert one.number("after") == pytest.approx(turned, **FOUR_DIGITS)
    there_and_back = spline_rotate(spline_rotate(x, angle), -angle)
    floor = ((there_and_back - x).norm() / x.norm()).item()
    assert one.number("floor") == pytest.approx(floor, **FOUR_DIGITS)
    assert one.troubles == []


def test_rings_are_painted_by_keyboard_and_by_hand(explorer):
    one = explorer("sre-rings")
    one.set("Kernel", "hard")
    one.set("Size", "5")
    ring = one.figure.get_by_label("Ring 1", exact=True)
    one.set("Ring 1", 0)
    ring.focus()
    one.page.keyboard.press("ArrowRight")
    assert ring.input_value() == "0.1"
    kernel = one.figure.locator("canvas").first
    kernel.scroll_into_view_if_needed()
    box = kernel.bounding_box()
    one.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"] - 30)
    one.page.mouse.up()
    assert ring.input_value() == "0.6"
    spoken = one.figure.locator("[aria-live=polite]")
    spoken.get_by_text("the error is").wait_for(state="attached")
    assert one.troubles == []


def test_rings_without_weight_are_no_error(explorer):
    one = explorer("sre-rings")
    one.set("Size", "3")
    for ring in (0, 1):
        one.set(f"Ring {ring}", 0)
    assert one.number("error") == 0
    one.figure.locator("[aria-live=polite]").get_by_text("All rings are zero").wait_for(state="attached")
    assert one.troubles == []


@pytest.fixture(scope="module", params=[NETWORKS[0], NETWORKS[4]])
def measured(request):
    """Name of a network in the meter, and its errors measured once more."""
    model, settings = load_model(BOOK / "weights" / f"{request.param}.safetensors")
    return method_label(settings), LayerErrors(model.double(), measuring_picture(settings.size))


def test_the_meter_shows_the_errors_of_the_library(explorer, measured):
    label, meter = measured
    one = explorer("layer-errors")
    one.set("Network", label)
    floors = meter.floors(FLOOR_ANGLE)
    for angle in (30, 90):
        one.set("Turn", angle)
        errors = meter.errors(angle)
        for place in (0, 17, len(meter.names) - 1):
            one.set("Layer", place + 1)
            layer = meter.names[place]
            assert one.number("error") == pytest.approx(errors[layer], **FOUR_DIGITS)
            assert one.number("floor") == pytest.approx(floors[layer], **FOUR_DIGITS)
            assert one.figure.get_by_text(f"turned by {angle}°, layer “{layer}”").count() == 1
    assert (errors["logits"] > 0.1) == (label == "plain")
    assert one.troubles == []


def test_the_meter_works_by_keyboard_and_by_hand(explorer):
    one = explorer("layer-errors")
    one.set("Turn", 30)
    one.set("Layer", 1)
    turn = one.figure.get_by_label("Turn", exact=True)
    turn.focus()
    one.page.keyboard.press("ArrowRight")
    assert turn.input_value() == "45"
    along = one.figure.locator("svg.chart").first
    along.scroll_into_view_if_needed()
    box = along.bounding_box()
    one.page.mouse.click(box["x"] + box["width"] - 15, box["y"] + 60)
    assert one.figure.get_by_label("Layer", exact=True).get_attribute("aria-valuetext") == "logits"
    assert ANGLES[-1] == 90
    one.figure.locator("[aria-live=polite]").get_by_text("after logits: error").wait_for(state="attached")
    assert one.troubles == []


@pytest.mark.parametrize(("curve", "place"), [(0, 2), (1, 3), (2, 1), (3, 2)])
def test_samples_show_the_error_of_the_library(explorer, curve, place):
    label, group, spacing, _ = CURVES[curve]
    one = explorer("lie-samples")
    one.set("Rotations", label)
    one.set("Samples", place)
    one.set("Draw", 3)
    errors = [sampling_error(group, SAMPLES[place], spacing, draw=draw) for draw in range(DRAWS)]
    last = [sampling_error(group, SAMPLES[-1], spacing, draw=draw) for draw in range(DRAWS)]
    assert one.number("error") == pytest.approx(errors[2], **FOUR_DIGITS)
    assert one.number("typical") == pytest.approx(np.linalg.norm(errors) / DRAWS**0.5, **FOUR_DIGITS)
    line = np.linalg.norm(last) * (SAMPLES[-1] / SAMPLES[place] / DRAWS) ** 0.5
    assert one.number("line") == pytest.approx(line, **FOUR_DIGITS)
    assert one.troubles == []


def test_samples_work_by_keyboard_and_speak(explorer):
    one = explorer("lie-samples")
    one.set("Samples", 0)
    samples = one.figure.get_by_label("Samples", exact=True)
    samples.focus()
    one.page.keyboard.press("End")
    assert samples.get_attribute("aria-valuetext") == str(SAMPLES[-1])
    one.figure.locator("[aria-live=polite]").get_by_text(f"{SAMPLES[-1]} samples").wait_for(state="attached")
    assert one.troubles == []


@pytest.mark.parametrize("name", ["sre-rings", "layer-errors", "lie-samples"])
def test_explorers_fit_and_are_accessible(explorer, name):
    explorer(name).views()
