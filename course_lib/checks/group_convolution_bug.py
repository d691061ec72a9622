"""Question on a group convolution of turns and shifts that forgets to turn, and how to find out."""

from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.group_convolution_motions import name_of
from course_lib.checks.group_convolution_tables import C4, Motion, motions, times, undo
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.representations import Regular

REGULAR = Regular(C4)
Layer = Callable[[Tensor, Tensor], Tensor]  # f and k with the axes turn, row, column


def move(g: Motion, f: Tensor) -> Tensor:
    """The moved feature g f, on a grid with joined edges."""
    (right, up), turns = g
    return act(turns, f, REGULAR).roll((-up, right), (-2, -1))


@torch.no_grad()
def measured_gap(layer: Layer, m: int, g: Motion) -> float:
    """Largest difference between both ways round, with a random feature and kernel of m x m pixels.

    Args:
        layer: A group convolution; its arguments have the axes turn, row, column.
        m: Side in pixels, odd.
        g: A motion, as shift and number of quarter turns.

    Raises:
        ValueError: If ``m`` is even or not positive.
    """
    if m < 1 or m % 2 == 0:
        raise ValueError(f"m must be odd and positive, so that one pixel is the centre; got {m}")
    f, k = (gaussian(torch.Generator().manual_seed(seed), 4, m, m) for seed in (0, 1))
    return (layer(move(g, f), k) - move(g, layer(f, k))).abs().max().item()


def _convolve_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for m in (1, 3):
        yield counting(4, m, m), counting(4, m, m)
    for m in (1, 3, 2 * integer(generator, 2, 4) + 1):
        yield gaussian(generator, 4, m, m), gaussian(generator, 4, m, m)


@cache
def _places(m: int, formula: Callable[[int, Motion, Motion], Motion]) -> Tensor:
    """Row g, column h: the number of the motion that a formula makes of them."""
    number = {g: i for i, g in enumerate(motions(m))}
    return torch.tensor([[number[formula(m, g, h)] for h in motions(m)] for g in motions(m)])


def _by(formula: Callable[[int, Motion, Motion], Motion]) -> Layer:
    """Layer whose kernel is read at the motion that a formula makes of g and h."""
    return lambda f, k: (k.flatten()[_places(f.shape[-1], formula)] @ f.flatten()).view_as(f)


def _inverse_first(m: int, g: Motion, h: Motion) -> Motion:
    return times(m, undo(m, g), h)


def _inverse_last(m: int, g: Motion, h: Motion) -> Motion:
    return times(m, g, undo(m, h))


def _other_inverse_first(m: int, g: Motion, h: Motion) -> Motion:
    return times(m, undo(m, h), g)


def _inverse_behind(m: int, g: Motion, h: Motion) -> Motion:
    return times(m, h, undo(m, g))


def _banked(kernel: Callable[[Tensor, int], Tensor], mode: str = "circular") -> Layer:
    """Layer by one correlation, with a kernel made for each turn of the output."""

    def layer(f: Tensor, k: Tensor) -> Tensor:
        bank = torch.stack([kernel(k, turns) for turns in C4.elements])
        padded = F.pad(f[None], 4 * (f.shape[-1] // 2,), mode=mode)
        return F.conv2d(padded, bank)[0]

    return layer


def _turned(k: Tensor, turns: int) -> Tensor:
    return k.rot90(turns, (-2, -1))


def _each_by_its_own(k: Tensor, turns: int) -> Tensor:
    """Slices turned by the difference of the directions, not by that of the output."""
    return torch.stack([_turned(k[(s - turns) % 4], s - turns) for s in range(4)])


_right = _by(_inverse_first)


def _convolve_finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    f, k = case
    for g in sorted(motions(f.shape[-1]), key=lambda g: abs(complex(*g[0]))):
        if not same(call(move(g, f), k.clone()), move(g, call(f.clone(), k.clone()))):
            return Finding("the layer commutes with motions: (g f) * k = g (f * k)", name_of(g))
    return Finding("the output at the identity is the inner product of f and k")


CONVOLVE = Question(
    name="convolve",
    function="convolve",
    arguments=("f", "k"),
    axes=("turn", "y", "x"),
    cases=_convolve_cases,
    reference=_right,
    mistakes=(
        Mistake(
            "The bug is still there. Look at what g^-1 h does to the place of h.",
            _banked(lambda k, r: k.roll(r, 0)),
        ),
        Mistake(
            "The slices turn, but they no longer move on from direction to direction.",
            _banked(_turned),
        ),
        Mistake(
            "The slices turn in the wrong sense. They move on in the right one.",
            _banked(lambda k, r: _turned(k, -r).roll(r, 0)),
        ),
        Mistake(
            "The slices turn as they should, but now they move on backwards.",
            _banked(lambda k, r: _turned(k, r).roll(-r, 0)),
        ),
        Mistake(
            "Both go backwards, the turn and the move along the fiber: the kernel of g is moved by g^-1.",
            _banked(lambda k, r: _turned(k, -r).roll(-r, 0)),
        ),
        Mistake(
            "Each slice is turned by the angle between its direction and that of the output. All four slices "
            "of one kernel turn together.",
            _banked(_each_by_its_own),
        ),
        Mistake(
            "This is k(g h^-1), the inverse at the wrong place. On a commutative group nobody would notice "
            "that it is not equivariant.",
            _by(_inverse_last),
        ),
        Mistake(
            "This is k(h g^-1). It commutes with multiplication from the right, which is another action.",
            _by(_inverse_behind),
        ),
        Mistake(
            "This is k(h^-1 g), the textbook's convolution with a reflected kernel. It is equivariant, but "
            "it is not the layer whose kernel was learned.",
            _by(_other_inverse_first),
        ),
        Mistake(
            "Beyond the border stand zeros. Here the edges are joined: shifts are elements of the group.",
            _banked(lambda k, r: _turned(k, r).roll(r, 0), mode="constant"),
        ),
        Mistake(
            "The sum over the directions has become a mean.",
            _banked(lambda k, r: _turned(k, r).roll(r, 0) / 4),
        ),
    ),
    finding=_convolve_finding,
    hints=(
        "On pictures of one pixel a shift does nothing, and on shifts alone a turn does nothing. Which "
        "product of elements do these two tests never see?",
        "Write g^-1 h for g = (t, R) and h = (q, S). Its turn is S - R. What is its shift, and which part of "
        "that is missing in the code?",
        "The kernel of direction R is the weight under the element R. Two things happen to it, as to every "
        "regular feature; the code does one of them.",
    ),
)
