"""Question on points in space: a layer for scalars and vectors with three bugs."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.layers.en import DegreeLinear
from course_lib.rotations import space_rotation

Case = tuple[Tensor, Tensor, Tensor, Tensor]
Layer = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def space_turn(angle: float | int, axis: tuple[float | int, ...]) -> Tensor:
    """Rotation of space by an angle in degrees about an axis."""
    direction = torch.tensor(axis, dtype=torch.float64)
    return space_rotation(math.radians(angle) * direction / direction.norm())


def turned(x: Tensor, motion: Tensor) -> Tensor:
    """Features whose vectors a motion has moved; the scalars stay."""
    return torch.cat([x[..., :1], x[..., 1:] @ motion.mT], dim=-1)


def _draw(generator: torch.Generator, points: int, c_in: int, c_out: int) -> Case:
    x, bias = gaussian(generator, points, c_in, 4), gaussian(generator, c_out)
    return x, gaussian(generator, c_out, c_in), gaussian(generator, c_out, c_in), bias


@torch.no_grad()
def measured_gap(layer: Layer, angle: float | int, axis: tuple[float | int, ...]) -> float:
    """Largest difference between the answer for turned features and the turned answer.

    Args:
        layer: Its arguments are features, the mixes of scalars and of vectors, and a bias.
        angle: In degrees.
        axis: Direction about which space turns.
    """
    x, *weights = _draw(torch.Generator().manual_seed(0), 5, 3, 4)
    motion = space_turn(angle, axis)
    return (layer(turned(x, motion), *weights) - turned(layer(x, *weights), motion)).abs().max().item()


@torch.no_grad()
def repaired_layer(x: Tensor, scalar_mix: Tensor, vector_mix: Tensor, bias: Tensor) -> Tensor:
    """The layer, with the library's linear map; norm and gate see lengths and scalars only."""
    mix = DegreeLinear(1, x.shape[1], len(bias)).double()
    mix.weight.copy_(torch.stack([scalar_mix, vector_mix]))
    mix.bias.copy_(bias)
    scalars, vectors = mix(x).split([1, 3], dim=-1)
    size = torch.linalg.vector_norm(vectors, dim=(0, 2), keepdim=True) / math.sqrt(len(x))
    return torch.cat([scalars.relu(), vectors / size * scalars.sigmoid()], dim=-1)


def _cases(generator: torch.Generator) -> Iterator[Case]:
    one = torch.ones(1, 1, dtype=torch.float64)
    yield one.new_tensor([[[1, 2, -2, 1]]]), one, one, one[0]
    for points, c_in, c_out in ((2, 1, 1), (2, 1, 2)):
        yield _draw(generator, points, c_in, c_out)
    for _ in range(3):
        yield _draw(generator, *(integer(generator, 2, 5) for _ in range(3)))


def _finding(call: Call, case: Case) -> Finding:
    x, *weights = case
    given = call(x.clone(), *(w.clone() for w in weights))
    for angle, axis, name in (
        (120, (1.0, 1.0, 1.0), "120 degrees about (1, 1, 1)"),
        (180, (0.0, 0.0, 1.0), "180 degrees about the z axis"),
        (90, (0.0, 0.0, 1.0), "90 degrees about the z axis"),
        (45, (0.0, 0.0, 1.0), "45 degrees about the z axis"),
    ):
        motion = space_turn(angle, axis)
        if not same(call(turned(x, motion), *(w.clone() for w in weights)), turned(given, motion)):
            return Finding("if the vectors turn, the answer's vectors turn, and its scalars stay", name)
    return Finding(
        "scalars: mixed, plus bias, ReLU. Vectors: mixed, divided by their channel's root of the mean "
        "squared length, times the sigmoid of the channel's scalar"
    )


def _coordinates(v: Tensor, s: Tensor) -> Tensor:
    return v / v.square().mean(dim=0).sqrt()


def _lengths(v: Tensor, s: Tensor) -> Tensor:
    return v / v.square().sum(dim=-1).mean(dim=0).sqrt()[:, None]


def _gate(v: Tensor, s: Tensor) -> Tensor:
    return v * s.sigmoid()[..., None]


def _relu(v: Tensor, s: Tensor) -> Tensor:
    return v.relu()


def _layer(
    *steps: Callable[[Tensor, Tensor], Tensor],
    bias_on_vectors: bool = False,
    scalars: Callable[[Tensor], Tensor] = torch.relu,
    scalar_bias: bool = True,
    exchanged: bool = False,
) -> Layer:
    """Layer with other steps on the vectors, which also know the scalars."""

    def layer(x: Tensor, scalar_mix: Tensor, vector_mix: Tensor, bias: Tensor) -> Tensor:
        first, second = (vector_mix, scalar_mix) if exchanged else (scalar_mix, vector_mix)
        s = x[..., 0] @ first.T + scalar_bias * bias
        v = torch.einsum("oi,pid->pod", second, x[..., 1:]) + bias_on_vectors * bias[:, None]
        for step in steps:
            v = step(v, s)
        return torch.cat([scalars(s)[..., None], v], dim=-1)

    return layer


def _all_channels(v: Tensor, s: Tensor) -> Tensor:
    return v / v.square().sum(dim=-1).mean().sqrt()


LAYER = Question(
    name="layer",
    function="vector_layer",
    arguments=("x", "scalar_mix", "vector_mix", "bias"),
    axes=("point", "channel", "fiber"),
    cases=_cases,
    reference=repaired_layer,
    mistakes=(
        Mistake(
            "All three bugs are still there.",
            _layer(_coordinates, _relu, bias_on_vectors=True),
        ),
        Mistake(
            "Division and gate are repaired. But a number is still added to each entry of the vectors: a "
            "constant vector, which does not turn.",
            _layer(_lengths, _gate, bias_on_vectors=True),
        ),
        Mistake(
            "Bias and gate are repaired. But each entry of the vectors has a divisor of its own: x, y and z "
            "are stretched differently.",
            _layer(_coordinates, _gate),
        ),
        Mistake(
            "Bias and division are repaired. But ReLU still looks at the entries of the vectors: it cuts off "
            "whatever points backwards.",
            _layer(_lengths, _relu),
        ),
        Mistake(
            "The bias is repaired; two bugs are left: division and ReLU.",
            _layer(_coordinates, _relu),
        ),
        Mistake(
            "The gate is repaired; two bugs are left: bias and division.",
            _layer(_coordinates, _gate, bias_on_vectors=True),
        ),
        Mistake(
            "The division is repaired; two bugs are left: bias and ReLU.",
            _layer(_lengths, _relu, bias_on_vectors=True),
        ),
        Mistake(
            "The divisor is the root mean square of the entries. That is equivariant, but smaller than that "
            "of the lengths, by the root of 3.",
            _layer(_lengths, lambda v, s: math.sqrt(3) * v, _gate),
        ),
        Mistake(
            "Each vector is divided by its own length. Then all have the length 1 before the gate, and how "
            "long they were is lost.",
            _layer(lambda v, s: v / v.norm(dim=-1, keepdim=True), _gate),
        ),
        Mistake(
            "One divisor for all channels. Each channel has its own.",
            _layer(_all_channels, _gate),
        ),
        Mistake(
            "The mean length is not the root of the mean squared length.",
            _layer(lambda v, s: v / v.norm(dim=-1).mean(dim=0)[:, None], _gate),
        ),
        Mistake("The vectors are not divided any more.", _layer(_gate)),
        Mistake("The vectors have no nonlinearity any more: the gate is missing.", _layer(_lengths)),
        Mistake(
            "The gate comes before the division, so it changes the lengths that are measured.",
            _layer(_gate, _lengths),
        ),
        Mistake(
            "The gate sees the scalars after ReLU. Then it is never below one half.",
            _layer(_lengths, lambda v, s: _gate(v, s.relu())),
        ),
        Mistake(
            "The gate is the ReLU of the scalar. Wanted is its sigmoid.",
            _layer(_lengths, lambda v, s: v * s.relu()[..., None]),
        ),
        Mistake(
            "The sigmoid is taken of the vectors' entries. A gate is one number for the whole vector.",
            _layer(_lengths, lambda v, s: v * v.sigmoid()),
        ),
        Mistake(
            "The scalars have lost their ReLU. They do not turn, so they may have it.",
            _layer(_lengths, _gate, scalars=lambda s: s),
        ),
        Mistake(
            "The scalars have lost their bias. They do not turn, so they may have it.",
            _layer(_lengths, _gate, scalar_bias=False),
        ),
    ),
    finding=_finding,
    hints=(
        "The rotation about (1, 1, 1) by 120 degrees only renames the axes: x to y, y to z, z to x. What can "
        "a test with it not see?",
        "Ask of each line: does it treat x, y and z as three numbers, or as one arrow? An arrow can be "
        "multiplied by a number that does not turn, and added to another arrow that turns with it.",
        "Two such numbers are at hand: the length of an arrow, by which the division can be done, and the "
        "channel's scalar, which can open or close a gate.",
    ),
)
