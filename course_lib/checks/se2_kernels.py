"""Question on SE(2, N): the lifting kernels, turned on the inscribed disc."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import disc_mask, rotation_operator


def turns_of_the_square(n: int, size: int) -> Tensor:
    """Matrices of the n turns of C_n on a square grid, in float64."""
    return torch.stack([rotation_operator(size, 360 * h / n).to_dense() for h in range(n)])


def _cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    yield counting(1, 1, 3, 3), turns_of_the_square(4, 3)
    yield counting(1, 1, 5, 5), turns_of_the_square(4, 5)
    yield counting(1, 2, 5, 5), turns_of_the_square(8, 5)
    for n, size in ((8, 5), (12, 7)):
        c_out, c_in = integer(generator, 2, 3), integer(generator, 2, 3)
        yield gaussian(generator, c_out, c_in, size, size), turns_of_the_square(n, size)


def bank(weight: Tensor, turns: Tensor) -> Tensor:
    """Kernels in all orientations, with the disc before and after the turn."""
    return _bank(weight, turns, before=True, after=True)


def _bank(weight: Tensor, turns: Tensor, *, before: bool, after: bool) -> Tensor:
    size = weight.shape[-1]
    disc = disc_mask(size).flatten().double()
    matrices = turns * (disc if before else 1) * (disc[:, None] if after else 1)
    return torch.einsum("hts,ois->ohit", matrices, weight.flatten(2)).unflatten(-1, (size, size))


def _finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    weight, turns = case
    n, size = len(turns), weight.shape[-1]
    found = call(weight.clone(), turns.clone())
    if not same(found[:, 0], weight * disc_mask(size)):
        return Finding("entry 0 is the weight on the disc", "h = 0")
    if not same(found[:, n // 4], found[:, 0].rot90(1, (-2, -1))):
        return Finding("quarter turns of the kernel are exact", f"h = {n // 4} (90 degrees)")
    if not same(found, found * disc_mask(size)):
        return Finding("every turned kernel vanishes outside the disc", "the turns between quarter turns")
    changed = weight + 100 * ~disc_mask(size)
    if not same(call(changed, turns.clone()), found):
        return Finding("weights in the corners have no effect", "the turns between quarter turns")
    return Finding("entry h is made from the weight by one turn", "the turns between quarter turns")


def _by_turn(turned: Callable[[Tensor, Tensor, int], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Bank whose entry h is made from the weight on the disc by the given function."""

    def wrong(weight: Tensor, turns: Tensor) -> Tensor:
        disc = disc_mask(weight.shape[-1])
        entries = [turned((weight * disc).flatten(2), turns, h) for h in range(len(turns))]
        return torch.stack(entries, dim=1).unflatten(-1, disc.shape) * disc

    return wrong


BANK = Question(
    name="bank",
    function="lifting_bank",
    arguments=("weight", "turns"),
    axes=("c_out", "order", "c_in", "y", "x"),
    cases=_cases,
    reference=bank,
    mistakes=(
        Mistake(
            "There is no disc. A weight in the corner acts upright, and is lost at 45 degrees.",
            lambda weight, turns: _bank(weight, turns, before=False, after=False),
        ),
        Mistake(
            "The disc is applied before the turn only. Interpolation blurs its rim, and the turned kernel "
            "leaks out of it.",
            lambda weight, turns: _bank(weight, turns, before=True, after=False),
        ),
        Mistake(
            "The disc is applied after the turn only. Weights in the corners then come in at 45 degrees.",
            lambda weight, turns: _bank(weight, turns, before=False, after=True),
        ),
        Mistake(
            "A turned kernel is turned again. Each interpolation blurs; start from the weight every time.",
            _by_turn(lambda w, turns, h: w @ torch.linalg.matrix_power(turns[1], h).T),
        ),
        Mistake(
            "The matrix acts from the wrong side: targets are its rows.",
            _by_turn(lambda w, turns, h: w @ turns[h]),
        ),
        Mistake(
            "The kernels turn clockwise: entry h belongs to the turn h, not to its inverse.",
            _by_turn(lambda w, turns, h: w @ turns[-h].T),
        ),
        Mistake("All kernels are alike: nothing is turned.", _by_turn(lambda w, turns, h: w @ turns[0].T)),
        Mistake(
            "The numbers are right and stand in the wrong places: reshape and view do not move axes.",
            lambda weight, turns: (
                bank(weight, turns).transpose(0, 1).reshape(weight.shape[0], len(turns), *weight.shape[1:])
            ),
        ),
    ),
    finding=_finding,
    hints=(
        "A kernel of k x k pixels is a vector of k k numbers, row by row. What does a matrix do to it?",
        "Which pixels of the weight may act at all, and which pixels of the turned kernel? The same mask "
        "serves twice.",
        "Flatten the last two axes, multiply with each matrix, so that targets are left over, and put the "
        "new axis behind c_out.",
    ),
)
