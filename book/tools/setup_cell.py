"""The first code cell of every notebook: it brings one release of the library, torch and NumPy stay."""

import re
import tomllib
from pathlib import Path
from string import Template

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NEEDS_FILES = re.compile(r'\bfind_book\(|data-twin="layer_errors"')
SETUP = Template("""\
# @title Set-up: run this cell first
# Brings release $version of the course's library, and changes no package that is here already.
# Where the library is installed, this cell only says what runs. To take the library from
# elsewhere, such as a wheel on your own server, set the variable COURSE_RELEASE to its address.
import importlib
import os
import re
import subprocess
import sys
import tempfile
from importlib import metadata

ADDRESS = os.environ.get("COURSE_RELEASE", "git+$repository@v$version")

try:
    metadata.version("equivariance-course")
except metadata.PackageNotFoundError:
    here = {}
    for package in metadata.distributions():
        name = re.sub("[-_.]+", "-", str(package.metadata["Name"])).lower()
        if re.fullmatch(r"[\\d.]+((a|b|rc|\\.?post|\\.?dev)\\d+)*(\\+[\\w.]+)?", str(package.version)):
            here.setdefault(name, f"{name}=={package.version}")  # the first one is imported
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as keep:
        keep.write("\\n".join(here.values()))
    command = [sys.executable, "-m", "pip", "install", "--constraint", keep.name]
    done = subprocess.run(
        [*command, f"equivariance-course @ {ADDRESS}"], capture_output=True, text=True
    )
    os.unlink(keep.name)
    if done.returncode:
        print((done.stdout + done.stderr)[-3000:])
        raise RuntimeError(
            "The course's library could not be installed; pip says why, above. Is the network "
            "there? Then run this cell again. In Colab, if it fails again: Runtime > Disconnect "
            "and delete runtime, then run it once more. On your own machine: use an environment "
            "of its own (python -m venv). If nothing helps, send pip's words to "
            "$repository/issues."
        ) from None
    importlib.invalidate_caches()

from course_lib.environment import device_name, versions

print(*(f"{name} {number}" for name, number in versions().items()), device_name(), sep=", ")
if versions()["course_lib"] != "$version":
    print("This notebook was made for release $version; with another one, results may differ.")
""")
FILES = Template("""\
# @title Files of this chapter
# In Colab: the pictures, weights and results of the same release, which this chapter reads.
import os
import subprocess
import sys

if "google.colab" in sys.modules:
    if not os.path.isdir("/content/course"):
        fetch = ["git", "clone", "--quiet", "--depth=1", "--branch=v$version"]
        subprocess.run([*fetch, "$repository", "/content/course"], check=True)
    os.chdir("/content/course/book")
""")


def setup_cells(config: dict, source: str = "") -> list[nbformat.NotebookNode]:
    """The cells that a notebook begins with, tied to the release that this checkout is.

    Args:
        config: Content of ``_config.yml``, for the address of the repository.
        source: Text of the notebook's source; if it reads the book's files, they are fetched too.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    values = {"version": project["version"], "repository": config["repository"]["url"].rstrip("/")}
    cells = []
    for code in [SETUP, FILES] if NEEDS_FILES.search(source) else [SETUP]:
        cell = nbformat.v4.new_code_cell(code.substitute(values).rstrip("\n"))
        cell.metadata.update(tags=["setup"], cellView="form")  # Colab shows the title only
        cells.append(cell)
    return cells
