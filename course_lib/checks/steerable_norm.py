"""Question on steerable filters: a nonlinearity that turns with the feature."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding

ANGLES_DEG = (17, 90, 180)


def turned_fiber(x: Tensor, angle_deg: float | int) -> Tensor:
    """Turn the pair at each pixel; the pixels stay where they are.

    Args:
        x: Feature with the axes b c 2 y x.
        angle_deg: Angle, counter-clockwise.
    """
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    a, b = x.unbind(dim=2)
    return torch.stack([cos * a - sin * b, sin * a + cos * b], dim=2)


def relu_error(angle_deg: float | int, *, seed: int = 0) -> float:
    """Relative error of ReLU on the two entries of a pair, when the pairs are turned.

    Args:
        angle_deg: Angle, counter-clockwise.
        seed: Seed of the feature.

    Example:
        >>> relu_error(90) > 0.5, relu_error(360) < 1e-12
        (True, True)
    """
    x = gaussian(torch.Generator().manual_seed(seed), 1, 8, 2, 16, 16)
    expected = turned_fiber(x.relu(), angle_deg)
    return ((turned_fiber(x, angle_deg).relu() - expected).norm() / expected.norm()).item()


def _cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for c, size in ((1, 1), (1, 2), (2, 2), (3, 4)):
        yield gaussian(generator, 1, c, 2, size, size), gaussian(generator, c).square() / 4 + 0.2
    x = gaussian(generator, 2, 3, 2, integer(generator, 3, 6), 4)
    x[:, :, :, 0] = 0  # arrows without a direction
    yield x, gaussian(generator, 3).square() / 4 + 0.2
    yield x, torch.zeros(3, dtype=torch.float64)


def _finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    x, threshold = case
    for angle in ANGLES_DEG:
        turned = call(turned_fiber(x, angle), threshold.clone())
        if not same(turned, turned_fiber(call(x.clone(), threshold.clone()), angle)):
            return Finding(
                "turned arrows in give turned arrows out: f(R x) = R f(x)",
                f"g = {angle} degrees counter-clockwise",
            )
    return Finding("an arrow of length l becomes one of length max(l - threshold, 0) in the same direction")


def _reference(x: Tensor, threshold: Tensor) -> Tensor:
    z = torch.complex(*x.unbind(dim=2))
    shortened = torch.polar((z.abs() - threshold.view(-1, 1, 1)).clamp(min=0), z.angle())
    return torch.stack([shortened.real, shortened.imag], dim=2)


def _length(x: Tensor, dims: tuple[int, ...] = (2,)) -> Tensor:
    return x.square().sum(dim=dims, keepdim=True).sqrt()


def _scaled(factor: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Arrows times a factor made from their lengths and the threshold."""
    return lambda x, t: x * factor(_length(x), t.view(-1, 1, 1, 1)).nan_to_num(nan=0.0, posinf=0.0)


def _over_channels(x: Tensor, t: Tensor) -> Tensor:
    length = _length(x, (1, 2))
    return x * ((length - t.view(-1, 1, 1, 1)).relu() / length.clamp(min=1e-300))


NORM = Question(
    name="norm",
    function="norm_nonlinearity",
    arguments=("x", "threshold"),
    axes=("b", "c", "fiber", "y", "x"),
    cases=_cases,
    reference=_reference,
    mistakes=(
        Mistake("The bug is still there: ReLU looks at each entry of the pair alone.", lambda x, t: x.relu()),
        Mistake(
            "Each entry is shortened on its own. What a turn mixes must be treated together.",
            lambda x, t: x.sign() * (x.abs() - t.view(-1, 1, 1, 1)).relu(),
        ),
        Mistake(
            "Each entry is shifted by the threshold and cut: still ReLU on the entries, with a bias.",
            lambda x, t: (x - t.view(-1, 1, 1, 1)).relu(),
        ),
        Mistake(
            "Short arrows turn round: a length below the threshold must become 0, not negative.",
            _scaled(lambda length, t: (length - t) / length),
        ),
        Mistake(
            "The arrow is multiplied by the new length; it keeps its old length as a factor.",
            _scaled(lambda length, t: (length - t).relu()),
        ),
        Mistake(
            "Long arrows are kept as they are. They must be shortened by the threshold too.",
            _scaled(lambda length, t: (length > t).double()),
        ),
        Mistake(
            "The arrows grow: the threshold is taken away from the length, not added.",
            _scaled(lambda length, t: (length + t) / length),
        ),
        Mistake(
            "The squared length is taken for the length: the root is missing.",
            _scaled(lambda length, t: (length**2 - t).relu() / length**2),
        ),
        Mistake(
            "The sum of the entries' sizes is not the length, and changes under a turn.",
            lambda x, t: (
                x
                * (
                    (x.abs().sum(2, keepdim=True) - t.view(-1, 1, 1, 1)).relu()
                    / x.abs().sum(2, keepdim=True).clamp(min=1e-300)
                )
            ),
        ),
        Mistake(
            "The length is taken over all channels together; each channel has an arrow of its own.",
            _over_channels,
        ),
    ),
    finding=_finding,
    hints=(
        "A turn mixes the two entries of a pair. Which number made of both does not change?",
        "Multiply the whole arrow by one factor, made from its length. Then it does not matter whether you "
        "turn before or after.",
        "The factor is new length over old length. Where the old length is 0, the quotient is not a number; "
        "what is the answer for an arrow without a length? torch.clamp keeps a denominator away from 0.",
    ),
)
