"""Checkpoints from which a killed training goes on to the same numbers."""

import io
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.atomic import write_atomically
from course_lib.config import Settings
from course_lib.weights import read_weights, save_weights


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave.

    Args:
        loss: Mean training loss.
        score: Score on the validation set: Dice, or AUC.
        seconds: Time of the epoch, validation included.
    """

    loss: float
    score: float
    seconds: float


@dataclass
class Progress:
    """How far a training has come, and all it needs to go on.

    Args:
        epochs: Finished epochs, in order.
        peak_memory_mb: Largest memory use so far.
        state: State of optimizer, scheduler and random numbers.
    """

    epochs: list[Epoch] = field(default_factory=list)
    peak_memory_mb: float = 0.0
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def best_epoch(self) -> int:
        """Index of the epoch with the best validation score; the earliest of equals."""
        return max(range(len(self.epochs)), key=lambda i: self.epochs[i].score)

    @property
    def last_score(self) -> float:
        """Validation score of the last epoch; not a number before the first."""
        return self.epochs[-1].score if self.epochs else float("nan")

    @property
    def seconds(self) -> float:
        """Time of all epochs."""
        return sum(epoch.seconds for epoch in self.epochs)


def best_path(folder: Path) -> Path:
    """Weights of the epoch that validation chose."""
    return folder / "best.safetensors"


def save_checkpoint(folder: Path, weights: dict[str, Tensor], progress: Progress, settings: Settings) -> None:
    """Keep the state after an epoch.

    The weights are written first, then the file beside them with the same number: only
    the pair counts. So a kill at any moment leaves the last pair or the new one. The best
    weights follow; ``load_checkpoint`` makes up for a kill before them.
    """
    number = len(progress.epochs)
    save_weights(_weights_path(folder, number), weights, settings)
    buffer = io.BytesIO()
    torch.save(asdict(progress), buffer)
    write_atomically(_state_path(folder, number), buffer.getvalue())
    if progress.best_epoch == number - 1:
        save_weights(best_path(folder), weights, settings)
    for old in sorted(folder.glob("epoch-*.*")):
        if old.stem != f"epoch-{number:05d}":
            old.unlink()


def load_checkpoint(folder: Path, settings: Settings) -> tuple[dict[str, Tensor], Progress] | None:
    """Weights and progress of the last whole checkpoint, or None if there is none.

    If its epoch is the best so far, its weights are written as the best once more.

    Args:
        folder: Folder of the run.
        settings: Settings with which the training is to go on.

    Raises:
        ValueError: If the folder belongs to a run with other settings, or a file is damaged.
    """
    numbers = [int(path.stem.split("-")[1]) for path in folder.glob("epoch-*.pt")]
    if not numbers:
        return None
    path = _state_path(folder, max(numbers))
    weights, made_with = read_weights(_weights_path(folder, max(numbers)))
    if made_with != settings:
        old, new = made_with.model_dump(), settings.model_dump()
        changed = ", ".join(f"{key} {old[key]} -> {new[key]}" for key in new if old[key] != new[key])
        raise ValueError(
            f"{folder} holds a run with other settings ({changed}); "
            "take these or another folder, or start again"
        )
    try:
        values = torch.load(path, weights_only=True, map_location="cpu")
        epochs = [Epoch(**epoch) for epoch in values.pop("epochs")]
        progress = Progress(epochs=epochs, **values)
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path} is not a whole checkpoint; start the run again ({type(error).__name__})"
        ) from error
    if progress.best_epoch == len(progress.epochs) - 1:
        save_weights(best_path(folder), weights, settings)
    return weights, progress


def _weights_path(folder: Path, number: int) -> Path:
    return folder / f"epoch-{number:05d}.safetensors"


def _state_path(folder: Path, number: int) -> Path:
    return folder / f"epoch-{number:05d}.pt"
