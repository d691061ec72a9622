"""Names of methods, and the planned runs that the ledger lacks."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from course_lib.config import Settings
from course_lib.ledger import Entry

AUGMENTATIONS = {"none": "", "quarter-turns": " + quarter turns", "rotations": " + rotations"}
# Families of volumes stand under the names that they have in the plane.
PLANE_NAMES = {"plain-3d": "plain", "sre-3d": "sre-smooth", "sre-3d-hard": "sre-hard"}


@runtime_checkable
class Labelled(Protocol):
    """A method with a label."""

    @property
    def label(self) -> str: ...


Some = TypeVar("Some", bound=Labelled)


def family_label(settings: Settings) -> str:
    """Family, without regard to the number of axes."""
    return PLANE_NAMES.get(settings.family, settings.family)


def method_label(settings: Settings) -> str:
    """Family, and augmentation if there is one.

    Example:
        >>> method_label(Settings(data="kvasir-seg", family="plain", augmentation="rotations"))
        'plain + rotations'
    """
    return family_label(settings) + AUGMENTATIONS[settings.augmentation]


def by_label(found: Iterable[Some]) -> dict[str, Some]:
    """Methods by their label."""
    return {method.label: method for method in found}


def missing_runs(planned: Sequence[Settings], entries: Sequence[Entry]) -> dict[str, dict[str, list[int]]]:
    """Seeds of the planned runs that are not in the ledger, by data, split and share; there by method.

    Args:
        planned: Settings of the planned runs.
        entries: Ledger entries; one with other settings is not the planned run.
    """
    there = [entry.settings for entry in entries]
    missing: dict[str, dict[str, list[int]]] = {}
    for settings in planned:
        if settings not in there:
            share = "" if settings.fraction == 1 else f", {settings.fraction:.0%} of the training set"
            of_place = missing.setdefault(f"{settings.data}, {settings.split} split{share}", {})
            of_place.setdefault(method_label(settings), []).append(settings.seed)
    return missing


def runs_in_words(planned: Sequence[Settings], entries: Sequence[Entry]) -> str:
    """How many planned runs are in the ledger, and a list of the others: Markdown.

    Args:
        planned: Settings of the planned runs.
        entries: Ledger entries.
    """
    missing = missing_runs(planned, entries)
    count = len(planned) - sum(len(seeds) for methods in missing.values() for seeds in methods.values())
    if not missing:
        return f"All {len(planned)} planned runs are in the ledger."
    lines = [f"{count} of {len(planned)} planned runs are in the ledger. Not finished:", ""]
    for place, methods in missing.items():
        named = (f"{label} (seed {', '.join(map(str, seeds))})" for label, seeds in methods.items())
        lines.append(f"- {place}: {'; '.join(named)}")
    return "\n".join(lines)
