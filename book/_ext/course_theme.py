"""Repairs to the theme: one address, Colab links to notebooks, no doubled scripts, honest labels."""

import html
import re
from pathlib import Path
from typing import Any

from course_hosting import DESCRIPTION, write_front_door, write_map, write_page_of_errors, write_versions
from course_pages import finish_pages, quiet_theme
from course_styles import bundle_styles
from sphinx.application import Sphinx
from sphinx.config import Config

# Accessible names must contain the text that is seen; the theme's own labels do not. Lists hold only entries.
LABELS = (
    (r'(<button class="btn search-button-field[^>]*?) aria-label="Search"', r"\1"),
    (r'(<button[^>]*search-button__button[^>]*?) aria-label="[^"]*"', r"\1"),
    (
        r'(theme-switch-button[^>]*?) aria-label="[^"]*"([^>]*>)(?!<span class="visually)',
        r'\1\2<span class="visually-hidden">Color mode</span>',
    ),
    (r' role="list" class="citation-list"', ' class="citation-list"'),
    (r' role="doc-biblioentry"', ""),
    (r'(<summary[^>]*?) aria-label="[^"]*"', r"\1"),
)


def one_address(app: Sphinx, config: Config) -> None:
    """Let social cards use the address that _config.yml gives to the site."""
    config.ogp_site_url = config.html_baseurl
    config.ogp_site_name = config.html_title


def share_handlers(app: Sphinx) -> None:
    """Undo a side effect of sphinx-exercise, whose handlers for 'singlehtml' hide everybody's for 'html'."""
    handlers = app.registry.translation_handlers
    if "singlehtml" in handlers:
        handlers["singlehtml"] = {**handlers["html"], **handlers["singlehtml"]}


def repair_page(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Drop the doubled thebe scripts of a page and point its Colab button to the generated notebook."""

    def is_thebe(script: object) -> bool:
        body = (getattr(script, "attributes", None) or {}).get("body") or ""
        return "THEBE_JS_URL" in body or "thebe" in str(getattr(script, "filename", script) or "")

    def walk(buttons: list[dict[str, Any]]) -> None:
        for button in buttons:
            if button.get("type") == "group":
                walk(button["buttons"])
            elif "colab.research" in str(button.get("url", "")) and button["url"].endswith(".md"):
                head, _, page = button["url"].rpartition("/book/")
                button["url"] = f"{head}/book/notebooks/{page.removesuffix('.md')}.ipynb"

    context["script_files"] = [script for script in context.get("script_files", []) if not is_thebe(script)]
    walk(context.get("header_buttons", []))


def repair_labels(app: Sphinx, failure: Exception | None) -> None:
    """Remove labels that contradict the visible text, in every written page."""
    if failure or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text("utf8")
        mended = text
        for pattern, replacement in LABELS:
            mended = re.sub(pattern, replacement, mended)
        if mended != text:
            page.write_text(mended, "utf8")


def finish_site(app: Sphinx, failure: Exception | None) -> None:
    """Make the written pages light, and add what a server asks for."""
    if failure or app.builder.format != "html":
        return
    site, base = Path(app.outdir), app.config.html_baseurl.rstrip("/") + "/"
    course, start = app.config.html_title, f"{app.config.root_doc}.html"
    quiet_theme(site)
    pages = finish_pages(site, base, course)
    bundle_styles(site, pages)
    about = html.escape(html.unescape(DESCRIPTION.search((site / start).read_text("utf8"))[1]))
    write_front_door(site, base, start, course, about)
    write_page_of_errors(site, base, start)
    write_map(site, base, pages)
    write_versions(site)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the repairs."""
    app.connect("config-inited", one_address)
    app.connect("builder-inited", share_handlers)
    app.connect("html-page-context", repair_page, priority=1000)
    app.connect("build-finished", repair_labels)
    app.connect("build-finished", finish_site, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
