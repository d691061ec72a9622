"""Questions on SE(2, N): pooling over the fiber, and the choice of orientations, kernel and channels."""

import math
from collections.abc import Callable, Iterator
from itertools import count

import torch
from einops import reduce
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import disc_mask
from course_lib.groups import CyclicGroup
from course_lib.layers.regular import GroupPool
from course_lib.representations import Regular

Design = tuple[int, int, int]


def _pool_cases(generator: torch.Generator, n: int) -> Iterator[tuple[Tensor]]:
    yield (counting(1, n, 1, 1),)
    yield (-counting(1, 2 * n, 1, 2),)
    yield (counting(1, 2 * n, 2, 2),)
    for _ in range(3):
        b, c, y, x = (integer(generator, 2, 4) for _ in range(4))
        yield (gaussian(generator, b, c * n, y, x),)


def _pooled(how: str, fold: str = "(c n)") -> Callable[[Tensor, int], Tensor]:
    """Another way to pool, or another order of channel and fiber."""
    return lambda x, n: reduce(x, f"b {fold} y x -> b c y x", how, n=n)


def _pool_finding(call: Call, case: tuple[Tensor, int]) -> Finding:
    x, n = case
    answer = call(x.clone(), n)
    shifted = x.unflatten(1, (-1, n)).roll(1, 2).flatten(1, 2)
    if not same(call(shifted, n), answer):
        return Finding("a turn moves the fiber of each channel, and the pooled map does not see it", "h = 1")
    return Finding("each channel keeps the largest of its n entries, at every pixel")


_POOL = Question(
    name="pool",
    function="group_pool",
    arguments=("x", "n"),
    axes=("b", "c", "y", "x"),
    cases=lambda generator: (),
    reference=lambda x, n: GroupPool(Regular(CyclicGroup(n)))(x.unflatten(1, (-1, n))).squeeze(2),
    mistakes=(
        Mistake(
            "Channel and fiber are mixed up: in b (c fiber) y x the n entries of a channel are neighbours.",
            _pooled("max", "(n c)"),
        ),
        Mistake("This is the mean over the fiber; asked is the maximum.", _pooled("mean")),
        Mistake("This is the minimum over the fiber; asked is the maximum.", _pooled("min")),
        Mistake("This is the sum over the fiber; asked is the maximum.", _pooled("sum")),
        Mistake(
            "The sign is lost: the largest absolute value is not the largest value.",
            lambda x, n: _pooled("max")(x.abs(), n),
        ),
        Mistake(
            "Only entry 0 of each fiber is kept. It changes when the image turns.",
            lambda x, n: x[:, ::n].clone(),
        ),
        Mistake(
            "The place of the largest entry is not its value: argmax turns with the image.",
            lambda x, n: x.unflatten(1, (-1, n)).argmax(2).double(),
        ),
    ),
    finding=_pool_finding,
    hints=(
        "Give the fiber an axis of its own first. Which of the two, channel or fiber, varies faster?",
        "Channel 0 owns the first maps, one for each element, and channel 1 the next ones. Check it on the "
        "numbers from 1 on, for two channels.",
        "x.unflatten splits one axis into two. Then one reduction over the new axis is left.",
    ),
)
POOL = personal(
    _POOL,
    "n",
    (8, 4, 12, 16, 20, 24),
    cases=_pool_cases,
    own=lambda n: f"Your group is C_{n}: each channel owns {n} maps.",
    words=lambda n: {"last": str(2 * n - 1)},
)


def arch(n: int) -> float:
    """Largest error of a smooth edge kernel between two of n orientations."""
    return 2 * math.sin(math.radians(90 / n))


def choose(
    limit: float,
    parameters: int,
    *,
    step: int = 4,
    error: Callable[[int], float] = arch,
    pixels: Callable[[int], int] = lambda size: int(disc_mask(size).sum()),
    sizes: int = 2,
    cost: Callable[[int, int], int] = lambda n, size: n * size**2,
    rounding: Callable[[float], int] = math.floor,
) -> Design:
    """Number of orientations, kernel size and channels; the defaults are right, others are known mistakes.

    Args:
        limit: Largest error between the orientations.
        parameters: Weights that the layer may have.
        step: The number of orientations is a multiple of it.
        error: Error by the number of orientations.
        pixels: Room in a kernel by its size.
        sizes: Step from one kernel size to the next.
        cost: Weights for each pair of channels, by orientations and kernel size.
        rounding: How channels are rounded.
    """
    n = next(n for n in count(step, step) if error(n) <= limit)
    size = next(size for size in count(3, sizes) if pixels(size) >= n)
    return n, size, rounding(math.sqrt(parameters / cost(n, size)))


def _design_cases(generator: torch.Generator) -> Iterator[tuple[float, int]]:
    for limit in (0.8, 0.5, 0.4, 0.3, 0.2, 0.14, 0.1, 0.07):
        yield limit, 40_000
        yield limit, integer(generator, 20_000, 900_000)


def _design_finding(call: Call, case: tuple[float, int]) -> Finding:
    limit, parameters = case
    n, size, c = call(limit, parameters)
    if n < 1 or n % 4:
        return Finding("quarter turns are elements of the group: 4 divides N", f"N = {n}")
    if arch(n) > limit:
        return Finding(f"between the elements the error {arch(n):.3f} stays below the limit", f"N = {n}")
    if n > 4 and arch(n - 4) <= limit:
        return Finding(f"fewer orientations would do: their error is {arch(n - 4):.3f}", f"N = {n - 4}")
    if size % 2 == 0 or size < 3:
        return Finding("a kernel has a centre pixel, so its side is odd, and 3 at least", f"{size} px")
    room = int(disc_mask(size).sum())
    if room < n:
        return Finding(f"the disc holds at least N pixels; this one holds {room}", f"N = {n}, {size} px")
    if (wanted := choose(limit, parameters)[1]) != size:
        return Finding(f"a smaller disc would do: {wanted} px", f"N = {n}")
    weights = c**2 * n * size**2
    return Finding(
        f"as many channels as fit: {c} channels have {weights} weights, of {parameters} that are allowed"
    )


DESIGN = Question(
    name="design",
    function="design",
    arguments=("limit", "parameters"),
    axes=(),
    cases=_design_cases,
    reference=lambda limit, parameters: choose(limit, parameters),
    mistakes=(
        Mistake(
            "N is not a multiple of 4, so quarter turns are no elements, and nothing is exact at 90 degrees.",
            lambda limit, parameters: choose(limit, parameters, step=1),
        ),
        Mistake(
            "An even N is not enough for quarter turns.",
            lambda limit, parameters: choose(limit, parameters, step=2),
        ),
        Mistake(
            "You take a whole step between two orientations for the worst case. The worst angle is half way.",
            lambda limit, parameters: choose(limit, parameters, error=lambda n: 2 * math.sin(math.pi / n)),
        ),
        Mistake(
            "Only powers of two are tried; 12 is a good number of orientations.",
            lambda limit, parameters: _of_power(limit, parameters),
        ),
        Mistake(
            "You count the pixels of the square. Those in the corners are cut off.",
            lambda limit, parameters: choose(limit, parameters, pixels=lambda size: size**2),
        ),
        Mistake(
            "The kernel has 3 x 3 pixels always. More orientations than pixels are no news.",
            lambda limit, parameters: choose(limit, parameters, pixels=lambda size: 10**6),
        ),
        Mistake(
            "An even kernel has no centre pixel.",
            lambda limit, parameters: choose(limit, parameters, sizes=1),
        ),
        Mistake(
            "You count the bank, not the weights: turned copies are made from the weights, and not learned.",
            lambda limit, parameters: choose(limit, parameters, cost=lambda n, size: n**2 * size**2),
        ),
        Mistake(
            "The fiber of the input is forgotten: a weight has N slices.",
            lambda limit, parameters: choose(limit, parameters, cost=lambda n, size: size**2),
        ),
        Mistake(
            "The layer stores the square, corners included; you count the pixels of the disc.",
            lambda limit, parameters: choose(
                limit, parameters, cost=lambda n, size: n * int(disc_mask(size).sum())
            ),
        ),
        Mistake(
            "One channel too many: the weights must not exceed what is allowed.",
            lambda limit, parameters: choose(limit, parameters, rounding=math.ceil),
        ),
        Mistake(
            "The weights grow with the square of the channels: each output reads every input channel.",
            lambda limit, parameters: _linear(limit, parameters),
        ),
    ),
    finding=_design_finding,
    hints=(
        "Three choices, one after the other: the first fixes the second, and both fix the third.",
        "Try N = 4, 8, 12, ... in the formula of the arches. Sine wants radians. For the kernel count pixels "
        "as in the chapter: 3 px have 9 on the disc, 5 px have 21, 7 px have 37.",
        "A weight has the axes c_out, c_in, N, k, k, and both channel numbers are c. Which is the largest c "
        "that stays within the budget?",
    ),
)


def _of_power(limit: float, parameters: int) -> Design:
    return choose(limit, parameters, error=lambda n: arch(n) if n & (n - 1) == 0 else math.inf)


def _linear(limit: float, parameters: int) -> Design:
    n, size, _ = choose(limit, parameters)
    return n, size, parameters // (n * size**2)
