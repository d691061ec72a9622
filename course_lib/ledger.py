"""The ledger: one JSON file a run. Tables and figures of the book read nothing else."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Field, Tag, ValidationError

from course_lib.atomic import write_atomically
from course_lib.config import Settings, one_line
from course_lib.scores import STRICT, ClassificationScores, ParticleScores, SegmentationScores

BENCHMARKS = "benchmarks"  # folder of timings beside the entries


def _kind(scores: Any) -> str:
    keys = scores if isinstance(scores, dict) else type(scores).model_fields
    return "motion" if "foresight" in keys else "classes" if "flipped" in keys else "masks"


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
    scores: Annotated[
        Annotated[SegmentationScores, Tag("masks")]
        | Annotated[ClassificationScores, Tag("classes")]
        | Annotated[ParticleScores, Tag("motion")],
        Discriminator(_kind),
    ]

    @property
    def name(self) -> str:
        """Name of the run and of the entry's file."""
        return self.settings.name

    @property
    def segmentation(self) -> SegmentationScores:
        """The scores, of a segmentation run.

        Raises:
            ValueError: If the run is of another kind.
        """
        if not isinstance(self.scores, SegmentationScores):
            raise ValueError(f"{self.name} is no segmentation run; filter the entries by their data")
        return self.scores

    @property
    def classification(self) -> ClassificationScores:
        """The scores, of a classification run.

        Raises:
            ValueError: If the run is of another kind.
        """
        if not isinstance(self.scores, ClassificationScores):
            raise ValueError(f"{self.name} is no classification run; filter the entries by their data")
        return self.scores

    @property
    def motion(self) -> ParticleScores:
        """The scores, of a run on moving particles.

        Raises:
            ValueError: If the run is of another kind.
        """
        if not isinstance(self.scores, ParticleScores):
            raise ValueError(f"{self.name} is no run on particles; filter the entries by their data")
        return self.scores


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
    """All entries of a ledger, sorted by path, perhaps only those with certain settings.

    Args:
        ledger: Folder of the entries; those of its subfolders are read too, except of ``BENCHMARKS``.
        wanted: Names of settings and their values, or several allowed values.

    Raises:
        ValueError: If the folder is missing, a file in it is no entry, or a setting is unknown.
    """
    if not ledger.is_dir():
        raise ValueError(f"there is no ledger folder {ledger}; train a run first, or name another folder")
    if unknown := set(wanted) - set(Settings.model_fields):
        raise ValueError(f"unknown setting {min(unknown)!r}; take one of {', '.join(Settings.model_fields)}")
    paths = (path for path in ledger.rglob("*.json") if BENCHMARKS not in path.relative_to(ledger).parts)
    entries = [read_entry(path) for path in sorted(paths)]
    return [entry for entry in entries if _matches(entry.settings, wanted)]


def _matches(settings: Settings, wanted: dict) -> bool:
    chosen = {key: getattr(settings, key) for key in wanted}
    return all(
        chosen[key] == value or (isinstance(value, list | tuple | set) and chosen[key] in value)
        for key, value in wanted.items()
    )
