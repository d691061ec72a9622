"""Rewrite of MyST text for readers of a notebook, where directives and roles mean nothing.

Boxes become bold block quotes, citations become links, and what only the site can show becomes
a link to the site.
"""

import posixpath
import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^(?P<mark>`{3,}|:{3,})\{(?P<name>[\w:.-]+)\}[ ]*(?P<title>.*)$")
OPTION = re.compile(r"^:(?P<key>[\w-]+):[ ]*(?P<value>.*)$")
ROLE = re.compile(r"\{(?P<name>[a-zA-Z:_-]+)\}`(?P<body>[^`]+)`")
TARGET = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
LABEL = re.compile(r"^\((?P<label>[\w:.-]+)\)=\s*$")
KEEP_AS_CODE = {"py:func", "py:class", "py:mod", "py:meth", "py:attr", "func", "class", "mod", "meth", "attr"}
DROPPED = {"bibliography", "tableofcontents", "contents", "toctree", "glue:figure", "glue", "index"}
FREE_TEXT = {
    "margin",
    "card",
    "grid",
    "grid-item",
    "grid-item-card",
    "tab-set",
    "tab-item",
    "div",
    "container",
}


@dataclass(frozen=True)
class Site:
    """Where things are: the addresses that links of a notebook use.

    Args:
        page: Address of the chapter on the site.
        raw: Address below which the repository's files are served.
        folder: Folder of the chapter in the repository.
        citations: Text and address of each bibliography key.
        elsewhere: Name and page of what references to other chapters point to.
    """

    page: str
    raw: str
    folder: str = "book"
    citations: dict[str, tuple[str, str]] = field(default_factory=dict)
    elsewhere: dict[str, tuple[str, str]] = field(default_factory=dict)


def labels_of(text: str) -> dict[str, str]:
    """Name of everything in a chapter that a reference can point to."""
    names: dict[str, str] = {}
    pending: list[str] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if label := LABEL.match(line):
            pending.append(label["label"])
        elif line.startswith("#"):
            names |= dict.fromkeys(pending, line.lstrip("# ").strip())
            pending = []
        elif box := FENCE.match(line):
            options = [OPTION.match(entry) for entry in _head(lines[number + 1 :])]
            own = [found["value"].strip() for found in options if found and found["key"] in ("label", "name")]
            names |= dict.fromkeys(pending + own, _box_name(box["name"], box["title"]))
            pending = []
    return names


def to_markdown(text: str, site: Site, labels: dict[str, str]) -> str:
    """Markdown that a notebook shows as it is meant.

    Args:
        text: MyST text of one cell.
        site: Addresses that the links use.
        labels: Names of the things that references point to, as ``labels_of`` gives them.
    """
    lines = [line for line in text.splitlines() if not LABEL.match(line) and not line.startswith("% ")]
    body = "\n".join(_blocks(lines, site, labels))
    body = ROLE.sub(lambda role: _role(role["name"], role["body"], site, labels), body)
    body = re.sub(r"(\$\$)[ ]*\([\w:.-]+\)[ ]*$", r"\1", body, flags=re.MULTILINE)
    body = re.sub(r"(!\[[^\]]*\]\()(?!https?:)([^)\s]+)", lambda m: m[1] + _raw(m[2], site), body)
    body = re.sub(r"(?<=[)\]`])\{[.#][^}\n]*\}", "", body)
    return re.sub(r"\n{3,}", "\n\n", body).strip()


def _head(lines):
    """Option lines at the start of a directive, in either of MyST's two forms."""
    if lines and lines[0].strip() == "---":
        end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
        return [":" + line for line in lines[1:end]]
    head = []
    for line in lines:
        if not OPTION.match(line):
            break
        head.append(line)
    return head


def _blocks(lines, site, labels):
    """Lines with every directive replaced; nested directives are replaced from the inside out."""
    out, position = [], 0
    while position < len(lines):
        box = FENCE.match(lines[position])
        if box is None:
            out.append(lines[position])
            position += 1
            continue
        closing = re.compile(rf"^{box['mark'][0]}{{{len(box['mark'])},}}\s*$")
        end, depth = position + 1, 0
        while end < len(lines):
            inner = FENCE.match(lines[end])
            if inner and inner["mark"] == box["mark"]:
                depth += 1
            elif closing.match(lines[end]):
                if depth == 0:
                    break
                depth -= 1
            end += 1
        out += [
            "",
            *_directive(box["name"], box["title"].strip(), lines[position + 1 : end], site, labels),
            "",
        ]
        position = end + 1
    return out


def _directive(name, title, content, site, labels):
    """Replacement of one directive."""
    head = _head(content)
    options = {found["key"]: found["value"].strip() for line in head if (found := OPTION.match(line))}
    yaml_head = bool(content) and content[0].strip() == "---"
    rest = content[len(head) + (2 if yaml_head else 0) :]
    while rest and not rest[0].strip():
        rest = rest[1:]
    if name in DROPPED:
        return []
    if name == "math":
        return ["$$", *rest, "$$"]
    if name in ("figure", "image"):
        caption = " ".join(_blocks(rest, site, labels)).strip()
        return [
            f"![{options.get('alt', '')}]({_raw(title, site)})",
            *(["", f"*{caption}*"] if caption else []),
        ]
    if name in ("raw", "iframe", "video"):
        return [f"*Here the site shows an interactive figure: [open it there]({site.page}).*"]
    if name in ("code-block", "code", "sourcecode", "literalinclude"):
        return ["```" + title, *rest, "```"] if name != "literalinclude" else [f"`{title}`"]
    inner = _blocks(rest, site, labels)
    if name == "dropdown":  # closed in a notebook too: answers are not to be read in passing
        return ["<details>", f"<summary>{title or 'More'}</summary>", "", *inner, "", "</details>"]
    if name in FREE_TEXT:
        return ([f"**{title}**", ""] if title else []) + inner
    if name in ("list-table", "table", "csv-table", "glossary"):
        return ([f"*{title}*", ""] if title else []) + inner
    return [("> " + line).rstrip() for line in [f"**{_box_name(name, title)}.**", "", *inner]]


def _box_name(name, title):
    """Heading of a box: its kind and, in brackets, its own title."""
    kind = name.removeprefix("prf:").replace("-", " ").capitalize()
    if name == "admonition":
        return title or "Note"
    if name.startswith("solution") and title:
        return "Solution"
    if name in ("figure", "image", "table", "list-table", "math"):
        return {"image": "figure", "list-table": "table", "math": "equation"}.get(name, name)
    return f"{kind} ({title})" if title else kind


def _role(name, body, site, labels):
    """Replacement of one role."""
    found = TARGET.match(body)
    text, target = (found["text"], found["target"]) if found else (body, body)
    if name.startswith("cite"):
        return _citations(name, body, site)
    if name == "math":
        return f"${body}$"
    if name in KEEP_AS_CODE or name in ("code", "file", "kbd"):
        return f"`{text.removeprefix('~').rsplit('.', 1)[-1] if text.startswith('~') else text}`"
    if name in ("sub", "sup"):
        return f"<{name}>{body}</{name}>"
    if name == "abbr":
        return re.sub(r"\s*\(.*\)$", "", body)
    if name == "eq":
        return f"[the equation]({site.page})"
    if name == "doc":
        page = posixpath.join(posixpath.dirname(site.page), target) + ".html"
        return f"[{text if found else posixpath.basename(target)}]({page})"
    if name in ("ref", "numref", "prf:ref"):
        name, page = site.elsewhere.get(target, (target.replace("-", " "), site.page))
        words = text if found and "%s" not in text and "{number}" not in text else labels.get(target, name)
        return f"*{words}*" if target in labels else f"[{words}]({page})"
    return f"*{text}*" if name == "term" else text


def _citations(name, body, site):
    """Author and year of each key, linked to the work."""
    works = []
    for key in body.split(","):
        if key.strip() not in site.citations:
            raise ValueError(
                f"citation key {key.strip()!r} is not in the bibliography; add it to book/references.bib"
            )
        text, address = site.citations[key.strip()]
        works.append(f"[{text}]({address})" if address else text)
    return "; ".join(works) if name in ("cite:t", "cite:ts") else f"({'; '.join(works)})"


def _raw(path, site):
    """Address of a file that a chapter names relative to itself."""
    return (
        path
        if "://" in path
        else site.raw + posixpath.normpath(posixpath.join(site.folder, path)).lstrip("/")
    )
