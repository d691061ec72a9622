"""What a web server and a search engine ask a site for: front door, page of errors, map, cards, versions."""

import hashlib
import html
import json
import re
import textwrap
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image, ImageDraw, ImageFont

CARDS = "_images/cards"
INK, GREY, ACCENT, PAPER = "#121824", "#545d6b", "#0b57a4", "#ffffff"
NOT_IN_MAP = {"404.html", "search.html", "genindex.html", "index.html"}
HEAD = re.compile(r"<title>(.*?)</title>", re.DOTALL)
DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)"')
PLAIN = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{title}</title>
<meta name="description" content="{description}" />
{head}<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 Inter, system-ui, sans-serif; color: #1d2430; background: #fff;
  max-width: 34rem; margin: 18vh auto; padding: 0 1.25rem; }}
a {{ color: #0b57a4; }}
:focus-visible {{ outline: 3px solid #0072b2; outline-offset: 3px; }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #dde3ec; background: #12161c; }}
  a {{ color: #8ab8ff; }}
}}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
# A page that is not there has no place of its own: the script goes up from the address that was asked for
# until it finds the site. Without scripts the links lead to where _config.yml says that the site is.
FIND_ROOT = """<script>
(async () => {
  const parts = location.pathname.split("/").slice(1, -1);
  for (let depth = parts.length; depth >= 0; depth--) {
    const root = "/" + parts.slice(0, depth).map((part) => part + "/").join("");
    const found = await fetch(root + "versions.js", { method: "HEAD" }).catch(() => null);
    if (!found?.ok) continue;
    for (const link of document.querySelectorAll("a[data-page]")) link.href = root + link.dataset.page;
    break;
  }
})();
</script>"""


def write_front_door(site: Path, base: str, start: str, title: str, about: str) -> None:
    """The address of the site itself leads to its first page."""
    head = (
        f'<meta http-equiv="refresh" content="0; url={start}" />\n'
        f'<link rel="canonical" href="{base}{start}" />\n'
        '<link rel="icon" href="_static/favicon.svg" />\n'
    )
    body = f'<p><a href="{start}">Open the course</a></p>'
    text = PLAIN.format(title=html.escape(title), description=about, head=head, body=body)
    (site / "index.html").write_text(text, "utf8")


def write_page_of_errors(site: Path, base: str, start: str) -> None:
    """A page for addresses that lead nowhere; it finds the site from any depth below it."""
    root = urlsplit(base).path
    links = {start: "the first page", "search.html": "the search", "book/glossary.html": "the glossary"}
    items = "".join(
        f'<li><a data-page="{page}" href="{root}{page}">Go to {words}</a></li>\n'
        for page, words in links.items()
    )
    body = f"<p>The address may have changed with a new release.</p>\n<ul>\n{items}</ul>\n{FIND_ROOT}"
    head = '<meta name="robots" content="noindex" />\n<link rel="icon" href="data:," />\n'
    title, about = "This page does not exist", "The address leads to no page of this site."
    (site / "404.html").write_text(PLAIN.format(title=title, description=about, head=head, body=body), "utf8")


def write_map(site: Path, base: str, pages: list[Path]) -> None:
    """Addresses of all pages for search engines, and where to find them."""
    names = [page.relative_to(site).as_posix() for page in pages]
    places = "".join(f"<url><loc>{base}{name}</loc></url>\n" for name in names if name not in NOT_IN_MAP)
    (site / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{places}</urlset>\n",
        "utf8",
    )
    (site / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {base}sitemap.xml\n", "utf8")


def write_versions(site: Path) -> None:
    """The list of versions beside this one: alone at first; a release adds the others."""
    here = [{"name": version("equivariance-course"), "path": "", "here": True}]
    (site / "versions.js").write_text(f"window.courseVersions = {json.dumps(here)};\n", "utf8")


def draw_card(path: Path, site: Path, course: str, title: str, about: str) -> None:
    """A picture of 1200 x 630 px with the page's title, for those who share its address."""
    fonts = site / "_static/vendor/fonts/inter.woff2"

    def font(size: int, weight: int) -> ImageFont.FreeTypeFont:
        chosen = ImageFont.truetype(str(fonts), size)
        chosen.set_variation_by_axes([weight])
        return chosen

    card = Image.new("RGB", (1200, 630), PAPER)
    pen = ImageDraw.Draw(card)
    pen.rectangle((0, 606, 1200, 630), fill=ACCENT)
    pen.text((80, 76), course, font=font(34, 500), fill=GREY)
    lines = textwrap.wrap(title, 27)[:3]
    for k, line in enumerate(lines):
        pen.text((80, 142 + 84 * k), line, font=font(70, 750), fill=INK)
    for k, line in enumerate(textwrap.wrap(about, 62)[:3]):
        pen.text((80, 180 + 84 * len(lines) + 46 * k), line, font=font(32, 400), fill=GREY)
    path.parent.mkdir(parents=True, exist_ok=True)
    card.quantize(32).save(path, optimize=True)


def with_card(text: str, page: Path, site: Path, base: str, course: str) -> str:
    """The page with a description, if it lacks one, and with the picture that is shown where it is shared."""
    found = HEAD.search(text)
    title = html.unescape(re.split(" &#8212; | - ", found[1])[0]).strip() if found else course
    name = page.relative_to(site).as_posix()
    about = DESCRIPTION.search(text)
    more = ""
    if not about:
        kind = "source code" if "_modules" in name else "an index of the book"
        more = (
            f'<meta name="description" content="{html.escape(title)}: {kind} of {html.escape(course)}." />\n'
        )
    if name.startswith("book/"):
        words = html.unescape(about[1]) if about else ""
        key = hashlib.sha256(f"{title}{words}{course}".encode()).hexdigest()[:12]
        card = site / CARDS / f"{page.stem}-{key}.png"
        if not card.is_file():
            draw_card(card, site, course, title, words)
        address = f"{base}{card.relative_to(site).as_posix()}"
        more += (
            f'<meta property="og:image" content="{address}" />\n'
            '<meta property="og:image:width" content="1200" />\n'
            '<meta property="og:image:height" content="630" />\n'
            f'<meta property="og:image:alt" content="{html.escape(title)}" />\n'
            '<meta name="twitter:card" content="summary_large_image" />\n'
        )
    return text.replace("</title>", f"</title>\n{more}", 1)
