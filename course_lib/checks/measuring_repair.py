"""Question on measuring: a routine whose errors are too small."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.actions import rotate
from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.evaluation import smooth_images
from course_lib.filters import disc_mask


def plain_outputs() -> tuple[Tensor, Tensor, Tensor]:
    """An ordinary convolution with random weights and large biases, measured at a quarter turn.

    Returns:
        Output for the turned images, turned output of the images, and what the layer says
        to an empty image, one number a channel.
    """
    generator = torch.Generator().manual_seed(3)
    weight, bias = gaussian(generator, 8, 1, 3, 3), 30 + gaussian(generator, 8)
    x = smooth_images(3, 1, 48, 48)
    x = x / x.std()

    def layer(x: Tensor) -> Tensor:
        return F.conv2d(x, weight, bias, padding=1)

    return layer(rotate(x, 90)), rotate(layer(x), 90), bias


def repaired(found: Tensor, expected: Tensor, empty: Tensor) -> float:
    """Relative error in the disc, without what the map says to an empty image."""
    return _error(found, expected, empty)


def _error(
    found: Tensor,
    expected: Tensor,
    empty: Tensor,
    *,
    cancels: bool = False,
    constant: bool = False,
    whole: bool = False,
) -> float:
    """Error in which each of the three faults may be left; without them it is right."""
    inside = disc_mask(found.shape[-1])
    difference = (found - expected)[..., inside]
    if cancels:
        difference = difference.mean(dim=1)
    signal = expected if constant else expected - empty[:, None, None]
    return (difference.norm() / (signal if whole else signal[..., inside]).norm()).item()


def _cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    for c, side in ((1, 1), (2, 1), (1, 4), (2, 4)):
        expected = counting(1, c, side, side)
        yield expected.flip(-1) + 1, expected, -counting(c)
    for n in (1, 2, 3):
        c, side = integer(generator, 2, 4), integer(generator, 5, 9)
        empty = 5 * gaussian(generator, c)
        output = gaussian(generator, n, 1, 1, 1).exp() * gaussian(generator, n, c, side, side)
        expected = output + empty[:, None, None]
        yield expected + 0.3 * gaussian(generator, *expected.shape), expected, empty


def _finding(call: Call, case: tuple[Tensor, Tensor, Tensor]) -> Finding:
    found, expected, empty = (part.clone() for part in case)
    answer = call(found.clone(), expected.clone(), empty.clone())
    louder = call(found + 10, expected + 10, empty + 10)
    if not same(answer, louder):
        return Finding("a constant that the map says to every image changes nothing")
    y = counting(1, 2, 5, 5)
    opposite = torch.stack([torch.ones(5, 5), -torch.ones(5, 5)])[None].double()
    if same(call(y + opposite, y.clone(), torch.zeros(2, dtype=torch.float64)), 0.0):
        return Finding("errors of opposite sign in two channels do not cancel")
    corner = torch.zeros(5, 5, dtype=torch.float64)
    corner[0, 0] = 100
    zero = torch.zeros(2, dtype=torch.float64)
    if not same(call(y + opposite + corner, y + corner, zero), call(y + opposite, y.clone(), zero)):
        return Finding("what stands in the corners of both outputs changes nothing")
    return Finding("the error is ‖f(g x) − g f(x)‖ / ‖g f(x) − f(0)‖ in the disc, all images together")


def _left(
    cancels: bool = False, constant: bool = False, whole: bool = False
) -> Callable[[Tensor, Tensor, Tensor], float]:
    """The routine with some of its faults still there."""
    return lambda found, expected, empty: _error(
        found, expected, empty, cancels=cancels, constant=constant, whole=whole
    )


def _centred(found: Tensor, expected: Tensor, empty: Tensor) -> float:
    inside = disc_mask(found.shape[-1])
    signal = expected[..., inside]
    signal = signal - signal.mean(dim=-1, keepdim=True)
    return ((found - expected)[..., inside].norm() / signal.norm().clamp(min=1e-30)).item()


def _ratios(found: Tensor, expected: Tensor, empty: Tensor) -> float:
    pairs = zip(found.split(1), expected.split(1), strict=True)
    return sum(_error(a, b, empty) for a, b in pairs) / len(found)


REPAIR = Question(
    name="repair",
    function="repaired_error",
    arguments=("found", "expected", "empty"),
    axes=(),
    cases=_cases,
    reference=repaired,
    mistakes=(
        Mistake("All three faults are still there.", _left(True, True, True)),
        Mistake(
            "Two faults are left; one is in the denominator, the other in the difference.", _left(True, True)
        ),
        Mistake(
            "Two faults are left: channels cancel, and both norms see different pixels.",
            _left(True, whole=True),
        ),
        Mistake("Two faults are left, both in the denominator.", _left(constant=True, whole=True)),
        Mistake(
            "One fault is left: differences of opposite sign cancel before they are squared.", _left(True)
        ),
        Mistake(
            "One fault is left: what the map says to every image, an empty one included, still makes the "
            "denominator large.",
            _left(constant=True),
        ),
        Mistake(
            "One fault is left: the difference is counted in the disc, and the output in the whole square.",
            _left(whole=True),
        ),
        Mistake(
            "The constant is taken from one of the two outputs only; now they differ by it.",
            lambda found, expected, empty: _error(found - empty[:, None, None], expected, empty),
        ),
        Mistake(
            "The constant is taken from one of the two outputs only; now they differ by it.",
            lambda found, expected, empty: _error(found + empty[:, None, None], expected, empty),
        ),
        Mistake(
            "The mean over the image is taken away, not the answer to an empty image. That removes a part of "
            "what the map says about this image.",
            _centred,
        ),
        Mistake("The ratios of single images are averaged; take the norm over all images together.", _ratios),
    ),
    finding=_finding,
    hints=(
        "An error is small if its numerator is too small, or if its denominator is too large. Look at both.",
        "Print the shape of each intermediate result. Which axis has gone, and what happened to the signs?",
        "What would the routine report for a layer that adds a million to every pixel? And which pixels does "
        "each of the two norms see?",
    ),
)
