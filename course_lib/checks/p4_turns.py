"""Questions on p4: the action on features, the lifting kernels, the kernels of the group convolution."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.groups import CyclicGroup
from course_lib.representations import Regular, Trivial

C4 = CyclicGroup(4)
REGULAR = Regular(C4)
TURNS = C4.elements[1:]


def name_of(g: int) -> str:
    """A group element as a student reads it."""
    return f"g = {g} ({C4.angle_deg(g):.0f} degrees counter-clockwise)"


def _turn(x: Tensor, r: int) -> Tensor:
    return x.rot90(r, (-2, -1))


def _action_cases(generator: torch.Generator) -> Iterator[tuple[int, Tensor]]:
    for x in (counting(1, 1, 4, 1, 1), counting(1, 1, 4, 2, 2), counting(1, 1, 4, 2, 3)):
        yield from ((r, x) for r in range(4))
    for r in (4, 5, -1, integer(generator, 6, 99)):
        yield r, gaussian(generator, 2, 3, 4, integer(generator, 3, 6), integer(generator, 3, 6))


def _action_finding(call: Call, case: tuple[int, Tensor]) -> Finding:
    r, x = case
    if not same(call(0, x.clone()), x):
        return Finding("the identity changes nothing: 0 x = x", name_of(0))
    for g in TURNS:
        if not same(call(g, call(1, x.clone())), call(g + 1, x.clone())):
            return Finding("acting with 1, then with g, is acting with g + 1", name_of(g))
    return Finding("(g f)(p) = rho(g) f(g^-1 p), where rho(g) moves entry h to entry g + h", name_of(r % 4))


def _action(turn: int, shift: int) -> Callable[[int, Tensor], Tensor]:
    """Action with another sense of turning (pixels) and shifting (fiber); 1, 1 is right."""
    return lambda r, x: torch.roll(_turn(x, turn * r), shift * r, dims=2)


ACTION = Question(
    name="action",
    function="act_on_features",
    arguments=("r", "x"),
    axes=("b", "c", "fiber", "y", "x"),
    cases=_action_cases,
    reference=lambda r, x: act(r % 4, x, REGULAR),
    mistakes=(
        Mistake("Nothing moves: the answer is x itself.", _action(0, 0)),
        Mistake(
            "The pixels turn, but the fiber is not shifted: entry h must go to entry h + r.", _action(1, 0)
        ),
        Mistake("The fiber is shifted, but the pixels do not turn.", _action(0, 1)),
        Mistake(
            "The fiber is shifted in the wrong sense: entry h must go to h + r, not come from it.",
            _action(1, -1),
        ),
        Mistake(
            "The pixels turn clockwise; r must turn them counter-clockwise as displayed.", _action(-1, 1)
        ),
        Mistake(
            "This is the action of the inverse element: turn and shift both go backwards.", _action(-1, -1)
        ),
        Mistake(
            "One quarter turn too many: r = 0 must change nothing.", lambda r, x: _action(1, 1)(r + 1, x)
        ),
        Mistake("The turn does not depend on r: every r turns once.", lambda r, x: _action(1, 1)(1, x)),
        Mistake("Each step turns by 180 degrees; a quarter turn is 90.", _action(2, 1)),
    ),
    finding=_action_finding,
    hints=(
        "Two things happen, and they do not disturb each other: pixels move within each map, and maps change "
        "their place in the fiber.",
        "For the pixels: torch.rot90 takes the axes to turn in. Which order of the last two axes is "
        "counter-clockwise? Try it on a 2 x 2 tensor with the numbers 1 to 4.",
        "For the fiber: the map that answered to direction h now answers to direction h + r, modulo 4. "
        "torch.roll moves entries cyclically along one axis; a positive shift moves them to larger indices.",
    ),
)


def _bank_finding(fiber: int) -> Callable[[Call, tuple[Tensor]], Finding]:
    """Which turn the layer with the student's kernels does not commute with."""
    rep_in = REGULAR if fiber == 4 else Trivial(C4)

    def finding(call: Call, case: tuple[Tensor]) -> Finding:
        (weight,) = case
        bank = call(weight.clone())
        kernel = bank.flatten(0, 1).flatten(1, -3)

        def layer(x: Tensor) -> Tensor:
            out = F.conv2d(x.flatten(1, 2), kernel, padding=kernel.shape[-1] // 2)
            return out.unflatten(1, bank.shape[:2])

        generator = torch.Generator().manual_seed(0)
        x = gaussian(generator, 1, weight.shape[1], fiber, 5, 5)
        for g in TURNS:
            if not same(layer(act(g, x, rep_in)), act(g, layer(x), REGULAR)):
                return Finding("the layer commutes with turns: conv(g f) = g conv(f)", name_of(g))
        return Finding("entry 0 of the output's fiber uses the weight as it is", name_of(0))

    return finding


def _lifting_cases(generator: torch.Generator) -> Iterator[tuple[Tensor]]:
    for shape in ((1, 1, 3, 3), (1, 2, 3, 3), (2, 1, 3, 3), (2, 3, 1, 1)):
        yield (counting(*shape),)
    for k in (3, 5, 7):
        yield (gaussian(generator, integer(generator, 2, 5), integer(generator, 2, 5), k, k),)


def _lifting(entry: Callable[[Tensor, int], Tensor]) -> Callable[[Tensor], Tensor]:
    """Bank whose entry r is made from the weight by the given function."""
    return lambda weight: torch.stack([entry(weight, r) for r in range(4)], dim=1)


LIFTING = Question(
    name="lifting",
    function="lifting_kernels",
    arguments=("weight",),
    axes=("c_out", "order", "c_in", "y", "x"),
    cases=_lifting_cases,
    reference=lambda weight: torch.stack([act(g, weight, Trivial(C4)) for g in C4.elements], dim=1),
    mistakes=(
        Mistake("All four kernels are the same: the weight is never turned.", _lifting(lambda w, r: w)),
        Mistake(
            "The kernels turn clockwise; entry r must be turned r times counter-clockwise.",
            _lifting(lambda w, r: _turn(w, -r)),
        ),
        Mistake(
            "The kernels are mirrored, not turned: a mirror is no element of C_4.",
            _lifting(lambda w, r: w.flip([(), (-1,), (-2,), (-2, -1)][r]) if r else w),
        ),
        Mistake(
            "Transposing is a reflection, not a turn: rows and columns are exchanged.",
            _lifting(lambda w, r: w.mT if r % 2 else w),
        ),
        Mistake(
            "Transposing is a reflection, not a turn: the weight's rows and columns are exchanged.",
            _lifting(lambda w, r: _turn(w.mT, r)),
        ),
        Mistake(
            "Off by one: entry 0 must be the weight itself, and entry r is turned r times.",
            _lifting(lambda w, r: _turn(w, r + 1)),
        ),
        Mistake(
            "Each step turns by 180 degrees; an element of C_4 turns by 90.",
            _lifting(lambda w, r: _turn(w, 2 * r)),
        ),
        Mistake(
            "The numbers are right and stand in the wrong places: reshape and view do not move axes. "
            "Stack along the axis that you want, or permute.",
            lambda weight: torch.stack([_turn(weight, r) for r in range(4)]).reshape(
                weight.shape[0], 4, *weight.shape[1:]
            ),
        ),
    ),
    finding=_bank_finding(1),
    hints=(
        "The layer asks the same question in four directions. So there is one weight and four turned copies.",
        "Which function turns the last two axes by r quarter turns? You used it in the first question; a "
        "scalar image has no fiber to shift.",
        "Put the four copies side by side on a new axis. Its place is the second, right after c_out: "
        "torch.stack has an argument for that.",
    ),
)


def _group_cases(generator: torch.Generator) -> Iterator[tuple[Tensor]]:
    for shape in ((1, 1, 4, 1, 1), (1, 1, 4, 3, 3), (1, 2, 4, 3, 3), (2, 1, 4, 3, 3)):
        yield (counting(*shape),)
    for k in (3, 5):
        yield (gaussian(generator, integer(generator, 2, 5), integer(generator, 2, 5), 4, k, k),)


def _group(turn: int, shift: int) -> Callable[[Tensor], Tensor]:
    """Bank with another sense of turning and shifting; 1, 1 is right."""
    return _lifting(lambda w, r: _turn(w, turn * r).roll(shift * r, dims=2))


def _cut(weight: Tensor, r: int) -> Tensor:
    """Turn and shift, with zeros where entries should come round again."""
    shifted = torch.zeros_like(weight)
    shifted[:, :, r:] = _turn(weight, r)[:, :, : 4 - r]
    return shifted


GROUP = Question(
    name="group",
    function="group_kernels",
    arguments=("weight",),
    axes=("c_out", "order", "c_in", "fiber", "y", "x"),
    cases=_group_cases,
    reference=lambda weight: torch.stack([act(g, weight, REGULAR) for g in C4.elements], dim=1),
    mistakes=(
        Mistake("All four kernels are the same: the weight is neither turned nor shifted.", _group(0, 0)),
        Mistake(
            "The kernels turn, but their fiber is not shifted. The input has directions too, and "
            "they turn with it.",
            _group(1, 0),
        ),
        Mistake("The fiber is shifted, but the kernels do not turn.", _group(0, 1)),
        Mistake(
            "The fiber is shifted in the wrong sense: entry s of the weight must move to s + r.",
            _group(1, -1),
        ),
        Mistake("The kernels turn clockwise; the shift is right.", _group(-1, 1)),
        Mistake("The inverse element acts: turn and shift both go backwards.", _group(-1, -1)),
        Mistake(
            "The shift does not wrap around: what leaves the fiber at 3 must come back at 0 (modulo 4).",
            _lifting(_cut),
        ),
        Mistake(
            "Off by one: entry 0 must be the weight itself.",
            _lifting(lambda w, r: _turn(w, r).roll(r + 1, dims=2)),
        ),
        Mistake(
            "Off by one: entry 0 must be the weight itself.",
            _lifting(lambda w, r: _turn(w, r + 1).roll(r + 1, dims=2)),
        ),
        Mistake(
            "The axes of the output's order and the input's fiber are exchanged.",
            lambda weight: _group(1, 1)(weight).transpose(1, 3),
        ),
        Mistake(
            "The numbers are right and stand in the wrong places: reshape and view do not move axes.",
            lambda weight: torch.stack([_turn(weight, r).roll(r, 2) for r in range(4)]).reshape(
                weight.shape[0], 4, *weight.shape[1:]
            ),
        ),
    ),
    finding=_bank_finding(4),
    hints=(
        "The kernel now looks at regular features, not at a scalar image. What does a turn do to them?",
        "A kernel c_in 4 y x has the same axes as a regular feature field. You wrote its action in the first "
        "question.",
        "For entry r: turn the pixels r times and shift the fiber by r. Which axis of the weight is the "
        "fiber? Then stack as for the lifting kernels.",
    ),
)
