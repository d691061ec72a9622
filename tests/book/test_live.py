"""Networks that run in the page: numbers as in the library; no file stops them; nothing leaves the page."""

import base64
import functools
import io
import json
import struct
import time

import numpy as np
import pytest
import torch
from conftest import ROOT, SITE, Explorer
from export_live import RESNETS, UNETS, weights
from PIL import Image

from course_lib.actions import rotate
from course_lib.classification import turn
from course_lib.data.pictures import letterbox
from course_lib.evaluation import dice, segmenter, turn_masks
from course_lib.export import onnx_function
from course_lib.filters import disc_mask
from course_lib.weights import load_model

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]
PAGE = "book/live.html"
FIGURES = ("live-segmentation", "live-classifier")
FILES = SITE / "_static/data"
FOUR_DIGITS = 5.1e-5  # the page shows four digits behind the point
LIBRARY = 0.03  # of Dice: a pixel or two at the edge, for the page's weights are rounded to half precision
PROBABILITY = 1e-3  # for the same reason


class Live(Explorer):
    """A figure whose networks have been started; from then on the network is cut."""

    def __init__(self, page, name):
        start(page, name)
        super().__init__(page, name)

    def turn(self, angle):
        self.figure.get_by_label("Turn", exact=True).fill(str(angle))
        self.shows(angle)

    def shows(self, angle):
        picture = self.figure.get_by_label("Picture", exact=True).input_value()
        self.page.locator(f'[data-demo="{self.name}"][data-shown="{picture} {angle}"]').wait_for()

    def choose(self, picture):
        self.figure.get_by_label("Picture", exact=True).select_option(picture)

    @property
    def status(self):
        return self.figure.locator(".live-status").text_content()


def state(page, name, *wanted):
    """Wait until a figure is in one of these states."""
    page.wait_for_function(
        "([name, wanted]) => wanted.includes(document.querySelector(`[data-demo=${name}]`).dataset.state)",
        arg=[name, wanted],
    )


def start(page, name):
    """Press the button that starts the networks."""
    figure = page.locator(f'[data-demo="{name}"]')
    figure.scroll_into_view_if_needed()
    figure.get_by_role("button", name="Start the networks").click()
    state(page, name, "live", "failed")
    assert figure.get_attribute("data-state") == "live", figure.locator(".live-status").text_content()


@pytest.fixture(scope="module")
def opened(browser, site):
    """The page, with no network started."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(site + PAGE, wait_until="load")
    yield page
    context.close()


@pytest.fixture(scope="module")
def live(opened):
    """Both figures, with their networks running and the network cut."""
    for name in FIGURES:
        opened.locator(f'[data-demo="{name}"]').scroll_into_view_if_needed()
        opened.locator(f'[data-demo="{name}"][data-ready]').wait_for()
        start_now = opened.locator(f'[data-demo="{name}"]').get_by_role("button", name="Start the networks")
        assert start_now.is_visible()
    start(opened, FIGURES[0])
    second = Live(opened, FIGURES[1])
    first = object.__new__(Live)
    first.page, first.name, first.troubles = opened, FIGURES[0], second.troubles
    first.figure = opened.locator(f'[data-demo="{FIGURES[0]}"]')
    return {FIGURES[0]: first, FIGURES[1]: second}


@functools.cache
def shipped(name):
    """The network that the page loads, run by the library."""
    return onnx_function(FILES / f"live-{name}.onnx")


@functools.cache
def trained(run):
    """The network of a run; as plain convolutions, which compute the same in less time."""
    return load_model(weights(run))[0].to_plain().eval()


@functools.cache
def known(name):
    return json.loads((FILES / f"{name}.json").read_text("utf8"))


def image(text, channels, size):
    """An exported picture, in [0, 1]."""
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(1, channels, size, size)
    return torch.from_numpy(pixels.copy()) / 255


def truth_of(text, size):
    packed = np.frombuffer(base64.b64decode(text), np.uint8)
    return torch.from_numpy(np.unpackbits(packed).reshape(1, 1, size, size)).bool()


def agreement(segment, picture, angle):
    """What ``rotation_scores`` computes, at one angle."""
    disc = disc_mask(picture.shape[-1])
    found, wanted = segment(rotate(picture, angle)), turn_masks(segment(picture), angle)
    return dice(found & disc, wanted & disc).item()


@pytest.mark.parametrize(("picture", "angle"), [(0, 37), (1, 211), (3, 180)])
def test_masks_and_agreement_are_those_of_the_library(live, picture, angle):
    one, numbers = live[FIGURES[0]], known(FIGURES[0])
    size = numbers["size"]
    pixels = image(numbers["pictures"][picture]["image"], 3, size)
    truth = turn_masks(truth_of(numbers["pictures"][picture]["truth"], size), angle)
    one.choose(str(picture))
    one.turn(angle)
    disc = disc_mask(size)
    for name, run in UNETS.items():
        segment = segmenter(shipped(f"unet-{name}"))
        seen = one.number(f"agreement-{name}")
        assert seen == pytest.approx(agreement(segment, pixels, angle), abs=FOUR_DIGITS), name
        assert seen == pytest.approx(agreement(segmenter(trained(run)), pixels, angle), abs=LIBRARY), name
        score = dice(segment(rotate(pixels, angle)) & disc, truth & disc).item()
        assert one.number(f"dice-{name}") == pytest.approx(score, abs=FOUR_DIGITS), name
        if angle % 90 == 0:
            assert (seen == 1) == (name != "plain")


@pytest.mark.parametrize(("picture", "angle"), [(0, 37), (3, 120)])
def test_probabilities_are_those_of_the_library(live, picture, angle):
    one, numbers = live[FIGURES[1]], known(FIGURES[1])
    pixels = image(numbers["pictures"][picture]["image"], 1, numbers["size"])
    one.choose(str(picture))
    one.turn(angle)
    for name, run in RESNETS.items():
        with torch.no_grad():
            by_run = trained(run)(turn(pixels, angle)).softmax(dim=1)[0, 0].item()
        classify = shipped(f"resnet-{name}")
        over = classify(torch.cat([turn(pixels, a) for a in numbers["angles"]])).softmax(dim=1)[:, 0].tolist()
        now = classify(turn(pixels, angle)).softmax(dim=1)[0, 0].item()
        assert one.number(f"probability-{name}") == pytest.approx(now, abs=FOUR_DIGITS)
        assert one.number(f"probability-{name}") == pytest.approx(by_run, abs=PROBABILITY)
        assert one.number(f"spread-{name}") == pytest.approx(max(over) - min(over), abs=FOUR_DIGITS)
    assert one.number("spread-sre") < 0.02 < one.number("spread-plain")


def test_own_picture_is_scaled_as_in_training_and_stays_here(live, tmp_path):
    one = live[FIGURES[0]]
    size = known(FIGURES[0])["size"]
    y, x = np.mgrid[:91, :134]
    colours = np.stack([120 + 90 * np.sin(x / 9), 90 + 60 * np.cos(y / 7 + x / 20), 70 + 0.5 * y], axis=-1)
    colours[30:60, 40:90] = (200, 90, 70)
    picture = Image.fromarray(colours.astype(np.uint8))
    path = tmp_path / "mine.png"
    picture.save(path)
    one.troubles.clear()
    one.figure.locator("input[type=file]").set_input_files(path)
    one.page.wait_for_function("document.querySelector('.live-status').textContent.includes('not left')")
    one.turn(37)
    square = np.array(letterbox(picture, picture.size, size))
    pixels = torch.from_numpy(square).permute(2, 0, 1)[None] / 255
    for name in UNETS:
        wanted = agreement(segmenter(shipped(f"unet-{name}")), pixels, 37)
        assert one.number(f"agreement-{name}") == pytest.approx(wanted, abs=FOUR_DIGITS)
        assert one.figure.locator(f"[data-number=dice-{name}]").inner_text() == "–"
    one.turn(0)
    shown = one.figure.locator("canvas").first.evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    assert np.array_equal(np.reshape(shown, (size, size, 4))[..., :3], square)
    assert one.troubles == []


def png(width, height):
    """A sound picture whose header claims another size."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "PNG")
    data = bytearray(content.getvalue())
    data[16:24] = struct.pack(">II", width, height)
    return bytes(data)


WRONG = {
    "text.png": (b"these are words, not pixels\n" * 40, "no PNG, JPEG, WebP or GIF picture"),
    "empty.png": (b"", "empty (0 bytes)"),
    "large.png": (100_000_000, "100 MB, and at most 25 MB"),
    "vast.png": (png(30_000, 30_000), "30000 × 30000 pixels"),
    "broken.png": (png(64, 64), "damaged"),
    "broken.jpg": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(40), "no PNG, JPEG, WebP or GIF picture"),
}
DROP = """
([demo, name, content]) => {
    const size = typeof content === "number" ? content : 0;
    const bytes = size ? new Uint8Array(size) : Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name));
    const figure = document.querySelector(`[data-demo=${demo}]`);
    for (const kind of ["dragover", "drop"]) {
        figure.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
    }
}
"""


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("demo", FIGURES)
def test_a_wrong_file_is_refused_in_words_and_the_page_goes_on(live, demo, name):
    one = live[demo]
    content, words = WRONG[name]
    given = content if isinstance(content, int) else base64.b64encode(content).decode()
    one.page.evaluate(DROP, [demo, name, given])
    message = f"{name}: "
    locator = one.figure.locator(".live-status")
    locator.filter(has_text=message).wait_for()
    assert words in one.status and one.figure.get_attribute("data-state") == "live"
    one.choose("0")
    one.turn(12)
    one.turn(15)
    assert one.troubles == []


def test_keys_turn_the_picture_and_it_is_said(live):
    one = live[FIGURES[0]]
    one.choose("0")
    one.turn(89)
    one.figure.get_by_label("Turn", exact=True).focus()
    one.page.keyboard.press("ArrowRight")
    one.shows(90)
    voice = one.figure.locator("p.visually-hidden[aria-live=polite]")
    voice.filter(has_text="Turned by 90 degrees").wait_for()
    assert "p4 1.00, steerable 1.00" in voice.inner_text()


def test_dragging_turns_the_picture(live):
    one = live[FIGURES[0]]
    one.turn(0)
    canvas = one.figure.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y, r = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 3
    one.page.mouse.move(x + r, y)
    one.page.mouse.down()
    one.page.mouse.move(x + 0.7 * r, y - 0.7 * r)
    one.page.mouse.move(x, y - r)
    one.page.mouse.up()
    one.shows(90)


def test_a_turn_around_says_how_fast_it_was(live):
    one = live[FIGURES[0]]
    one.figure.get_by_role("button", name="Turn once around").click()
    one.figure.locator("[data-number=rate]").wait_for()
    assert one.number("rate") > 1  # 10 on a free machine; tests run beside each other


@pytest.mark.parametrize("demo", FIGURES)
def test_both_figures_in_all_views(live, demo):
    live[demo].choose("3")
    live[demo].turn(45)
    live[demo].views()
    assert live[demo].troubles == []


def test_workers_stop_when_the_page_is_left(live):
    page = live[FIGURES[0]].page
    assert len(page.workers) == 2
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    for name in FIGURES:
        state(page, name, "frames")
    end = time.monotonic() + 5
    while page.workers and time.monotonic() < end:  # the browser tells a moment later
        page.wait_for_timeout(50)
    assert page.workers == []


@pytest.fixture
def fresh(browser, site):
    """Open the page anew, perhaps with a script that runs first."""
    contexts = []

    def open_page(script="", block=""):
        context = browser.new_context(viewport={"width": 390, "height": 900})
        contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        if block:
            page.route(block, lambda route: route.abort())
        page.goto(site + PAGE, wait_until="load")
        page.locator(f'[data-demo="{FIGURES[0]}"]').scroll_into_view_if_needed()
        page.locator(f'[data-demo="{FIGURES[0]}"][data-ready]').wait_for()
        return page, page.locator(f'[data-demo="{FIGURES[0]}"]')

    yield open_page
    for context in contexts:
        context.close()


def frames_work(figure):
    """The masks that were computed beforehand are shown, with the library's agreement."""
    numbers = known(FIGURES[0])
    figure.get_by_label("Turn", exact=True).fill("30")
    figure.page.locator(f'[data-demo="{FIGURES[0]}"][data-shown="0 30"]').wait_for()
    pixels = image(numbers["pictures"][0]["image"], 3, numbers["size"])
    seen = float(figure.locator("[data-number=agreement-p4]").inner_text())
    assert seen == pytest.approx(agreement(segmenter(shipped("unet-p4")), pixels, 30), abs=FOUR_DIGITS)


def test_without_webassembly_there_are_frames_and_a_sentence(fresh):
    page, figure = fresh("delete globalThis.WebAssembly")
    assert "has no WebAssembly" in figure.locator(".live-status").text_content()
    assert figure.get_by_role("button", name="Start the networks").count() == 0
    frames_work(figure)
    page.evaluate(DROP, [FIGURES[0], "mine.png", base64.b64encode(png(8, 8)).decode()])
    state(page, FIGURES[0], "failed")
    frames_work(figure)


def test_networks_that_cannot_be_fetched_leave_the_frames_and_can_be_tried_again(fresh):
    page, figure = fresh(block="**/*.wasm")
    figure.get_by_role("button", name="Start the networks").click()
    state(page, FIGURES[0], "failed")
    assert "The networks do not run" in figure.locator(".live-status").text_content()
    frames_work(figure)
    page.unroute("**/*.wasm")
    start(page, FIGURES[0])


def test_a_graphics_card_that_fails_is_replaced_by_the_processor(fresh):
    card = "Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: async () => ({}) } })"
    page, figure = fresh(card, block="**/*asyncify.wasm")
    start(page, FIGURES[0])
    figure.get_by_label("Runs on").select_option("webgpu")
    figure.locator(".live-status").filter(has_text="The graphics card was tried").wait_for()
    assert figure.get_attribute("data-state") == "live"


def frames(picture, name):
    """Agreement and angle of the masks that were computed beforehand."""
    numbers = known(FIGURES[0])
    size, angles = numbers["size"], numbers["angles"]
    packed = np.frombuffer(base64.b64decode(numbers["pictures"][picture]["frames"][name]), np.uint8)
    masks = torch.from_numpy(np.unpackbits(packed).reshape(len(angles), 1, size, size)).bool()
    disc = disc_mask(size)
    wanted = torch.cat([turn_masks(masks[:1], angle) for angle in angles])
    return dict(zip(angles, dice(masks & disc, wanted & disc).tolist(), strict=True))


def test_what_the_page_says_of_its_pictures_and_files_is_so():
    assert frames(3, "plain")[180] < 0.1
    assert frames(1, "steerable")[30] < 0.1
    plain, p4 = frames(0, "plain"), frames(0, "p4")
    between = [angle for angle in p4 if angle % 90]
    assert sum(plain[angle] > p4[angle] for angle in between) > 0.8 * len(between)
    text = (ROOT / "book/live.md").read_text("utf8")
    for demo, words in zip(FIGURES, ("MB for the U-Nets", "MB for the classifiers"), strict=True):
        size = sum(network["bytes"] for network in known(demo)["networks"].values()) / 1e6
        assert f"{size:.1f} {words}" in text
    for name, size in (
        ("simd-threaded", "The runtime has 14 MB"),
        ("simd-threaded.asyncify", "another 27 MB"),
    ):
        file = SITE / f"_static/vendor/ort/ort-wasm-{name}.wasm"
        assert f"{size.split()[-2]} MB" == f"{file.stat().st_size / 1e6:.0f} MB" and size in text
