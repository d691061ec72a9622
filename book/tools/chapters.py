"""A chapter's source taken apart, and how long it takes to read.

Run as a script it prints a line for each chapter: what it holds, the minutes that follow, and
the minutes that the chapter states.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(?P<mark>`{3,}|:{3,})(?:\{(?P<name>[\w:.-]+)\}|(?P<language>\w*))[ ]*(?P<title>.*)$")
NOT_TEXT = {"code-cell", "raw", "math", "bibliography", "course-plan"}  # directives without Markdown in them
ROLE = re.compile(r"\{(?P<role>[\w:-]+)\}`(?P<text>[^`<]*?)\s*(?:<(?P<target>[^`>]*)>)?`")
LINK = re.compile(r"\[([^\]]*)\]\([^)\s]*\)")
STATED = re.compile(r"\*\*About (\d+) minutes\.\*\*")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"”)*_]*\s+(?=[\"“(*_>]*(?:[A-Z0-9]|\([a-z]\)))")
QUESTION = re.compile(r"^\*\*\d+\. ")

WORDS_A_MINUTE = 240  # of text, quiz and tables included
SECONDS_A_CODE_LINE = 1.5  # of a cell that is shown; hidden code is for the curious
SECONDS_AN_OUTPUT = 10  # a few printed numbers
SECONDS_A_FIGURE = 40
SECONDS_A_TABLE = 45  # one that a cell makes
SECONDS_A_FORMULA = 10  # one that stands alone
SECONDS_A_PREDICTION = 15
SECONDS_A_QUESTION = 30  # to choose; the answers are words


@dataclass(frozen=True)
class Line:
    """One line of a chapter, and where it stands.

    Args:
        kind: ``text``, ``table``, ``heading``, ``math``, ``code``, ``open``, ``close``, ``comment``,
            ``option`` or ``label``.
        text: The line itself.
        number: Its number in the file, from 1.
        section: Heading of the second level above it; empty before the first.
        boxes: Names of the directives around it, from the outside.
    """

    kind: str
    text: str
    number: int
    section: str
    boxes: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Args:
        code: Its lines.
        tags: Tags, such as ``hide-input``.
        alt: Text for those who do not see the figure; empty without a figure.
        caption: Caption of the figure.
        name: Name to which references point.
        number: Line of the file at which it begins.
    """

    code: tuple[str, ...]
    tags: tuple[str, ...]
    alt: str
    caption: str
    name: str
    number: int


@dataclass(frozen=True)
class Chapter:
    """What a chapter holds."""

    name: str
    lines: tuple[Line, ...]
    cells: tuple[Cell, ...]
    source: str = field(repr=False)

    @property
    def sections(self) -> list[str]:
        """Headings of the second level."""
        return [
            line.text[3:].strip() for line in self.lines if line.text.startswith("## ") and _heading(line)
        ]

    @property
    def stated_minutes(self) -> int | None:
        """Minutes that the chapter states; None if it states none."""
        found = STATED.search(self.source)
        return int(found[1]) if found else None

    def paragraphs(self, *kinds: str) -> list[str]:
        """Lines of these kinds that follow each other, joined; list items stand alone."""
        found: list[str] = []
        last = None
        for line in self.lines:
            if line.kind in kinds and line.text.strip():
                goes_on = last is not None and line.number == last.number + 1 and line.boxes == last.boxes
                if goes_on and not re.match(r"^(\s*([-*]|\d+\.)\s|>|\*\*)", line.text):
                    found[-1] += " " + line.text.strip()
                else:
                    found.append(re.sub(r"^\s*(?:[-*]|\d+\.|>)\s+", "", line.text.strip()))
                last = line
        return found

    def questions(self) -> list[list[str]]:
        """Answers of each question of the quiz: the heads of its boxes that explain something."""
        found: list[list[str]] = []
        quiz = [line for line in self.lines if line.section == "Quiz"]
        for line, following in zip(quiz, quiz[1:], strict=False):
            if QUESTION.match(line.text):
                found.append([])
            elif line.kind == "open" and line.boxes == ("dropdown",) and found:
                head = line.text.partition("}")[2].strip()
                found[-1].append(head if head and following.kind == "text" and following.text.strip() else "")
        return found

    def minutes(self) -> float:
        """Minutes to read it, predict and answer the quiz, by the rates above; tasks come on top."""
        words = sum(len(plain(text).split()) for text in self.paragraphs("text", "table"))
        shown = [cell for cell in self.cells if not hidden(cell)]
        kinds = [output(cell) for cell in self.cells]
        seconds = (
            SECONDS_A_CODE_LINE * sum(len([line for line in cell.code if line.strip()]) for cell in shown)
            + SECONDS_A_FIGURE * kinds.count("figure")
            + SECONDS_A_TABLE * kinds.count("table")
            + SECONDS_AN_OUTPUT * kinds.count("print")
            + SECONDS_A_FORMULA * self.formulas
            + SECONDS_A_PREDICTION * self.source.count("**Predict")
            + SECONDS_A_QUESTION * len(self.questions())
        )
        return words / WORDS_A_MINUTE + seconds / 60

    @property
    def formulas(self) -> int:
        """Number of formulas that stand alone."""
        return sum(line.kind == "math" and line.text.strip() == "$$" for line in self.lines) // 2


def output(cell: Cell) -> str:
    """What a cell shows: ``figure``, ``table``, ``print``, or nothing."""
    code = "\n".join(cell.code)
    if cell.name or "slider(" in code:
        return "figure"
    if re.search(r"^Markdown\(", code, flags=re.MULTILINE):
        return "table"
    return "print" if "print(" in code else ""


def hidden(cell: Cell) -> bool:
    """Whether readers do not see the code at first."""
    return any(tag in ("hide-input", "remove-input", "remove-cell") for tag in cell.tags)


def _heading(line: Line) -> bool:
    return line.kind == "heading"


def chapter_pages(root: Path = ROOT) -> list[Path]:
    """Chapters of the table of contents, in its order: the pages whose name begins with a number."""
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf8"))
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [root / f"{file}.md" for file in files if re.match(r"\d\d-", Path(file).name)]


def plain(text: str) -> str:
    """Text as it is read: roles and links as their words, works, formulas and code as one word each."""
    text = ROLE.sub(lambda role: "Author" if role["role"].startswith("cite") else role["text"] or "X", text)
    text = LINK.sub(r"\1", re.sub(r"\$[^$]+\$|`[^`]*`", "X", text))
    return re.sub(r"[*_|]+", " ", text)


def bare(text: str) -> str:
    """Text without what is a link already, without formulas and without code."""
    text = LINK.sub(" ", ROLE.sub(" ", text))
    return re.sub(r"`[^`]*`", " ", re.sub(r"\$[^$]+\$", " ", text))


def sentences(paragraphs: list[str]) -> list[int]:
    """Number of words of each sentence."""
    parts = [part for text in paragraphs for part in SENTENCE_END.split(plain(text))]
    return [len(part.split()) for part in parts if len(part.split()) > 1]


def read_chapter(path: Path) -> Chapter:
    """Take a chapter apart."""
    source = path.read_text("utf8")
    lines: list[Line] = []
    cells: list[Cell] = []
    open_: list[tuple[str, str]] = []  # mark and name of the directives around the line
    section, start, inside_formula = "", 0, False
    all_lines = source.splitlines()
    first = all_lines.index("---", 1) + 1 if all_lines[0] == "---" else 0
    for number, text in enumerate(all_lines[first:], start=first + 1):
        literal = bool(open_) and open_[-1][1] in NOT_TEXT
        fence = FENCE.match(text)
        closes = bool(open_) and text.rstrip() == open_[-1][0]
        kind = _kind(text, literal, inside_formula)
        if closes:
            mark, name = open_.pop()
            kind = "close"
            if name == "code-cell":
                cells.append(_cell(all_lines[start : number - 1], start))
        elif fence and not literal:
            kind = "open"
            start = number
        boxes = tuple(name for _, name in open_)
        if kind == "math" and text.strip().startswith("$$"):
            inside_formula = not inside_formula and text.strip().count("$$") == 1
        if kind == "heading" and text.startswith("## "):
            section = text[3:].strip()
        if kind == "open" and fence:
            name = fence["name"] or "code-cell-like"
            open_.append((fence["mark"], fence["name"] or "raw"))
            boxes = (*boxes, name)
        lines.append(Line(kind, text, number, section, boxes))
    return Chapter(path.stem, tuple(lines), tuple(cells), source)


def _kind(text: str, literal: bool, inside_formula: bool) -> str:
    if literal:
        return "code"
    if inside_formula or text.strip().startswith("$$"):
        return "math"
    if text.startswith("%"):
        return "comment"
    if re.match(r"^\([\w:.-]+\)=\s*$", text):
        return "label"
    if re.match(r"^:[\w-]+:", text):
        return "option"
    if re.match(r"^#+ ", text):
        return "heading"
    return "table" if text.lstrip().startswith("|") else "text"


def _cell(lines: list[str], number: int) -> Cell:
    """Code and options of a cell."""
    options: dict = {}
    if lines and lines[0] == "---":
        end = lines.index("---", 1)
        options, lines = yaml.safe_load("\n".join(lines[1:end])) or {}, lines[end + 1 :]
    while lines and (found := re.match(r"^:(\w[\w-]*):\s*(.*)$", lines[0])):
        options[found[1]], lines = yaml.safe_load(found[2]), lines[1:]
    while lines and not lines[0].strip():
        lines = lines[1:]
    about = options.get("mystnb", {})
    figure = about.get("figure", {})
    return Cell(
        code=tuple(lines),
        tags=tuple(options.get("tags", ())),
        alt=about.get("image", {}).get("alt", ""),
        caption=figure.get("caption", ""),
        name=figure.get("name", ""),
        number=number,
    )


def main() -> int:
    """Print what each chapter holds and how long it takes."""
    print(f"{'chapter':24s} words cells figures questions minutes stated  median >30 words")
    for path in chapter_pages():
        chapter = read_chapter(path)
        text = chapter.paragraphs("text", "table")
        words = sum(len(plain(part).split()) for part in text)
        lengths = sorted(sentences(chapter.paragraphs("text")))
        long = sum(length > 30 for length in lengths) / len(lengths)
        middle = lengths[len(lengths) // 2]
        print(
            f"{chapter.name:24s} {words:5d} {len(chapter.cells):5d} "
            f"{sum(bool(cell.name) for cell in chapter.cells):7d} {len(chapter.questions()):9d} "
            f"{chapter.minutes():7.1f} {chapter.stated_minutes!s:>6s} {middle:7d} {long:9.1%}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
