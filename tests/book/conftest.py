"""Generators and extensions of the book are scripts, not a package: tests import them from their folders."""

import functools
import http.server
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "book" / "tools"), str(ROOT / "book" / "_ext")]
SITE = Path(os.environ.get("COURSE_SITE", ROOT / "_build/html"))
SHOTS = ROOT / "_build/screenshots"
AXE = ROOT / "book/web/node_modules/axe-core/axe.min.js"
FOLDER = "/teaching/course/"  # the site must not mind where it lies

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; without one the test is skipped here and fails in continuous integration."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        message = "no Chromium on this machine; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield browser
        browser.close()


class BelowFolder(http.server.SimpleHTTPRequestHandler):
    """Serve the site below a folder, as a department's web server does, and write no log."""

    def translate_path(self, path):
        """Only what lies below the folder is found."""
        inside = path.startswith(FOLDER)
        return super().translate_path(path.removeprefix(FOLDER.rstrip("/")) if inside else "/nothing-here")

    def log_message(self, format, *args):
        """Say nothing."""


def bring(figure):
    """Scroll to a figure; a section that has not been drawn yet gets its true height on the way, so go on."""
    two_frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    for _ in range(4):
        figure.evaluate("figure => figure.scrollIntoView({block: 'center', behavior: 'instant'})")
        figure.page.evaluate(two_frames)


class Explorer:
    """An interactive figure in a page that is open; from then on the network is cut.

    Args:
        page: The page, loaded.
        name: The figure's ``data-demo``.
    """

    def __init__(self, page, name):
        self.page, self.name = page, name
        self.troubles: list[str] = []
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", self._request)
        self.figure = page.locator(f'[data-demo="{name}"]').first
        bring(self.figure)
        page.locator(f'[data-demo="{name}"][data-ready]').first.wait_for()
        page.wait_for_load_state("networkidle")
        self.troubles.clear()  # until here the figure was loading
        page.context.set_offline(True)

    def _request(self, request):
        if request.resource_type not in ("font", "image"):  # what is late elsewhere in the page
            self.troubles.append(f"request: {request.url}")

    def set(self, label, value):
        """Move a slider, or choose, as a reader does."""
        control = self.figure.get_by_label(label, exact=True)
        if control.evaluate("node => node.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(str(value))
        self.drawn()

    def drawn(self):
        """Wait until the figure has been drawn again."""
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def number(self, name):
        """A number that stands in the figure."""
        return float(self.figure.locator(f'[data-number="{name}"]').inner_text().rstrip("%°").strip())

    def views(self):
        """Both colour schemes at both widths: no sideways scroll, no violation; pictures are kept."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.evaluate(AXE.read_text())
        # What surrounds the figure is tested with its page; axe is fast without formulas and outputs.
        self.page.evaluate("document.querySelectorAll('.math, .cell').forEach(n => n.remove())")
        for scheme, width in (("light", 1280), ("light", 390), ("dark", 1280), ("dark", 390)):
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.locator(f"html[data-theme={scheme}]").wait_for()
            self.drawn()
            root = "document.documentElement"
            overflow = self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
            assert overflow <= 1, f"{overflow} px wider than the screen of {width} px"
            bring(self.figure)
            path = SHOTS / f"explorer-{self.name}-{scheme}-{width}.png"
            self.figure.screenshot(path=path, animations="disabled")
            if (scheme, width) in (("light", 1280), ("dark", 390)):
                selector = f'[data-demo="{self.name}"]'
                options = {"preload": False, "resultTypes": ["violations"]}
                found = self.page.evaluate("([s, o]) => axe.run(s, o)", [selector, options])
                assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]] == []
        self.page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture(name="bring")
def bring_fixture():
    """The function that scrolls to a figure."""
    return bring


@pytest.fixture(scope="module")
def site():
    """Address of the built site, served below a folder; the variable COURSE_SITE names another build."""
    if not (SITE / "book/index.html").is_file():
        pytest.fail(f"there is no site in {SITE}; run `make book` first")
    handler = functools.partial(BelowFolder, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{FOLDER}"
        server.shutdown()


@pytest.fixture(scope="module")
def explorer(browser, site):
    """From the name of an interactive figure to that figure, ready in the first page that holds it."""
    opened: dict[str, Explorer] = {}

    def open_explorer(name):
        if name not in opened:
            pages = (
                path for path in sorted(SITE.glob("book/*.html")) if f'data-demo="{name}"' in path.read_text()
            )
            place = next(pages).relative_to(SITE).as_posix()
            context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
            page = context.new_page()
            page.goto(site + place, wait_until="load")
            opened[name] = Explorer(page, name)
        return opened[name]

    yield open_explorer
    for one in opened.values():
        one.page.context.close()
