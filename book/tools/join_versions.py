"""One folder for a web server: the newest site, its slides, and the sites of releases beside it."""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

LISTED = re.compile(r"window\.courseVersions = (\[.*\]);")


def name_of(site: Path) -> str:
    """Version that a built site says it is.

    Raises:
        ValueError: If the folder is not a built site.
    """
    listed = site / "versions.js"
    found = LISTED.search(listed.read_text("utf8")) if listed.is_file() else None
    if found is None:
        raise ValueError(f"{site} is no built site: it needs a versions.js; build it with `make book`")
    return next(entry["name"] for entry in json.loads(found[1]) if entry.get("here"))


def folder_order(folder: str) -> list[int]:
    """Key that puts v0.10.0 after v0.9.1."""
    return [int(number) for number in re.findall(r"\d+", folder)]


def join(out: Path, newest: Path, releases: dict[str, Path], slides: Path | None = None) -> None:
    """Copy everything to one folder and tell each version of the others, the newest first.

    Args:
        out: Folder to make; what it held goes.
        newest: Built site for the top of the folder.
        releases: Built sites of releases by the name of their folder, such as ``v0.1.0``.
        slides: Folder of the slides of the newest site, if they shall be served too.
    """
    places = {"": newest}
    for folder in sorted(releases, key=folder_order, reverse=True):
        places[f"{folder}/"] = releases[folder]
    names = {place: name_of(site) for place, site in places.items()}
    if releases:
        names[""] += " (newest)"
    shutil.rmtree(out, ignore_errors=True)
    for place, site in places.items():
        shutil.copytree(site, out / place, dirs_exist_ok=True)
        up = "../" if place else ""
        entries = [
            {"name": names[other], "path": "" if other == place else up + other, "here": other == place}
            for other in places
        ]
        text = f"window.courseVersions = {json.dumps(entries)};\n"
        (out / place / "versions.js").write_text(text, "utf8")
        if place:  # search engines shall find the newest
            (out / place / "sitemap.xml").unlink(missing_ok=True)
    if slides:
        shutil.copytree(slides, out / "slides")


def main() -> int:
    """Join what the command line names; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("newest", type=Path, help="built site, such as _build/html")
    parser.add_argument("--slides", type=Path, default=None, help="such as _build/slides")
    parser.add_argument("--releases", type=Path, default=None, help="folder of sites named v0.1.0 and so on")
    asked = parser.parse_args()
    folders = sorted(asked.releases.glob("v*/")) if asked.releases else []
    try:
        join(asked.out, asked.newest, {folder.name: folder for folder in folders}, asked.slides)
    except ValueError as error:
        print(f"[versions] STOP: {error}", file=sys.stderr)
        return 1
    print(f"[versions] {1 + len(folders)} versions in {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
