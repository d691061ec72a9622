"""Everything in the repository that is generated from something else; ``--check`` only looks for drift."""

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
COMMITTED = ("build_notebooks.py", "build_exercises.py")  # these understand --check
BUILT = ("export_figures.py", "export_explorers.py", "export_live.py")


def main() -> int:
    """Run each generator that is there; return the first exit status that is not 0."""
    check = sys.argv[1:] == ["--check"]
    worst = 0
    for name in COMMITTED if check else COMMITTED + BUILT:
        if (TOOLS / name).is_file():
            done = subprocess.run([sys.executable, TOOLS / name, *(["--check"] if check else [])])
            worst = worst or done.returncode
    return worst


if __name__ == "__main__":
    sys.exit(main())
