"""What all pages of a report share: frame, style, and the mark of a state."""

from collections.abc import Sequence
from html import escape

from course_lib.checks.verdicts import COLOURS, WRONG
from course_lib.grading.records import Score

PARTLY, OTHER = "partly right", "other"
SHADES = {**COLOURS, PARTLY: "#8a5a00", OTHER: "#5b3d8a"}
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; }
table.scores { border-collapse: collapse; }
table.scores th, table.scores td { border-bottom: 1px solid #bbb; padding: .3em .8em .3em 0;
  text-align: left; white-space: nowrap; }
table.scores td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f3f3f3; color: #1a1a1a; padding: .8em; overflow-x: auto; }
section { border-top: 1px solid #ccc; margin-top: 1.5rem; }
a { color: #00558c; }
svg { width: 100%; min-width: 30rem; max-width: 40rem; height: auto; }
svg text { fill: currentColor; font: 14px system-ui, sans-serif; }
svg text.on { fill: #fff; }
.badge { color: #fff; padding: .1em .5em; border-radius: .3em; white-space: nowrap; }
.scroll { overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #181818; } pre { background: #262626; color: #eee; } a { color: #8cc8f0; }
}
"""


def kind(score: Score) -> str:
    """What a score counts as in a summary: a state of the check, partly right, or something else."""
    if score.state == WRONG and score.points:
        return PARTLY
    return score.state if score.state in COLOURS else OTHER


def badge(score: Score) -> str:
    """The state of an answer as a coloured mark."""
    name = kind(score)
    text = score.state if name == OTHER else name
    return f'<span class="badge" style="background:{SHADES[name]}">{escape(text)}</span>'


def total(scores: Sequence[Score]) -> str:
    """Points reached and possible, in words."""
    return f"{sum(s.points for s in scores):g} of {sum(s.maximum for s in scores):g} points"


def page(title: str, body: str) -> str:
    """A whole page, without scripts and without outside addresses."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )
