"""Commands for lecturers and authors: bench, grade."""

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import torch
import typer

from course_lib.bench.report import read_benchmark, run_benchmark, run_particle_benchmark, write_benchmark
from course_lib.cli.app import INTERRUPTED, app
from course_lib.grading.feedback import RECORDS, places, write_pages, write_table
from course_lib.grading.grade import grade as grade_folder
from course_lib.grading.isolation import find_isolation
from course_lib.grading.judging import load_unit
from course_lib.grading.private import Private, read_private
from course_lib.grading.records import Record, run_seed
from course_lib.grading.sandbox import Limits
from course_lib.grading.submissions import find_units
from course_lib.grading.tables import CANVAS, MOODLE, TABLE, read_roster, to_csv, unmatched

BENCHMARKS = {
    "layers": (run_benchmark, Path("book/ledger/benchmarks/cpu.json")),
    "particles": (run_particle_benchmark, Path("book/ledger/benchmarks/particles.json")),
}


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Few rounds and sizes: shows that it runs.")] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(help="Threads on a processor.", min=1)] = 1,
    part: Annotated[
        str, typer.Option(help="layers (and U-Nets), or particles: networks of moving charges.")
    ] = "layers",
    out: Annotated[
        Path | None, typer.Option(help="File of the result.", show_default="book/ledger/benchmarks")
    ] = None,
) -> None:
    """Time layers and networks against ordinary convolution and e2cnn, or those of particles against e3nn.

    Times are ratios of runs in turn. The equivariance error stands beside each.
    """
    if part not in BENCHMARKS:
        raise ValueError(f"--part must be {' or '.join(BENCHMARKS)}, got {part!r}")
    measure, place = BENCHMARKS[part]
    out = out or place
    torch.set_num_threads(threads)
    if quick and out.exists() and not read_benchmark(out).quick:
        raise ValueError(f"{out} holds a full benchmark; give --quick another --out")
    with warnings.catch_warnings():  # of the profiler and of e2cnn, which the user cannot mend
        warnings.simplefilter("ignore")
        benchmark = measure(quick=quick, device=device, progress=lambda line: print(line, flush=True))
    write_benchmark(out, benchmark)
    print(out)


@app.command()
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="Folder with student.ipynb, student/UNIT.ipynb or student/UNIT/*.ipynb.")
    ],
    unit: Annotated[
        list[str] | None,
        typer.Option(help="Name of a unit; may be given again. All that are found, if not given."),
    ] = None,
    tests: Annotated[
        Path | None, typer.Option(help="Your private folder: secret.txt, and UNIT.py with hidden questions.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Table of the points; pages and records go into the folder of the same name.")
    ] = Path("grades.csv"),
    form: Annotated[str, typer.Option("--format", help="table, moodle or canvas.")] = TABLE,
    roster: Annotated[
        Path | None, typer.Option(help="Participants, exported by Moodle or Canvas as CSV.")
    ] = None,
    exercises: Annotated[Path, typer.Option(help="Folder of the handed-out notebooks.")] = Path("exercises"),
    seed: Annotated[int | None, typer.Option(help="Seed of the hidden cases; fresh if not given.")] = None,
    seconds: Annotated[float, typer.Option(help="Time limit of one question.")] = 20,
    memory_mb: Annotated[int, typer.Option(help="Memory limit beyond torch itself.")] = 1024,
    jobs: Annotated[int, typer.Option(help="Submissions at a time; 0 for one a processor.")] = 0,
) -> None:
    """Grade handed-in notebooks: fresh hidden cases, a table of points, a page a student, one on the class.

    Stopped in between, the same command goes on where it was.
    """
    table, folder = places(out)
    for name, path in (("--out", folder), ("--tests", tests), ("--exercises", exercises)):
        if path and path.resolve().is_relative_to(submissions.resolve()):
            raise ValueError(
                f"{name} {path} lies among the submissions; choose a folder outside {submissions}"
            )
    if form not in (TABLE, MOODLE, CANVAS):
        raise ValueError(f"--format must be {TABLE}, {MOODLE} or {CANVAS}, got {form!r}")
    participants = read_roster(roster) if roster else None
    limits = Limits(seconds, memory_mb)
    private = (
        read_private(tests, sorted(path.stem for path in exercises.glob("*.ipynb"))) if tests else Private()
    )
    names = unit or find_units(submissions, exercises)
    units = [load_unit(name, exercises, private, limits) for name in names]
    isolation = find_isolation()
    print(*isolation.describe(), *private.warnings(isolation), sep="\n")
    if any(each.secret for each in units):
        print("each student is judged by the variant drawn:", *(each.name for each in units if each.secret))

    def show(record: Record, done: int, all_of_them: int) -> None:
        states = "  ".join(f"{score.question} {score.state}" for score in record.scores)
        points, maximum = (
            sum(values) for values in zip(*((s.points, s.maximum) for s in record.scores), strict=True)
        )
        print(
            f"[{done}/{all_of_them}] {record.student}, {record.unit}: {points:g} of {maximum:g}  ({states})",
            flush=True,
        )

    try:
        report = grade_folder(
            submissions,
            units,
            seed=run_seed(folder, seed),
            limits=limits,
            isolation=isolation,
            records=folder / RECORDS,
            private=private,
            jobs=jobs or os.cpu_count() or 1,
            progress=show,
        )
    except KeyboardInterrupt as error:
        print("\ninterrupted; the same command goes on with the next submission", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from error
    if report.resumed:
        print(f"{report.resumed} results are those of an earlier run of this command")
    kept = write_table(table, to_csv(report, form, participants))
    if kept:
        print(f"the table that was there is now {kept}")
    if participants and form != TABLE:
        print(
            *(f"not in the roster, and not in {table}: {name}" for name in unmatched(report, participants)),
            sep="\n",
        )
    summary, *_ = write_pages(report, folder)
    print(f"seed of the hidden cases: {report.seed}", table, summary, sep="\n")
