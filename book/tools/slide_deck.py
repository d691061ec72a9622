"""Pages of slides: one chapter's blocks, figures and prose as HTML for reveal.js."""

import base64
import html
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from myst_to_markdown import FENCE, OPTION, Site, labels_of, to_markdown
from PIL import Image
from slide_blocks import Chapter, Slide

LETTERS, MOST_LINES = 80, 12  # of a take-away slide
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{head}
</head>
<body>
{body}
</body>
</html>
"""
HEAD = """<link rel="stylesheet" href="vendor/reveal/reveal.css">
<link rel="stylesheet" href="course.css">
<link rel="stylesheet" href="deck.css">
<script src="vendor/reveal/reveal.js"></script>
<script src="vendor/reveal/notes.js"></script>
<script src="deck.js"></script>
<script src="vendor/mathjax/tex-svg-full.js" defer></script>"""


@dataclass(frozen=True)
class Figure:
    """A picture of a chapter, with the words that go with it."""

    content: bytes
    suffix: str
    alt: str
    caption: str

    @property
    def ratio(self) -> float:
        """Width over height."""
        width, height = Image.open(io.BytesIO(self.content)).size
        return width / height


def figures(chapter: Path, executed: Path) -> dict[str, Figure]:
    """Figures of a chapter by name: outputs of its executed cells, and pictures that its text names."""
    found = {}
    cells = nbformat.read(executed, as_version=4).cells if executed.is_file() else []
    for cell in cells:
        options = cell.metadata.get("mystnb", {})
        name = options.get("figure", {}).get("name")
        pictures = [
            out["data"]["image/png"] for out in cell.get("outputs", []) if "image/png" in out.get("data", {})
        ]
        if name and pictures:
            caption = options["figure"].get("caption", "")
            alt = options.get("image", {}).get("alt", "")
            found[name] = Figure(base64.b64decode(pictures[0]), ".png", alt, caption)
    lines = chapter.read_text("utf8").splitlines()
    for index, line in enumerate(lines):
        box = FENCE.match(line)
        if box and box["name"] in ("figure", "image"):
            options = dict(m.groups() for entry in lines[index + 1 : index + 9] if (m := OPTION.match(entry)))
            path = chapter.parent / box["title"].strip()
            if "name" in options and path.is_file():
                found[options["name"]] = Figure(path.read_bytes(), path.suffix, options.get("alt", ""), "")
    return found


def place(ratio: float, n_bullets: int, n_formulas: int) -> tuple[str, int]:
    """Where a figure is larger, "below" the words or at their "right", and its width there in pixels."""
    height = 540 - 90 * n_formulas
    below = min(1160, ratio * (height - 46 * n_bullets - 20))
    right = min(680, ratio * height)
    return ("below", round(below)) if n_bullets == 0 or below > 0.95 * right else ("right", round(right))


def halves(items: list[str]) -> list[list[str]]:
    """A list as one slide holds it at 28 pixels, or cut into two slides."""
    plain = [re.sub(r"\\\w+|[${}*]", "", item) for item in items]
    if sum(math.ceil(len(text) / LETTERS) for text in plain) <= MOST_LINES:
        return [items]
    return [items[: (len(items) + 1) // 2], items[(len(items) + 1) // 2 :]]


class Deck:
    """Turns one chapter into the page of its slides."""

    def __init__(self, chapter: Chapter, pictures: dict[str, Figure], site: Site, course: str):
        self.chapter, self.pictures, self.site, self.course = chapter, pictures, site, course
        self.labels = labels_of(chapter.path.read_text("utf8"))
        self.markdown = MarkdownIt("commonmark").enable("table")
        self.markdown.use(dollarmath_plugin, double_inline=True, renderer=self._formula)
        self.last = halves(chapter.take_away)
        self.total = len(chapter.slides) + 1 + len(self.last)

    @staticmethod
    def _formula(content: str, options: dict) -> str:
        body = html.escape(content.strip())
        return f"\\[{body}\\]" if options["display_mode"] else f"\\({body}\\)"

    def inline(self, text: str) -> str:
        """One line of MyST as HTML."""
        return self.markdown.renderInline(to_markdown(text, self.site, self.labels))

    def notes(self, slide: Slide) -> str:
        """What the lecturer reads: own notes first, then the chapter's prose up to this slide."""
        text = "\n\n".join(f"**{note}**" for note in slide.notes)
        if slide.figure and (caption := self.pictures[slide.figure].caption):
            text += f"\n\n*Figure: {caption}*"
        text += "\n\n" + slide.prose
        return self.markdown.render(to_markdown(text, self.site, self.labels))

    def section(self, number: int, body: str, notes: str, kind: str = "") -> str:
        """Frame of one slide, with its footer."""
        place = f"{self.chapter.number} · {self.inline(self.chapter.title)}"
        foot = f"<span>{self.course}</span><span>{place}</span><span>{number} / {self.total}</span>"
        note = f'<aside class="notes">{notes}</aside>' if notes else ""
        frame = f'<div class="frame">{body}<footer>{foot}</footer></div>'
        return f'<section class="{kind}" id="s{number}">{frame}{note}</section>'

    def bullets(self, items: list[str]) -> str:
        """List of bullets."""
        return f"<ul>{''.join(f'<li>{self.inline(item)}</li>' for item in items)}</ul>" if items else ""

    def body(self, slide: Slide) -> str:
        """Title, words and figure of a slide; wide figures stand below the words, others beside them."""
        formulas = "".join(f"<div>\\[{html.escape(tex)}\\]</div>" for tex in slide.formulas)
        top = f'<div class="formulas">{formulas}</div>' if formulas else ""
        words = f'<div class="words">{self.bullets(slide.bullets)}</div>' if slide.bullets else ""
        kind, style, picture = "text", "", ""
        if slide.figure:
            one = self.pictures[slide.figure]
            kind, width = place(one.ratio, len(slide.bullets), len(slide.formulas))
            style = f' style="--figure: {width}px"' if kind == "right" else ""
            source = f"figures/{slide.figure}{one.suffix}"
            picture = f'<figure><img src="{source}" alt="{html.escape(one.alt)}"></figure>'
        title = f"<h2>{self.inline(slide.title)}</h2>"
        return f'{title}{top}<div class="body {kind}"{style}>{words}{picture}</div>'

    def page(self) -> str:
        """The whole deck."""
        title = self.inline(self.chapter.title)
        promise = f"<p>What you will be able to do, in about {self.chapter.minutes} minutes:</p>"
        first = (
            f'<p class="kicker">{self.course} · Chapter {self.chapter.number}</p><h1>{title}</h1>'
            f'<div class="promise">{promise}{self.bullets(self.chapter.objectives)}</div>'
        )
        sections = [self.section(1, first, "", "title")]
        for number, slide in enumerate(self.chapter.slides, 2):
            sections.append(self.section(number, self.body(slide), self.notes(slide)))
        for items in self.last:
            words = f'<div class="words">{self.bullets(items)}</div>'
            body = f'<h2>Take-away</h2><div class="body text">{words}</div>'
            sections.append(self.section(len(sections) + 1, body, "", "take-away"))
        inside = "\n".join(sections)
        body = f'<div class="reveal"><div class="slides">\n{inside}\n</div></div>'
        return PAGE.format(title=f"{html.escape(self.chapter.title)}: slides", head=HEAD, body=body)
