"""Question on p4: at which sizes a small network is exact, measured and predicted."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.p4_turns import C4, REGULAR
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.layers.plain import Upsample

LAYERS = ("conv", "pool", "stride", "up")


def network(layers: Sequence[str], *, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """A small p4 network with random weights, on regular features ``b 1 4 y x``.

    Args:
        layers: ``"conv"`` is a 3 x 3 group convolution with padding 1, ``"stride"`` the
            same with stride 2, ``"pool"`` the 2 x 2 maximum with stride 2, ``"up"``
            bilinear upsampling by 2.
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
                stride = 2 if layer == "stride" else 1
                x = F.conv2d(x.flatten(1, 2), kernel, stride=stride, padding=1).unflatten(1, (1, 4))
            elif layer == "pool":
                x = F.max_pool3d(x, (1, 2, 2))
            else:
                x = Upsample()(x)
        return x

    return run


@torch.no_grad()
def measured_error(size: int, layers: Sequence[str], *, seed: int = 0) -> float:
    """Largest relative equivariance error over the quarter turns, with random input and weights.

    Args:
        size: Side of the square input in pixels.
        layers: The network, see ``network``.
        seed: Seed of input and weights.

    Example:
        >>> measured_error(5, ["pool"]) > 0.1, measured_error(6, ["pool"]) < 1e-12
        (True, True)
    """
    run = network(layers, seed=seed)
    x = gaussian(torch.Generator().manual_seed(seed + 1), 1, 1, 4, size, size)
    y = run(x)
    errors = [(run(act(g, x, REGULAR)) - act(g, y, REGULAR)).norm() / y.norm() for g in C4.elements]
    return torch.stack(errors).max().item()


def count(
    size: int,
    layers: Sequence[str],
    *,
    pool_needs: int | None = 0,
    stride_needs: int | None = 1,
    stride_rounds: int = 1,
    conv_trims: int = 0,
    up: int = 2,
) -> bool:
    """Whether every layer meets a size that it can halve symmetrically.

    The defaults are right. The other values are the mistakes that people make.

    Args:
        size: Side of the input in pixels.
        layers: The network, see ``network``.
        pool_needs: Size modulo 2 at which pooling is exact; None for any.
        stride_needs: The same for a convolution of stride 2.
        stride_rounds: Added before the halving of a stride; 1 rounds up.
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
            exact &= pool_needs is None or size % 2 == pool_needs
            size //= 2
        elif layer == "stride":
            exact &= stride_needs is None or size % 2 == stride_needs
            size = (size + stride_rounds) // 2
    return exact


def _sizes_cases(generator: torch.Generator) -> Iterator[tuple[int, tuple[str, ...]]]:
    chains = [(layer,) for layer in LAYERS]
    chains += [(first, second) for first in LAYERS for second in LAYERS]
    for chain in chains:
        yield from ((size, chain) for size in range(4, 8))
    for _ in range(40):
        chain = tuple(LAYERS[integer(generator, 0, 3)] for _ in range(integer(generator, 3, 5)))
        yield integer(generator, 32, 99), chain
    yield from ((10**6 + i, ("pool", "stride", "up", "pool")) for i in range(4))


def _sizes_finding(call: Call, case: tuple[int, tuple[str, ...]]) -> Finding:
    size, layers = case
    if size > 99:
        return Finding("the network commutes with turns", None)
    error = measured_error(size, layers)
    return Finding(
        f"the network commutes with turns: its measured error is {error:.1g}", "worst of g = 1, 2, 3"
    )


SIZES = Question(
    name="sizes",
    function="stays_exact",
    arguments=("size", "layers"),
    axes=(),
    cases=_sizes_cases,
    reference=count,
    mistakes=(
        Mistake("You always answer True. Measure a pooling layer on 5 pixels.", lambda size, layers: True),
        Mistake("You always answer False. Measure a convolution without stride.", lambda size, layers: False),
        Mistake(
            "Only the size of the input is looked at; each layer must fit the size that reaches it.",
            lambda size, layers: all(count(size, [layer]) for layer in layers),
        ),
        Mistake(
            "Even and odd are exchanged: think of which pixels a 2 x 2 window leaves over.",
            lambda size, layers: count(size, layers, pool_needs=1, stride_needs=0),
        ),
        Mistake(
            "A stride of 2 is taken for a pooling: it is centred on pixels, pooling between them.",
            lambda size, layers: count(size, layers, stride_needs=0),
        ),
        Mistake(
            "A stride of 2 is taken for a pooling: it is centred on pixels, pooling between them.",
            lambda size, layers: count(size, layers, stride_needs=0, stride_rounds=0),
        ),
        Mistake(
            "The stride is taken to be harmless. Measure it on 6 pixels.",
            lambda size, layers: count(size, layers, stride_needs=None),
        ),
        Mistake(
            "Pooling is taken to be harmless. Measure it on 5 pixels.",
            lambda size, layers: count(size, layers, pool_needs=None),
        ),
        Mistake(
            "Off by one: with padding 1, a stride of 2 turns 5 pixels into 3, not 2.",
            lambda size, layers: count(size, layers, stride_rounds=0),
        ),
        Mistake(
            "The 3 x 3 convolution has padding 1: it keeps the size.",
            lambda size, layers: count(size, layers, conv_trims=2),
        ),
        Mistake(
            "Upsampling doubles the size; later layers meet the doubled one.",
            lambda size, layers: count(size, layers, up=1),
        ),
        Mistake(
            "Upsampling by 2 is exact at every size: it sees no border between pixels.",
            lambda size, layers: count(size, layers) and "up" not in layers,
        ),
        Mistake(
            "A power of 2 is the rule for networks that only pool. Follow the size layer by layer.",
            lambda size, layers: size % 2 ** (layers.count("pool") + layers.count("stride")) == 0,
        ),
    ),
    finding=_sizes_finding,
    hints=(
        "Measure one layer alone first, at the sizes 4 to 9. Which sizes does each layer like?",
        "A turn about the centre maps the kept pixels to each other only if they lie symmetrically. Draw the "
        "pixels of one row for 5 and for 6, and mark which ones the layer looks at.",
        "Go through the layers in order and carry the size along: every layer is judged at the size that it "
        "gets, and hands on another.",
    ),
)
