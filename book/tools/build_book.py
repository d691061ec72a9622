"""Build of the site: nothing where nothing changed, and no stale output where the library did."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from execute_chapters import execute

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "_build"
LIBRARY = (
    "course_lib/**/*.py",
    "course_lib/**/*.mplstyle",
    "book/ledger/**/*.json",
    "book/weights/*",
    "book/pictures/*",
    "requirements.txt",
)
LOOKS = (
    "_config.yml",
    "_toc.yml",
    "book/_ext/*.py",
    "book/assets/**/*",
    "book/web/src/*",
    "book/web/build/**/*",
)
PAGES = ("book/*.md", "book/*.bib", "CHANGELOG.md", "solutions/*.py")  # the guide shows the units' minutes


def digest(*patterns: str) -> str:
    """Checksum of names and contents of all files that match."""
    sha = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}):
        sha.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()


def read(stamp: Path) -> str:
    """Content of a stamp, empty where there is none."""
    return stamp.read_text() if stamp.is_file() else ""


def show_failures(reports: Path) -> None:
    """Print the tracebacks of the cells that failed, which Sphinx only names."""
    for report in sorted(reports.rglob("*.err.log")):
        print(f"\n--- {report.relative_to(ROOT)}", file=sys.stderr)
        print("\n".join(report.read_text(errors="replace").splitlines()[-40:]), file=sys.stderr)


def main() -> int:
    """Build; return the exit status."""
    library, looks, pages = digest(*LIBRARY), digest(*LOOKS), digest(*PAGES)
    stamp, cells, style = BUILD / ".stamp-site", BUILD / ".stamp-library", BUILD / ".stamp-looks"
    everything = f"{library} {looks} {pages}"
    where = f"the site is in {BUILD / 'html'}; to read it with its interactive figures, run `make serve`"
    if read(stamp) == everything:
        print(f"[book] up to date; {where}")
        return 0
    # A failed build leaves no stamp: Sphinx repeats no warning of a page that it has already read.
    fresh = not stamp.is_file()
    stamp.unlink(missing_ok=True)
    if read(cells) != library:  # cells are cached by their text alone, but show what the library does
        shutil.rmtree(BUILD / ".jupyter_cache", ignore_errors=True)
        BUILD.mkdir(exist_ok=True)
        cells.write_text(library)
        fresh = True
    shutil.rmtree(BUILD / "html" / "reports", ignore_errors=True)
    if read(style) != looks:
        fresh = True
    if fresh:  # a page that has left the table of contents must leave the site too
        shutil.rmtree(BUILD / "html", ignore_errors=True)
    start = time.monotonic()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # the chapters' arrays are too small for more
    execute(ROOT)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "--keep-going"]
    extra = ["--all"] if fresh else []
    code = subprocess.run([*command, *extra], cwd=ROOT).returncode
    if code:
        show_failures(BUILD / "html" / "reports")
        print("\n[book] STOP: the book has warnings or errors, listed above; mend them", file=sys.stderr)
        return code
    style.write_text(looks)
    stamp.write_text(everything)
    print(f"[book] built in {time.monotonic() - start:.0f} s; {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
