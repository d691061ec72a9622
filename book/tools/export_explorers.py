"""Data of the figures to play with; a script runs only if something that it reads has changed."""

import subprocess
import sys
from pathlib import Path

from build_book import ROOT, digest, read

TOOLS = Path(__file__).resolve().parent
BUILD = ROOT / "book" / "web" / "build"
LIBRARY = (
    "course_lib/*.py",
    *(f"course_lib/{folder}/*.py" for folder in ("data", "explorers", "grid", "layers", "models")),
)
FIGURES: dict[str, tuple[str, ...]] = {  # name, and what its script reads besides the library
    "sre-rings": (),
    "layer-errors": ("book/weights/*",),
    "results": ("book/ledger/**/*.json", "book/configs/grids/*.yaml"),
    "lie-samples": (),
}


def main() -> int:
    """Run the scripts whose files are missing or old; return the first exit status that is not 0."""
    worst = 0
    for name, reads in FIGURES.items():
        script = TOOLS / f"export_{name.replace('-', '_')}.py"
        stamp = BUILD / f".stamp-{name}"
        wanted = digest(*LIBRARY, f"book/tools/{script.name}", *reads)
        if read(stamp) == wanted and (BUILD / "data" / f"{name}.json").is_file():
            continue
        code = subprocess.run([sys.executable, script]).returncode
        worst = worst or code
        if code == 0:
            stamp.write_text(wanted)
    return worst


if __name__ == "__main__":
    sys.exit(main())
