"""The built site as readers, servers and search engines meet it: one browser, each page opened once."""

import functools
import http.server
import os
import re
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import serve

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("COURSE_SITE", ROOT / "_build/html"))
CHAPTER = "book/04-p4.html"
ICONS_IN_TEXT = re.compile("[\ue000-\uf8ff]")
RINGS = """
    () => { const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();
      return { name: e.outerHTML.slice(0, 90), seen: b.width > 0 && b.bottom > 0 && b.top < innerHeight,
               ring: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 }; }
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
]


def texts():
    """Name and text of every page of the book."""
    return {path.relative_to(SITE).as_posix(): path.read_text("utf8") for path in SITE.glob("book/*.html")}


@pytest.fixture(scope="module")
def below(tmp_path_factory):
    """The site in a folder of a plain file server without compression, as ``python -m http.server`` is."""
    root = tmp_path_factory.mktemp("web")
    (root / "teaching").mkdir()
    (root / "teaching/course").symlink_to(SITE)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/teaching/course/"
        server.shutdown()


@pytest.fixture(scope="module")
def page(browser, below):
    """One page for all tests, and what has gone wrong in it in ``page.troubles``."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.troubles = []
    page.on("console", lambda m: page.troubles.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith((below, "data:")) else page.troubles.append(r.url))
    yield page
    context.close()


def test_every_page_says_what_it_is():
    pages = texts()
    assert len(pages) > 5
    titles, described = set(), set()
    for name, text in pages.items():
        titles.add(re.search("<title>(.*?)</title>", text, re.DOTALL)[1])
        about = re.search('<meta name="description" content="([^"]*)"', text)[1]
        assert 20 <= len(about) <= 320, (name, about)
        described.add(about)
        (canonical,) = re.findall('<link rel="canonical" href="([^"]*)"', text)
        assert canonical.endswith(name), name
        (card,) = re.findall('<meta property="og:image" content="([^"]*)"', text)
        assert (SITE / "_images/cards" / card.rsplit("/", 1)[1]).is_file(), name
        assert text.count('<meta name="viewport"') == 1, name
    assert len(titles) == len(described) == len(pages)


def test_every_picture_is_described_and_has_its_size():
    for name, text in texts().items():
        for picture in re.findall("<img[^>]*>", text):
            assert re.search('alt="[^"]+"', picture) and ' width="' in picture, (name, picture[:200])
        for drawing in re.findall(r'<svg(?![^>]* height="[\d.]+em")[^>]*>', text):  # those are parts of roots
            told = 'aria-hidden="true"' in drawing or ('role="img"' in drawing and "aria-label" in drawing)
            assert told, (name, drawing[:200])


def test_no_page_carries_what_it_does_not_use():
    for name, text in texts().items():
        assert not re.search(r"MathJax|fontawesome\.js|searchindex\.js|data:image/webp", text), name
        assert not re.search(r'<script(?![^>]*(?:defer|module|async))[^>]*\ssrc="', text), name
        assert text.count('rel="stylesheet"') == 1, name
        assert not re.search(r'class="math notranslate nohighlight"[^>]*>\s*\\[(\[]', text), name


def test_map_lists_the_pages_and_robots_find_it():
    places = [
        place.text for place in ElementTree.parse(SITE / "sitemap.xml").iter() if place.tag.endswith("loc")
    ]
    names = [urlsplit(place).path.split("/", 2)[2] for place in places]
    assert set(texts()) <= set(names) and all((SITE / name).is_file() for name in names)
    assert f"Sitemap: {places[0].split('/book/')[0].split('/_modules/')[0]}/sitemap.xml" in (
        (SITE / "robots.txt").read_text()
    )


def test_site_works_below_a_folder_of_a_plain_server(page, below):
    page.goto(below, wait_until="load")
    page.wait_for_url("**/book/index.html")
    page.goto(below + CHAPTER, wait_until="networkidle")
    formula = page.locator("div.math .katex-display").first
    formula.scroll_into_view_if_needed()
    page.evaluate("document.fonts.ready")
    assert formula.evaluate("e => e.getBoundingClientRect().height") > 15
    page.wait_for_function("document.fonts.check('16px Inter') && document.fonts.check('16px KaTeX_Main')")
    assert page.troubles == []


def test_pictures_are_there_when_the_network_goes(page, below):
    page.goto(below + CHAPTER, wait_until="load")
    page.wait_for_function("[...document.images].every((picture) => picture.loading !== 'lazy')")
    page.evaluate("Promise.all([...document.images].map((picture) => picture.decode().catch(() => {})))")
    assert page.evaluate("[...document.images].filter((picture) => !picture.naturalWidth).length") == 0


def test_search_answers_without_another_server(page, below):
    page.goto(below + CHAPTER, wait_until="load")
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input[name=q]")
    field.wait_for(state="visible")
    field.fill("lifting convolution")
    field.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    found = page.locator("#search-results li a")
    found.first.wait_for()
    assert any("04-p4" in (link.get_attribute("href") or "") for link in found.all())
    assert page.troubles == []


def test_keyboard_reaches_everything_and_shows_where_it_is(page, below):
    page.goto(below + CHAPTER, wait_until="load")
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate("document.activeElement.textContent")
    stops = []
    for _ in range(45):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(RINGS))
    assert all(stop["ring"] and stop["seen"] for stop in stops), [
        s for s in stops if not (s["ring"] and s["seen"])
    ]
    assert len({stop["name"] for stop in stops}) > 20
    page.evaluate("document.querySelector('#pst-skip-link a').focus()")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main-content"


def test_icons_are_hidden_from_those_who_listen(page, below):
    page.goto(below + CHAPTER, wait_until="load")
    assert (
        page.locator("i[class*='fa-']:not([aria-hidden]), span[class*='fa-']:not([aria-hidden])").count() == 0
    )
    icon = page.locator(".fa-bars").first
    drawn = icon.evaluate("e => getComputedStyle(e, '::before').content + getComputedStyle(e).fontFamily")
    assert ICONS_IN_TEXT.search(drawn) and "Font Awesome" in drawn
    assert page.evaluate("document.fonts.check('900 16px \"Font Awesome 6 Free\"', '\\uf0c9')")


def test_paper_holds_the_article_alone(page, below):
    page.goto(below + CHAPTER, wait_until="load")
    page.emulate_media(media="print")
    for part in (".bd-sidebar-primary", ".bd-header-article", ".bd-sidebar-secondary", ".prev-next-footer"):
        assert page.locator(part).first.is_hidden(), part
    section = page.locator(".bd-article > section > section").last
    assert section.evaluate("e => getComputedStyle(e).contentVisibility") == "visible"
    assert [title.is_visible() for title in page.locator("h1").all()].count(True) == 1
    page.emulate_media(media="screen")


def test_choice_of_versions_appears_with_the_second(page, below):
    page.goto(below + CHAPTER, wait_until="load")
    assert page.locator(".versions").count() == 0
    there = "[{name: '2', path: '', here: true}, {name: '1', path: '../course/', here: false}]"
    script = {"content_type": "text/javascript", "body": f"window.courseVersions = {there};"}
    page.route("**/versions.js", lambda route: route.fulfill(**script))
    page.goto(below + CHAPTER, wait_until="load")
    choice = page.locator(".versions select")
    assert choice.locator("option").all_inner_texts() == ["2", "1"] and choice.input_value() == ""
    with page.expect_navigation():
        choice.select_option("../course/")
    assert page.url == below + CHAPTER
    page.unroute("**/versions.js")
    assert page.troubles == []


def test_page_of_errors_finds_the_site_from_any_depth(browser):
    with serve.make_server(SITE, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        lost = browser.new_page()
        lost.goto(f"{address}no/such/place.html", wait_until="networkidle")
        link = lost.get_by_role("link", name="Go to the first page")
        assert link.get_attribute("href") == "/book/index.html"
        lost.close()
        server.shutdown()
