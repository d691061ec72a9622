"""The set-up cell on a machine like Colab's: the library comes, and what was there stays.

What is simulated: a fresh virtual environment of the Python that runs the tests (Colab has 3.12), in which
pip finds the packages of ``tests/colab-versions.txt``. Those in ``REAL`` are really installed, at Colab's
versions. Of torch, pip sees Colab's version, which no registry offers, and Python sees the torch of the test
environment, because Colab's build with CUDA takes gigabytes. Of all others only the metadata is there, which
is what pip decides by; their own requirements are left out, as the image meets them. The release is a wheel
built from this checkout. Not simulated: the clone from the public address, ``google.colab``, and a GPU.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import setup_cell
import yaml
from setup_env import NO_NETWORK

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = dict(
    re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "tests/colab-versions.txt").read_text(), re.MULTILINE)
)
REAL = ("pip", "numpy", "einops", "tqdm", "typing-extensions")
LIST = """
import json, importlib.metadata as m
print(json.dumps({d.metadata["Name"].lower().replace("_", "-"): d.version for d in m.distributions()}))
"""
RUN = """
import ast, json, sys
namespace = {"__name__": "__main__"}
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), namespace)
        if last:
            print(repr(eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)))
"""


def cells(source=""):
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    return [cell.source for cell in setup_cell.setup_cells(config, source)]


class Machine:
    """A machine with Colab's packages.

    Args:
        folder: Where it is made.
    """

    def __init__(self, folder):
        self.python, self.home = folder / "env/bin/python", folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
        pins = [f"{name}=={VERSIONS[name]}" for name in REAL]
        pip = [sys.executable, "-m", "pip", "--python", self.python]
        done = subprocess.run(
            [*pip, "install", "-q", "--no-deps", *pins], capture_output=True, text=True, check=False
        )
        if NO_NETWORK.search(done.stderr):
            pytest.skip("PyPI cannot be reached")
        assert done.returncode == 0, done.stderr
        self.packages = next((folder / "env/lib").glob("python*/site-packages"))
        for name in sorted(set(VERSIONS) - set(REAL)):
            info = self.packages / f"{name.replace('-', '_')}-{VERSIONS[name]}.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSIONS[name]}\n"
            )
            (info / "INSTALLER").write_text("pip\n")
            (info / "RECORD").write_text("")
        for name in borrowed("torch"):
            (self.packages / name.name).symlink_to(name)

    def run(self, code, *arguments, release=""):
        """Run code as a notebook in a folder of its own does."""
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COURSE_PROGRESS")}
        environment |= {"COURSE_RELEASE": str(release), "HOME": str(self.home)}
        command = [self.python, "-c", code, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=self.home)

    def installed(self):
        """Name and version of every package that pip sees."""
        return json.loads(self.run(LIST).stdout)


def borrowed(name, seen=None):
    """Importable files of a package of the test environment and of all that it needs to be imported."""
    seen = set() if seen is None else seen
    for file in metadata.files(name) or ():
        top = file.parts[0]
        if not top.endswith((".dist-info", "..")) and top not in ("bin", "__pycache__"):
            seen.add(Path(str(metadata.distribution(name).locate_file(top))))
    if name == "torch":
        for need in ("sympy", "mpmath", "networkx", "jinja2", "markupsafe", "fsspec", "filelock"):
            borrowed(need, seen)
    return seen


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """This checkout as a release."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    shutil.copytree(ROOT / "course_lib", source / "course_lib", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", source]
    subprocess.run([*command, source], check=True, capture_output=True)
    return next(source.glob("*.whl"))


@pytest.fixture(scope="module")
def greedy(wheel):
    """A release that wants a newer NumPy than Colab's."""
    path = wheel.parent / "greedy" / wheel.name
    path.parent.mkdir()
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            if entry.endswith("METADATA"):
                assert b"numpy>=1.26" in content
                content = content.replace(b"numpy>=1.26", b"numpy>=2.1")
            new.writestr(entry, content)
    return path


@pytest.mark.slow
@pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 11), (3, 12)), reason="Colab's NumPy has no wheel for it"
)
def test_colab_keeps_its_packages_and_gets_the_library(tmp_path, wheel, greedy):
    machine, (setup,) = Machine(tmp_path), cells()
    before = machine.installed()
    assert before == {name: version for name, version in VERSIONS.items()}

    failed = machine.run(setup, release="file:///nowhere/equivariance_course-0.1.0-py3-none-any.whl")
    assert failed.returncode and "run this cell again" in failed.stderr and "nowhere" in failed.stdout
    refused = machine.run(setup, release=greedy.as_uri())
    assert refused.returncode and "numpy" in refused.stdout and "conflict" in refused.stdout.lower()
    assert machine.installed() == before

    done = machine.run(setup, release=wheel.as_uri())
    assert done.returncode == 0, done.stdout + done.stderr
    after = machine.installed()
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) >= {"equivariance-course", "jaxtyping", "medmnist", "lightning-fabric"}
    assert (machine.packages / "torch").is_symlink()
    assert re.search(r"torch \d\S*, numpy 2\.0\.2, course_lib 0\.1\.0, .+", done.stdout)

    again = machine.run(RUN, ROOT / "exercises/p4.ipynb", release="file:///nowhere/else.whl")
    assert again.returncode == 0, again.stderr
    assert "unit" in again.stdout and "0 / 10" in again.stdout, "the report at the end"
    assert "numpy 2.0.2" in again.stdout and again.stdout.count(": not attempted") == 5
    assert machine.installed() == after


def test_where_the_library_is_installed_the_cell_only_says_what_runs(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_RELEASE", "file:///nowhere.whl")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("nothing is to be installed"))
    for cell in cells("find_book()"):
        exec(cell, {})
    said = capsys.readouterr().out
    for name in ("python", "torch", "numpy", "course_lib"):
        assert re.search(rf"{name} \d+\.\d+", said)
    assert len(said.split(", ")) >= 5, "and the device"
    assert "made for release" not in said


def test_another_release_than_that_of_the_notebook_is_named(monkeypatch, capsys):
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.9")
    exec(cells()[0], {})
    assert "made for release 0.1.0" in capsys.readouterr().out


def test_the_address_comes_from_the_configuration_and_the_release_from_the_project():
    config = {"repository": {"url": "https://example.net/me/course/"}}
    setup, files = (cell.source for cell in setup_cell.setup_cells(config, "find_book()"))
    version = metadata.version("equivariance-course")
    assert f'"git+https://example.net/me/course@v{version}"' in setup
    assert f'"--branch=v{version}"' in files and '"https://example.net/me/course"' in files
    assert "$" not in setup + files


@pytest.mark.parametrize("folder", ["exercises", "book/notebooks"])
def test_every_notebook_begins_with_the_same_cell(folder):
    for path in sorted((ROOT / folder).glob("*.ipynb")):
        chapter = ROOT / "book" / f"{path.stem}.md"
        source = chapter.read_text("utf8") if folder == "book/notebooks" else ""
        book = json.loads(path.read_text("utf8"))
        found = [
            "".join(cell["source"]) for cell in book["cells"] if "setup" in cell["metadata"].get("tags", [])
        ]
        assert found == cells(source), path.name
        assert (len(found) == 2) >= ("find_book()" in source), path.name
