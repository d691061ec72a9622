"""Directive for the landing page: chapters as cards, a link and "ready" where the chapter exists."""

import html
import posixpath
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


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("course-plan", CoursePlan)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
