"""Directives that know the chapters: cards on the landing page, minutes in the lecturer's guide."""

import html
import posixpath
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class CoursePlan(SphinxDirective):
    """Cards of one part; each line of the content is ``number title | page``, the page optional."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make the list; which pages exist is looked up at every build."""
        self.env.note_reread()
        folder = posixpath.dirname(self.env.docname)
        cards = []
        for line in self.content:
            words, _, page = (part.strip() for part in line.partition("|"))
            number, _, title = words.partition(" ")
            text = f'<span class="n">{html.escape(number)}</span>'
            if page and posixpath.join(folder, page) in self.env.found_docs:
                card = f'{text}<a href="{page}.html">{html.escape(title)}</a><span class="state">ready</span>'
                cards.append(f'<li class="ready">{card}</li>')
            else:
                cards.append(f'<li>{text}{html.escape(title)}<span class="state">being written</span></li>')
        return [nodes.raw("", f'<ul class="plan">{"".join(cards)}</ul>', format="html")]


MINUTES = re.compile(r"about (\d+) minutes", re.IGNORECASE)


def minutes(path: Path) -> int:
    """What a chapter or an exercise unit says of its own length: "About 40 minutes"."""
    found = MINUTES.search(path.read_text("utf8")) if path.is_file() else None
    return int(found[1]) if found else 0


class CourseWeeks(SphinxDirective):
    """Table of a plan; each line is ``week | page, page | unit, unit``. The files state the minutes."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make the table; chapters that do not exist yet are named, without a link and without minutes."""
        self.env.note_reread()
        root = Path(self.env.srcdir)
        folder = posixpath.dirname(self.env.docname)
        rows = []
        for line in self.content:
            week, pages, units = (part.strip() for part in line.split("|"))
            links, total = [], 0
            for page in pages.split(", "):
                name = f"{folder}/{page}"
                there = name in self.env.found_docs
                number = int(page.split("-")[0])
                text = f"chapter {number}"
                links.append(f'<a href="{page}.html">{text}</a>' if there else f"{text} (to come)")
                total += minutes(root / f"{name}.md") if there else 0
            lengths = {unit: minutes(root / "solutions" / f"{unit}.py") for unit in units.split(", ")}
            tasks = [
                f"unit <strong>{unit.replace('_', ' ')}</strong>, {length} min"
                for unit, length in lengths.items()
                if length
            ]
            task = "; ".join(tasks) or "exercises in the text"
            read = f"{total} min" if total else ""
            cells = "".join(f"<td>{cell}</td>" for cell in (", ".join(links), read, task))
            rows.append(f'<tr><th scope="row">{html.escape(week)}</th>{cells}</tr>')
        columns = ("week", "read before", "reading", "work on")
        heads = "".join(f'<th scope="col">{column}</th>' for column in columns)
        body = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody>"
        box = f'<div class="pst-scrollable-table-container"><table class="table">{body}</table></div>'
        return [nodes.raw("", box, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("course-plan", CoursePlan)
    app.add_directive("course-weeks", CourseWeeks)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
