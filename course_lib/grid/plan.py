"""Plan of a grid: one YAML file that stands for many runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from course_lib.config import Name, Settings, one_line, read_yaml

TIERS = ("smoke", "colab", "full")
OWN = ("data", "split", "fraction", "seed")  # a part sets these, so neither common nor a method may


@dataclass(frozen=True)
class Run:
    """One training of a grid.

    Args:
        method: Name of the method in the plan.
        settings: What is trained.
        also: Other data sets on which the run is scored.
        average: Whether to score the mean over the 8 symmetries of the square too.
    """

    method: str
    settings: Settings
    also: tuple[str, ...] = ()
    average: bool = False

    @property
    def name(self) -> str:
        """Name of the run and of its ledger entry."""
        return self.settings.name

    @property
    def options(self) -> list[str]:
        """What ``train`` is told beside the settings."""
        also = [word for name in self.also for word in ("--also", name)]
        return also + ["--average"] * self.average


class Part(BaseModel):
    """A block of runs: every combination of its lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: list[Name] = Field(min_length=1)
    split: list[str] = Field(["group"], min_length=1)
    fraction: list[float] = Field([1.0], min_length=1)
    methods: list[str] | None = Field(None, min_length=1, description="all methods if not given")
    seeds: list[int] = Field([0, 1, 2], min_length=1)
    settings: dict[str, Any] = Field({}, description="changes to the common settings, before the method's")
    also: list[Name] = Field([], description="other data sets to score on")
    average: bool = Field(False, description="score the mean over 8 symmetries too")


class Plan(BaseModel):
    """The runs of a grid: common settings, methods that change some, and parts that combine them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    common: dict[str, Any] = {}
    methods: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    parts: Annotated[list[Part], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> "Plan":
        for place, values in {"common": self.common, **self.methods}.items():
            if wrong := [key for key in OWN if key in values]:
                raise ValueError(f"{place} must not set {wrong[0]}; write it in the parts")
        for number, part in enumerate(self.parts, 1):
            if wrong := [key for key in OWN if key in part.settings]:
                raise ValueError(f"part {number}: settings must not set {wrong[0]}; write it beside them")
            if unknown := [method for method in part.methods or () if method not in self.methods]:
                raise ValueError(
                    f"part {number}: methods must be among {', '.join(self.methods)}, got {unknown[0]!r}; "
                    "correct the name or add the method"
                )
        return self

    def combinations(self) -> Iterator[tuple[int, Part, str, dict[str, Any]]]:
        """Number of the part, the part, method and own settings of every run; the seed changes last."""
        seeds = dict.fromkeys(seed for part in self.parts for seed in part.seeds)
        for seed, (number, part) in product(seeds, enumerate(self.parts, 1)):
            if seed in part.seeds:
                methods = part.methods or self.methods
                for *own, method in product(part.data, part.split, part.fraction, methods):
                    yield number, part, method, dict(zip(OWN, [*own, seed], strict=True))


def expand(plan: Plan, *, source: str = "plan") -> list[Run]:
    """The runs of a plan: for each seed all parts, as listed.

    Args:
        plan: The plan.
        source: Where it comes from; begins the error message.

    Raises:
        ValueError: If settings are wrong, or two runs of one name have different settings; names
            the part.

    Example:
        >>> plan = Plan(methods={"p4": {"family": "p4"}}, parts=[Part(data=["kvasir-seg"], seeds=[0, 1])])
        >>> [run.name for run in expand(plan)]
        ['kvasir-seg_group_p4_64px_s0', 'kvasir-seg_group_p4_64px_s1']
    """
    runs: dict[str, Run] = {}
    for number, part, method, own in plan.combinations():
        place = f"{source}, part {number}, {' '.join(str(value) for value in own.values())}, method {method}"
        values = {**plan.common, **part.settings, **plan.methods[method], **own}
        settings = Settings.from_dict(values, source=place)
        old = runs.get(settings.name)
        if old and old.settings != settings:
            raise ValueError(
                f"{place}: {settings.name} stands in the plan already, by method {old.method} and with other "
                f"settings ({changes(old.settings, settings)}); put one of the two into a plan of its own"
            )
        also = dict.fromkeys([*(old.also if old else ()), *part.also])
        average = part.average or bool(old and old.average)
        runs[settings.name] = Run(old.method if old else method, settings, tuple(also), average)
    return list(runs.values())


def read_plan(folder: Path, grid: str, tier: str) -> list[Run]:
    """The runs of the plan ``<grid>-<tier>.yaml``.

    Args:
        folder: Folder of the plans.
        grid: Name of the grid: ``"polyps"``, ...
        tier: ``"smoke"`` (seconds), ``"colab"`` (hours on a laptop or in Colab), ``"full"`` (a GPU).

    Raises:
        ValueError: If there is no such plan, or it is wrong.
    """
    path = folder / f"{grid}-{tier}.yaml"
    if not path.is_file():
        there = sorted(file.stem for file in folder.glob("*.yaml"))
        raise ValueError(
            f"grid and tier must name a file of {folder}: {', '.join(there) or 'none is there'}; "
            f"got {path.stem}"
        )
    try:
        plan = Plan.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ValueError(f"{path}: {one_line(error)}") from error
    return expand(plan, source=str(path))


def changes(old: Settings, new: Settings) -> str:
    """Which settings differ, and how."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return ", ".join(f"{key} {before[key]} -> {after[key]}" for key in after if before[key] != after[key])
