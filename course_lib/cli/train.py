"""Commands that make ledger entries: train, evaluate."""

import contextlib
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from course_lib import data
from course_lib.checkpoints import best_path, load_checkpoint
from course_lib.cli.app import Accelerator, Ledger, app
from course_lib.config import Settings, read_yaml
from course_lib.data.segmentation import SegmentationSet
from course_lib.ledger import Entry, entry_path, read_entry, write_entry
from course_lib.parallel import is_first, make_fabric
from course_lib.scores import ClassificationScores, ParticleScores, SegmentationScores
from course_lib.scoring import check_extras, lacks, load_splits, make_entry
from course_lib.tasks import TASKS
from course_lib.training import fit
from course_lib.weights import build_network, load_network

Average = Annotated[bool, typer.Option("--average", help="Score also the mean over 8 symmetries.")]
Also = Annotated[list[str] | None, typer.Option(help="Score also all images of this data set.")]


@app.command()
def train(
    config: Annotated[Path | None, typer.Option(help="YAML file of settings; options override it.")] = None,
    data: Annotated[str | None, typer.Option(help="Name of the data set.")] = None,
    model: Annotated[
        str | None, typer.Option(help="unet, resnet, points (both classify), particles.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Layer family: plain, p4, ...")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images in pixels.")] = None,
    widths: Annotated[str | None, typer.Option(help="Channels, finest first: 16,32,64,128")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights and batches.")] = None,
    split: Annotated[str | None, typer.Option(help="group, random or official.")] = None,
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
    average: Average = False,
    also: Also = None,
    again: Annotated[bool, typer.Option("--again", help="Repeat a finished or changed run.")] = False,
    accelerator: Accelerator = "auto",
    devices: Annotated[int, typer.Option(help="GPUs, or processes, that share every batch.", min=1)] = 1,
) -> None:
    """Train one network, score it once on the test set, and write its ledger entry.

    An interrupted run goes on where it stopped; a finished one is not repeated.
    """
    given = {
        "data": data,
        "model": model,
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
        with contextlib.suppress(FileNotFoundError):  # another process of this training was faster
            shutil.rmtree(folder)
    done = entry_path(ledger, settings.name)
    if done.exists() and not again:
        entry = read_entry(done)
        if entry.settings != settings:
            raise ValueError(f"{done} holds this run with other settings; add --again or change --ledger")
        if missing := lacks(entry, average=average, also=also or []):
            raise ValueError(
                f"{done} was scored without {', '.join(missing)}; run 'evaluate {folder}' with these options "
                f"and --ledger {ledger}, or add --again"
            )
        print(f"{settings.name} is finished already; add --again to repeat it")
    else:
        entry = _run(settings, folder, accelerator, devices, average=average, also=also or [])
        if entry is None:
            return
        write_entry(ledger, entry)
    if weights:
        if not best_path(folder).exists():
            raise ValueError(f"the weights of {settings.name} are not in {folder}; add --again to train them")
        weights.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(best_path(folder), weights / f"{settings.name}.safetensors")
    _show(entry)


def _run(
    settings: Settings, folder: Path, accelerator: str, devices: int, *, average: bool, also: list[str]
) -> Entry | None:
    """Train and score; None in all processes but the first."""
    check_extras(settings, average=average, also=also)
    model = build_network(settings)
    splits, others = load_splits(settings), _others(also, settings)
    score_name = TASKS[settings.model].score_name
    progress = fit(
        model,
        splits.train,
        splits.val,
        settings,
        folder=folder,
        accelerator=accelerator,
        devices=devices,
        report=lambda number, epoch: tqdm.write(
            f"{settings.name}  epoch {number}/{settings.epochs}  loss {epoch.loss:.4f}  "
            f"validation {score_name} {epoch.score:.4f}  {epoch.seconds:.1f} s",
            file=sys.stderr,
        ),
    )
    if not is_first():
        return None
    return make_entry(
        model, splits, settings, progress, accelerator=accelerator, average=average, also=others
    )


def _others(names: list[str], settings: Settings) -> dict[str, SegmentationSet]:
    """All images of other segmentation sets, in the size of the run."""
    found = {}
    for name in names:
        splits = data.load(name, size=settings.size)
        parts = [
            part for part in (splits.train, splits.val, splits.test) if isinstance(part, SegmentationSet)
        ]
        if not parts:
            raise ValueError(f"--also must name a segmentation set, got {name!r}; leave it out")
        found[name] = SegmentationSet.joined(*parts)
    return found


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="Folder of a run, below runs/.")],
    ledger: Annotated[Path | None, typer.Option(help="Write the entry to this ledger too.")] = None,
    average: Average = False,
    also: Also = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Score the chosen weights of a finished run again."""
    model, settings = load_network(best_path(run))
    check_extras(settings, average=average, also=also or [])
    checkpoint = load_checkpoint(run, settings)
    if checkpoint is None:
        raise ValueError(f"{run} holds no checkpoint; name the folder of a run, such as runs/{settings.name}")
    progress = checkpoint[1]
    if len(progress.epochs) < settings.epochs:
        raise ValueError(
            f"{run} has finished {len(progress.epochs)} of {settings.epochs} epochs; let train end first"
        )
    entry = make_entry(
        model.to(make_fabric(accelerator=accelerator, devices=1, precision="32-true").device),
        load_splits(settings),
        settings,
        progress,
        accelerator=accelerator,
        average=average,
        also=_others(also or [], settings),
    )
    if ledger:
        write_entry(ledger, entry)
    _show(entry)


def _numbers(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",")]


def _show(entry: Entry) -> None:
    table = Table(title=entry.name, show_header=False, title_justify="left")
    validation = entry.scores.validation
    rows = ROWS[type(entry.scores)](entry)
    for label, value in (
        *rows,
        (f"validation {validation.score_name}, chosen epoch", f"{validation.score:.4f} ({validation.epoch})"),
        ("parameters", f"{entry.parameters:,}"),
        ("seconds, peak memory", f"{entry.seconds:.0f} s, {entry.peak_memory_mb:.0f} MB"),
    ):
        table.add_row(label, value)
    Console().print(table)


def _mask_rows(entry: Entry) -> list[tuple[str, str]]:
    scores = entry.segmentation
    agreement = dict(zip(scores.agreement.angles_deg, scores.agreement.mean, strict=True))
    floor = dict(zip(scores.agreement.angles_deg, scores.agreement.floor, strict=True))
    turned = dict(zip(scores.agreement.angles_deg, scores.dice_at_angle, strict=True))
    return [
        ("test Dice, mean over images", f"{scores.test.dice.mean:.4f}"),
        ("test IoU, mean over images", f"{scores.test.iou.mean:.4f}"),
        ("test Dice in the disc at 0, 45, 90 deg", " ".join(f"{turned[a]:.4f}" for a in (0, 45, 90))),
        ("agreement at 45, 90 deg", " ".join(f"{agreement[a]:.4f}" for a in (45, 90))),
        ("agreement without any error at 45 deg", f"{floor[45]:.4f}"),
        ("empty predictions", f"{scores.test.empty:.1%}"),
    ]


def _class_rows(entry: Entry) -> list[tuple[str, str]]:
    scores = entry.classification
    rows = [("test AUC, accuracy", f"{scores.test.auc:.4f} {scores.test.accuracy:.4f}")]
    for axis, turned in scores.turned.items():
        means = (sum(values) / len(values) for values in (turned.auc, turned.accuracy))
        rows.append((f"turned ({axis}), mean over angles", " ".join(f"{mean:.4f}" for mean in means)))
    return rows


def _motion_rows(entry: Entry) -> list[tuple[str, str]]:
    scores = entry.motion
    return [
        ("test MSE, and of going straight on", f"{scores.foresight.mse:.5f} {scores.straight:.5f}"),
        ("test MSE, every set turned", f"{scores.turned.mse:.5f}"),
        ("relative error of a turn", f"{scores.error_of_turn:.2g}"),
    ]


ROWS = {SegmentationScores: _mask_rows, ClassificationScores: _class_rows, ParticleScores: _motion_rows}
