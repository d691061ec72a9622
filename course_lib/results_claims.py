"""The claims of the talk, each with the measurement that decides it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from course_lib.results import Method, strongest_augmented
from course_lib.results_plan import by_label
from course_lib.results_tables import interval, number, table
from course_lib.verdicts import Verdict, verdict

EXACT = 0.9995  # least agreement that counts as exact: rounding in float32 may move a pixel at the edge
SAME = 0.005  # largest difference between two angles that counts as a repetition
AS_WELL = 0.02  # how much less agreement, over all angles, still counts as no less
QUARTERS = (0, 90, 180, 270)
MATCHED = 0.05  # difference of parameters up to which two networks were made to match
SILENT = 0.2  # share of empty masks above which agreement says nothing


@dataclass(frozen=True)
class Finding:
    """What was measured for a claim on one data set, and what it says.

    Args:
        verdict: Confirmed, not confirmed, refuted or not testable.
        measured: The deciding number in words; empty if there is none.
    """

    verdict: Verdict
    measured: str = ""


Judge = Callable[[Sequence[Method]], Finding]
NOTHING = Finding(Verdict.NOT_TESTABLE)


@dataclass(frozen=True)
class Claim:
    """One testable part of a claim.

    Args:
        number: Number of the claim in the talk; one with a prime is our addition.
        text: The part, in a sentence.
        judge: From the methods of one data set to the finding.
    """

    number: str
    text: str
    judge: Judge


def _silent(method: Method) -> float:
    """Share of empty masks over all angles: a network that marks nothing agrees with itself."""
    return float(np.mean([of_run.agreement.empty for of_run in method.masks]))


def gain(higher: str, lower: str, what: str = "dice", *, margin: float = 0.0) -> Judge:
    """The claim that a quantity is larger for one method than for another, paired over images.

    Args:
        higher: Label of the method with the larger value.
        lower: Label of the other.
        what: Quantity of ``Method.per_image``.
        margin: How much smaller it may be and still count as equal.
    """

    def judge(found: Sequence[Method]) -> Finding:
        named = by_label(found)
        if higher not in named or lower not in named:
            return NOTHING
        difference = named[higher].difference(named[lower], what)
        ends = {name: getattr(difference, name) + margin for name in ("mean", "low", "high")}
        moved = replace(difference, **ends)
        if what == "agreement" and max(_silent(named[name]) for name in (higher, lower)) > SILENT:
            return Finding(Verdict.NOT_TESTABLE, "masks are empty")
        return Finding(verdict(moved), interval(difference, sign=True))

    return judge


def beats_augmentation(label: str) -> Judge:
    """The claim that a method has a higher Dice than plain with the augmentation that validation chose."""

    def judge(found: Sequence[Method]) -> Finding:
        strongest = strongest_augmented(found)
        if strongest is None or label not in by_label(found):
            return NOTHING
        finding = gain(label, strongest.label)(found)
        return Finding(finding.verdict, f"{finding.measured}, against {strongest.label}")

    return judge


def _of_masks(label: str, look: Callable[[Method], Finding]) -> Judge:
    """Judge of one method by its masks; it says nothing without runs, or if many masks are empty."""

    def judge(found: Sequence[Method]) -> Finding:
        method = by_label(found).get(label)
        return NOTHING if method is None or _silent(method) > SILENT else look(method)

    return judge


def exact_at_quarter_turns(label: str) -> Judge:
    """The claim that masks turn exactly with the image at quarter turns, in every run."""

    def look(method: Method) -> Finding:
        places = [method.angles_deg.index(angle) for angle in QUARTERS]
        least = float(method.at_angle("agreement")[:, places].min())
        exact = Verdict.CONFIRMED if least >= EXACT else Verdict.REFUTED
        return Finding(exact, f"least agreement {number(least, 4)}")

    return _of_masks(label, look)


def inexact_at(label: str, angle_deg: int) -> Judge:
    """The claim that at an angle more is lost than interpolation alone costs, in every run."""

    def look(method: Method) -> Finding:
        place = method.angles_deg.index(angle_deg)
        seen, floor = (method.at_angle(what)[:, place] for what in ("agreement", "floor"))
        below = seen < floor
        outcome = Verdict.CONFIRMED if below.all() else Verdict.NOT_CONFIRMED
        measured = (
            f"agreement {number(float(seen.mean()))}, interpolation alone {number(float(floor.mean()))}"
        )
        return Finding(outcome if below.any() else Verdict.REFUTED, measured)

    return _of_masks(label, look)


def repeats_every_quarter(label: str) -> Judge:
    """The claim that the agreement over the angle has a period of 90 degrees, in every run."""

    def look(method: Method) -> Finding:
        curves = method.at_angle("agreement")
        places = [method.angles_deg.index((angle + 90) % 360) for angle in method.angles_deg]
        largest = float(np.abs(curves[:, places] - curves).max())
        outcome = Verdict.CONFIRMED if largest < SAME else Verdict.REFUTED
        return Finding(outcome, f"largest deviation {number(largest, 4)}")

    return _of_masks(label, look)


def fewer_parameters(label: str, than: str) -> Judge:
    """The claim that a network has fewer parameters than another."""

    def judge(found: Sequence[Method]) -> Finding:
        named = by_label(found)
        if label not in named or than not in named:
            return NOTHING
        own, other = (named[name].runs[0].parameters for name in (label, than))
        if abs(own - other) < MATCHED * other:
            return Finding(Verdict.NOT_TESTABLE, f"matched: {own:,} and {other:,}")
        return Finding(Verdict.CONFIRMED if own < other else Verdict.REFUTED, f"{own:,} and {other:,}")

    return judge


def _steerable(name: str, label: str) -> list[Claim]:
    """The fourth claim, for one implementation of steerable layers."""
    return [
        Claim(name, f"{label} has a higher Dice than SE(2,12)", gain(label, "se2-12")),
        Claim(name, f"{label} has fewer parameters", fewer_parameters(label, "se2-12")),
        Claim(name, f"{label} is exact at quarter turns", exact_at_quarter_turns(label)),
        Claim(
            name,
            f"{label} agrees with itself as well as SE(2,12), all angles",
            gain(label, "se2-12", "agreement", margin=AS_WELL),
        ),
    ]


CLAIMS = (
    Claim("1", "p4 has a higher Dice than plain", gain("p4", "plain")),
    Claim("2", "p4's agreement is 1 at quarter turns", exact_at_quarter_turns("p4")),
    Claim("2", "p4's agreement repeats every 90 degrees", repeats_every_quarter("p4")),
    Claim("2", "p4 agrees with itself better than plain, all angles", gain("p4", "plain", "agreement")),
    Claim("3", "SE(2,12) has a lower Dice than p4", gain("p4", "se2-12")),
    Claim("3", "SE(2,12) misses fewer images than p4 (Dice below 0.5)", gain("p4", "se2-12", "missed")),
    Claim("3", "SE(2,12) has fewer outliers than p4 (box-plot rule)", gain("p4", "se2-12", "outlier")),
    Claim("3", "SE(2,12) is exact at quarter turns", exact_at_quarter_turns("se2-12")),
    Claim("3", "SE(2,12) is not exact at 30 degrees", inexact_at("se2-12", 30)),
    *_steerable("4", "e2cnn-12"),
    *_steerable("4′", "steerable-12"),
    Claim("5", "p4 has a higher Dice than plain with augmentation", beats_augmentation("p4")),
    Claim("5", "p4 has a higher Dice than plain, averaged over 8", gain("p4", "plain, averaged over 8")),
)


def claims_table(found: Mapping[str, Sequence[Method]], claims: Sequence[Claim] = CLAIMS) -> str:
    """Every part of every claim, with verdict and deciding number for each data set."""
    rows = []
    for claim in claims:
        findings = [claim.judge(of_set) for of_set in found.values()]
        cells = [f"**{finding.verdict.value}** {finding.measured}".strip() for finding in findings]
        rows.append([claim.number, claim.text, *cells])
    return table(["", "claim", *found], rows)


def overall(found: Mapping[str, Sequence[Method]], claims: Sequence[Claim] = CLAIMS) -> dict[str, Verdict]:
    """One verdict for each claim, as for several statements joined by *and*.

    It is refuted if a part is refuted on a data set; else not testable if a part is; else not
    confirmed if a part is not; else confirmed.
    """
    worst_first = (Verdict.REFUTED, Verdict.NOT_TESTABLE, Verdict.NOT_CONFIRMED, Verdict.CONFIRMED)
    verdicts: dict[str, Verdict] = {}
    for claim in claims:
        parts = [claim.judge(of_set).verdict for of_set in found.values()]
        parts += [verdicts[claim.number]] if claim.number in verdicts else []
        verdicts[claim.number] = min(parts, key=worst_first.index)
    return verdicts
