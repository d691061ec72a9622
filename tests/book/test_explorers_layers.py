"""The figures of groups, lifting, kernel orbits and harmonics show the numbers of the library."""

import pytest
import torch

from course_lib.explorers import harmonics, lifting, orbit
from course_lib.groups import CyclicGroup, DihedralGroup

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]
NAMES = ("group-table", "lifting", "kernel-orbit", "harmonics")
FOUR_DIGITS = 5e-4  # relative: what is left when four digits are shown


def close(number: float) -> object:
    return pytest.approx(number, rel=FOUR_DIGITS, abs=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_figure_fits_every_screen_and_is_accessible(explorer, name):
    one = explorer(name)
    one.views()
    assert one.troubles == []


def test_figures_far_below_come_without_the_network(browser, site, bring):
    page = browser.new_page()
    page.goto(f"{site}book/06-steerable.html", wait_until="networkidle")
    numbers = "performance.getEntriesByType('resource').some(r => r.name.endsWith('harmonics.json'))"
    page.wait_for_function(numbers)  # fetched ahead, when the page is at rest
    page.wait_for_load_state("networkidle")
    assert page.locator("[data-demo='harmonics'][data-ready]").count() == 0
    page.context.set_offline(True)
    for figure in page.locator("[data-demo='harmonics']").all():
        bring(figure)
        figure.locator("[data-number='alias']").wait_for()
    page.context.close()


def test_without_javascript_a_picture_and_a_sentence_stand_there(browser, site):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}book/04-p4.html")
    figure = page.locator("[data-demo='lifting']")
    figure.scroll_into_view_if_needed()
    assert "With JavaScript" in figure.locator("figcaption").text_content()
    picture = figure.locator("img")
    assert len(picture.get_attribute("alt")) > 40
    assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth; }") == 960
    page.context.close()


@pytest.mark.parametrize("group", [DihedralGroup(4), CyclicGroup(6), DihedralGroup(3)], ids=str)
def test_table_shows_the_products_of_the_library(explorer, group):
    figure = explorer("group-table").figure
    figure.get_by_label("Group", exact=True).select_option(str(group))
    state = group.identity
    for g in [*group.elements, 1, group.order - 1, 1]:
        figure.locator(f"button[data-element='{g}']").click()
        wanted = group.product(g, state)
        assert figure.evaluate("f => [f.dataset.g, f.dataset.h, f.dataset.product].map(Number)") == [
            g,
            state,
            wanted,
        ]
        lit = figure.locator("td.on")
        assert lit.count() == 1
        assert lit.evaluate("td => [td.parentElement.rowIndex - 1, td.cellIndex - 1]") == [g, state]
        assert lit.inner_text() == figure.locator(f"button[data-element='{wanted}']").inner_text()
        state = wanted


def test_table_works_by_keyboard_and_speaks(explorer):
    one = explorer("group-table")
    one.set("Group", "D_4")
    first = one.figure.locator("button[data-element='1']")
    first.focus()
    one.page.keyboard.press("Enter")
    one.page.keyboard.press("f")
    assert one.figure.get_attribute("data-product") == str(DihedralGroup(4).product(4, 1))
    outline = first.evaluate("b => getComputedStyle(b).outlineStyle + getComputedStyle(b).outlineWidth")
    assert outline == "solid3px"
    spoken = one.figure.locator("output")
    assert spoken.get_attribute("aria-live") == "polite" and "First r, then m" in spoken.inner_text()


def test_pictures_turn_counter_clockwise(explorer):
    one = explorer("group-table")
    one.set("Group", "D_4")
    place = "f => { const c = f.querySelectorAll('circle')[0].getBoundingClientRect(); return [c.x, c.y]; }"
    x0, y0 = one.figure.evaluate(place)
    one.figure.locator("button[data-element='1']").click()
    x1, y1 = one.figure.evaluate(place)
    assert x1 < x0 - 10 and abs(y1 - y0) < 2  # from the upper right corner to the upper left
    moved = one.figure.locator(".figure-turn").evaluate_all("all => all.map(g => g.style.transform)")
    assert len(moved) == 2 and len(set(moved)) == 1  # the tile and the boat


@pytest.mark.parametrize(
    ("kernel", "angle"),
    [("edge", 0), ("edge", 30), ("edge", 45), ("corner", 200), ("spot", 317)],
)
def test_lifting_differs_as_in_the_library(explorer, kernel, angle):
    one, wanted = explorer("lifting"), lifting.lift_turned(angle, kernel)
    one.set("Kernel", kernel)
    one.set("Turn", angle)
    assert one.number("error") == close(wanted.error)
    on = one.figure.locator(".demo-panel.on .demo-title").all_inner_texts()
    assert on == [f"{90 * wanted.turns}°"] * 2


def test_lifting_can_be_dragged_and_moved_by_keys(explorer, bring):
    one = explorer("lifting")
    one.set("Kernel", "edge")
    one.set("Turn", 0)
    bring(one.figure)
    box = one.figure.locator(".demo-drag").bounding_box()
    x, y, arm = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 3
    one.page.mouse.move(x + arm, y)
    one.page.mouse.down()
    one.page.mouse.move(x, y - arm)  # from the right to the top: a quarter turn counter-clockwise
    one.page.mouse.up()
    one.drawn()
    turn = one.figure.get_by_label("Turn", exact=True)
    assert turn.input_value() == "90" and one.number("error") == 0
    turn.focus()
    one.page.keyboard.press("ArrowRight")
    one.drawn()
    assert one.number("error") == close(lifting.lift_turned(91).error)
    assert turn.get_attribute("aria-valuetext") == "91°"
    one.figure.get_by_role("status").filter(has_text="Turned by 91 degrees").wait_for(state="attached")


@pytest.mark.parametrize(("order", "entry", "fine"), [(4, 1, 3), (8, 3, 1), (12, 11, 2), (12, 3, 0)])
def test_kernels_differ_as_in_the_library(explorer, order, entry, fine):
    one, wanted = explorer("kernel-orbit"), orbit.kernel_orbit(order, fine)
    one.set("Group", str(order))
    one.set("Output entry", entry)
    one.set("Highest frequency", fine)
    assert one.number("error") == close(wanted.errors[entry].item())
    assert one.number("worst") == close(wanted.errors.max().item())


def test_entry_stays_within_the_group(explorer):
    one = explorer("kernel-orbit")
    one.set("Group", "12")
    entry = one.figure.get_by_label("Output entry", exact=True)
    entry.focus()
    one.page.keyboard.press("End")
    assert entry.get_attribute("aria-valuetext") == "330°"
    one.set("Group", "4")
    assert entry.input_value() == "3" and entry.get_attribute("aria-valuetext") == "270°"


def check_harmonics(one, weights, angle):
    wanted = harmonics.steer(weights, angle)
    one.set("Turn", angle)
    seen = {name: one.number(name) for name in ("formula-error", "pixels-error", "alias")}
    assert seen["formula-error"] == close(wanted.formula_error)
    assert seen["pixels-error"] == close(wanted.pixels_error)
    assert seen["alias"] == pytest.approx(wanted.alias, rel=FOUR_DIGITS, abs=1e-6)
    for name in ("formula", "pixels"):
        norm = getattr(wanted, f"{name}_norm")
        assert one.number(f"{name}-norm") == pytest.approx(100 * norm, abs=0.051)


@pytest.mark.parametrize(("ring", "frequency", "angle"), [(2, 2, 30), (1, 3, 30), (4, 8, 77), (0, 0, 90)])
def test_single_harmonics_are_those_of_the_library(explorer, ring, frequency, angle):
    one = explorer("harmonics")
    one.figure.get_by_label("only this harmonic").check()
    one.set("Frequency", frequency)
    one.set("Ring", ring)
    one.set("Weight", 1)
    weights = torch.zeros(harmonics.N_RINGS, harmonics.MAX_FREQUENCY + 1, dtype=torch.float64)
    weights[ring, frequency] = 1
    check_harmonics(one, weights, angle)
    beyond = frequency > max(0, ring + 1) or (ring == 0 and frequency > 0)
    assert ("Beyond" in one.figure.locator(".demo-read").inner_text()) == beyond


def test_sum_of_harmonics_is_that_of_the_library(explorer):
    one = explorer("harmonics")
    one.figure.get_by_label("only this harmonic").uncheck()
    one.figure.get_by_role("button", name="Clear").click()
    one.drawn()
    assert "All weights are zero" in one.figure.locator(".demo-read").inner_text()
    weights = torch.zeros(harmonics.N_RINGS, harmonics.MAX_FREQUENCY + 1, dtype=torch.float64)
    for ring, frequency, weight in ((1, 1, 1.5), (2, 3, -0.7), (3, 0, 0.4)):
        one.set("Frequency", frequency)
        one.set("Ring", ring)
        one.set("Weight", weight)
        weights[ring, frequency] = weight
    check_harmonics(one, weights, 30)
