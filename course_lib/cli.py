"""Command line: the only module that prints, parses arguments or ends the program."""

import os
import secrets
import shutil
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm
from typer.core import TyperGroup

from course_lib import data
from course_lib.bench.report import read_benchmark, run_benchmark, write_benchmark
from course_lib.checkpoints import best_path, load_checkpoint
from course_lib.config import Settings, read_yaml
from course_lib.deployment import export_checked
from course_lib.export import OPSET, export_onnx
from course_lib.grading.feedback import write_report
from course_lib.grading.grade import Score
from course_lib.grading.grade import grade as grade_folder
from course_lib.grading.sandbox import Limits
from course_lib.ledger import Entry, entry_path, read_entry, write_entry
from course_lib.prediction import overlay, read_image, segment_image, write_png
from course_lib.scoring import make_entry
from course_lib.training import fit
from course_lib.weights import build_model, load_model

WRONG_USE, INTERRUPTED = 2, 130


class Tidy(TyperGroup):
    """Commands whose errors reach the user as one line that names the remedy."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ValueError, OSError, ImportError) as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            raise typer.Exit(WRONG_USE) from error
        except KeyboardInterrupt as error:
            print("\ninterrupted; the same command goes on from the last finished epoch", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    cls=Tidy,
    help="Train, evaluate and use the networks of the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Ledger = Annotated[Path, typer.Option(help="Folder of the ledger entries.")]
Accelerator = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


@app.command()
def train(
    config: Annotated[Path | None, typer.Option(help="YAML file of settings; options override it.")] = None,
    data: Annotated[str | None, typer.Option(help="Name of the data set.")] = None,
    family: Annotated[str | None, typer.Option(help="Layer family: plain, p4, ...")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images in pixels.")] = None,
    widths: Annotated[str | None, typer.Option(help="Channels, finest first: 16,32,64,128")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights and batches.")] = None,
    split: Annotated[str | None, typer.Option(help="group or random.")] = None,
    split_seed: Annotated[int | None, typer.Option(help="Which split.")] = None,
    fraction: Annotated[float | None, typer.Option(help="Share of the training data.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training data.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the one-cycle schedule.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of AdamW.")] = None,
    augmentation: Annotated[str | None, typer.Option(help="none, quarter-turns or rotations.")] = None,
    precision: Annotated[str | None, typer.Option(help="32-true or bf16-mixed.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Name that groups runs in the ledger.")] = None,
    runs: Annotated[Path, typer.Option(help="Folder of the checkpoints.")] = Path("runs"),
    ledger: Ledger = Path("book/ledger"),
    weights: Annotated[Path | None, typer.Option(help="Folder for a copy of the chosen weights.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Repeat a finished or changed run.")] = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Train one network, score it once on the test set, and write its ledger entry.

    An interrupted run goes on where it stopped; a finished one is not repeated.
    """
    given = {
        "data": data,
        "family": family,
        "size": size,
        "widths": _numbers(widths),
        "seed": seed,
        "split": split,
        "split_seed": split_seed,
        "fraction": fraction,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "augmentation": augmentation,
        "precision": precision,
        "experiment": experiment,
    }
    from_file = read_yaml(config) if config else {}
    given = {key: value for key, value in given.items() if value is not None}
    settings = Settings.from_dict({**from_file, **given}, source=str(config or "options"))
    folder = runs / settings.name
    if again and folder.exists():
        shutil.rmtree(folder)
    done = entry_path(ledger, settings.name)
    if done.exists() and not again:
        entry = read_entry(done)
        if entry.settings != settings:
            raise ValueError(f"{done} holds this run with other settings; add --again or change --ledger")
        print(f"{settings.name} is finished already; add --again to repeat it")
    else:
        entry = _run(settings, folder, accelerator)
        write_entry(ledger, entry)
    if weights and best_path(folder).exists():
        weights.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(best_path(folder), weights / f"{settings.name}.safetensors")
    _show(entry)


def _run(settings: Settings, folder: Path, accelerator: str) -> Entry:
    model = build_model(settings)
    splits = _load(settings)
    progress = fit(
        model,
        splits.train,
        splits.val,
        settings,
        folder=folder,
        accelerator=accelerator,
        report=lambda number, epoch: tqdm.write(
            f"{settings.name}  epoch {number}/{settings.epochs}  loss {epoch.loss:.4f}  "
            f"validation Dice {epoch.dice:.4f}  {epoch.seconds:.1f} s",
            file=sys.stderr,
        ),
    )
    return make_entry(model, splits, settings, progress, accelerator=accelerator)


def _load(settings: Settings) -> Any:
    return data.load(
        settings.data,
        size=settings.size,
        split=settings.split,
        seed=settings.split_seed,
        fraction=settings.fraction,
    )


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="Folder of a run, below runs/.")],
    ledger: Annotated[Path | None, typer.Option(help="Write the entry to this ledger too.")] = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Score the chosen weights of a finished run again."""
    model, settings = load_model(best_path(run))
    checkpoint = load_checkpoint(run, settings)
    if checkpoint is None:
        raise ValueError(f"{run} holds no checkpoint; name the folder of a run, such as runs/{settings.name}")
    progress = checkpoint[1]
    if len(progress.epochs) < settings.epochs:
        raise ValueError(
            f"{run} has finished {len(progress.epochs)} of {settings.epochs} epochs; let train end first"
        )
    entry = make_entry(model, _load(settings), settings, progress, accelerator=accelerator)
    if ledger:
        write_entry(ledger, entry)
    _show(entry)


@app.command()
def predict(
    image: Annotated[Path, typer.Argument(help="Image file, of any size.")],
    weights: Annotated[Path, typer.Option(help="File of trained weights, .safetensors.")],
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("."),
) -> None:
    """Segment one image: write its mask and the mask laid over the image, in the image's own size."""
    model, settings = load_model(weights)
    picture = read_image(image)
    mask = segment_image(model, picture, settings.size)
    for kind, result in (("mask", mask), ("overlay", overlay(picture, mask))):
        path = out / f"{image.stem}_{kind}.png"
        write_png(path, result)
        print(path)
    print(f"{(mask > 0).mean():.1%} of the image marked")


@app.command()
def export(
    weights: Annotated[Path, typer.Argument(help="File of trained weights, .safetensors.")],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("network.onnx"),
    precision: Annotated[str, typer.Option(help="float32, float16 or int8.")] = "float32",
) -> None:
    """Write a trained network as ONNX, for any number of images at once.

    In float16 and int8 the file must keep its Dice on the validation images within 0.005.
    """
    if precision not in ("float32", "float16", "int8"):
        raise ValueError(f"precision must be float32, float16 or int8, got {precision!r}")
    model, settings = load_model(weights)
    if precision == "float32":
        export_onnx(model, out, torch.rand(2, 3, settings.size, settings.size))
    else:
        before, after = export_checked(model, out, _load(settings), precision)
        print(f"Dice on the validation images: {before:.4f} before, {after:.4f} in {precision}")
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB, opset {OPSET}")


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


def _numbers(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",")]


def _show(entry: Entry) -> None:
    scores = entry.scores
    agreement = dict(zip(scores.agreement.angles_deg, scores.agreement.mean, strict=True))
    floor = dict(zip(scores.agreement.angles_deg, scores.agreement.floor, strict=True))
    turned = dict(zip(scores.agreement.angles_deg, scores.dice_at_angle, strict=True))
    table = Table(title=entry.name, show_header=False, title_justify="left")
    for label, value in (
        ("test Dice, mean over images", f"{scores.test.dice.mean:.4f}"),
        ("test IoU, mean over images", f"{scores.test.iou.mean:.4f}"),
        ("test Dice in the disc at 0, 45, 90 deg", " ".join(f"{turned[a]:.4f}" for a in (0, 45, 90))),
        ("agreement at 45, 90 deg", " ".join(f"{agreement[a]:.4f}" for a in (45, 90))),
        ("agreement without any error at 45 deg", f"{floor[45]:.4f}"),
        ("empty predictions", f"{scores.test.empty:.1%}"),
        ("validation Dice, chosen epoch", f"{scores.validation.dice:.4f} ({scores.validation.epoch})"),
        ("parameters", f"{entry.parameters:,}"),
        ("seconds, peak memory", f"{entry.seconds:.0f} s, {entry.peak_memory_mb:.0f} MB"),
    ):
        table.add_row(label, value)
    Console().print(table)


def main() -> None:
    """Run the command line."""
    app(prog_name="python -m course_lib")
