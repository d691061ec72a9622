r"""Slides as the chapters hold them: comment blocks, the prose before them, title page and take-away.

A block of consecutive comment lines of MyST, with an empty line before and after, is a slide::

    % slide: Four responses of one kernel
    % - The sum of the four is **zero**: $\sum_h h\,w = 0$.
    % figure: fig-p4-bump
    % math: (f \star w)(p)
    % note: Let them vote before you go on.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

MOST_BULLETS, MOST_WORDS, MOST_FORMULAS = 4, 12, 2
KEYED = re.compile(r"^% (?P<key>-|[\w-]+:)\s*(?P<value>.*)$")
MEANT = re.compile(r"^%\s*(-\s|(slides?|titles?|bullets?|fig\w*|images?|math\w*|notes?):)")
CODE = re.compile(r"^```+\{code-cell\}")
MINUTES = re.compile(r"\*\*About (\d+) minutes\.\*\*")


@dataclass
class Slide:
    """One slide: what is seen, what is said, and where it stands in the chapter."""

    line: int
    title: str = ""
    bullets: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    figure: str = ""
    notes: list[str] = field(default_factory=list)
    prose: str = ""
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Chapter:
    """What a deck is made from."""

    path: Path
    title: str
    minutes: int
    objectives: list[str]
    slides: list[Slide]
    take_away: list[str]
    problems: list[str]

    @property
    def number(self) -> int:
        """Number of the chapter, from its file name."""
        return int(self.path.name.split("-")[0])


def words(bullet: str) -> int:
    """Number of words of a bullet; a formula counts as one."""
    plain = re.sub(r"\$[^$]+\$|`[^`]+`", "x", bullet)
    return sum(any(letter.isalnum() for letter in word) for word in plain.split())


def blocks(lines: list[str]) -> list[tuple[int, int]]:
    """First and last-plus-one index of each run of comment lines outside of code."""
    found, start, fence = [], None, ""
    for index, line in enumerate([*lines, ""]):
        mark = re.match(r"^`{3,}", line)
        if mark:
            fence = "" if fence and line.strip() == fence else (fence or mark[0])
        comment = not fence and line.startswith("%")
        if comment and start is None:
            start = index
        elif not comment and start is not None:
            found.append((start, index))
            start = None
    return found


def entries(lines: list[str]) -> list[tuple[str, str]]:
    """Key and value of each line of a block; the key is empty where a line has none."""
    matches = [KEYED.match(line) for line in lines]
    return [(m["key"].rstrip(":"), m["value"].strip()) if m else ("", "") for m in matches]


def is_slide(lines: list[str]) -> bool:
    """Whether a run of comment lines is a slide, or was meant as one."""
    return any(MEANT.match(line) for line in lines)


def read_slide(lines: list[str], first: int) -> tuple[Slide, list[tuple[int, str]]]:
    """One slide of a block, and what is wrong with it: line number and words."""
    slide, wrong = Slide(first), []
    for number, (key, value) in enumerate(entries(lines), first):
        if key == "slide" and number == first and value:
            slide.title = value
        elif key == "slide":
            wrong.append(
                (number, "a slide block begins with one line '% slide: Title'; give each its own block")
            )
        elif key == "-":
            slide.bullets.append(value)
            if words(value) > MOST_WORDS:
                wrong.append(
                    (number, f"a bullet has at most {MOST_WORDS} words, this one {words(value)}; cut it")
                )
        elif key == "math":
            slide.formulas.append(value)
        elif key == "note":
            slide.notes.append(value)
        elif key == "figure" and not slide.figure:
            slide.figure, slide.lines["figure"] = value, number
        elif key == "figure":
            wrong.append((number, "a slide has at most one figure; make two slides"))
        else:
            line = lines[number - first]
            wrong.append(
                (number, f"a line is 'slide:', '-', 'figure:', 'math:' or 'note:', got {line!r}; mend it")
            )
    if not slide.title:
        wrong.append((first, "a slide block begins with '% slide: Title'; add it"))
    for name, have, most in (
        ("bullets", slide.bullets, MOST_BULLETS),
        ("formulas", slide.formulas, MOST_FORMULAS),
    ):
        if len(have) > most:
            wrong.append((first, f"a slide has at most {most} {name}, this one {len(have)}; make two slides"))
    return slide, wrong


def without_code(lines: list[str]) -> str:
    """Prose of some lines: code cells, comments and the front matter are left out."""
    kept, fence = [], ""
    for line in lines:
        if fence:
            fence = "" if line.strip() == fence else fence
        elif CODE.match(line):
            fence = line[: line.index("{")]
        elif not line.startswith("%"):
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def bullets_below(lines: list[str], heading: str) -> list[str]:
    """Items of the list below the first line that matches the heading, each as one line."""
    start = next((i for i, line in enumerate(lines) if re.search(heading, line)), len(lines))
    items: list[str] = []
    for line in lines[start + 1 :]:
        if line.startswith("- "):
            items.append(line[2:].strip())
        elif items and line.startswith("  "):
            items[-1] += " " + line.strip()
        elif items and line.strip():
            break
        elif line.startswith("#"):
            break
    return items


def read_chapter(path: Path, name: str) -> Chapter:
    """Slides of a chapter.

    Args:
        path: The chapter's MyST text.
        name: How the file is called in messages.
    """
    lines = path.read_text("utf8").splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("# "))
    first = (i for i, line in enumerate(lines) if line.startswith("## "))
    slides, problems, before = [], [], next(first, head + 1)  # the box of objectives is the title slide
    for start, stop in blocks(lines):
        if not is_slide(lines[start:stop]):
            continue
        slide, wrong = read_slide(lines[start:stop], start + 1)
        if lines[start - 1].strip() or (stop < len(lines) and lines[stop].strip()):
            wrong.append((start + 1, "a slide block needs an empty line before and after it; add them"))
        slide.prose = without_code(lines[before:start])
        before = stop
        slides.append(slide)
        problems += [f"{name}:{number}: {text}" for number, text in wrong]
    minutes = MINUTES.search("\n".join(lines))
    return Chapter(
        path=path,
        title=lines[head][2:].strip(),
        minutes=int(minutes[1]) if minutes else 0,
        objectives=bullets_below(lines, "What you will be able to do"),
        slides=slides,
        take_away=bullets_below(lines, "^## Take.away"),
        problems=problems,
    )
