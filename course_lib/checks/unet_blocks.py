"""Questions on the U-Net: a block from the parts of a family, and the width that matches parameters."""

import math
from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor, nn

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.families import FAMILIES, LayerFamily

BLOCK_FAMILIES = ("plain", "p4", "steerable-so2")
WIDTH_FAMILIES = ("p4m", "p4", "se2-8", "se2-12", "sre")


@torch.no_grad()
def fill(module: nn.Module) -> nn.Module:
    """Put fixed numbers into all parameters, in float64; the same ones for the same shape.

    Args:
        module: A layer or several; it is changed.

    Returns:
        The module itself.
    """
    module.double()
    for parameter in module.parameters():
        size = parameter.numel()
        values = torch.sin(1 + torch.arange(size, dtype=torch.float64).square())
        parameter.copy_((values / math.sqrt(parameter[0].numel())).view(parameter.shape))
    return module


def _block_cases(generator: torch.Generator) -> Iterator[tuple[str, int, Tensor]]:
    for name in BLOCK_FAMILIES:
        yield name, 1, gaussian(generator, 2, 1, 4, 4)
        yield name, 2, gaussian(generator, 2, 3, integer(generator, 4, 6), 5)


def _block_finding(call: Call, case: tuple[str, int, Tensor]) -> Finding:
    name, c_out, image = case
    rep = FAMILIES[name].rep
    image = image[..., :4, :4].contiguous()
    for g in rep.group.elements:
        if name == "plain" or rep.group.angle_deg(g) != 90:
            continue
        turned = call(name, c_out, image.rot90(1, (-2, -1)).contiguous())
        if not same(turned, rep.apply(g, call(name, c_out, image).rot90(1, (-2, -1)))):
            return Finding("the block commutes with turns: block(g f) = g block(f)", "90 degrees")
    return Finding("twice in this order: convolution, norm, nonlinearity; all of them the family's own")


def _block_reference(name: str, c_out: int, image: Tensor) -> Tensor:
    family, x = FAMILIES[name], image.unsqueeze(2)
    for convolution in (family.lift(image.shape[1], c_out), family.conv(c_out, c_out)):
        for layer in (convolution, family.norm(c_out), family.nonlinearity(c_out)):
            x = fill(layer)(x)
    return x.detach()


def _block(parts: Callable[[LayerFamily, int], list[nn.Module]]) -> Callable[[str, int, Tensor], Tensor]:
    """Block of other parts behind the lifting; given the family and the width."""

    def block(name: str, c_out: int, image: Tensor) -> Tensor:
        family = FAMILIES[name]
        layers = [family.lift(image.shape[1], c_out), *parts(family, c_out)]
        return fill(nn.Sequential(*layers))(image[:, :, None]).detach()

    return block


BLOCK = Question(
    name="block",
    function="double_conv",
    arguments=("family", "c_out", "image"),
    axes=("b", "c", "fiber", "y", "x"),
    cases=_block_cases,
    reference=_block_reference,
    mistakes=(
        Mistake(
            "One convolution only; the block has two.", _block(lambda f, c: [f.norm(c), f.nonlinearity(c)])
        ),
        Mistake(
            "The norms are missing.",
            _block(lambda f, c: [f.nonlinearity(c), f.conv(c, c), f.nonlinearity(c)]),
        ),
        Mistake(
            "The second half has no nonlinearity.",
            _block(lambda f, c: [f.norm(c), f.nonlinearity(c), f.conv(c, c), f.norm(c)]),
        ),
        Mistake(
            "Nothing stands between the two convolutions: together they are only one.",
            _block(lambda f, c: [f.conv(c, c), f.norm(c), f.nonlinearity(c)]),
        ),
        Mistake(
            "The nonlinearity comes before the norm; the order is convolution, norm, nonlinearity.",
            _block(lambda f, c: [f.nonlinearity(c), f.norm(c), f.conv(c, c), f.nonlinearity(c), f.norm(c)]),
        ),
        Mistake(
            "Batch norm is written down by hand. Irreps need the norm that their family brings along.",
            _block(
                lambda f, c: [
                    *(nn.BatchNorm3d(c), f.nonlinearity(c)),
                    *(f.conv(c, c), nn.BatchNorm3d(c), f.nonlinearity(c)),
                ]
            ),
        ),
        Mistake(
            "ReLU is written down by hand. Irreps need the nonlinearity that their family brings along.",
            _block(lambda f, c: [f.norm(c), nn.ReLU(), f.conv(c, c), f.norm(c), nn.ReLU()]),
        ),
        Mistake(
            "Batch norm and ReLU are written down by hand. A family is exchanged as a whole.",
            _block(lambda f, c: [nn.BatchNorm3d(c), nn.ReLU(), f.conv(c, c), nn.BatchNorm3d(c), nn.ReLU()]),
        ),
        Mistake(
            "A third convolution; the block has two.",
            _block(
                lambda f, c: [
                    *(f.norm(c), f.nonlinearity(c), f.conv(c, c), f.norm(c), f.nonlinearity(c)),
                    *(f.conv(c, c), f.norm(c), f.nonlinearity(c)),
                ]
            ),
        ),
    ),
    finding=_block_finding,
    hints=(
        "FAMILIES[family] has everything: lift and conv take input and output channels, norm and "
        "nonlinearity "
        "take channels.",
        "The image has no fiber axis yet. Give it one of size 1 behind the channels; the lifting reads it.",
        "nn.Sequential runs layers one after the other. The first convolution lifts, the second "
        "one goes from "
        "features to features; each is followed by a norm and a nonlinearity of its own.",
    ),
)


@cache
def _measured(name: str, width: int) -> int:
    family = FAMILIES[name]
    layers = (family.conv(width, width), family.norm(width), family.nonlinearity(width))
    return 2 * sum(parameter.numel() for layer in layers for parameter in layer.parameters())


def parameters(name: str, width: int) -> int:
    """Parameters of a double block from a width to the same; a parabola through two measured points.

    Args:
        name: Key in ``FAMILIES``.
        width: Channels.
    """
    one, two = _measured(name, 1), _measured(name, 2)
    square = (two - 2 * one) // 2
    return square * width**2 + (one - square) * width


def _width_cases(generator: torch.Generator, name: str) -> Iterator[tuple[int]]:
    yield from ((plain_width,) for plain_width in (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 17, 24))
    yield from ((integer(generator, 5, 30),) for _ in range(3))


def _width_reference(name: str, plain_width: int) -> int:
    target = parameters("plain", plain_width)
    return min(range(1, 3 * plain_width + 2), key=lambda width: abs(parameters(name, width) - target))


def _width_finding(call: Call, case: tuple[str, int]) -> Finding:
    name, plain_width = case
    given, right = call(*case), _width_reference(*case)
    found = f"{parameters(name, given)} parameters" if 0 < given < 1000 else "no block"
    return Finding(
        f"the plain block has {parameters('plain', plain_width)} parameters; width {given} gives "
        f"{found}, and "
        f"another width {parameters(name, right)}"
    )


def _below(name: str, plain_width: int) -> int:
    target = parameters("plain", plain_width)
    fits = [width for width in range(1, 3 * plain_width + 2) if parameters(name, width) <= target]
    return max(fits, default=1)


def _order(name: str) -> int:
    return FAMILIES[name].rep.dim


_WIDTH = Question(
    name="width",
    function="matching_width",
    arguments=("family", "plain_width"),
    axes=(),
    cases=lambda generator: (),
    reference=_width_reference,
    mistakes=(
        Mistake("The width stays as it is: count what that costs.", lambda name, plain_width: plain_width),
        Mistake(
            "Half the width is a rule for p4, not for every family. Count.",
            lambda name, plain_width: max(1, plain_width // 2),
        ),
        Mistake(
            "Divided by the size of the fiber. A kernel has two channel axes, so parameters grow "
            "with the square.",
            lambda name, plain_width: max(1, plain_width // _order(name)),
        ),
        Mistake(
            "Divided by the root of the fiber's size. Kernels of other sides and shapes count too.",
            lambda name, plain_width: max(1, round(plain_width / math.sqrt(_order(name)))),
        ),
        Mistake("The largest width that does not exceed the plain block; the nearest was asked for.", _below),
        Mistake(
            "The smallest width that exceeds the plain block; the nearest was asked for.",
            lambda name, plain_width: next(
                width
                for width in range(1, 3 * plain_width + 3)
                if parameters(name, width) > parameters("plain", plain_width)
            ),
        ),
        Mistake("One too many.", lambda name, plain_width: _width_reference(name, plain_width) + 1),
        Mistake(
            "One too few: is your range of widths counted from 0?",
            lambda name, plain_width: _width_reference(name, plain_width) - 1,
        ),
    ),
    finding=_width_finding,
    hints=(
        "First write a count: build the block, and sum numel() over its parameters. Print it for "
        "widths 1 to 5.",
        "The count grows with the width. So go up, and stop as soon as you are above the plain block.",
        "The nearest is one of two neighbours: the last width below and the first above. min with "
        "a key finds "
        "it among all of them.",
    ),
)
WIDTH = personal(
    _WIDTH,
    "family",
    WIDTH_FAMILIES,
    cases=_width_cases,
    own=lambda name: f"Your family of layers is {name}.",
    untold={"p4": ("Half the width",), "sre": ("Divided by the size", "Divided by the root")},
)
