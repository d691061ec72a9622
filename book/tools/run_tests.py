"""All checks in order, cheap ones first; every step runs, and pytest's summary comes last."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import build_exercises
import jupytext
import nbformat

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SOLUTIONS = ROOT / "_build" / "solutions"
SOURCES = ("course_lib", "tests", "book/tools", "book/_ext")
PYTEST = (BIN / "python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile")


def spelling() -> list[str]:
    """Files whose words are checked."""
    text = [
        *ROOT.glob("*.md"),
        *ROOT.glob("book/*.md"),
        *ROOT.glob("solutions/*.md"),
        *ROOT.glob("solutions/*.py"),
    ]
    return [str(path) for path in sorted(text)] + ["course_lib"]


def solved_notebooks() -> list[Path]:
    """Notebooks of the sample solutions, made for this run."""
    shutil.rmtree(SOLUTIONS, ignore_errors=True)
    build_exercises.main(["--solved", str(SOLUTIONS)])
    return sorted(SOLUTIONS.glob("*.ipynb"))


def new_notebooks() -> list[Path]:
    """Chapters' notebooks with a cell that the book does not execute, apart from the set-up cells."""
    found = []
    for path in sorted((ROOT / "book/notebooks").glob("*.ipynb")):
        cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
        own = {cell.source for cell in cells if "setup" not in cell.metadata.get("tags", [])}
        chapter = ROOT / "book" / f"{path.stem}.md"
        executed = {
            cell.source for cell in jupytext.read(chapter, fmt="md:myst").cells if cell.cell_type == "code"
        }
        if own - executed:
            found.append(path)
    return found


def step(name: str, command: list[str | Path]) -> bool:
    """Run one check; return whether it passed."""
    print(f"\n=== {name}", flush=True)
    start = time.monotonic()
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # two processes on few cores
    changes = {**threads, "COURSE_PROGRESS": "off"}  # notebooks that run as a test are no student's progress
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env={**os.environ, **changes})
    word = "passed" if done.returncode == 0 else f"FAILED (exit status {done.returncode})"
    print(f"=== {name}: {word} in {time.monotonic() - start:.0f} s", flush=True)
    return done.returncode == 0


def main() -> int:
    """Run the checks; return 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="style and the tests that need neither minutes nor a browser"
    )
    quick = parser.parse_args().quick
    steps: list[tuple[str, list[str | Path]]] = [
        ("ruff check", [BIN / "ruff", "check", "."]),
        ("ruff format", [BIN / "ruff", "format", "--check", "."]),
    ]
    if not quick:
        notebooks = [*new_notebooks(), *sorted((ROOT / "exercises").glob("*.ipynb"))]
        steps += [
            ("pyright", [BIN / "pyright"]),
            ("import-linter", [BIN / "lint-imports"]),
            ("codespell", [BIN / "codespell", "--ignore-words", "book/tools/words.txt", *spelling()]),
            ("book", [BIN / "python", "book/tools/build_book.py"]),
            ("nbval", [*PYTEST, "--nbval-lax", "-W", "default", *notebooks, *solved_notebooks()]),
        ]
    chosen = "not exhaustive and not slow and not browser" if quick else "not exhaustive"
    steps.append(("pytest", [*PYTEST, "-m", chosen]))
    failed = [name for name, command in steps if not step(name, command)]
    if failed:
        print(f"\nFAILED: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
