"""Question on a LieConv layer with two bugs: the wrong product of elements, and padding in the mean."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.lieconv_exponential import motion, turn_by
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.layers.lie import neighbourhood
from course_lib.lie_groups import SE2

Mask = tuple[bool, ...]
Layer = Callable[[Tensor, Tensor, Mask], Tensor]


def matrices(poses: Tensor) -> Tensor:
    """Elements of SE(2) as matrices ``n 3 3``, from points and angles.

    Args:
        poses: Right, up and angle of each element, ``n 3``.
    """
    return motion(turn_by(poses[:, 2]), poses[:, :2])


def log(u: Tensor) -> Tensor:
    """Logarithms of elements of SE(2), three numbers each."""
    return SE2.log(u)


def kernel(a: Tensor) -> Tensor:
    """The kernel of the exercise, a number for each logarithm; it is not symmetric."""
    return torch.exp(-a.square().sum(-1) / 8) * (1 + a @ a.new_tensor([0.5, 0.3, 0.2]))


def moved(poses: Tensor, right: float, up: float, angle: float) -> Tensor:
    """The poses after a motion: turned about the origin by an angle, then shifted."""
    points = poses[:, :2] @ turn_by(poses.new_tensor(angle)).mT + poses.new_tensor([right, up])
    return torch.cat([points, poses[:, 2:] + angle], dim=1)


@torch.no_grad()
def measured_gap(
    layer: Layer, g: tuple[float, float, float], *, angles: bool = True, padding: int = 0
) -> float:
    """Largest difference between the answers for four random elements and for the moved ones.

    Args:
        layer: Its arguments are poses, features and mask.
        g: Shift to the right, shift up, and angle.
        angles: Whether the elements have random angles; else all are 0.
        padding: How many padded elements the moved set gets besides.
    """
    generator = torch.Generator().manual_seed(0)
    poses, f = gaussian(generator, 4, 3), gaussian(generator, 4)
    poses[:, 2] *= angles
    other = torch.nn.functional.pad(moved(poses, *g), (0, 0, 0, padding))
    mask = (True,) * 4 + (False,) * padding
    found = layer(other, torch.nn.functional.pad(f, (0, padding)), mask)
    return (found[:4] - layer(poses, f, (True,) * 4)).abs().max().item()


def convolve(poses: Tensor, f: Tensor, mask: Mask) -> Tensor:
    """Mean over the elements u that are there of kernel(log(v^-1 u)) f(u), and 0 at padding."""
    near = neighbourhood(SE2, matrices(poses)[None], torch.tensor(mask)[None], neighbours=len(mask))
    terms = kernel(near.logs[0]) * f[near.index[0]] * near.mask[0]
    return terms.sum(dim=1) / near.mask[0].sum(dim=1).clamp(min=1)


def _cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Mask]]:
    yield counting(1, 3), counting(1), (True,)
    yield counting(2, 3), counting(2), (True, True)
    yield counting(3, 3), counting(3), (True, True, False)
    n = integer(generator, 3, 6)
    for mask in ((True,) * n, (True, True, False) * 2, (True,) * n + (False, False)):
        yield gaussian(generator, len(mask), 3), gaussian(generator, len(mask)), mask


def _finding(call: Call, case: tuple[Tensor, Tensor, Mask]) -> Finding:
    poses, f, mask = case
    given = call(poses.clone(), f.clone(), mask)
    for g, name in (
        ((1.0, 2.0, 0.0), "shift by (1, 2)"),
        ((0.0, 0.0, math.pi / 2), "turn by 90 degrees"),
    ):
        if not same(call(moved(poses, *g), f.clone(), mask), given):
            return Finding("moving all elements changes nothing", name)
    there = torch.tensor(mask)
    other = torch.where(there, f, 100.0)
    if not same(call(poses.clone(), other, mask), given) or not same(given[~there], 0 * given[~there]):
        return Finding("padding changes nothing, and its answer is 0")
    return Finding("the answer at v is the mean over u of kernel(log(v^-1 u)) f(u)")


def _layer(
    relative: Callable[[Tensor, Tensor], Tensor] | None = None,
    *,
    logs: Callable[[Tensor, Tensor], Tensor] | None = None,
    padding: bool = False,
    count: Callable[[Tensor], int] = lambda there: int(there.sum()),
    answers: bool = False,
) -> Layer:
    """Layer with one of the mistakes that people make; v and u are ``n 1 3 3`` and ``1 n 3 3``."""
    relative = relative or (lambda v, u: SE2.inverse(v) @ u)

    def layer(poses: Tensor, f: Tensor, mask: Mask) -> Tensor:
        there = torch.tensor(mask)
        u = matrices(poses)
        a = logs(u[:, None], u[None]) if logs else log(relative(u[:, None], u[None]))
        answer = kernel(a) @ (f if padding else f * there) / count(there)
        return answer if answers else answer * there

    return layer


def _right_quotient(v: Tensor, u: Tensor) -> Tensor:
    return u @ SE2.inverse(v)


def _everyone(there: Tensor) -> int:
    return len(there)


CONVOLVE = Question(
    name="convolve",
    function="lie_convolve",
    arguments=("poses", "f", "mask"),
    axes=("element",),
    cases=_cases,
    reference=convolve,
    mistakes=(
        Mistake(
            "Both bugs are still there.",
            _layer(_right_quotient, padding=True, count=_everyone, answers=True),
        ),
        Mistake(
            "The padding is repaired. But move all elements by g, and look at what becomes of u v^-1.",
            _layer(_right_quotient),
        ),
        Mistake(
            "The product is repaired. But padding still belongs to the mean.",
            _layer(padding=True, count=_everyone, answers=True),
        ),
        Mistake(
            "The product is repaired. But padding still belongs to the mean, even if its own answer is 0 "
            "now.",
            _layer(padding=True, count=_everyone),
        ),
        Mistake(
            "The features of padding are left out, but it is still counted in the mean.",
            _layer(count=_everyone),
        ),
        Mistake(
            "The features of padding are left out, but it is still counted in the mean, and has an answer.",
            _layer(count=_everyone, answers=True),
        ),
        Mistake("Padding has an answer of its own. It must be 0.", _layer(answers=True)),
        Mistake(
            "This is k(log(u^-1 v)), the reflected kernel. It is equivariant, but not the layer that was "
            "trained.",
            _layer(lambda v, u: SE2.inverse(u) @ v),
        ),
        Mistake(
            "This is v u^-1: the inverse belongs to the other element, and to the other side.",
            _layer(lambda v, u: v @ SE2.inverse(u)),
        ),
        Mistake(
            "There is no inverse any more. Where do the elements stand relative to each other?",
            _layer(lambda v, u: v @ u),
        ),
        Mistake(
            "The difference of two logarithms is the logarithm of the quotient only if the group is "
            "commutative.",
            _layer(logs=lambda v, u: log(u) - log(v)),
        ),
        Mistake("This is the sum, not the mean.", _layer(count=lambda there: 1)),
    ),
    finding=_finding,
    hints=(
        "Elements with the angle 0 are shifts, and shifts commute. What can a test with such elements not "
        "see?",
        "Write g u and g v in place of u and v. In which of the four products u v^-1, v u^-1, u^-1 v, v^-1 "
        "u does g "
        "drop out? Two are left; only one of them looks at u from v.",
        "For the mean: padding must vanish from the sum, from the number to divide by, and from the "
        "answer. These "
        "are three places.",
    ),
)
