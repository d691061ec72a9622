"""Running a grid: Snakemake starts the jobs, here or on a cluster; this watches what they write."""

import contextlib
import fnmatch
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import yaml

from course_lib.atomic import write_atomically
from course_lib.config import Settings
from course_lib.grid.job import hold
from course_lib.grid.plan import read_plan
from course_lib.grid.progress import Report, Status, snakemake_error
from course_lib.grid.watch import Watch, refuse_other

PLANS = Path("book/configs/grids")
SNAKEFILE = Path(__file__).with_name("Snakefile")
LOOK_EVERY_S = 0.5
END_WITHIN_S = 60


def run_grid(
    grid: str,
    tier: str,
    *,
    cores: int = 1,
    threads: int = 1,
    executor: str = "local",
    accelerator: str = "auto",
    dry_run: bool = False,
    only: str = "*",
    plans: Path = PLANS,
    ledger: Path = Path("book/ledger"),
    runs: Path = Path("runs"),
    extra: Sequence[str] = (),
    progress: Callable[[Status], None] | None = None,
) -> Report:
    """Train all runs of a grid that are not finished; after any interruption call it again.

    The entries go to ``LEDGER/<grid>-<tier>``, checkpoints and logs to ``RUNS/<grid>-<tier>``.
    A run that fails does not stop the others. Jobs that run at a time on one machine share
    its GPU, which pays for networks too small to fill it.

    Args:
        grid: Name of the grid: ``"polyps"``, ...
        tier: ``"smoke"``, ``"colab"`` or ``"full"``.
        cores: Runs at a time.
        threads: Threads of each run on a processor. Other numbers change the last digits.
        executor: ``"local"``, or a plugin of Snakemake such as ``"slurm"``. Folders must then be seen
            by all machines.
        accelerator: ``"auto"``, ``"cpu"`` or ``"cuda"``; with ``"cuda"`` a cluster is asked for one
            GPU a run.
        dry_run: Whether only to let Snakemake plan; the report then names the runs as not started.
        only: Pattern of names, with ``*`` for any characters; other runs are left out.
        plans: Folder of the plans.
        ledger: Folder of the ledger.
        runs: Folder of the checkpoints.
        extra: Further options for Snakemake, such as
            ``["--default-resources", "slurm_partition=gpu", "mem_mb=8000"]``. A cluster gives a job 1000 MB
            unless told otherwise, which is too little.
        progress: Called with the status at the start and whenever it may have changed.

    Raises:
        ImportError: If Snakemake is missing.
        ValueError: If the plan is wrong or no run fits ``only``, an entry or a checkpoint was made with other
            settings, the grid is being run already, or Snakemake stops before the runs.
        OSError: If a folder cannot be written.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise ImportError("a grid needs snakemake; pip install 'equivariance-course[grid]'")
    if executor != "local" and accelerator == "auto":
        raise ValueError(f"{executor} must know whether to ask for GPUs; give accelerator cuda or cpu")
    if min(cores, threads) < 1:
        raise ValueError(f"cores and threads must be at least 1, got {cores} and {threads}")
    start, name = time.monotonic(), f"{grid}-{tier}"
    chosen = [run for run in read_plan(plans, grid, tier) if fnmatch.fnmatch(run.name, only)]
    if not chosen:
        raise ValueError(f"only must fit the name of a run of {name}, got {only!r}; try '*{only}*'")
    folder = (runs / name / "dry-run" if dry_run else runs / name).resolve()
    with _alone(folder, name) as lock:
        watch = Watch(chosen, folder, (ledger / name).resolve())
        if progress:
            progress(watch.status(cores))
        if watch.missing:
            if not dry_run:
                check_writable(watch.ledger)
            command = prepare(watch, cores=cores, threads=threads, executor=executor, accelerator=accelerator)
            command += ["--dry-run"] * dry_run + list(extra)
            code = _follow(command, watch, lock, lambda: progress and progress(watch.status(cores)))
            watch.look()
            if code and not watch.count_lost():
                log = folder / "snakemake.log"
                raise ValueError(f"Snakemake started no run: {snakemake_error(log)}; see {log}")
        return watch.report(time.monotonic() - start)


def prepare(watch: Watch, *, cores: int, threads: int, executor: str, accelerator: str) -> list[str]:
    """Write what Snakemake needs for the missing runs, and give its command line.

    Raises:
        ValueError: If there are checkpoints of another run of the same name.
        OSError: If a file cannot be written.
    """
    folder = watch.folder
    for run in watch.missing:
        path = folder / f"{run.name}.yaml"
        if any((folder / run.name).glob("epoch-*")) and path.is_file():
            refuse_other(Settings.from_yaml(path), run.settings, folder / run.name)
        text = yaml.safe_dump(run.settings.model_dump(mode="json"), sort_keys=False)
        write_atomically(path, text.encode())
        for old in (watch.log(run), watch.mark(run)):
            old.unlink(missing_ok=True)
    config = {
        "folder": str(folder),
        "ledger": str(watch.ledger),
        "start": str(Path.cwd()),
        "python": sys.executable,
        "accelerator": accelerator,
        "threads": threads,
        "resources": {"gpu": 1} if accelerator == "cuda" and executor != "local" else {},
        "runs": {run.name: run.options for run in watch.missing},
    }
    write_atomically(folder / "grid.json", json.dumps(config, indent=1).encode())
    places = {"--snakefile": SNAKEFILE, "--directory": folder, "--configfile": folder / "grid.json"}
    amount = ["--cores", str(cores * threads)] if executor == "local" else ["--jobs", str(cores)]
    fixed = ["--keep-going", "--rerun-incomplete", "--nolock", "--nocolor", "--scheduler", "greedy"]
    return [
        *(sys.executable, "-m", "snakemake", "--executor", executor),
        *(str(word) for place in places.items() for word in place),
        *amount,
        *fixed,
    ]


def check_writable(folder: Path) -> None:
    """Raise OSError unless files can be written to a folder; it is made if missing."""
    probe = folder / f".probe-{os.getpid()}"
    write_atomically(probe, b"grid")
    probe.unlink()


@contextlib.contextmanager
def _alone(folder: Path, name: str) -> Iterator[int]:
    """Make the folder of a grid and keep other processes from running the same grid."""
    check_writable(folder)
    path = folder / ".lock"
    try:
        lock = hold(path, wait=False)
    except BlockingIOError as error:
        holder = path.read_text(encoding="utf-8").strip()
        raise ValueError(
            f"{name} is being run already by process {holder}; wait for it, stop it with 'kill {holder}', "
            "or take other folders"
        ) from error
    try:
        yield lock
    finally:
        os.close(lock)


def _follow(command: list[str], watch: Watch, lock: int, look: Callable[[], object]) -> int:
    """Start Snakemake, look at the files until it ends, and give its exit code.

    Snakemake inherits the lock: if this process is killed alone, the grid counts as being run.
    """
    with open(watch.folder / "snakemake.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, pass_fds=[lock])
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(process.pid).encode(), 0)
    try:
        while process.poll() is None:
            time.sleep(LOOK_EVERY_S)
            watch.look()
            look()
        return process.returncode
    except BaseException:
        _stop(process)
        raise


def _stop(process: subprocess.Popen) -> None:
    """End Snakemake and the jobs that it started on this machine."""
    import psutil  # comes with Snakemake

    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid)
        process.terminate()  # starts no new job
        for child in family.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.terminate()
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
