"""Chapters executed side by side into the book's cache; Sphinx alone runs one after the other."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from nbformat import NotebookNode


def executed_path(root: Path, chapter: Path) -> Path:
    """Where the executed notebook of a chapter lies, for the slides."""
    return root / "_build" / "executed" / f"{chapter.stem}.ipynb"


def waiting(root: Path, cache: JupyterCacheBase) -> dict[Path, NotebookNode]:
    """Chapters that the cache does not hold, the longest texts first; of the others, writes what it holds."""
    found = {}
    for path in sorted(root.glob("book/*.md"), key=lambda path: -path.stat().st_size):
        text = path.read_text("utf8")
        if is_myst_markdown_notebook(text):
            notebook = read_myst_markdown_notebook(text, add_source_map=True, path=path)
            try:
                merged = cache.merge_match_into_notebook(notebook)[1]
            except KeyError:
                found[path] = notebook
            else:
                write(merged, executed_path(root, path))
    return found


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook into a folder that may be new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def execute(root: Path, jobs: int | None = None) -> list[str]:
    """Execute what has changed.

    Args:
        root: The checkout.
        jobs: Chapters at a time; the number of processors if not given.

    Returns:
        Names of the chapters that failed; Sphinx runs them again and shows the error.
    """
    cache = get_cache(root / "_build" / ".jupyter_cache")
    chapters = waiting(root, cache)
    timeout = (
        yaml.safe_load((root / "_config.yml").read_text("utf8"))["execute"]["timeout"] if chapters else 0
    )
    failed = []

    def run(path: Path):
        return path, single_nb_execution(
            chapters[path], cwd=str(path.parent), timeout=timeout, allow_errors=False
        )

    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        for path, result in pool.map(run, chapters):
            if result.err is None:
                bundle = CacheBundleIn(result.nb, str(path), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                write(result.nb, executed_path(root, path))
            else:
                failed.append(path.name)
            word = "failed" if result.err else "executed"
            print(f"[book] {path.name}: {word} in {result.time:.0f} s", flush=True)
    return failed
