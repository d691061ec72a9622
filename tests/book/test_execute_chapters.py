"""Chapters run side by side, once, and a failure is left to the builder of the site."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TOOLS = Path(__file__).resolve().parents[2] / "book" / "tools"
HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
"""
MEET = """import pathlib, time
pathlib.Path("%s").touch()
while not pathlib.Path("%s").exists():
    time.sleep(0.1)"""


def execute(root: Path) -> str:
    """What the tool prints, and the list of failures in its last line."""
    code = "import execute_chapters, pathlib; print(execute_chapters.execute(pathlib.Path(), jobs=2))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, env={"PYTHONPATH": str(TOOLS)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_chapters_run_at_the_same_time_and_once_and_fail_alone(tmp_path):
    def chapter(name: str, code: str) -> None:
        text = f"{HEAD}\n# {name}\n\n```{{code-cell}} ipython3\n{code}\n```\n"
        (tmp_path / f"book/{name}.md").write_text(text)

    (tmp_path / "book").mkdir()
    (tmp_path / "_config.yml").write_text("execute: {timeout: 60}")
    (tmp_path / "book/prose.md").write_text("# No cells")
    chapter("one", MEET % ("a", "b"))  # each ends only while the other runs
    chapter("two", MEET % ("b", "a"))
    first = execute(tmp_path)
    assert "one.md: executed" in first and "two.md: executed" in first and first.endswith("[]\n")
    kept = tmp_path / "_build/executed/one.ipynb"
    assert '"execution_count": 1' in kept.read_text()
    kept.unlink()
    chapter("three", "1 / 0")
    second = execute(tmp_path)
    assert "three.md: failed" in second and second.endswith("['three.md']\n") and "one.md" not in second
    assert '"execution_count": 1' in kept.read_text(), "written again from the cache"
