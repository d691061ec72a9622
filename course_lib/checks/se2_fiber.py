"""Question on SE(2, N): the kernels of the group convolution, whose fiber is read by index or by angle."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.actions import turned_pixels
from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.groups import CyclicGroup


def turns_on_the_disc(n: int, size: int) -> Tensor:
    """Matrices n, target, source of the turns of C_n on the inscribed disc, in float64.

    Args:
        n: Number of orientations.
        size: Side of the kernel in pixels.
    """
    return turned_pixels(CyclicGroup(n), size, disc=True).flatten(2).permute(1, 2, 0).contiguous()


def _cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    yield counting(1, 1, 4, 1, 1), turns_on_the_disc(4, 1)
    yield counting(1, 1, 8, 1, 1), turns_on_the_disc(8, 1)
    yield counting(1, 2, 4, 3, 3), turns_on_the_disc(4, 3)
    yield counting(2, 1, 8, 3, 3), turns_on_the_disc(8, 3)
    for n in (6, 12, 16, integer(generator, 5, 15)):
        c_out, c_in = integer(generator, 2, 4), integer(generator, 2, 4)
        yield gaussian(generator, c_out, c_in, n, 3, 3), turns_on_the_disc(n, 3)


def group_bank(weight: Tensor, turns: Tensor) -> Tensor:
    """Entry h holds the weight turned by h, with its fiber moved from j to j + h."""
    return _bank(lambda w, h: w.roll(h, 2))(weight, turns)


def _bank(
    shift: Callable[[Tensor, int], Tensor], turn: Callable[[int, int], int] = lambda h, n: h
) -> Callable[[Tensor, Tensor], Tensor]:
    """Bank with another shift of the fiber, or another turn."""

    def build(weight: Tensor, turns: Tensor) -> Tensor:
        n = len(turns)
        entries = [shift(weight, h).flatten(3) @ turns[turn(h, n)].T for h in range(n)]
        return torch.stack(entries, dim=1).view(weight.shape[0], n, *weight.shape[1:])

    return build


def read_by_angle(weight: Tensor, turns: Tensor) -> Tensor:
    """The routine of the exercise, which reads the fiber at the angle of j less the angle of h."""
    n = len(turns)
    angles = torch.linspace(0, 2 * math.pi * (n - 1) / n, n, dtype=torch.float32)
    back = torch.remainder(-angles, 2 * math.pi)
    place = torch.remainder(back[:, None] + angles, 2 * math.pi) * (n / (2 * math.pi))
    share = (1 - (place.double()[..., None] - torch.arange(n)).abs()).clamp(min=0)
    read = torch.einsum("hji,ocis->ohcjs", share, weight.flatten(3))
    return torch.einsum("hts,ohcjs->ohcjt", turns, read).view(weight.shape[0], n, *weight.shape[1:])


def _cut(weight: Tensor, h: int) -> Tensor:
    shifted = torch.zeros_like(weight)
    shifted[:, :, h:] = weight[:, :, : weight.shape[2] - h]
    return shifted


def _clamped(weight: Tensor, h: int) -> Tensor:
    return weight[:, :, (torch.arange(weight.shape[2]) - h).clamp(min=0)]


def _finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    weight, turns = case
    n = len(turns)
    found = call(weight.clone(), turns.clone())
    ones = torch.ones(1, 1, n, 1, 1, dtype=torch.float64)
    whole = call(ones.clone(), turns_on_the_disc(n, 1))
    for h in range(n):
        if not same(whole[:, h], ones):
            return Finding("no slice of the weight is lost in any orientation", f"h = {h} of C_{n}")
    for h in range(n if n % 4 == 0 else 0):
        moved = found[:, h].rot90(1, (-2, -1)).roll(n // 4, 2)
        if not same(found[:, (h + n // 4) % n], moved):
            return Finding("a quarter turn of the layer is exact", f"h = {h} of C_{n}, and 90 degrees")
    return Finding("output entry h reads input entry j with slice j - h, turned by h", f"C_{n}")


FIBER = Question(
    name="fiber",
    function="group_bank",
    arguments=("weight", "turns"),
    axes=("c_out", "order", "c_in", "fiber", "y", "x"),
    cases=_cases,
    reference=group_bank,
    mistakes=(
        Mistake(
            "The bug is still there: an angle that should be 0 comes out a hair below 2 pi, and the slice of "
            "the identity is lost.",
            read_by_angle,
        ),
        Mistake(
            "Nothing comes round: slices that leave the fiber at one end must come back at the other.",
            _bank(_cut),
        ),
        Mistake("Places before 0 read slice 0. They must come round from the other end.", _bank(_clamped)),
        Mistake(
            "The fiber moves the wrong way: entry j reads slice j - h, so slices move to larger places.",
            _bank(lambda w, h: w.roll(-h, 2)),
        ),
        Mistake(
            "The fiber does not move. The input's orientations turn with the picture, too.",
            _bank(lambda w, h: w),
        ),
        Mistake("Off by one: entry 0 must be the weight itself.", _bank(lambda w, h: w.roll(h + 1, 2))),
        Mistake(
            "The fiber moves modulo 4. That is right for C_4 alone; N entries come round after N.",
            _bank(lambda w, h: w.roll(h % 4, 2)),
        ),
        Mistake(
            "The fiber moves, but the kernels do not turn.", _bank(lambda w, h: w.roll(h, 2), lambda h, n: 0)
        ),
        Mistake(
            "The kernels turn clockwise; the shift is right.",
            _bank(lambda w, h: w.roll(h, 2), lambda h, n: -h % n),
        ),
        Mistake(
            "The axes of the output's order and the input's fiber are exchanged.",
            lambda weight, turns: group_bank(weight, turns).transpose(1, 3),
        ),
    ),
    finding=_finding,
    hints=(
        "Print the places that the broken routine reads, for C_4 and for C_8. Which one is not in the list?",
        "The difference of two elements of C_N is an element of C_N. In what kind of numbers is that exact?",
        "For output entry h: turn all slices with matrix h, and move them so that slice 0 comes to place h. "
        "What happens to the last h slices?",
    ),
)
