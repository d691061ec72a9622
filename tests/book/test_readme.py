"""The README's commands and code do what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "book/index.md")]
README = PAGES[0].read_text("utf8")


def blocks(text: str, language: str) -> list[str]:
    """Code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_python_of_the_readme_runs():
    (code,) = blocks(README, "python")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 0 < float(done.stdout) < 1e-12


def test_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text()
    text = "\n".join(page.read_text("utf8") for page in PAGES)
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", text))
    for block in blocks(text, "bash"):
        named |= set(re.findall(r"^make ([a-z]+)", block, flags=re.MULTILINE))
    assert {"book", "test", "quick", "serve"} <= named <= targets
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony is not None and set(phony[1].split()) == targets


def test_modules_that_are_named_exist():
    for name in re.findall(r"`(course_lib(?:\.\w+)+)`", README):
        path = ROOT / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


@pytest.mark.slow
@pytest.mark.parametrize("command", re.findall(r"`python -m course_lib (\w+)`|, `(\w+)`", README))
def test_commands_that_are_named_exist(command):
    word = "".join(command)
    done = subprocess.run([sys.executable, "-m", "course_lib", word, "--help"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, word


def test_links_between_files_lead_somewhere():
    for page in PAGES[:2]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text("utf8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_workflows_are_valid_and_run_what_exists():
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        jobs = yaml.safe_load(path.read_text())["jobs"]
        runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
        assert runs, path.name
        for command in runs:
            for target in re.findall(r"^make (\w+)", command):
                assert f"\n{target}:" in (ROOT / "Makefile").read_text()


def test_the_address_stands_in_one_place():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    address = config["repository"]["url"]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    allowed = {"_config.yml"}
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".yml", ".cff", ".css", ".mjs") and name not in allowed:
            assert path.is_file() is False or address not in path.read_text("utf8", errors="replace"), name
