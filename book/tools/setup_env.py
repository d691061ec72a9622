"""Set-up of everything that ``make book`` and ``make test`` need: Python environment and web assets.

Only the standard library is used, and only syntax of old Pythons, so that any Python 3 can run this file
and say what is missing. Stamps are written last; an installation that was interrupted is made anew.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOWEST, HIGHEST = (3, 11), (3, 13)
NEEDED_GB = 6.0
NO_NETWORK = re.compile(
    r"name resolution|NewConnectionError|Network is unreachable|Max retries exceeded"
    r"|ConnectTimeout|ReadTimeout|ProxyError|Connection refused|Connection reset"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT"
)
PROBE = """
import importlib.metadata as m, re, sys
def version(name):
    try:
        return m.version(name).split("+")[0]
    except m.PackageNotFoundError:
        return None
pins = [line.strip().split("==") for line in open(sys.argv[1]) if "==" in line and not line.startswith("#")]
print("\\n".join(name for name, pin in pins if version(name) != pin))
"""
# What the site serves: source below node_modules, and place below build/vendor.
VENDOR = (
    ("katex/dist/katex.css", "katex/katex.css"),
    ("katex/dist/fonts", "katex/fonts"),
    ("requirejs/require.js", "require.js"),
    ("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", "fonts/inter.woff2"),
    ("@fontsource-variable/inter/files/inter-latin-wght-italic.woff2", "fonts/inter-italic.woff2"),
    ("@fontsource-variable/inter/files/inter-greek-wght-normal.woff2", "fonts/inter-greek.woff2"),
    (
        "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
        "fonts/jetbrains-mono.woff2",
    ),
    ("onnxruntime-web/dist/ort.wasm.bundle.min.mjs", "ort/ort.wasm.bundle.min.mjs"),
    ("onnxruntime-web/dist/ort-wasm-simd-threaded.wasm", "ort/ort-wasm-simd-threaded.wasm"),
    ("onnxruntime-web/dist/ort.webgpu.bundle.min.mjs", "ort/ort.webgpu.bundle.min.mjs"),
    ("onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm", "ort/ort-wasm-simd-threaded.asyncify.wasm"),
)


class SetupError(Exception):
    """What stopped the set-up, in words for the person at the keyboard."""


def say(text):
    """Print one line of progress at once."""
    print("[setup] " + text, flush=True)


def python_version(command):
    """Version and path of the Python behind a command, or None where it does not run."""
    code = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)"
    try:
        out = subprocess.run(
            [command, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = out.stdout.decode().split(maxsplit=2)
    if out.returncode or len(words) != 3:
        return None
    return (int(words[0]), int(words[1])), words[2].strip()


def choose_python(requested):
    """Path of a Python in the supported range: the requested one, or the first found."""
    span = "{}.{} to {}.{}".format(*(LOWEST + HIGHEST))
    remedy = "install Python 3.11 or 3.12 and say where it is: make book PYTHON=/path/to/python3.12"
    candidates = (
        [requested] if requested else [sys.executable, "python3.12", "python3.11", "python3.13", "python3"]
    )
    seen = []
    for command in candidates:
        found = python_version(command)
        if found and LOWEST <= found[0] <= HIGHEST:
            return found[1], found[0]
        seen.append(f"{command} is {found[0][0]}.{found[0][1]}" if found else f"{command} does not run")
    raise SetupError(f"Python {span} is needed, but {', '.join(seen)}; {remedy}")


def check_disk(folder, needed_gb=NEEDED_GB):
    """Stop where the disk of the folder has less free space than the installation takes."""
    free = shutil.disk_usage(str(folder)).free / 1e9
    if free < needed_gb:
        raise SetupError(
            f"about {needed_gb:g} GB of free disk space are needed below {folder}, "
            f"but only {free:.1f} GB are free; free some space or put the checkout on a larger disk, "
            "then run the same command again"
        )


def run(command, what, cwd=ROOT, env=None):
    """Run a command with its output shown as it comes; explain a failure.

    Raises:
        SetupError: If the command fails; the message names the network where that was the cause.
    """
    process = subprocess.Popen([str(c) for c in command], cwd=str(cwd), env=env, stderr=subprocess.PIPE)
    lines = []

    def forward():
        for raw in process.stderr:
            line = raw.decode(errors="replace")
            lines.append(line)
            sys.stderr.write(line)
            sys.stderr.flush()

    reader = threading.Thread(target=forward, daemon=True)
    reader.start()
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    reader.join()
    process.stderr.close()
    if code == 0:
        return
    text = "".join(lines)
    if NO_NETWORK.search(text):
        raise SetupError(
            f"{what} could not reach the package registry; check the network (or the proxy variables "
            "HTTPS_PROXY and PIP_INDEX_URL) and run the same command again"
        )
    if "No space left" in text:
        raise SetupError(
            f"{what} filled the disk; about {NEEDED_GB:g} GB are needed, free some and run it again"
        )
    if "ensurepip" in text or "No module named venv" in text:
        raise SetupError(
            f"{what} failed: this Python has no venv module; on Debian: apt-get install python3-venv"
        )
    raise SetupError(f"{what} failed (exit status {code}); the lines above say why")


def digest(paths, *more):
    """Checksum of files and words: the key of a stamp."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(Path(path).read_bytes() + b"\0")
    for word in more:
        sha.update(str(word).encode() + b"\0")
    return sha.hexdigest()


def is_current(stamp, key):
    """Whether a stamp holds this key."""
    return stamp.is_file() and stamp.read_text().strip() == key


def venv_state(venv, version):
    """State of the environment: "missing", "broken", "interrupted", "other" (another Python) or "usable"."""
    if not venv.exists():
        return "missing"
    if (venv / ".installing").exists():
        return "interrupted"
    found = python_version(str(venv / "bin" / "python"))
    if found is None or not (venv / "bin" / "pip").exists():
        return "broken"
    return "usable" if version is None or found[0] == version else "other"


def prepare_python(root, requested=None):
    """Bring the virtual environment to the pins of requirements.txt; return whether anything was done."""
    venv, pins = root / ".venv", root / "requirements.txt"
    stamp = venv / ".course-stamp"
    asked = choose_python(requested) if requested else None
    state = venv_state(venv, asked[1] if asked else None)
    key = digest([pins, root / "pyproject.toml"])
    if state == "usable" and is_current(stamp, key):
        return False
    python = venv / "bin" / "python"
    if state != "usable":
        chosen, version = asked or choose_python(None)
        check_disk(root)
        reasons = {"missing": "new", "interrupted": "the last installation was interrupted: made anew"}
        reason = reasons.get(
            state, "made anew: the old one is " + ("broken" if state == "broken" else "another Python")
        )
        say("Python {}.{} environment in .venv ({})".format(*(version + (reason,))))
        if venv.exists():
            shutil.rmtree(str(venv))
        venv.mkdir()
        (venv / ".installing").touch()
        run([chosen, "-m", "venv", venv], "Making the virtual environment", cwd=root)
    probe = [str(python), "-c", PROBE, str(pins)]
    missing = subprocess.run(probe, check=True, stdout=subprocess.PIPE).stdout.decode().split()
    if missing:
        check_disk(root, NEEDED_GB if len(missing) > 50 else 1.0)
        say(f"installing {len(missing)} pinned packages (the largest is torch; minutes on a first run)")
        (venv / ".installing").touch()
        run([python, "-m", "pip", "install", "--disable-pip-version-check", "-r", pins], "pip", cwd=root)
    say("installing course_lib (editable)")
    editable = [
        "install",
        "--disable-pip-version-check",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-e",
        root,
    ]
    run([python, "-m", "pip", *editable], "pip", cwd=root)
    if (venv / ".installing").exists():
        (venv / ".installing").unlink()
    stamp.write_text(key + "\n")
    return True


def widget_manager(web, target, npm, env):
    """Unpack the notebook widgets' player, which npm can fetch but not install."""
    wanted = json.loads((web / "package.json").read_text())["widgetManager"]
    with tempfile.TemporaryDirectory() as folder:
        run(
            [npm, "pack", "--silent", "--pack-destination", folder, wanted["package"]],
            "npm pack",
            cwd=web,
            env=env,
        )
        archive = next(Path(folder).glob("*.tgz"))
        got = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if got != wanted["integrity"]:
            raise SetupError(
                f"{wanted['package']} has checksum {got}, package.json says {wanted['integrity']}"
            )
        target.mkdir(parents=True)
        with tarfile.open(str(archive)) as tar:
            for member in tar.getmembers():
                name = Path(member.name)
                if name.parent == Path("package/dist") and (
                    name.name == "embed-amd.js" or name.suffix == ".woff2"
                ):
                    (target / name.name).write_bytes(tar.extractfile(member).read())


def prepare_web(root):
    """Install the npm packages of book/web, gather what the site serves; return whether it was needed."""
    web, python_bin = root / "book" / "web", root / ".venv" / "bin"
    stamp, vendor = web / "build" / ".vendor-stamp", web / "build" / "vendor"
    key = digest([web / "package.json", web / "package-lock.json"], VENDOR)
    if is_current(stamp, key) and vendor.is_dir() and (web / "node_modules").is_dir():
        return False
    say("installing fonts, KaTeX, reveal.js and test tools for the pages (npm)")
    env = dict(os.environ, PATH=str(python_bin) + os.pathsep + os.environ.get("PATH", ""))
    npm = python_bin / "npm"
    run([npm, "ci", "--no-fund", "--no-audit", "--loglevel=error"], "npm", cwd=web, env=env)
    if stamp.exists():
        stamp.unlink()
    shutil.rmtree(str(vendor), ignore_errors=True)
    for source, place in VENDOR:
        source, place = web / "node_modules" / source, vendor / place
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(str(source), str(place))
        else:
            shutil.copyfile(str(source), str(place))
    widget_manager(web, vendor / "widgets", npm, env)
    stamp.write_text(key + "\n")
    return True


def main(arguments=None):
    """Run the set-up; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=None, help="the Python to build the environment with")
    requested = parser.parse_args(arguments).python
    try:
        done = [prepare_python(ROOT, requested), prepare_web(ROOT)]
    except SetupError as error:
        print(f"\n[setup] STOP: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n[setup] interrupted; the next run repairs what is half done", file=sys.stderr)
        return 130
    if any(done):
        say("ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
