"""The explorer of results shows the numbers of the results chapters, whatever runs there are."""

import json

import numpy as np
import pytest
from export_results import BOOK, of_share, planned

from course_lib.results import methods
from course_lib.results_classes import class_methods
from course_lib.results_plan import by_label

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]
SHOWN = 6e-5  # half a step of the fourth decimal


def shown(one):
    """Rows of the table below the figure, by method and place."""
    cells = one.figure.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    )
    return {(label, where): list(map(float, numbers)) for label, where, *numbers in cells}


@pytest.fixture(scope="module")
def polyps():
    return [e for e in planned(BOOK, "polyps") if e.data == "kvasir-seg" and e.settings.split == "group"]


def test_polyps_over_the_angle_are_those_of_the_chapter(explorer, polyps):
    one = explorer("results")
    one.set("Data", "Kvasir-SEG")
    one.set("Against", "angle")
    whole = by_label(methods(of_share(polyps, 1.0)))
    for what, angle in (("dice", 45), ("agreement", 90)):
        one.set("Score", what)
        one.set("Angle", angle)
        rows = shown(one)
        assert {label for label, _ in rows} == set(whole)
        for label, method in whole.items():
            values = method.at_angle(what)[:, method.angles_deg.index(angle)]
            mean, low, high, runs = rows[label, f"{angle}°"]
            assert (mean, low, high) == pytest.approx((values.mean(), values.min(), values.max()), abs=SHOWN)
            assert runs == len(method.runs)
    assert one.troubles == []


def test_polyps_by_method_and_by_share_have_their_intervals(explorer, polyps):
    one = explorer("results")
    one.set("Data", "Kvasir-SEG")
    one.set("Score", "dice")
    for view, share in (("method", 1.0), ("share", min(e.settings.fraction for e in polyps))):
        one.set("Against", view)
        rows = shown(one)
        method = methods(of_share(polyps, share))[-1]
        found = method.mean("dice")
        where = f"{len(method.groups)}" if view == "method" else f"{100 * share:g} %"
        wanted = (found.mean, found.low, found.high, len(method.runs))
        assert rows[method.label, where] == pytest.approx(wanted, abs=SHOWN)
    one.set("Against", "angle")
    assert one.troubles == []


def test_scans_are_those_of_their_chapter(explorer):
    one = explorer("results")
    one.set("Data", "BreastMNIST")
    one.set("Against", "angle")
    one.set("Score", "accuracy")
    one.set("Angle", 30)
    rows = shown(one)
    for method in class_methods([e for e in planned(BOOK, "medmnist") if e.data == "breastmnist"]):
        values = method.over_angle("accuracy")[:, method.angles_deg.index(30)]
        wanted = (np.mean(values), min(values), max(values), len(method.runs))
        assert rows[method.label, "30°"] == pytest.approx(wanted, abs=SHOWN)
    assert one.troubles == []


def test_methods_are_left_out_and_read_by_keyboard_and_by_mouse(explorer):
    one = explorer("results")
    one.set("Data", "Kvasir-SEG")
    one.set("Against", "angle")
    box = one.figure.get_by_role("checkbox", name="sre", exact=True)
    box.focus()
    one.page.keyboard.press("Space")
    one.drawn()
    assert "sre" not in {label for label, _ in shown(one)}
    one.page.keyboard.press("Space")
    one.drawn()
    assert "sre" in {label for label, _ in shown(one)}
    angle = one.figure.get_by_label("Angle", exact=True)
    angle.focus()
    one.page.keyboard.press("Home")
    one.page.keyboard.press("ArrowRight")
    assert angle.input_value() == "15"
    one.figure.locator("[aria-live=polite]").get_by_text("Kvasir-SEG").wait_for(state="attached")
    plot = one.figure.locator("svg.chart")
    plot.scroll_into_view_if_needed()
    place = plot.bounding_box()
    one.page.mouse.move(place["x"] + 0.5 * place["width"], place["y"] + 0.5 * place["height"])
    assert " at " in one.figure.locator(".chart-hover").inner_text()
    assert one.troubles == []


def test_results_fit_and_are_accessible(explorer):
    one = explorer("results")
    one.set("Data", "Kvasir-SEG")
    for view in ("share", "method", "angle"):
        one.set("Against", view)
        assert one.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    one.views()


def test_an_empty_ledger_is_said(browser, explorer):
    one = explorer("results")
    context = browser.new_context()
    page = context.new_page()
    page.route("**/results.json", lambda route: route.fulfill(body=json.dumps({"sets": []})))
    page.goto(one.page.url)
    figure = page.locator("[data-demo=results]")
    figure.evaluate("figure => figure.scrollIntoView()")
    figure.get_by_text("no planned run yet").wait_for()
    context.close()
