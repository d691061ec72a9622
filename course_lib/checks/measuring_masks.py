"""Question on measuring: agreement of masks, with what must stand beside it."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.evaluation import agreement_floor

Scores = tuple[float, float, float]


def floor_of_a_disc(radius_px: float | int, angle_deg: int = 30, side: int = 64) -> tuple[int, float]:
    """Area in pixels of a round mask beside the centre, and the agreement that an ideal method reaches on it.

    Args:
        radius_px: Radius of the mask.
        angle_deg: Angle of the turn.
        side: Side of the picture in pixels.
    """
    offset = torch.arange(side) - (side - 1) / 2
    mask = (offset - 3.3) ** 2 + (offset[:, None] + 2.1) ** 2 <= radius_px**2
    return int(mask.sum()), agreement_floor(mask[None, None], (angle_deg,)).item()


def _masks(*rows: str) -> Tensor:
    """Masks n 2 2 of zeros and ones from texts such as ``"1100"``."""
    return torch.tensor([[float(bit) for bit in row] for row in rows], dtype=torch.float64).view(-1, 2, 2)


def _random(generator: torch.Generator, *shape: int) -> Tensor:
    share = torch.rand(shape[0], 1, 1, generator=generator)
    return (torch.rand(shape, generator=generator) < share * 0.8).double()


def _cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    yield _masks("1100"), _masks("1100"), _masks("1100")
    yield _masks("1100"), _masks("0110"), _masks("0111")
    yield _masks("0000"), _masks("0000"), _masks("0110")
    yield _masks("0000"), _masks("0011"), _masks("0000")
    yield _masks("1100", "0000"), _masks("1000", "0000"), _masks("1110", "0000")
    for _ in range(4):
        n, side = integer(generator, 3, 6), integer(generator, 3, 8)
        found, expected, truth = (_random(generator, n, side, side) for _ in range(3))
        found[0] = expected[0] = 0
        found[1] = truth[1] = 0
        truth[2] = 1
        yield found, expected, truth


def _dice(a: Tensor, b: Tensor) -> Tensor:
    """One less the share of pixels in which two masks differ, of those in either; by images."""
    total = a.flatten(1).sum(1) + b.flatten(1).sum(1)
    return 1 - (a - b).abs().flatten(1).sum(1) / total.clamp(min=1)


def scores(found: Tensor, expected: Tensor, truth: Tensor) -> Scores:
    """Mean agreement, mean Dice, and share of empty masks."""
    return _mean(_dice(found, expected)), _mean(_dice(found, truth)), _mean(_empty(found))


def _mean(values: Tensor) -> float:
    return values.double().mean().item()


def _empty(masks: Tensor) -> Tensor:
    return masks.flatten(1).sum(1) == 0


def _finding(call: Call, case: tuple[Tensor, Tensor, Tensor]) -> Finding:
    nothing, something = _masks("0000"), _masks("0110")
    if not same(call(nothing, nothing.clone(), something), (1.0, 0.0, 1.0)):
        return Finding("who marks nothing agrees with itself (1), finds nothing (Dice 0) and is empty (1)")
    if not same(call(something, something.clone(), something.clone()), (1.0, 1.0, 0.0)):
        return Finding("a perfect method has agreement 1, Dice 1 and no empty mask")
    if not same(call(_masks("1100"), _masks("0110"), _masks("0111")), (0.5, 0.4, 0.0)):
        return Finding("Dice of two masks is twice the overlap over the sum of both areas")
    return Finding("all three numbers are means over images, each image counting once")


def _scored(score: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor], Scores]:
    """Scores with another measure in place of Dice."""
    return lambda found, expected, truth: (
        _mean(score(found, expected)),
        _mean(score(found, truth)),
        _mean(_empty(found)),
    )


def _iou(a: Tensor, b: Tensor) -> Tensor:
    return _dice(a, b) / (2 - _dice(a, b))


def _pooled(a: Tensor, b: Tensor) -> Tensor:
    return _dice(a.flatten()[None], b.flatten()[None])


def _strict(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(_empty(a) & _empty(b), 0.0, _dice(a, b))


def _without_empty(a: Tensor, b: Tensor) -> Tensor:
    kept = _dice(a, b)[~(_empty(a) & _empty(b))]
    return kept if len(kept) else torch.zeros(1)


AGREEMENT = Question(
    name="agreement",
    function="mask_scores",
    arguments=("found", "expected", "truth"),
    axes=(),
    cases=_cases,
    reference=scores,
    mistakes=(
        Mistake("This is the intersection over union, which is smaller than Dice.", _scored(_iou)),
        Mistake(
            "Two empty masks agree; their score is 1. Yours is 0.",
            _scored(_strict),
        ),
        Mistake(
            "Pairs of empty masks are left out. They agree, so they count with the score 1.",
            _scored(_without_empty),
        ),
        Mistake(
            "The pixels of all images are pooled, so that large masks decide. Take the mean over images.",
            _scored(_pooled),
        ),
        Mistake(
            "This is the share of pixels with the same value; the background then decides.",
            _scored(lambda a, b: (a == b).flatten(1).double().mean(1)),
        ),
        Mistake(
            "The overlap must count twice: your score of two equal masks is one half.",
            _scored(lambda a, b: torch.where(_empty(a) & _empty(b), 1.0, _dice(a, b) / 2)),
        ),
        Mistake(
            "Agreement and Dice are exchanged.",
            lambda found, expected, truth: tuple(scores(found, expected, truth)[k] for k in (1, 0, 2)),
        ),
        Mistake(
            "Dice compares the wrong masks: the mask of the turned image must meet the turned truth.",
            lambda found, expected, truth: (
                scores(found, expected, truth)[:1]
                + scores(expected, truth, truth)[:1]
                + scores(found, expected, truth)[2:]
            ),
        ),
        Mistake(
            "You count the empty masks of the truth; what matters is what the method marks.",
            lambda found, expected, truth: (*scores(found, expected, truth)[:2], _mean(_empty(truth))),
        ),
        Mistake(
            "The last number is the share of pixels that are not marked. Asked is the share of images "
            "without any marked pixel.",
            lambda found, expected, truth: (*scores(found, expected, truth)[:2], _mean(1 - found)),
        ),
    ),
    finding=_finding,
    hints=(
        "One score, used twice: once for the mask of the turned image and the turned mask, once for the mask "
        "of the turned image and the turned truth.",
        "Count pixels image by image: the overlap, and both areas. What if both areas are 0?",
        "The product of two masks of zeros and ones is their overlap. Sum over rows and columns only, give "
        "two empty masks their score, and take the mean over images at the very end.",
    ),
)
