"""Commands for lecturers and authors: bench, grade."""

import os
import secrets
import warnings
from pathlib import Path
from typing import Annotated

import torch
import typer

from course_lib.bench.report import read_benchmark, run_benchmark, write_benchmark
from course_lib.cli.app import app
from course_lib.grading.feedback import write_report
from course_lib.grading.grade import Score
from course_lib.grading.grade import grade as grade_folder
from course_lib.grading.sandbox import Limits


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Few rounds and sizes: shows that it runs.")] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(help="Threads on a processor.", min=1)] = 1,
    out: Annotated[Path, typer.Option(help="File of the result.")] = Path("book/ledger/benchmarks/cpu.json"),
) -> None:
    """Time every kind of layer and network against ordinary convolution and against e2cnn.

    Times are ratios of runs in turn. The equivariance error stands beside each.
    """
    torch.set_num_threads(threads)
    if quick and out.exists() and not read_benchmark(out).quick:
        raise ValueError(f"{out} holds a full benchmark; give --quick another --out")
    with warnings.catch_warnings():  # of the profiler and of e2cnn, which the user cannot mend
        warnings.simplefilter("ignore")
        benchmark = run_benchmark(quick=quick, device=device, progress=lambda line: print(line, flush=True))
    write_benchmark(out, benchmark)
    print(out)


@app.command()
def grade(
    submissions: Annotated[Path, typer.Argument(help="Folder with student.ipynb or student/UNIT.ipynb.")],
    unit: Annotated[str, typer.Option(help="Name of the unit.")] = "p4",
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("grades"),
    exercises: Annotated[Path, typer.Option(help="Folder of the handed-out notebooks.")] = Path("exercises"),
    seed: Annotated[int | None, typer.Option(help="Seed of the hidden cases; fresh if not given.")] = None,
    seconds: Annotated[float, typer.Option(help="Time limit of one question.")] = 20,
    memory_mb: Annotated[int, typer.Option(help="Memory limit beyond torch itself.")] = 1024,
    jobs: Annotated[int, typer.Option(help="Submissions at a time; 0 for one a processor.")] = 0,
) -> None:
    """Grade handed-in notebooks: fresh hidden cases, a CSV table and a feedback page a student."""
    if out.resolve().is_relative_to(submissions.resolve()):
        raise ValueError(f"--out {out} lies among the submissions; choose a folder outside {submissions}")

    def show(student: str, scores: list[Score]) -> None:
        states = "  ".join(f"{score.question} {score.state}" for score in scores)
        print(
            f"{student}: {sum(s.points for s in scores):g} of {sum(s.maximum for s in scores):g}  ({states})"
        )

    report = grade_folder(
        submissions,
        unit=unit,
        exercises=exercises,
        seed=secrets.randbelow(2**31) if seed is None else seed,
        limits=Limits(seconds, memory_mb),
        jobs=jobs or os.cpu_count() or 1,
        progress=show,
    )
    table, summary, *_ = write_report(report, out)
    print(f"seed of the hidden cases: {report.seed}", *report.remarks, table, summary, sep="\n")
