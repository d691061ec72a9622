"""Question on p4: at which sizes a small network is exact, measured and predicted."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.p4_turns import C4, REGULAR
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.layers.plain import Upsample

LAYERS = ("conv", "pool", "stride", "up")


def network(layers: Sequence[str], *, step: int = 2, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """A small p4 network with random weights, on regular features ``b 1 4 y x``.

    Args:
        layers: ``"conv"`` is a 3 x 3 group convolution with padding 1, ``"stride"`` the
            same with a stride, ``"pool"`` a maximum over squares side by side, ``"up"``
            bilinear upsampling by 2.
        step: The stride, and the side of the squares, in pixels.
        seed: Seed of the weights.

    Raises:
        ValueError: If a layer is unknown.
    """
    unknown = set(layers) - set(LAYERS)
    if unknown:
        raise ValueError(f"a layer is one of {', '.join(LAYERS)}; got {', '.join(map(repr, unknown))}")
    weights = gaussian(torch.Generator().manual_seed(seed), len(layers), 1, 1, 4, 3, 3)
    kernels = [
        torch.stack([act(g, weight, REGULAR) for g in C4.elements], dim=1).flatten(2, 3).flatten(0, 1)
        for weight in weights
    ]

    def run(x: Tensor) -> Tensor:
        for layer, kernel in zip(layers, kernels, strict=True):
            if layer in ("conv", "stride"):
                stride = step if layer == "stride" else 1
                x = F.conv2d(x.flatten(1, 2), kernel, stride=stride, padding=1).unflatten(1, (1, 4))
            elif layer == "pool":
                x = F.max_pool3d(x, (1, step, step))
            else:
                x = Upsample()(x)
        return x

    return run


@torch.no_grad()
def measured_error(size: int, layers: Sequence[str], *, step: int = 2, seed: int = 0) -> float:
    """Largest relative equivariance error over the quarter turns, with random input and weights.

    Args:
        size: Side of the square input in pixels.
        layers: The network, see ``network``.
        step: Of a stride and of a pooling, in pixels.
        seed: Seed of input and weights.

    Example:
        >>> measured_error(5, ["pool"]) > 0.1, measured_error(6, ["pool"]) < 1e-12
        (True, True)
    """
    run = network(layers, step=step, seed=seed)
    x = gaussian(torch.Generator().manual_seed(seed + 1), 1, 1, 4, size, size)
    y = run(x)
    errors = [(run(act(g, x, REGULAR)) - act(g, y, REGULAR)).norm() / y.norm() for g in C4.elements]
    return torch.stack(errors).max().item()


def count(
    step: int,
    size: int,
    layers: Sequence[str],
    *,
    pool_needs: int | None = 0,
    stride_needs: int | None = 1,
    stride_rounds: int = 1,
    conv_trims: int = 0,
    up: int = 2,
) -> bool:
    """Whether every layer meets a size that it can divide symmetrically.

    The defaults are right. The other values are the mistakes that people make.

    Args:
        step: Of a stride and of a pooling, in pixels.
        size: Side of the input in pixels.
        layers: The network, see ``network``.
        pool_needs: Size modulo the step at which pooling is exact; None for any.
        stride_needs: The same for a convolution with a stride.
        stride_rounds: 1 if a stride rounds up, 0 if it rounds down.
        conv_trims: Pixels that a convolution takes off.
        up: Factor of upsampling.
    """
    exact = True
    for layer in layers:
        if layer == "conv":
            size -= conv_trims
        elif layer == "up":
            size *= up
        elif layer == "pool":
            exact &= pool_needs is None or size % step == pool_needs
            size //= step
        elif layer == "stride":
            exact &= stride_needs is None or size % step == stride_needs
            size = (size + stride_rounds * (step - 1)) // step
    return exact


def _sizes_cases(generator: torch.Generator, step: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    for layer in LAYERS:
        yield from ((size, (layer,)) for size in range(step**2, step**2 + 2 * step))
    for chain in product(LAYERS, repeat=2):
        yield from ((step**2 + more, chain) for more in (0, 1, step, step + 1))
    for _ in range(40):
        chain = tuple(LAYERS[integer(generator, 0, 3)] for _ in range(integer(generator, 3, 5)))
        yield step**5 + integer(generator, 0, 99), chain
    yield from ((10**6 + i, ("pool", "stride", "up", "pool")) for i in range(4))


def _sizes_finding(call: Call, case: tuple[int, int, tuple[str, ...]]) -> Finding:
    step, size, layers = case
    if size > 99:
        return Finding("the network commutes with turns", None)
    error = measured_error(size, layers, step=step)
    return Finding(
        f"the network commutes with turns: its measured error is {error:.1g}", "worst of g = 1, 2, 3"
    )


_SIZES = Question(
    name="sizes",
    function="stays_exact",
    arguments=("step", "size", "layers"),
    axes=(),
    cases=lambda generator: (),
    reference=count,
    mistakes=(
        Mistake(
            "You always answer True. Measure a pooling layer at several sizes.",
            lambda step, size, layers: True,
        ),
        Mistake(
            "You always answer False. Measure a convolution without stride.", lambda step, size, layers: False
        ),
        Mistake(
            "Only the size of the input is looked at; each layer must fit the size that reaches it.",
            lambda step, size, layers: all(count(step, size, [layer]) for layer in layers),
        ),
        Mistake(
            "Pooling and stride have exchanged their sizes: think of which pixels a pooling leaves over.",
            lambda step, size, layers: count(step, size, layers, pool_needs=1, stride_needs=0),
        ),
        Mistake(
            "A stride is taken for a pooling: it stands on single pixels, a pooling covers squares of them.",
            lambda step, size, layers: count(step, size, layers, stride_needs=0),
        ),
        Mistake(
            "A stride is taken for a pooling: it stands on single pixels, a pooling covers squares of them.",
            lambda step, size, layers: count(step, size, layers, stride_needs=0, stride_rounds=0),
        ),
        Mistake(
            "The stride is taken to be harmless. Measure it at several sizes.",
            lambda step, size, layers: count(step, size, layers, stride_needs=None),
        ),
        Mistake(
            "Pooling is taken to be harmless. Measure it at several sizes.",
            lambda step, size, layers: count(step, size, layers, pool_needs=None),
        ),
        Mistake(
            "Off by one: with padding 1, a stride begins at pixel 0, and its last pixel counts too.",
            lambda step, size, layers: count(step, size, layers, stride_rounds=0),
        ),
        Mistake(
            "The 3 x 3 convolution has padding 1: it keeps the size.",
            lambda step, size, layers: count(step, size, layers, conv_trims=2),
        ),
        Mistake(
            "Upsampling doubles the size; later layers meet the doubled one.",
            lambda step, size, layers: count(step, size, layers, up=1),
        ),
        Mistake(
            "Upsampling by 2 is exact at every size: it sees no border between pixels.",
            lambda step, size, layers: count(step, size, layers) and "up" not in layers,
        ),
        Mistake(
            "A power of the step is the rule for networks that only pool. Follow the size layer by layer.",
            lambda step, size, layers: size % step ** (layers.count("pool") + layers.count("stride")) == 0,
        ),
    ),
    finding=_sizes_finding,
    hints=(
        "Measure one layer alone first, at many sizes. Which sizes does each layer like?",
        "A turn about the centre maps the kept pixels to each other only if they lie symmetrically. Draw the "
        "pixels of one row for a few sizes, and mark which ones the layer looks at.",
        "Go through the layers in order and carry the size along: every layer is judged at the size that it "
        "gets, and hands on another.",
    ),
)

SIZES = personal(
    _SIZES,
    "step",
    (2, 3, 4, 5, 6, 7),
    cases=_sizes_cases,
    own=lambda step: f"Your pooling takes {step} x {step} pixels, and your stride is {step}.",
    words=lambda step: {"least": str(2 * step), "most": str(4 * step + 1)},
    untold={step: ("A power of the step",) for step in (3, 5, 7)},  # upsampling by 2 changes nothing there
)
