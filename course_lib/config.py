"""Settings of one run: what is trained on what, and how."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from course_lib.families import FAMILIES, NETWORK_FAMILIES, STAGED_FAMILIES
from course_lib.models.nbody import PARTICLE_NETWORKS
from course_lib.models.point_images import POINT_NETWORKS

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Width = Annotated[int, Field(gt=0)]


class Settings(BaseModel):
    """One run. Together with the data, the settings determine the result.

    Unknown keys are refused, so that a misspelt one cannot pass unnoticed.

    Example:
        >>> Settings(data="kvasir-seg", family="p4").name
        'kvasir-seg_group_p4_64px_s0'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: Name = "polyps"
    data: Name
    model: Literal["unet", "resnet", "points", "particles"] = Field(
        "unet",
        description="unet segments, resnet classifies, points too, with images as point sets; particles "
        "foresees motion",
    )
    split: Literal["group", "random", "official"] = Field("group", description="official: as published")
    split_seed: int = Field(0, ge=0, lt=2**31, description="which split; the same for runs to be compared")
    size: int = Field(64, ge=4, le=1024, description="side of the square images in pixels")
    fraction: float = Field(1.0, gt=0, le=1, description="share of the training data that is used")
    family: str = "plain"
    widths: tuple[Width, ...] = Field((16, 32, 64, 128), min_length=2, description="channels, finest first")
    seed: int = Field(0, ge=0, lt=2**31)
    epochs: int = Field(30, ge=1)
    batch_size: int = Field(16, ge=1)
    learning_rate: float = Field(3e-3, gt=0, lt=1, description="peak of the one-cycle schedule")
    weight_decay: float = Field(1e-2, ge=0, lt=1)
    augmentation: Literal["none", "quarter-turns", "rotations"] = "none"
    precision: Literal["32-true", "bf16-mixed"] = "32-true"

    @model_validator(mode="after")
    def _check(self) -> "Settings":
        families = {
            "unet": FAMILIES,
            "resnet": NETWORK_FAMILIES,
            "points": POINT_NETWORKS,
            "particles": PARTICLE_NETWORKS,
        }[self.model]
        if self.family not in families:
            raise ValueError(f"family must be one of {', '.join(families)}; got {self.family!r}")
        stages = len(STAGED_FAMILIES.get(self.family, self.widths))
        if len(self.widths) != stages:
            raise ValueError(
                f"{self.family} has kernels of its own in each of {stages} stages, got {len(self.widths)} "
                "widths; give one for each"
            )
        if self.model == "points" and len(set(self.widths)) > 1:
            raise ValueError(f"points need one width, repeated once a layer; got {self.widths}")
        if self.model == "particles" and (len(set(self.widths)) > 1 or self.augmentation == "quarter-turns"):
            raise ValueError(
                "particles need one width, repeated once a layer, and no quarter turns; got "
                f"{self.widths} and {self.augmentation}"
            )
        multiple = 2 ** (len(self.widths) - 1)
        if self.model == "unet" and self.size % multiple:
            raise ValueError(
                f"size must be divisible by {multiple}, since {len(self.widths)} widths halve the image "
                f"{len(self.widths) - 1} times; got {self.size}, take "
                f"{self.size // multiple * multiple or multiple}"
            )
        return self

    @property
    def name(self) -> str:
        """Name of the run: of its folder, its weights and its ledger entry."""
        parts = [self.data, self.split, self.family]
        if self.model != "particles":
            parts.append(f"{self.size}px")
        if self.split_seed:
            parts.append(f"split{self.split_seed}")
        if self.fraction < 1:
            parts.append(f"{self.fraction:.4g}of1")
        if self.augmentation != "none":
            parts.append(self.augmentation)
        return "_".join([*parts, f"s{self.seed}"])

    @classmethod
    def from_dict(cls, values: dict, *, source: str = "settings") -> "Settings":
        """Settings from plain values.

        Args:
            values: Field names and values.
            source: Where the values come from; begins the error message.

        Raises:
            ValueError: In one line, naming every wrong field.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ValueError(f"{source}: {one_line(error)}") from error

    @classmethod
    def from_yaml(cls, path: Path) -> "Settings":
        """Settings from a YAML file.

        Raises:
            ValueError: If the file cannot be read, is not YAML, or holds wrong settings.
        """
        return cls.from_dict(read_yaml(path), source=str(path))


def read_yaml(path: Path) -> dict:
    """Keys and values of a YAML file.

    Raises:
        ValueError: If the file cannot be read or does not hold keys with values.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} must be a readable YAML file of settings: {reason}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold lines of the form 'key: value', got {type(values).__name__}")
    return values


def one_line(error: ValidationError) -> str:
    """What pydantic found wrong, field by field, in one line."""
    found = []
    for problem in error.errors(include_url=False, include_context=False):
        field = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "unknown key; check the spelling or remove it"
        elif problem["type"] != "missing" and field:
            message = f"{message}, got {problem['input']!r}"
        found.append(f"{field}: {message}" if field else message)
    return "; ".join(found)
