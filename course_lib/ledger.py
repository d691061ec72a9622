"""The ledger: one JSON file a run. Tables and figures of the book read nothing else."""

import json
import platform
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from course_lib.atomic import write_atomically
from course_lib.config import Settings, one_line

Share = Annotated[float, Field(ge=0, le=1)]
STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measure(BaseModel):
    """One score on the test set: its mean over images, and each image's by its id."""

    model_config = STRICT
    mean: Share
    per_image: dict[str, Share]


class UprightScores(BaseModel):
    """Scores on the upright test images."""

    model_config = STRICT
    dice: Measure
    iou: Measure
    empty: Share = Field(description="share of empty predictions")
    groups: dict[str, str] = Field(description="group of each image, for resampling")


class Agreement(BaseModel):
    """Dice of "mask of the turned image" with "turned mask of the image", inside the disc."""

    model_config = STRICT
    angles_deg: list[int]
    mean: list[Share] = Field(description="mean over images at each angle")
    floor: list[Share] = Field(description="the same for a perfect pointwise segmenter: interpolation alone")
    empty: list[Share] = Field(description="share of empty predictions at each angle")
    per_image_mean: dict[str, Share] = Field(description="mean over all angles")
    per_image: dict[str, list[Share]] = Field(description="each angle")


class Validation(BaseModel):
    """What training saw: the chosen epoch, and loss and Dice of all."""

    model_config = STRICT
    dice: Share
    epoch: int = Field(description="the chosen epoch, counted from 1")
    loss_per_epoch: list[float]
    dice_per_epoch: list[Share]


class Scores(BaseModel):
    """All scores of a run."""

    model_config = STRICT
    test: UprightScores
    agreement: Agreement
    dice_at_angle: list[Share] = Field(description="mean Dice against the turned truth, inside the disc")
    validation: Validation


class Entry(BaseModel):
    """One finished run."""

    model_config = STRICT
    experiment: str
    data: str
    family: str
    seed: int
    settings: Settings
    versions: dict[str, str]
    device: str
    seconds: float = Field(gt=0, description="training, validation included")
    peak_memory_mb: float = Field(gt=0)
    data_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    parameters: int = Field(gt=0)
    scores: Scores

    @property
    def name(self) -> str:
        """Name of the run and of the entry's file."""
        return self.settings.name


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the numbers depend on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "course_lib": metadata.version("equivariance-course"),
    }


def device_name(accelerator: str = "auto") -> str:
    """The device that computes, in words."""
    if accelerator not in ("cpu",) and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{_processor()}, {torch.get_num_threads()} threads"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def entry_path(ledger: Path, name: str) -> Path:
    """File of a run's entry."""
    return ledger / f"{name}.json"


def write_entry(ledger: Path, entry: Entry) -> Path:
    """Write an entry in one step; an older one of the same name is replaced.

    Raises:
        OSError: If the folder cannot be written.
    """
    text = json.dumps(entry.model_dump(mode="json"), indent=1, ensure_ascii=False)
    lists_on_one_line = re.sub(r"\[[^\[\]{}]*\]", lambda found: re.sub(r"\n\s*", " ", found[0]), text)
    path = entry_path(ledger, entry.name)
    write_atomically(path, (lists_on_one_line + "\n").encode())
    return path


def read_entry(path: Path) -> Entry:
    """The entry in a file.

    Raises:
        ValueError: If the file is not a whole entry; names the file and what is wrong in it.
    """
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
        entry = Entry.model_validate(values)
    except ValidationError as error:
        raise ValueError(f"{path} is not a ledger entry: {one_line(error)}; repeat the run") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} must be a readable JSON file: {error}; repeat the run") from error
    if path.stem != entry.name:
        raise ValueError(f"{path} holds the run {entry.name}; name the file {entry.name}.json")
    return entry


def read_ledger(ledger: Path, **wanted: str | int | float | Sequence[str | int | float]) -> list[Entry]:
    """All entries of a ledger, sorted by name, perhaps only those with certain settings.

    Args:
        ledger: Folder of the entries.
        wanted: Names of settings and their values, or several allowed values.

    Raises:
        ValueError: If the folder is missing, a file in it is no entry, or a setting is unknown.
    """
    if not ledger.is_dir():
        raise ValueError(f"there is no ledger folder {ledger}; train a run first, or name another folder")
    if unknown := set(wanted) - set(Settings.model_fields):
        raise ValueError(f"unknown setting {min(unknown)!r}; take one of {', '.join(Settings.model_fields)}")
    entries = [read_entry(path) for path in sorted(ledger.glob("*.json"))]
    return [entry for entry in entries if _matches(entry.settings, wanted)]


def _matches(settings: Settings, wanted: dict) -> bool:
    chosen = {key: getattr(settings, key) for key in wanted}
    return all(
        chosen[key] == value or (isinstance(value, list | tuple | set) and chosen[key] in value)
        for key, value in wanted.items()
    )
