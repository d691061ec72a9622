"""The last hand on the written pages: formulas and icons without scripts, light pictures, one style sheet."""

import base64
import hashlib
import html
import json
import re
import subprocess
import sys
from pathlib import Path

from course_hosting import with_card
from PIL import Image
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
FORMULA = re.compile(
    r'<(?P<tag>span|div) class="math notranslate nohighlight"(?P<more>[^>]*)>'
    r'(?P<number>\s*<span class="eqno">.*?</span>)?'
    r"\s*\\[(\[](?P<tex>.*?)\\[)\]]\s*</(?P=tag)>",
    re.DOTALL,
)
PICTURE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r'src="([^"]*)"')
DATA_URI = re.compile(r'src="data:image/(webp|png|jpeg|gif);base64,([^"]{1500,})"')
SCRIPT = re.compile(r'<script(?![^>]*\b(?:defer|async|type="module"))([^>]*\bsrc="[^"]+"[^>]*)>')
ICON = re.compile(
    r'(<(?:i|span) class="(?:[^"]* )?(?:fa-solid|fa-brands|fas|fab) (?![^>]*aria-hidden)[^>]*)>'
)
MODULE = re.compile(r'<script type="module" src=')
NAMELESS = re.compile(r'<th class="head[^"]*"><p></p></th>')
SIDEBAR = '<div id="pst-primary-sidebar" class='
TAG = re.compile(r"<[^>]*>")
CODE = re.compile(r"<pre(?: [^>]*)?>(.*?)</pre>", re.DOTALL)
PHONE_COLUMNS = 36
TABLE = re.compile(r'(<div class="(?:output [^"]*|pst-scrollable-table-container)")>')
SEARCH = re.compile(r'\s*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>')
OPTIONS = re.compile(r'<script src="([^"]*documentation_options\.js)[^"]*"></script>')
UNUSED = (
    re.compile(r"\s*<script[^>]*(?:fontawesome|mathjax/[\w-]+|tex-mml-chtml)\.js[^>]*></script>"),
    re.compile(r"\s*<script>window\.MathJax = [^<]*</script>"),
    re.compile(r'\s*<link rel="preload" as="script"[^>]*>'),
    re.compile(r'\s*<meta name="viewport" content="width=device-width, initial-scale=1"\s*/>'),
    re.compile(r"\s*<!-- (?:So that users can add custom icons|Pre-loaded scripts[^>]*) -->"),
    re.compile(r'<div id="ethical-ad-placement".*?</div>', re.DOTALL),
    re.compile(r"(?<=</script>)\s*<script>var togglebuttonSelector = [^<]*</script>(?=\s*<script>DOC)"),
)
EAGER_WIDTHS = ".forEach(e=>{e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1})"
LATE_WIDTHS = ".forEach(e=>window.courseTabStop(e))"
LARGE_BYTES = 60_000
DONE = '<meta name="course-finished" content="1" />'


def typeset(formulas: list[tuple[str, bool]]) -> list[str]:
    """HTML with MathML of formulas, each TeX and whether it is displayed; one call of KaTeX for all."""
    node = Path(sys.executable).with_name("node")
    done = subprocess.run(
        [node, ROOT / "book/web/typeset.mjs"], input=json.dumps(formulas), capture_output=True, text=True
    )
    if done.returncode:
        raise ExtensionError(f"a formula cannot be typeset: {done.stderr.strip()[-800:]}")
    return json.loads(done.stdout)


def formulas_of(text: str) -> list[tuple[str, bool]]:
    """TeX of a page's formulas, in order."""
    return [(html.unescape(m["tex"]).strip(), m["tag"] == "div") for m in FORMULA.finditer(text)]


def with_formulas(text: str, typeset_as: dict[tuple[str, bool], str]) -> str:
    """The page with its formulas typeset; a displayed one can be scrolled by keyboard."""

    def replace(m: re.Match[str]) -> str:
        shown = typeset_as[html.unescape(m["tex"]).strip(), m["tag"] == "div"]
        focus = ' tabindex="0" role="group" aria-label="formula"' if m["tag"] == "div" else ""
        number = m["number"] or ""
        return (
            f'<{m["tag"]} class="math notranslate nohighlight"{m["more"]}{focus}>{number}{shown}</{m["tag"]}>'
        )

    return FORMULA.sub(replace, text)


def with_pictures(text: str, page: Path, site: Path) -> str:
    """The page with embedded pictures in files of their own, sizes stated, and loading put off."""
    up = "../" * len(page.relative_to(site).parent.parts)

    def to_file(m: re.Match[str]) -> str:
        content = base64.b64decode(m[2])
        name = f"_images/{hashlib.sha256(content).hexdigest()[:32]}.{m[1]}"
        (site / "_images").mkdir(exist_ok=True)
        (site / name).write_bytes(content)
        return f'src="{up}{name}"'

    def mend(m: re.Match[str]) -> str:
        tag = m[0]
        source = SOURCE.search(tag)
        if not source or source[1].startswith(("data:", "http")):
            return tag
        path = page.parent / html.unescape(source[1].split("?")[0])
        more = ""
        if path.suffix == ".svg":
            box = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', path.read_text("utf8"))
            size = (float(box[1]), float(box[2])) if box else None
        else:
            with Image.open(path) as image:
                size = image.size
            if "_images/" in source[1]:
                tag = tag.replace(path.name, lighter(path).name)
        if size and " width=" not in tag:
            more += f' width="{size[0]:.0f}" height="{size[1]:.0f}"'
        if "logo.svg" not in source[1] and " loading=" not in tag:
            more += ' loading="lazy" decoding="async"'
        return re.sub(r"\s*/?>$", f"{more}>", tag)

    return PICTURE.sub(mend, DATA_URI.sub(to_file, text))


def lighter(path: Path) -> Path:
    """A large picture as WebP beside it, where that is smaller by a tenth; else the picture itself."""
    small = path.with_suffix(".webp")
    if path.suffix != ".png" or path.stat().st_size < LARGE_BYTES:
        return path
    if not small.is_file():
        with Image.open(path) as image:
            flat = image.convert("RGBA" if image.has_transparency_data else "RGB")
            tries = [{"lossless": True, "method": 3}, {"quality": 90, "method": 4}]
            for settings in tries:
                flat.save(small, "WEBP", **settings)
                if small.stat().st_size < LARGE_BYTES:
                    break
    return small if small.stat().st_size < 0.9 * path.stat().st_size else path


def with_light_head(text: str, page: Path, site: Path) -> str:
    """The page with scripts that wait for the text, without those it does not use, and with early fonts."""
    up = "../" * len(page.relative_to(site).parent.parts)
    for pattern in UNUSED:
        text = pattern.sub("", text)
    if page.name != "search.html":
        text = SEARCH.sub("", text)
    options = (site / "_static/documentation_options.js").read_text("utf8")
    text = OPTIONS.sub(lambda m: f"<script>{options}</script>", text)
    text = ICON.sub(r'\1 aria-hidden="true">', text)
    text = MODULE.sub('<script type="module" fetchpriority="low" src=', text)
    text = NAMELESS.sub("<td></td>", text)
    text = text.replace(SIDEBAR, SIDEBAR.replace(" class", ' role="complementary" aria-label="Course" class'))
    text = SCRIPT.sub(r"<script defer\1>", text)
    page_script = (
        f'<script defer src="{up}versions.js"></script>\n<script defer src="{up}_static/page.js"></script>\n'
    )
    return text.replace("</title>", f"</title>\n{DONE}\n{page_script}", 1)


def with_tab_stops(text: str) -> str:
    """The page with boxes that may have to be scrolled within reach of the keyboard."""

    def mend(m: re.Match[str]) -> str:
        longest = max(map(len, html.unescape(TAG.sub("", m[1])).splitlines()), default=0)
        return m[0] if longest <= PHONE_COLUMNS else m[0].replace("<pre", '<pre tabindex="0"', 1)

    return TABLE.sub(r'\1 tabindex="0">', CODE.sub(mend, text))


def quiet_theme(site: Path) -> None:
    """Let the theme ask for the width of a box when it comes near, not of all boxes while the page opens.

    Raises:
        ExtensionError: If the theme's script is not the one that this was written for.
    """
    script = site / "_static/scripts/pydata-sphinx-theme.js"
    text = script.read_text("utf8")
    if EAGER_WIDTHS not in text and LATE_WIDTHS not in text:
        raise ExtensionError(f"{script.name} has changed; look for its tabIndex and mend EAGER_WIDTHS")
    text = text.replace(EAGER_WIDTHS, LATE_WIDTHS).partition("//# sourceMappingURL")[0]
    script.write_text(text, "utf8")


def finish_pages(site: Path, base: str, course: str) -> list[Path]:
    """Finish every page that has been written since the last time; return all pages of the book."""
    pages = [page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts]
    texts = {page: page.read_text("utf8") for page in pages}
    fresh = {page: text for page, text in texts.items() if DONE not in text and "data-content_root" in text}
    wanted = sorted({formula for text in fresh.values() for formula in formulas_of(text)})
    typeset_as = dict(zip(wanted, typeset(wanted), strict=True)) if wanted else {}
    for page, text in fresh.items():
        text = with_formulas(text, typeset_as)
        text = with_tab_stops(with_pictures(text, page, site))
        text = with_card(text, page, site, base, course)
        page.write_text(with_light_head(text, page, site), "utf8")
    return [page for page, text in texts.items() if "data-content_root" in text]
