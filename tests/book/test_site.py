"""The built site in a real browser: no error, no request to elsewhere, accessible, right in its numbers."""

import os
import threading
from pathlib import Path

import pytest
import serve

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("COURSE_SITE", ROOT / "_build/html"))
AXE = ROOT / "book/web/node_modules/axe-core/axe.min.js"
SHOTS = ROOT / "_build/screenshots"
# All rules once in each mode and at each width; what a mode changes is colours, and these in every view.
COLOURS = "{runOnly: ['color-contrast', 'link-in-text-block'], resultTypes: ['violations']}"
ALL_RULES = "{resultTypes: ['violations']}"
VIEWS = [
    ("light", 1280, ALL_RULES),
    ("light", 390, COLOURS),
    ("dark", 390, ALL_RULES),
    ("dark", 1280, COLOURS),
]
FIRST_LOAD = 500_000
SHOW_ALL = """
    .bd-article > section > section { content-visibility: visible !important; }
"""
ALL_PICTURES = """
    Promise.all([...document.images].map((picture) => {
        picture.loading = "eager"; return picture.decode().catch(() => {}); }))
"""
# Boxes that scroll come within reach of the keyboard a moment after the window has changed its size.
TAB_STOPS = """
    [...document.querySelectorAll("pre, .pst-scrollable-table-container, div.math")]
        .every(box => box.scrollWidth <= box.clientWidth || box.tabIndex === 0)
"""
# Left out: the front door, which only leads on, the page of errors (test_quality.py), and source code
# except for the longest, for its pages all have one form.
LONGEST = "_modules/course_lib/layers/isotropic.html"
PAGES = sorted(
    name
    for name in (path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
    if not name.startswith("_static/") and name not in ("index.html", "404.html")
    if not name.startswith("_modules/course_lib/") or name == LONGEST
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]


@pytest.fixture(scope="module")
def address():
    if not (SITE / "index.html").is_file():
        pytest.fail("the site is not built; run `make book` first")
    with serve.make_server(SITE, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Watched:
    """A page of the site, and what went wrong while it was open."""

    def __init__(self, browser, address):
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce"
        )
        self.page = self.context.new_page()
        self.address = address
        self.troubles: list[str] = []
        self.page.on(
            "console", lambda m: self.troubles.append(f"console: {m.text}") if m.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.troubles.append(f"exception: {error}"))
        self.page.on("requestfailed", lambda r: self.troubles.append(f"failed: {r.url}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)
        self.bytes = 0

    def _request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.troubles.append(f"external: {request.url}")

    def _response(self, response):
        self.bytes += int(response.headers.get("content-length", 0))
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.url}")

    def open(self, name):
        self.page.goto(self.address + name, wait_until="networkidle")
        return self.page


@pytest.fixture
def watched(browser, address):
    opened = []

    def make():
        opened.append(Watched(browser, address))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()


def test_there_are_pages():
    assert "book/index.html" in PAGES


@pytest.mark.parametrize("name", PAGES)
def test_page_works_and_is_accessible(watched, name):
    one = watched()
    page = one.open(name)
    assert one.bytes <= FIRST_LOAD, f"the first load takes {one.bytes} bytes"
    assert page.evaluate("document.getAnimations().length") == 0  # the reader asked for rest
    page.add_style_tag(content=SHOW_ALL)
    page.evaluate(ALL_PICTURES)
    page.evaluate(AXE.read_text())
    SHOTS.mkdir(parents=True, exist_ok=True)
    for scheme, width, rules in VIEWS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        page.locator(f"html[data-theme={scheme}]").wait_for()
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 1, f"the page is {overflow} px wider than the screen of {width} px"
        shot = SHOTS / f"{name.replace('/', '-')[:-5]}-{scheme}-{width}.png"
        page.screenshot(path=shot, full_page=True, animations="disabled")
        page.wait_for_function(TAB_STOPS)
        found = page.evaluate(f"axe.run(document, {rules})")["violations"]
        bad = [
            (rule["id"], rule["impact"], node["html"][:160], node.get("failureSummary", "")[:200])
            for rule in found
            for node in rule["nodes"][:3]
        ]
        assert bad == [], (scheme, width)
    assert one.troubles == []


@pytest.mark.parametrize(
    "name", [name for name in PAGES if "course-slider" in (SITE / name).read_text("utf8")]
)
def test_sliders_work_by_keyboard_and_speak(watched, name):
    one = watched()
    page = one.open(name)
    for figure in page.locator(".course-slider").all():
        frames, control = figure.locator("img"), figure.locator("input")
        control.focus()
        for step in range(frames.count()):
            assert [k for k, frame in enumerate(frames.all()) if frame.is_visible()] == [step]
            value = control.get_attribute("aria-valuetext")
            assert figure.locator("output").inner_text() == value
            assert frames.nth(step).get_attribute("alt").endswith(f": {value}.")
            page.keyboard.press("ArrowRight")
    assert one.troubles == []


def test_colab_buttons_point_to_notebooks_that_exist():
    for name in PAGES:
        for link in (SITE / name).read_text().split('href="')[1:]:
            url = link.split('"')[0]
            if "colab.research" in url:
                path = "book" + url.split("/book", 1)[1]
                assert path.endswith(".ipynb") and (ROOT / path).is_file(), url
