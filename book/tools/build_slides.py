"""Slides for lecturers, from the comment blocks of the chapters; they open without network or server."""

import base64
import html
import re
import shutil
import sys
from pathlib import Path

import yaml
from build_notebooks import citations
from execute_chapters import executed_path
from myst_to_markdown import Site
from slide_blocks import Chapter, read_chapter
from slide_deck import PAGE, Deck, figures, halves

ROOT = Path(__file__).resolve().parents[2]
# What a deck loads: source below node_modules, and place below _build/slides/vendor.
VENDOR = (
    ("reveal.js/dist/reveal.js", "reveal/reveal.js"),
    ("reveal.js/dist/reveal.css", "reveal/reveal.css"),
    ("reveal.js/dist/plugin/notes.js", "reveal/notes.js"),
    ("reveal.js/LICENSE", "reveal/LICENSE"),
    ("mathjax/es5/tex-svg-full.js", "mathjax/tex-svg-full.js"),
    ("mathjax/LICENSE", "mathjax/LICENSE"),
)
KEYS = """<p>Keys: <kbd>→</kbd> next, <kbd>s</kbd> speaker notes in a second window, <kbd>f</kbd> full screen,
<kbd>o</kbd> overview, <kbd>b</kbd> black. To print a deck, add <kbd>?print-pdf</kbd> to its address.</p>"""


def look(assets: Path, fonts: Path) -> str:
    """The site's fonts and light colours, in one file: a page opened from a folder may load no fonts."""
    css = (assets / "course.css").read_text("utf8")

    def inline(match: re.Match[str]) -> str:
        return f"url(data:font/woff2;base64,{base64.b64encode((fonts / match[1]).read_bytes()).decode()})"

    faces = [
        re.sub(r"url\(vendor/fonts/([\w.-]+)\)", inline, face) for face in re.findall(r"@font-face.*", css)
    ]
    colours = re.search(r'html\[data-theme="light"\] (\{.*?\})', css, flags=re.DOTALL)
    if colours is None:
        raise ValueError(
            'course.css needs a block html[data-theme="light"] with the colours, found none; add it'
        )
    return "\n".join([*faces, f":root {colours[1]}"]) + "\n"


def index(chapters: list[Chapter], course: str) -> str:
    """List of all decks."""
    rows = []
    for chapter in chapters:
        title = html.escape(chapter.title)
        if chapter.slides:
            words = f'<a href="{chapter.path.stem}.html">{title}</a>'
            state = (
                f"{len(chapter.slides) + 1 + len(halves(chapter.take_away))} slides, {chapter.minutes} min"
            )
        else:
            words, state = title, "no slides yet"
        rows.append(f"<li><b>{chapter.number}</b>{words}<span>{state}</span></li>")
    head = '<link rel="stylesheet" href="course.css">\n<link rel="stylesheet" href="index.css">'
    body = f"<h1>{course}: slides</h1>\n{KEYS}\n<ol>\n" + "\n".join(rows) + "\n</ol>"
    return PAGE.format(title=f"{course}: slides", head=head, body=body)


def write(chapters: list[Chapter], root: Path, out: Path) -> list[str]:
    """Write decks, figures, styles and scripts; where a chapter is wrong, write nothing and return why."""
    config = yaml.safe_load((root / "_config.yml").read_text("utf8"))
    works = citations(root / "book/references.bib")
    problems = [problem for chapter in chapters for problem in chapter.problems]
    files: dict[str, str | bytes] = {}
    for chapter in chapters:
        if not chapter.slides:
            continue
        name = chapter.path.relative_to(root)
        pictures = figures(chapter.path, executed_path(root, chapter.path))
        unknown = [slide for slide in chapter.slides if slide.figure and slide.figure not in pictures]
        problems += [
            f"{name}:{slide.lines['figure']}: no figure is called {slide.figure!r}; this chapter has "
            f"{', '.join(sorted(pictures)) or 'none (`make book` executes it)'}"
            for slide in unknown
        ]
        if problems:
            continue
        page = f"{config['html']['baseurl'].rstrip('/')}/{name.with_suffix('.html').as_posix()}"
        raw = f"{config['repository']['url'].rstrip('/')}/raw/{config['repository']['branch']}/"
        deck = Deck(chapter, pictures, Site(page, raw, name.parent.as_posix(), works), config["title"])
        files[f"{chapter.path.stem}.html"] = deck.page()
        used = {slide.figure for slide in chapter.slides if slide.figure}
        files |= {f"figures/{key}{pictures[key].suffix}": pictures[key].content for key in used}
    if problems:
        return problems
    web = root / "book/web"
    files["index.html"] = index(chapters, config["title"])
    files["course.css"] = look(root / "book/assets", web / "build/vendor/fonts")
    files |= {path.name: path.read_bytes() for path in (web / "slides").iterdir()}
    files |= {f"vendor/{place}": (web / "node_modules" / source).read_bytes() for source, place in VENDOR}
    shutil.rmtree(out, ignore_errors=True)
    for name, content in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return []


def main(root: Path = ROOT) -> int:
    """Make all decks; return the exit status."""
    toc = (root / "_toc.yml").read_text("utf8")
    names = [f"{name}.md" for name in re.findall(r"file:\s*(book/\d\S*)", toc)]
    chapters = [read_chapter(root / name, name) for name in names]
    out = root / "_build/slides"
    if problems := write(chapters, root, out):
        print("\n".join(problems), file=sys.stderr)
        print(
            f"[slides] STOP: {len(problems)} mistake(s) in slide blocks, listed above; mend them",
            file=sys.stderr,
        )
        return 1
    decks = [chapter for chapter in chapters if chapter.slides]
    print(f"[slides] {len(decks)} of {len(chapters)} chapters have slides; open {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
