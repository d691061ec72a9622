"""Question on SRE: a layer that halves the sides and loses the symmetry at even ones."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import ring_masks

Layer = Callable[[Tensor, Tensor], Tensor]


def _round_kernel(generator: torch.Generator, c_out: int, c_in: int, kernel_size: int) -> Tensor:
    weight = gaussian(generator, c_out, c_in, kernel_size // 2 + 1)
    return torch.einsum("oir, ryx -> oiyx", weight, ring_masks(kernel_size).double())


def halving_error(layer: Layer, size: int, *, seed: int = 0) -> float:
    """Largest relative equivariance error of a layer under the turns of the square and their mirrors.

    Args:
        layer: From an image b c y x and a kernel to an image.
        size: Side of the square image in pixels.
        seed: Seed of the image and the ring kernel.
    """
    generator = torch.Generator().manual_seed(seed)
    x, kernel = gaussian(generator, 1, 1, size, size), _round_kernel(generator, 1, 1, 5)
    y = layer(x, kernel)
    errors = [
        (layer(x.rot90(k, (2, 3)).flip(f), kernel) - y.rot90(k, (2, 3)).flip(f)).norm() / y.norm()
        for k in range(4)
        for f in ((), (3,))
    ]
    return torch.stack(errors).max().item()


def _cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for size in (2, 3, 4, 5):
        yield counting(1, 1, size, size), _round_kernel(generator, 1, 1, 3)
    for size in (6, 7, 2 * integer(generator, 4, 6)):
        yield gaussian(generator, 2, 3, size, size), _round_kernel(generator, 2, 3, 5)


def _finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    x, kernel = case
    y = call(x.clone(), kernel.clone())
    for k in (1, 2, 3):
        if not same(call(x.rot90(k, (2, 3)).contiguous(), kernel.clone()), y.rot90(k, (2, 3))):
            return Finding(
                "the layer commutes with turns: layer(g f) = g layer(f)",
                f"g = {k} ({90 * k} degrees counter-clockwise)",
            )
    return Finding("the layer is the one that was asked for: at even sides a mean first, then the kernel")


def _reference(x: Tensor, kernel: Tensor) -> Tensor:
    if x.shape[-1] % 2:
        padded = F.pad(x, (kernel.shape[-1] // 2,) * 4)
        return F.conv2d(padded, kernel)[:, :, ::2, ::2]
    pairs = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).mean(dim=(3, 5))
    return F.conv2d(pairs, kernel, padding="same")


def _strided(x: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(x, kernel, stride=2, padding=kernel.shape[-1] // 2)


def _kept(x: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(x, kernel, padding="same")


def _even(layer: Layer) -> Layer:
    """Another layer at even sides; at odd ones the given layer stays."""
    return lambda x, kernel: _strided(x, kernel) if x.shape[-1] % 2 else layer(x, kernel)


HALVING = Question(
    name="halving",
    function="halve",
    arguments=("x", "kernel"),
    axes=("b", "c", "y", "x"),
    cases=_cases,
    reference=_reference,
    mistakes=(
        Mistake("The bug is still there: at even sides the layer strides.", _strided),
        Mistake(
            "At even sides every second pixel is kept: a stride by another name. They do not lie "
            "symmetrically.",
            _even(lambda x, kernel: _kept(x[:, :, ::2, ::2], kernel)),
        ),
        Mistake(
            "At even sides the other half of the pixels is kept. They do not lie symmetrically either.",
            _even(lambda x, kernel: _kept(x, kernel)[:, :, 1::2, 1::2]),
        ),
        Mistake(
            "At odd sides the windows of two leave one row over at one border. There the stride was right.",
            lambda x, kernel: _kept(F.avg_pool2d(x, 2, ceil_mode=True), kernel),
        ),
        Mistake(
            "The mean comes after the kernel. This is exact as well, at four times the work: take "
            "the mean first.",
            _even(lambda x, kernel: F.avg_pool2d(_kept(x, kernel), 2)),
        ),
        Mistake(
            "The maximum of the 2 x 2 pixels is taken. It is exact as well; the mean was asked for.",
            _even(lambda x, kernel: _kept(F.max_pool2d(x, 2), kernel)),
        ),
        Mistake(
            "The sum of the 2 x 2 pixels is taken, not their mean.",
            _even(lambda x, kernel: 4 * _kept(F.avg_pool2d(x, 2), kernel)),
        ),
        Mistake(
            "A mean over 3 x 3 pixels with stride 2 is a stride: its windows are centred on every "
            "second pixel.",
            _even(lambda x, kernel: _kept(F.avg_pool2d(x, 3, 2, padding=1), kernel)),
        ),
    ),
    finding=_finding,
    hints=(
        "Write down which pixels of a row the stride looks at, for 5 pixels and for 6. Turn the "
        "row round: which "
        "ones are they now?",
        "With six pixels no three of them lie symmetrically at equal steps. But three pairs do.",
        "At an even side: F.avg_pool2d, then the kernel without a stride. The padding must keep the side.",
    ),
)
