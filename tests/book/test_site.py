"""The built site in a real browser: no error, no request to elsewhere, accessible, right in its numbers."""

import functools
import http.server
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build/html"
AXE = ROOT / "book/web/node_modules/axe-core/axe.min.js"
SHOTS = ROOT / "_build/screenshots"
VIEWS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 390)]
# The theme makes wide code boxes reachable by keyboard a moment after the window has changed its size.
TAB_STOPS = """
    [...document.querySelectorAll("pre")].every(e => e.scrollWidth <= e.clientWidth || e.tabIndex === 0)
"""
LEFT_OUT = {"index.html"}  # it only leads on to the first page
PAGES = sorted(
    str(path.relative_to(SITE))
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts and "_modules" not in path.parts and path.name not in LEFT_OUT
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line of log for each."""

    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def address():
    if not (SITE / "index.html").is_file():
        pytest.fail("the site is not built; run `make book` first")
    handler = functools.partial(QuietHandler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
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
        self.page.on(
            "response", lambda r: self.troubles.append(f"{r.status}: {r.url}") if r.status >= 400 else None
        )

    def _request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.troubles.append(f"external: {request.url}")

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
    page.evaluate(AXE.read_text())
    SHOTS.mkdir(parents=True, exist_ok=True)
    for scheme, width in VIEWS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        page.locator(f"html[data-theme={scheme}]").wait_for()
        page.evaluate("window.dispatchEvent(new Event('resize'))")  # a late font may have widened a box
        page.wait_for_function(TAB_STOPS)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 1, f"the page is {overflow} px wider than the screen of {width} px"
        shot = SHOTS / f"{name.replace('/', '-')[:-5]}-{scheme}-{width}.png"
        page.screenshot(path=shot, full_page=True, animations="disabled")
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        bad = [
            (rule["id"], node["html"][:160], node.get("failureSummary", "")[:200])
            for rule in found
            if rule["impact"] in ("serious", "critical")
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
