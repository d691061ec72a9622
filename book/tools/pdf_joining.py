"""Bookmarks and links of a document that was joined from the pages of the site."""

from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NullObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

SPECK = 1.5  # points: links less high only make Chromium name their target; print.js sets them


def add_outline(writer: PdfWriter, reader: PdfReader, names: dict[str, str], parent: Any) -> None:
    """Bookmarks of the printed page that came last, below a parent."""
    first = len(writer.pages) - len(reader.pages)

    def add(items: list[Any], parent: Any) -> None:
        last = parent
        for item in items:  # a list after an item holds the item's children
            if isinstance(item, list):
                add(item, last)
            else:
                letters = "".join(str(item.title).split())  # Chromium drops the space where a heading wraps
                where = first + (reader.get_destination_page_number(item) or 0)
                last = writer.add_outline_item(
                    title=names.get(letters, str(item.title)), page_number=where, parent=parent
                )

    add(reader.outline, parent)


def action(kind: str, key: str, value: PdfObject) -> DictionaryObject:
    """What a link does."""
    return DictionaryObject({NameObject("/S"): NameObject(kind), NameObject(key): value})


def join_links(writer: PdfWriter, address: str, public: str, starts: dict[str, int]) -> None:
    """Let links between pages lead to places in the document, and those to other files to the public site."""
    known = writer.named_destinations
    for page in writer.pages:
        kept = ArrayObject()
        for reference in page.get("/Annots") or ():
            link = reference.get_object()
            if abs(float(link["/Rect"][3]) - float(link["/Rect"][1])) < SPECK:
                continue
            kept.append(reference)
            uri = str(link.get("/A", {}).get("/URI", ""))
            if not uri.startswith(address):
                continue
            name, _, anchor = uri.removeprefix(address).partition("#")
            name = name.removesuffix(".html")
            if name in starts:
                top = writer.pages[starts[name]].indirect_reference
                spot = ArrayObject([top, NameObject("/XYZ"), NullObject(), NullObject(), NumberObject(0)])
                target = f"/{name}--{anchor}"
                place = known[target].dest_array if target in known else spot
                link[NameObject("/A")] = action("/GoTo", "/D", place)
            else:
                address_there = TextStringObject(public + uri.removeprefix(address))
                link[NameObject("/A")] = action("/URI", "/URI", address_there)
        if "/Annots" in page:
            page[NameObject("/Annots")] = kept
