"""What a check says: one of three states, and for a wrong answer the smallest input on which it fails."""

import math
from dataclasses import dataclass
from html import escape
from typing import Any

from course_lib.checks.pictures import Panel, compared, limit, panels, short

NOT_ATTEMPTED, WRONG, RIGHT = "not attempted", "wrong", "right"
MARKS = {NOT_ATTEMPTED: "○", WRONG: "✗", RIGHT: "✓"}
COLOURS = {NOT_ATTEMPTED: "#6b6b6b", WRONG: "#a3260f", RIGHT: "#00684a"}


@dataclass(frozen=True)
class Finding:
    """A property that a wrong answer breaks.

    Args:
        statement: The property, as a sentence or formula.
        element: The group element at which it fails, or None if it names none.
    """

    statement: str
    element: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Result of one check. In a notebook it shows itself.

    Args:
        question: Name of the question.
        state: ``"not attempted"``, ``"wrong"`` or ``"right"``.
        message: What to know, in a sentence or two.
        finding: The property that failed, and where.
        case: The smallest failing input that was found, in words.
        expected: What the answer should be on that input.
        given: What it was.
        labels: Names of the axes of both, to say which slice a picture shows.
        mistake: Message of the known mistake that the answer makes, if one is recognised.
        partial: Share of the points that a wrong answer has earned, from 0 to below 1.
    """

    question: str
    state: str
    message: str
    finding: Finding | None = None
    case: str = ""
    expected: Any = None
    given: Any = None
    labels: tuple[str, ...] = ()
    mistake: str = ""
    partial: float | int = 0

    @property
    def is_right(self) -> bool:
        """Whether the answer passed."""
        return self.state == RIGHT

    @property
    def share(self) -> float | int:
        """Share of the question's points: 1 for a right answer."""
        return 1 if self.is_right else self.partial

    def require(self) -> None:
        """Raise unless the answer is right; for hidden tests that nbgrader runs.

        Raises:
            AssertionError: With the message of the check.
        """
        if not self.is_right:
            raise AssertionError(f"{self.question}: {self.state}. {self.message}")

    def facts(self) -> list[tuple[str, str]]:
        """Label and text of what is known beyond the message."""
        found = [("Property that fails", self.finding.statement)] if self.finding else []
        if self.finding and self.finding.element:
            found.append(("Group element", self.finding.element))
        if self.case:
            found.append(("Smallest failing input", self.case))
        if self.partial:
            found.append(("Partly right", f"{self.partial:.0%} of the points"))
        return found

    def panels(self) -> tuple[str, list[Panel]]:
        """Place of the largest difference, and its three small tables."""
        return panels(self.expected, self.given, self.labels)

    def __repr__(self) -> str:
        lines = [f"{MARKS[self.state]} {self.question}: {self.state}", f"  {self.message}"]
        lines += [f"  {label}: {text}" for label, text in self.facts()]
        name, tables = self.panels()
        if tables:
            lines.append(f"  At {name}:" if name else "")
            for label, table in tables:
                lines += [
                    f"    {label}",
                    *("      " + " ".join(f"{short(v):>7}" for v in row) for row in table),
                ]
        elif self.expected is not None:
            pairs = compared(self.expected, self.given)
            lines.append("  " + ", ".join(f"{label} {text}" for label, text in pairs))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return to_html(self)


def to_html(verdict: Verdict) -> str:
    """A verdict as HTML without scripts; everything a student wrote is escaped."""
    colour = COLOURS[verdict.state]
    facts = "".join(f"<li><b>{escape(label)}:</b> {escape(text)}</li>" for label, text in verdict.facts())
    name, found = verdict.panels()
    picture = ""
    if found:
        expected, given, difference = (table for _, table in found)
        limits = [limit(expected + given)] * 2 + [limit(difference)]
        tables = "".join(_table(*panel, most) for panel, most in zip(found, limits, strict=True))
        where = f"At {escape(name)}:" if name else ""
        row = "display:flex;flex-wrap:wrap;align-items:flex-start;gap:1.5em"
        picture = f'<div>{where}</div><div style="{row}">{tables}</div>'
    elif verdict.expected is not None:
        pairs = compared(verdict.expected, verdict.given)
        numbers = ", ".join(f"{label} <code>{escape(text)}</code>" for label, text in pairs)
        picture = f"<div>{numbers}</div>"
    return (
        f'<div style="border-left:4px solid {colour};padding:.4em .9em;margin:.4em 0">'
        f'<div><b style="background:{colour};color:#fff;padding:.1em .5em;border-radius:.3em">'
        f"{MARKS[verdict.state]} {escape(verdict.state)}</b> {escape(verdict.question)}</div>"
        f'<p style="margin:.4em 0">{escape(verdict.message)}</p>'
        f"{f'<ul>{facts}</ul>' if facts else ''}{picture}</div>"
    )


def _table(label: str, table: list[list[float]], most: float | int) -> str:
    rows = "".join(
        "<tr>" + "".join(f'<td style="{_cell_style(v, most)}">{short(v)}</td>' for v in row) + "</tr>"
        for row in table
    )
    return (
        '<table style="border-collapse:collapse;width:auto;margin:.3em 0"><caption style="caption-side:top;'
        f'white-space:nowrap;text-align:left;padding:0">{escape(label)}</caption>{rows}</table>'
    )


def _cell_style(value: float | int, most: float | int) -> str:
    """Blue for negative, red for positive numbers, white for 0; black text on all of them."""
    strength = 0.5 * min(abs(value) / most, 1) if math.isfinite(value) else 0.0
    hue = "230,97,1" if value > 0 else "33,102,172"
    return (
        f"background:linear-gradient(rgba({hue},{strength:.2f}),rgba({hue},{strength:.2f})) #fff;color:#111;"
        "border:1px solid #bbb;padding:.15em .4em;text-align:right;font-family:monospace;min-width:2.2em"
    )
