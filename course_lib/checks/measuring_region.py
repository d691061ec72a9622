"""Question on measuring: the inscribed disc, in which an error is counted."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import disc_mask


def _region_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for side in (1, 2, 3, 4, 5):
        yield counting(1, 1, side, side), counting(1, 1, side, side).flip(-1) + 1
    for side in (6, 7, 12, 17):
        n, c = integer(generator, 2, 3), integer(generator, 1, 3)
        expected = gaussian(generator, n, 1, 1, 1).exp() * gaussian(generator, n, c, side, side)
        yield expected + 0.2 * gaussian(generator, *expected.shape), expected


def _in_disc(found: Tensor, expected: Tensor) -> float:
    inside = disc_mask(found.shape[-1])
    return ((found - expected)[..., inside].norm() / expected[..., inside].norm()).item()


def _region_finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    expected = counting(1, 1, 5, 5)
    found = expected.flip(-1)
    truth = call(found.clone(), expected.clone())
    y, x = torch.meshgrid(torch.arange(5), torch.arange(5), indexing="ij")
    for row, column in zip(y.flatten().tolist(), x.flatten().tolist(), strict=True):
        changed = found.clone()
        changed[..., row, column] += 100
        counts = not same(call(changed, expected.clone()), truth)
        if counts != bool(disc_mask(5)[row, column]):
            where = "inside" if not counts else "outside"
            verb = "must count" if not counts else "must not count"
            return Finding(f"a pixel {where} the disc {verb}: row {row}, column {column} of 5 x 5 pixels")
    return Finding("both norms are taken over the same pixels, those of the disc")


def _disc(half: Callable[[int], float], centre: Callable[[int], float]) -> Callable[[int], Tensor]:
    """Disc with another radius and another centre."""

    def mask(size: int) -> Tensor:
        offset = torch.arange(size) - centre(size)
        return offset**2 + offset[:, None] ** 2 <= half(size) ** 2

    return mask


def _counted(
    above: Callable[[int], Tensor], below: Callable[[int], Tensor]
) -> Callable[[Tensor, Tensor], float]:
    """Error with other masks for the difference and for what it is divided by."""

    def error(found: Tensor, expected: Tensor) -> float:
        size = found.shape[-1]
        difference = (found - expected) * above(size)
        return (difference.norm() / (expected * below(size)).norm().clamp(min=1e-30)).item()

    return error


def _square(size: int) -> Tensor:
    return torch.ones(size, size)


SHIFTED = _disc(lambda size: size / 2, lambda size: size / 2)
SMALL = _disc(lambda size: size // 2, lambda size: (size - 1) / 2)
BETWEEN = _disc(lambda size: (size - 1) / 2, lambda size: (size - 1) / 2)


def _diamond(size: int) -> Tensor:
    offset = (torch.arange(size) - (size - 1) / 2).abs()
    return offset + offset[:, None] <= size / 2


REGION = Question(
    name="region",
    function="error_in_disc",
    arguments=("found", "expected"),
    axes=(),
    cases=_region_cases,
    reference=_in_disc,
    mistakes=(
        Mistake("The corners count too. They leave the frame in a turn.", _counted(_square, _square)),
        Mistake(
            "The difference is counted in the disc, but divided by the norm of the whole square. Every error "
            "then looks smaller than it is.",
            _counted(disc_mask, _square),
        ),
        Mistake(
            "The difference is counted in the whole square, and divided by the norm in the disc.",
            _counted(_square, disc_mask),
        ),
        Mistake(
            "The disc is half a pixel off. Pixel 0 and the last pixel must be equally far from the centre.",
            _counted(SHIFTED, SHIFTED),
        ),
        Mistake(
            "The radius of an odd side is half a pixel too small: the disc reaches to the edge of the frame.",
            _counted(SMALL, SMALL),
        ),
        Mistake(
            "The radius reaches to the centre of the outermost pixel only, not to the edge of the frame.",
            _counted(BETWEEN, BETWEEN),
        ),
        Mistake(
            "This is a diamond: distances across and down are added without squares.",
            _counted(_diamond, _diamond),
        ),
        Mistake(
            "This is the error squared; the root is missing.",
            lambda found, expected: _in_disc(found, expected) ** 2,
        ),
        Mistake(
            "The ratios of single images are averaged; take the norm over all images together.",
            lambda found, expected: (
                sum(_in_disc(a, b) for a, b in zip(found, expected, strict=True)) / len(found)
            ),
        ),
    ),
    finding=_region_finding,
    hints=(
        "Where is the centre of a grid of 4 pixels, counted in pixels from 0? And of 5 pixels?",
        "Compute the distance of every pixel's centre from the centre of the grid, and compare it with half "
        "the side.",
        "Index both tensors with the same mask of truth values on their last two axes, and take the norm of "
        "what is left.",
    ),
)
