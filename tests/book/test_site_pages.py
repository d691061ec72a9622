"""What is done to the written pages: formulas, pictures, styles, and what a web server asks for."""

import base64
import gzip
import io
import json
import re
import threading
import urllib.error
import urllib.request
from pathlib import Path

import course_hosting
import course_pages
import course_styles
import join_versions
import pytest
import run_lighthouse
import serve
from PIL import Image
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]

BASE = "https://example.org/course/"


def png(size, noise=False):
    """Bytes of a small picture; noise does not compress without loss."""
    picture = Image.effect_noise(size, 90) if noise else Image.new("L", size, 200)
    out = io.BytesIO()
    picture.convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def site(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/documentation_options.js").write_text("const DOCUMENTATION_OPTIONS = {};")
    (tmp_path / "_images").mkdir()
    (tmp_path / "book").mkdir()
    return tmp_path


def test_formulas_become_mathml_and_displayed_ones_can_be_reached():
    page = (
        '<p><span class="math notranslate nohighlight">\\(a &lt; b\\)</span></p>'
        '<div class="math notranslate nohighlight" id="equation-x">\n<span class="eqno">(1)</span>'
        "\\[\\begin{split}x &amp;= 1\\\\\ny &amp;= 2\\end{split}\\]</div>"
    )
    wanted = course_pages.formulas_of(page)
    assert wanted[0] == ("a < b", False) and wanted[1][1]
    shown = course_pages.with_formulas(page, dict(zip(wanted, course_pages.typeset(wanted), strict=True)))
    assert shown.count("<math ") == 2 and "\\(" not in shown
    assert '<annotation encoding="application/x-tex">a &lt; b</annotation>' in shown
    box = re.search(r"<div class=\"math[^>]*>", shown)[0]
    assert 'tabindex="0"' in box and 'id="equation-x"' in box and "(1)" in shown


def test_wrong_formula_stops_the_build_and_is_named():
    with pytest.raises(ExtensionError, match=r"in: \\frac\{1"):
        course_pages.typeset([("\\frac{1", False)])


def test_embedded_pictures_go_to_files_with_size_and_wait(site):
    page = site / "book/one.html"
    data = base64.b64encode(png((90, 60), noise=True)).decode()
    text = course_pages.with_pictures(f'<img alt="x" src="data:image/png;base64,{data}">', page, site)
    (found,) = (site / "_images").glob("*.png")
    assert f'src="../_images/{found.name}"' in text
    assert 'width="90" height="60"' in text and 'loading="lazy"' in text
    assert course_pages.with_pictures(text, page, site) == text


def test_only_large_pictures_are_written_anew(site):
    small, large = site / "_images/a.png", site / "_images/b.png"
    small.write_bytes(png((40, 40)))
    large.write_bytes(png((400, 300), noise=True))
    assert course_pages.lighter(small) == small
    assert course_pages.lighter(large) == large.with_suffix(".webp")
    assert large.with_suffix(".webp").stat().st_size < large.stat().st_size


def test_scripts_wait_and_search_stays_on_its_page(site):
    head = (
        "<title>x</title>"
        '<script src="../_static/documentation_options.js?v=1"></script>'
        '<script src="../_static/a.js"></script><script src="../_static/searchtools.js"></script>'
        '<script defer src="../_static/scripts/fontawesome.js"></script>'
        '<script type="module" src="../_static/b.mjs"></script><i class="fa-solid fa-bars"></i>'
    )
    text = course_pages.with_light_head(head, site / "book/one.html", site)
    assert "<script>const DOCUMENTATION_OPTIONS = {};</script>" in text
    assert '<script defer src="../_static/a.js">' in text
    assert "searchtools" not in text and "fontawesome" not in text
    assert 'fetchpriority="low"' in text and 'fa-bars" aria-hidden="true"' in text
    assert "searchtools" in course_pages.with_light_head(head, site / "search.html", site)


def test_only_long_lines_are_stops_of_the_tab_key():
    text = course_pages.with_tab_stops(f"<pre><b>short</b></pre><pre>{'x' * 60}</pre>")
    assert text.startswith("<pre><b>") and '<pre tabindex="0">xxx' in text


def test_theme_that_has_changed_is_noticed(site):
    script = site / "_static/scripts/pydata-sphinx-theme.js"
    script.parent.mkdir()
    script.write_text(f"a{course_pages.EAGER_WIDTHS}b//# sourceMappingURL=x")
    course_pages.quiet_theme(site)
    course_pages.quiet_theme(site)
    assert script.read_text() == f"a{course_pages.LATE_WIDTHS}b"
    script.write_text("something else")
    with pytest.raises(ExtensionError, match="has changed"):
        course_pages.quiet_theme(site)


def test_one_sheet_with_the_rules_in_use(site):
    (site / "_static/scripts").mkdir()
    (site / "_static/sub").mkdir()
    (site / "_static/one.css").write_text(
        '@import "sub/two.css"; .used, .gone { color: var(--a) } .gone { top: 0 }'
    )
    (site / "_static/sub/two.css").write_text(
        ":root { --a: red; --b: var(--c); --c: 1px } .used:not(.gone) { background: url(x.png) } "
        "@media print { .gone { left: 0 } #here { left: 0 } } .tooltip-inner { top: 1px }"
    )
    page = site / "book/one.html"
    page.write_text(
        '<html><link rel="stylesheet" href="../_static/one.css?v=1" /><i class="used" id="here"></i></html>'
    )
    course_styles.bundle_styles(site, [page])
    first = page.read_text()
    css = (site / "_static/site.css").read_text()
    assert ".gone{" not in css and ",.gone" not in css and ".used:not(.gone)" in css
    assert "--a: red" in css and "--b" not in css and "--c" not in css
    assert "url(sub/x.png)" in css and "@media print{#here" in css and ".tooltip-inner" in css
    assert css.index("sub/x.png") < css.index("var(--a)")
    assert first.count('rel="stylesheet"') == 1 and "../_static/site.css?v=" in first
    course_styles.bundle_styles(site, [page])
    assert page.read_text() == first


def test_map_door_and_page_of_errors(site):
    pages = [site / name for name in ("book/one.html", "search.html", "genindex.html")]
    course_hosting.write_map(site, BASE, pages)
    places = re.findall("<loc>(.*?)</loc>", (site / "sitemap.xml").read_text())
    assert places == [f"{BASE}book/one.html"]
    assert f"Sitemap: {BASE}sitemap.xml" in (site / "robots.txt").read_text()
    course_hosting.write_front_door(site, BASE, "book/one.html", "A & B", "About.")
    assert "A &amp; B" in (site / "index.html").read_text()
    course_hosting.write_page_of_errors(site, BASE, "book/one.html")
    text = (site / "404.html").read_text()
    assert 'href="/course/book/one.html"' in text and "noindex" in text
    assert not re.search(r'(src|href)="(?!/course/|data:,)', text)  # at any depth, nothing relative


def built(folder, name):
    folder.mkdir(parents=True)
    (folder / "versions.js").write_text(
        f"window.courseVersions = {json.dumps([{'name': name, 'path': '', 'here': True}])};\n"
    )
    (folder / "sitemap.xml").write_text("x")
    return folder


def test_versions_lie_side_by_side_and_know_each_other(tmp_path):
    newest = built(tmp_path / "new", "0.11.0")
    releases = {f"v{name}": built(tmp_path / "r" / name, name) for name in ("0.9.1", "0.10.0")}
    join_versions.join(tmp_path / "out", newest, releases)

    def listed(folder):
        entries = join_versions.LISTED.search((tmp_path / "out" / folder / "versions.js").read_text())[1]
        return [(entry["name"], entry["path"], entry["here"]) for entry in json.loads(entries)]

    top = [("0.11.0 (newest)", "", True), ("0.10.0", "v0.10.0/", False), ("0.9.1", "v0.9.1/", False)]
    assert listed("") == top
    assert [entry[1:] for entry in listed("v0.9.1")] == [("../", False), ("../v0.10.0/", False), ("", True)]
    assert (tmp_path / "out/sitemap.xml").exists() and not (tmp_path / "out/v0.9.1/sitemap.xml").exists()
    with pytest.raises(ValueError, match="needs a versions.js"):
        join_versions.name_of(tmp_path)


@pytest.fixture
def address(site):
    (site / "book/one.html").write_text("<p>" + "word " * 500)
    (site / "404.html").write_text("<p>lost")
    (site / "a.mjs").write_text("export {};")
    with serve.make_server(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def ask(address, method="GET", **headers):
    request = urllib.request.Request(address, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_server_compresses_for_those_who_take_it(address):
    packed = {"Accept-Encoding": "gzip"}
    status, headers, content = ask(address + "book/one.html", **packed)
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert int(headers["Content-Length"]) == len(content) < 200
    assert gzip.decompress(content) == ask(address + "book/one.html")[2]
    assert ask(address + "a.mjs", **packed)[1]["Content-Type"] == "text/javascript"
    assert ask(address + "book/one.html", method="HEAD", **packed)[2] == b""


def test_server_has_a_page_for_what_is_not_there(address):
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        status, _, content = ask(address + "no/such/page.html", **headers)
        assert status == 404
        assert (gzip.decompress(content) if headers else content) == b"<p>lost"
    assert ask(address + "nothing", method="HEAD")[0] == 404


def test_samples_of_pages_come_round_to_all():
    names = [str(k) for k in range(10)]
    days = [run_lighthouse.sample(names, 4, day) for day in range(5)]
    assert {name for day in days for name in day} == set(names)
    assert all(len(set(day)) == 4 for day in days) and run_lighthouse.sample(names, 99, 3) == names


def test_lighthouse_asks_for_its_limits():
    good = dict(run_lighthouse.LIMITS)
    assert run_lighthouse.passes({"scores": good})
    assert not any(run_lighthouse.passes({"scores": {**good, name: good[name] - 1}}) for name in good)
