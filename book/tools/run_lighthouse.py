"""Lighthouse on the built site: 95 of 100 in performance, 100 in the other three, on a slow telephone."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import serve
import setup_env

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".ci" / "lighthouse"
LIMITS = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
BELOW = {"book/api.html": 80, "book/live.html": 80}  # performance, until these two are as light as the rest
TRIALS = 3
LEFT_OUT = {"index.html", "404.html"}


def pages_of(site: Path) -> list[str]:
    """Every page of a built site; the front door only leads on, and the page of errors is none of them."""
    names = (path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html")))
    return [name for name in names if not name.startswith("_static/") and name not in LEFT_OUT]


def sample(names: list[str], count: int, turn: int) -> list[str]:
    """Some pages, others at the next turn, so that all have had theirs after a few turns."""
    if count >= len(names):
        return names
    start = turn * count
    return [names[(start + k) % len(names)] for k in range(count)]


def install(tools: Path) -> None:
    """Bring Lighthouse to the pins of its lock file."""
    stamp = tools / "node_modules" / ".course-stamp"
    key = setup_env.digest([tools / "package.json", tools / "package-lock.json"])
    if not setup_env.is_current(stamp, key):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        npm = Path(sys.executable).with_name("npm")
        command = [npm, "ci", "--no-fund", "--no-audit", "--loglevel=error"]
        setup_env.run(command, "npm", cwd=tools, env={**os.environ, "PATH": path})
        stamp.write_text(key + "\n")


def measured(chromium: str, addresses: list[str]) -> Iterator[dict]:
    """Results of some pages, one after the other in one browser."""
    node = Path(sys.executable).with_name("node")
    command = [node, TOOLS / "measure.mjs", chromium, *addresses]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            yield json.loads(line)
    if process.returncode:
        raise RuntimeError(f"Lighthouse ended with status {process.returncode}; the lines above say why")


def passes(result: dict) -> bool:
    """Whether a page reaches all limits."""
    low = next((limit for page, limit in BELOW.items() if result.get("address", "").endswith(page)), 100)
    return all(
        result["scores"][name] >= (min(low, limit) if name == "performance" else limit)
        for name, limit in LIMITS.items()
    )


def best_of(chromium: str, addresses: list[str]) -> list[dict]:
    """One result a page; a page that fails is measured again, for other work only makes a page slower."""
    results = []
    for result in measured(chromium, addresses):
        trials = [result]
        while not passes(trials[-1]) and len(trials) < TRIALS:
            trials += measured(chromium, [result["address"]])
        best = max(trials, key=lambda trial: [trial["scores"][name] for name in LIMITS])
        mark = "ok" if passes(best) else "BELOW"
        scores = " ".join(f"{best['scores'][name]:3d}" for name in LIMITS)
        print(f"[lighthouse] {scores} {mark:5s} {best['address']} ({len(trials)} x)", flush=True)
        results.append(best)
    return results


def table(results: list[dict], base: str) -> str:
    """Results as a table in Markdown."""
    lines = [
        "| page | performance | accessibility | best practices | SEO | first text s | largest part s "
        "| blocked ms | shift | kB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in sorted(results, key=lambda result: result["address"]):
        m = result["metrics"]
        scores = " | ".join(str(result["scores"][name]) for name in LIMITS)
        lines.append(
            f"| {result['address'].removeprefix(base)} | {scores} | {m['first_text_ms'] / 1000:.1f} "
            f"| {m['largest_part_ms'] / 1000:.1f} | {m['blocked_ms']:.0f} | {m['shift']:.3f} "
            f"| {m['bytes'] / 1000:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure; return 1 where a page stays below a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, default=serve.SITE, help="a built site")
    parser.add_argument("--sample", type=int, default=0, help="this many pages, others each day; 0 for all")
    parser.add_argument("--jobs", type=int, default=2, help="browsers at the same time")
    parser.add_argument("pages", nargs="*", help="pages by name, such as book/04-p4.html")
    asked = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    names = asked.pages or pages_of(asked.site)
    if chromium is None or not names:
        need = "Chromium (on Debian: apt-get install chromium)" if chromium is None else "a site: `make book`"
        print(f"[lighthouse] STOP: this needs {need}", file=sys.stderr)
        return 1
    install(TOOLS)
    if asked.sample:
        names = sample(names, asked.sample, int(time.time() // 86400))
    server = serve.make_server(asked.site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    start = time.monotonic()
    with ThreadPoolExecutor(asked.jobs) as pool:
        shares = [[base + name for name in names[k :: asked.jobs]] for k in range(asked.jobs)]
        parts = list(pool.map(lambda share: best_of(chromium, share) if share else [], shares))
    results = [result for part in parts for result in part]
    server.shutdown()
    out = ROOT / "_build" / "lighthouse.md"
    out.parent.mkdir(exist_ok=True)
    out.write_text(table(results, base), "utf8")
    bad = [result for result in results if not passes(result)]
    for result in bad:
        print(f"\n{result['address'].removeprefix(base)}: {'; '.join(result['failed'])}", file=sys.stderr)
    print(f"[lighthouse] {len(results)} pages, {len(bad)} below, {time.monotonic() - start:.0f} s; {out}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
