"""One style sheet for the site, with the rules and the icons that its pages use and no others."""

import hashlib
import re
from pathlib import Path

import tinycss2
from fontTools import subset
from tinycss2.ast import AtRule, Node, QualifiedRule

SHEET = re.compile(r'\s*<link\b(?=[^>]*rel="stylesheet")[^>]*href="([^"?]*)[^"]*"[^>]*/?>')
BUNDLE = "_static/site.css"
WORD = re.compile(r"[A-Za-z_][\w-]*")
CLASS = re.compile(r'\bclass="([^"]*)"')
SELECTED = re.compile(r"[.#](-?[A-Za-z_](?:[\w-]|\\.)*)")
FUNCTION = re.compile(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)")
OLD_ICONS = re.compile(r"FontAwesome|Font Awesome 5|fa-v4|fa-regular")
VARIABLE = re.compile(r"(?<=[{;])(\s*)(--[\w-]+)\s*:[^;{}\"']*(?:;|(?=}))")
BOOTSTRAP = {"show", "showing", "hiding", "fade", "active", "collapse", "collapsing", "collapsed"}
MADE_BY_SCRIPTS = ("bs-tooltip", "tooltip", "dropdown", "search", "highlight")


def used_words(site: Path, pages: list[Path]) -> set[str]:
    """Names that may be selected: classes and ids of the pages, and every word of the site's own scripts."""
    words: set[str] = set()
    for page in pages:
        text = page.read_text("utf8")
        for names in CLASS.findall(text):
            words.update(names.split())
        words.update(re.findall(r'\bid="([^"]*)"', text))
    for script in [*site.glob("_static/*.*js"), *site.glob("_static/scripts/*theme.js")]:
        words.update(WORD.findall(script.read_text("utf8")))
    return words | BOOTSTRAP


def is_used(selector: str, words: set[str]) -> bool:
    """Whether every class and id that a selector asks for exists."""
    names = (name.replace("\\", "") for name in SELECTED.findall(FUNCTION.sub("", selector)))
    return all(name in words or name.startswith(MADE_BY_SCRIPTS) for name in names)


def split_selectors(text: str) -> list[str]:
    """The selectors of a list; commas inside brackets do not part them."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def rules_used(nodes: list[Node], words: set[str]) -> str:
    """CSS of the rules that can match something."""
    kept = []
    for node in nodes:
        if isinstance(node, QualifiedRule):
            selectors = split_selectors(tinycss2.serialize(node.prelude).strip())
            body = tinycss2.serialize(node.content).strip()
            chosen = [selector for selector in selectors if is_used(selector, words)]
            if chosen and body:
                kept.append(f"{','.join(chosen)}{{{body}}}")
        elif isinstance(node, AtRule) and node.at_keyword == "charset":
            continue
        elif isinstance(node, AtRule) and node.at_keyword in ("media", "supports", "layer", "container"):
            inner = tinycss2.parse_rule_list(node.content or [], skip_comments=True, skip_whitespace=True)
            text = rules_used(inner, words)
            if text:
                kept.append(f"@{node.at_keyword} {tinycss2.serialize(node.prelude).strip()}{{{text}}}")
        elif isinstance(node, AtRule) and node.at_keyword == "font-face":
            face = tinycss2.serialize(node.content or [])
            modern = re.sub(r',\s*url\([^)]*\)\s*format\("?(?:woff|truetype)"?\)', "", face)
            if not OLD_ICONS.search(face):
                kept.append(f"@font-face{{{modern.strip()}}}")
        elif not (isinstance(node, AtRule) and "fa-" in tinycss2.serialize(node.prelude)):
            kept.append(node.serialize())
    return "\n".join(kept)


def with_few_icons(css: str, site: Path) -> str:
    """The CSS with fonts that hold the icons it names, cut out of the theme's fonts of many hundred."""
    asked = {int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3}|e[0-9a-f]{3})\b", css)}
    asked |= {ord(sign) for sign in css if "\ue000" <= sign <= "\uf8ff"}

    def cut(m: re.Match[str]) -> str:
        path = (site / "_static" / m[1]).with_suffix(".ttf")
        options = subset.Options(flavor="woff", layout_features=[], notdef_outline=False)
        with subset.load_font(str(path), options) as font:
            chooser = subset.Subsetter(options)
            chooser.populate(unicodes=asked)
            chooser.subset(font)
            small = site / "_static" / f"{path.stem}-few.woff"
            subset.save_font(font, str(small), options)
        version = hashlib.sha256(small.read_bytes()).hexdigest()[:10]
        return f'url({small.name}?v={version}) format("woff")'

    return re.sub(r"url\((vendor/fontawesome/[^)]*)\)\s*format\([^)]*\)", cut, css)


def read_sheet(site: Path, sheet: Path) -> str:
    """CSS of a sheet and of those it imports, the addresses in it made relative to the bundle."""

    def imported(m: re.Match[str]) -> str:
        return read_sheet(site, sheet.parent / m[1])

    def moved(m: re.Match[str]) -> str:
        address = m[1].strip("\"'")
        if address.startswith(("data:", "#", "http")):
            return m[0]
        target = (sheet.parent / address).resolve().relative_to((site / "_static").resolve())
        return f"url({target.as_posix()})"

    text = re.sub(r"(?<=[\s:,(])url\(((?!['\"]?data:)[^)]*)\)", moved, sheet.read_text("utf8"))
    return re.sub(r"@import\s+(?:url\()?[\"']?([^\"');]+)[\"']?\)?\s*;", imported, text)


def without_unused_variables(css: str, scripts: str) -> str:
    """The CSS without variables that nothing asks for; each removal may leave others unused."""
    while True:
        asked = set(re.findall(r"var\(\s*(--[\w-]+)", css)) | set(re.findall(r"--[\w-]+", scripts))
        mended = VARIABLE.sub(lambda m, asked=asked: m[0] if m[2] in asked else m[1], css)
        if mended == css:
            return css
        css = mended


def gather(site: Path, sheets: list[str], words: set[str]) -> str:
    """CSS of all sheets in order, as far as it is used."""
    texts = []
    for sheet in sheets:
        nodes = tinycss2.parse_stylesheet(
            read_sheet(site, site / sheet), skip_comments=True, skip_whitespace=True
        )
        texts.append(rules_used(nodes, words))
    scripts = [*site.glob("_static/*.*js"), *site.glob("_static/scripts/*.js")]
    return without_unused_variables("\n".join(texts), "".join(path.read_text("utf8") for path in scripts))


def bundle_styles(site: Path, pages: list[Path]) -> None:
    """Write the one sheet, and let every page use it in place of the theme's many."""
    texts = {page: page.read_text("utf8") for page in pages}
    kept = re.search(r'data-sheets="([^"]*)"', next((t for t in texts.values() if "data-sheets" in t), ""))
    sheets = kept[1].split() if kept else []
    for page, text in texts.items():
        for address in SHEET.findall(text):
            if not address.endswith(BUNDLE):
                name = (page.parent / address).resolve().relative_to(site.resolve()).as_posix()
                sheets += [name] if name not in sheets else []
    words = used_words(site, pages)
    css = with_few_icons(gather(site, sheets, words), site)
    (site / BUNDLE).write_text(css, "utf8")
    version = hashlib.sha256(css.encode()).hexdigest()[:10]
    for page, text in texts.items():
        up = "../" * len(page.relative_to(site).parent.parts)
        link = f'\n<link rel="stylesheet" href="{up}{BUNDLE}?v={version}" data-sheets="{" ".join(sheets)}" />'
        mended = SHEET.sub("\0", text).replace("\0", link, 1).replace("\0", "")
        if mended != text:
            page.write_text(mended, "utf8")
