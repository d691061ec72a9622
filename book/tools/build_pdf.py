"""The whole book as one PDF: each page of the built site printed by Chromium, then joined."""

import functools
import http.server
import io
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from pdf_joining import add_outline, join_links
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader, PdfWriter

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "book/web/print"
SCALE = 0.82  # paper pixels for one of the screen: the text is as wide as on the site
MARGINS = {"top": "18mm", "right": "18mm", "bottom": "20mm", "left": "18mm"}
NUMBERS = """<div style="width:100%;padding:0 18mm;display:flex;justify-content:space-between;
font:8px sans-serif;color:#545d6b"><span>{title}</span><span class="pageNumber"></span></div>"""


class PdfError(Exception):
    """What stopped the printing, in words for the person at the keyboard."""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line of log for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def plan(root: Path) -> list[tuple[str, list[str]]]:
    """Parts of the table of contents, each with the names of its pages."""
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf8"))
    parts = [(part["caption"], [page["file"] for page in part["chapters"]]) for part in toc["parts"]]
    return [("", [toc["root"]]), *parts]


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Address at which a folder is served while the context lasts."""
    handler = functools.partial(QuietHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that prints.

    Raises:
        PdfError: If there is none.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise PdfError(
            "printing needs Chromium, found none of chromium, chromium-browser and google-chrome; "
            "on Debian: apt-get install chromium"
        )
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


def printed(browser: Browser, address: str, name: str, public: str) -> tuple[PdfReader, dict[str, str]]:
    """One page of the site as PDF, its names made its own; and its headings, by their letters alone."""
    context = browser.new_context(viewport={"width": 1000, "height": 1400}, color_scheme="light")
    page = context.new_page()
    page.goto(f"{address}{name}.html", wait_until="networkidle")
    page.add_style_tag(path=PAPER / "print.css")
    page.evaluate((PAPER / "print.js").read_text("utf8"), [f"{name}--", f"{public}{name}.html"])
    page.evaluate(
        "Promise.all([...document.images].map((image) => {"
        " image.loading = 'eager'; return image.decode().catch(() => {}); }))"
    )
    page.evaluate("document.fonts.ready")
    headings = page.locator("article :is(h1, h2, h3, h4)").all_inner_texts()
    options = {"format": "A4", "scale": SCALE, "margin": MARGINS, "print_background": True}
    content = page.pdf(**options, outline=True, tagged=True)
    context.close()
    return PdfReader(io.BytesIO(content)), {"".join(text.split()): text for text in headings}


def numbers(browser: Browser, count: int, title: str) -> PdfReader:
    """Empty pages with the course's name and the page number at the foot, to lay over the others."""
    page = browser.new_page()
    page.set_content('<div style="break-after:page">&nbsp;</div>' * (count - 1) + "<div>&nbsp;</div>")
    empty, foot = "<span></span>", NUMBERS.format(title=title)
    content = page.pdf(
        format="A4", margin=MARGINS, display_header_footer=True, header_template=empty, footer_template=foot
    )
    page.close()
    return PdfReader(io.BytesIO(content))


def bind(parts: list[tuple[str, list[str]]], root: Path, out: Path) -> int:
    """Print, join and number all pages; return how many sheets the document has."""
    config = yaml.safe_load((root / "_config.yml").read_text("utf8"))
    public = config["html"]["baseurl"].rstrip("/") + "/"
    writer, starts = PdfWriter(), {}
    with served(root / "_build/html") as address, chromium() as browser:
        for caption, names in parts:
            parent = None
            for name in names:
                reader, headings = printed(browser, address, name, public)
                starts[name] = len(writer.pages)
                writer.append(reader, import_outline=False)
                if caption and parent is None:
                    parent = writer.add_outline_item(title=caption, page_number=starts[name])
                add_outline(writer, reader, headings, parent)
                print(f"[pdf] {name}: {len(reader.pages)} sheets", flush=True)
        join_links(writer, address, public, starts)
        for page, number in zip(
            writer.pages, numbers(browser, len(writer.pages), config["title"]).pages, strict=True
        ):
            page.merge_page(number)
    writer.add_metadata({"/Title": config["title"], "/Author": config["author"]})
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    writer.write(out)
    return len(writer.pages)


def main(root: Path = ROOT) -> int:
    """Make the PDF; return the exit status."""
    out, start = root / "_build/equivariance-course.pdf", time.monotonic()
    parts = plan(root)
    missing = [n for _, names in parts for n in names if not (root / f"_build/html/{n}.html").is_file()]
    try:
        if missing:
            raise PdfError(f"the site lacks {', '.join(missing)}; build it with `make book`")
        sheets = bind(parts, root, out)
    except PdfError as error:
        print(f"[pdf] STOP: {error}", file=sys.stderr)
        return 1
    size = out.stat().st_size / 1e6
    print(f"[pdf] {sheets} sheets, {size:.1f} MB, {time.monotonic() - start:.0f} s: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
