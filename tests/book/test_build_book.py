"""The site is built again exactly when something it shows has changed."""

import subprocess

import build_book
import pytest


@pytest.fixture
def builder(tmp_path, monkeypatch):
    """A small checkout, and a stand-in for the builder that says what it was asked."""
    for name in ("course_lib", "book", "book/_ext"):
        (tmp_path / name).mkdir()
    (tmp_path / "course_lib/a.py").write_text("1")
    (tmp_path / "book/one.md").write_text("# One")
    (tmp_path / "_toc.yml").write_text("toc")
    calls, outcome = [], {"code": 0}

    def run(command, **options):
        calls.append("--all" in command)
        cache = tmp_path / "_build/.jupyter_cache"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "executed").touch()
        return subprocess.CompletedProcess(command, outcome["code"])

    monkeypatch.setattr(build_book, "ROOT", tmp_path)
    monkeypatch.setattr(build_book, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(subprocess, "run", run)
    return tmp_path, calls, outcome


def test_unchanged_book_is_not_built_again(builder, capsys):
    _, calls, _ = builder
    assert build_book.main() == 0 and build_book.main() == 0
    assert calls == [True] and "up to date" in capsys.readouterr().out


def test_changed_page_is_built_without_the_others(builder):
    root, calls, _ = builder
    build_book.main()
    (root / "book/one.md").write_text("# Two")
    assert build_book.main() == 0 and calls == [True, False]
    assert (root / "_build/.jupyter_cache/executed").exists()


def test_changed_library_forgets_the_executed_cells(builder):
    root, calls, _ = builder
    build_book.main()
    kept = root / "_build/.jupyter_cache/old"
    kept.touch()
    (root / "course_lib/a.py").write_text("2")
    assert build_book.main() == 0 and calls == [True, True] and not kept.exists()


def test_failure_stays_a_failure_and_keeps_the_executed_cells(builder, capsys):
    root, calls, outcome = builder
    outcome["code"] = 1
    assert build_book.main() == 1
    kept = root / "_build/.jupyter_cache/kept"
    kept.touch()
    assert build_book.main() == 1 and calls == [True, True] and kept.exists()
    assert "STOP: the book has warnings or errors" in capsys.readouterr().err
    outcome["code"] = 0
    assert build_book.main() == 0


@pytest.mark.parametrize("name", ["one.json", "polyps-colab/two.json"])
def test_new_run_of_any_grid_forgets_the_executed_cells(builder, name):
    root, calls, _ = builder
    build_book.main()
    entry = root / "book/ledger" / name
    entry.parent.mkdir(parents=True)
    entry.write_text("{}")
    assert build_book.main() == 0 and calls == [True, True]
