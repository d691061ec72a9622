"""The command that runs many trainings: grid."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from course_lib.cli.app import Accelerator, Ledger, app
from course_lib.grid.progress import Status
from course_lib.grid.run import PLANS, run_grid


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def grid(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the grid: polyps, medmnist or digits.")],
    tier: Annotated[str, typer.Option(help="smoke, colab or full.")] = "smoke",
    cores: Annotated[int, typer.Option("--cores", "-c", help="Runs at a time.", min=1)] = 1,
    threads: Annotated[int, typer.Option(help="Threads of each run on a processor.", min=1)] = 1,
    executor: Annotated[str, typer.Option(help="local, or a plugin of Snakemake: slurm, ...")] = "local",
    only: Annotated[str, typer.Option(help="Pattern of the runs' names, with * for any characters.")] = "*",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only say what would be run.")] = False,
    plans: Annotated[Path, typer.Option(help="Folder of the plans.")] = PLANS,
    runs: Annotated[Path, typer.Option(help="Folder of checkpoints and logs.")] = Path("runs"),
    ledger: Ledger = Path("book/ledger"),
    accelerator: Accelerator = "auto",
) -> None:
    """Train all runs of a grid that are not finished; further options go to Snakemake.

    After any interruption the same command goes on. A run that fails does not stop the others
    and is listed at the end with its error.
    """
    shown = ""
    with tqdm(bar_format="{desc} [{elapsed}]", disable=None) as bar:

        def show(status: Status) -> None:
            nonlocal shown
            bar.set_description_str(str(status))
            line = f"{status.skipped + status.finished} of {status.total}, {status.failed} failed"
            if bar.disable and line != shown:  # no terminal: one line whenever a run ends
                print(status, file=sys.stderr, flush=True)
            shown = line

        report = run_grid(
            name,
            tier,
            cores=cores,
            threads=threads,
            executor=executor,
            accelerator=accelerator,
            dry_run=dry_run,
            only=only,
            plans=plans,
            ledger=ledger,
            runs=runs,
            extra=context.args,
            progress=show,
        )
    print(*report.lines(), sep="\n")
    raise typer.Exit(report.exit_code)
