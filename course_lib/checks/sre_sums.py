"""Questions on SRE: rings summed before the weights come, and what that saves."""

from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import ring_masks
from course_lib.layers.isotropic import IsotropicConv2d

Both = tuple[Tensor, Tensor]


def _sum_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    yield counting(1, 1, 2, 2), counting(1, 1, 2)
    yield counting(1, 2, 3, 4), counting(1, 2, 2)
    yield gaussian(generator, 2, 3, 6, 5), gaussian(generator, 4, 3, 3)
    yield gaussian(generator, 1, 2, 7, 9), gaussian(generator, 3, 2, integer(generator, 4, 5))


def _sum_finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    x, weight = case
    wanted = (len(x), x.shape[1], weight.shape[-1], *x.shape[2:]), (len(x), len(weight), *x.shape[2:])
    for name, part, shape in zip(
        ("ring sums", "output"), call(x.clone(), weight.clone()), wanted, strict=True
    ):
        if not isinstance(part, Tensor) or part.shape != shape:
            found = tuple(part.shape) if isinstance(part, Tensor) else type(part).__name__
            return Finding(f"the {name} have the shape {shape}; given {found}")
    sums, out = call(x.clone(), weight.clone())
    right_sums, right_out = _sum_reference(x, weight)
    if not same(sums, right_sums):
        at = int((sums - right_sums).abs().amax((0, 1, 3, 4)).argmax())
        return Finding(f"S[c, r] at p is the sum of f[c] over ring r around p; it is not for ring {at}")
    if not same(out, right_out):
        return Finding("the ring sums are right; the output is not the convolution with the dense kernel")
    return Finding("the ring sums and the output hold numbers of the type of x")


def _sum_reference(x: Tensor, weight: Tensor) -> Both:
    c_out, c_in, n_rings = weight.shape
    size = 2 * n_rings - 1
    masks = ring_masks(size).double().flatten(1)
    patches = F.unfold(x, size, padding=n_rings - 1).unflatten(1, (c_in, size * size))
    sums = torch.einsum("rq, bcqp -> bcrp", masks, patches).unflatten(-1, x.shape[2:])
    conv = IsotropicConv2d(c_in, c_out, size, padding="same", bias=False).double()
    conv.load_state_dict({"weight": weight})
    return sums, F.conv2d(x, conv.kernel().detach(), padding=n_rings - 1)


def _sums(
    masks: Callable[[Tensor], Tensor] = lambda m: m,
    pad: str = "constant",
    weight: Callable[[Tensor], Tensor] = lambda w: w,
    order: Callable[[Tensor], Tensor] = lambda s: s,
) -> Callable[[Tensor, Tensor], Both]:
    """Both steps with other masks, borders, weights, or another order of the ring sums."""

    def sums(x: Tensor, w: Tensor) -> Both:
        half = w.shape[-1] - 1
        rings = masks(ring_masks(2 * half + 1).double())[:, None]
        padded = F.pad(x, (half,) * 4, mode=pad) if min(x.shape[2:]) > half else F.pad(x, (half,) * 4)
        each = torch.stack([F.conv2d(c[:, None], rings) for c in padded.unbind(1)], dim=1)
        return order(each), torch.einsum("ocr, bcryx -> boyx", weight(w), order(each))

    return sums


SUMS = Question(
    name="sums",
    function="ring_sum_convolution",
    arguments=("x", "weight"),
    axes=(),
    cases=_sum_cases,
    reference=_sum_reference,
    mistakes=(
        Mistake(
            "These are means over the rings, not sums: large rings lose their weight.",
            _sums(lambda m: m / m.sum((1, 2), keepdim=True)),
        ),
        Mistake("The border is wrapped around: outside the image there are zeros.", _sums(pad="circular")),
        Mistake(
            "The border is repeated outwards: outside the image there are zeros.", _sums(pad="replicate")
        ),
        Mistake(
            "These are sums over discs: ring r must not hold the rings inside it.",
            _sums(lambda m: m.cumsum(0)),
        ),
        Mistake(
            "Entry 0 of the weights belongs to the centre; the order is reversed.",
            _sums(weight=lambda w: w.flip(-1)),
        ),
        Mistake(
            "Smooth rings are used; here every pixel belongs to one ring at most.",
            _sums(lambda m: ring_masks(m.shape[-1], rings="smooth").double()),
        ),
        Mistake(
            "The last ring takes in the corners, which belong to no ring.",
            _sums(lambda m: torch.cat([m[:-1], m[-1:] + (m.sum(0, keepdim=True) == 0)])),
        ),
        Mistake(
            "Channels and rings got mixed up: the numbers are right and stand in the wrong places. "
            "Do the groups of your convolution answer channel by channel?",
            _sums(order=lambda s: s.transpose(1, 2).reshape(s.shape)),
        ),
        Mistake(
            "The ring sums are right. In the output the sum over the input channels is a mean.",
            _sums(weight=lambda w: w / w.shape[1]),
        ),
        Mistake(
            "The ring sums are right. In the output the sum over the rings is a mean.",
            _sums(weight=lambda w: w / w.shape[2]),
        ),
    ),
    finding=_sum_finding,
    hints=(
        "A sum over the pixels of a ring around p is itself a convolution. What is its kernel?",
        "Every channel is summed for itself. F.conv2d has the argument groups for that: each channel meets "
        "all the masks, so the masks are repeated once a channel.",
        "The second step happens at each pixel alone: from the numbers c and r to the output channels. A "
        "convolution with a kernel of one pixel does that, or torch.einsum.",
    ),
)


def _cost_cases(generator: torch.Generator, kernel_size: int) -> Iterator[tuple[int, int]]:
    yield from ((1, 1), (1, 2), (2, 1), (2, 3), (3, 2), (64, 64))
    yield from ((integer(generator, 5, 99), integer(generator, 5, 99)) for _ in range(2))


def _cost_reference(c_in: int, c_out: int, kernel_size: int) -> tuple[int, int, int, int]:
    taps, dense, tied = _counted(kernel_size)
    pairs = c_in * c_out
    return dense * pairs, tied * pairs, dense * pairs, c_in * taps + tied * pairs


@cache
def _counted(kernel_size: int) -> tuple[int, int, int]:
    """Pixels in rings, weights of the dense and of the ring kernel, for one pair of channels."""
    conv = IsotropicConv2d(1, 1, kernel_size, bias=False)
    return int(conv.masks.sum()), conv.to_plain().weight.numel(), conv.weight.numel()


def _cost_finding(call: Call, case: tuple[int, int, int]) -> Finding:
    names = ("parameters of the dense layer", "parameters of the ring layer", "work of the dense layer")
    given, right = call(*case), _cost_reference(*case)
    wrong = next((name for name, a, b in zip(names, given, right, strict=False) if a != b), "")
    return Finding(f"the {wrong or 'work of the ring layer'} can be counted on the layers themselves")


@cache
def _taps(kernel_size: int) -> int:
    return int(ring_masks(kernel_size).sum())


def _cost(
    tied: Callable[[int, int, int], int] = lambda i, o, k: i * o * (k // 2 + 1),
    work: Callable[[int, int, int], int] = lambda i, o, k: i * _taps(k) + i * o * (k // 2 + 1),
    dense: Callable[[int, int, int], int] = lambda i, o, k: i * o * k * k,
) -> Callable[[int, int, int], tuple[int, int, int, int]]:
    """The four counts by other rules; the defaults are right."""
    return lambda c_in, c_out, k: (
        dense(c_in, c_out, k),
        tied(c_in, c_out, k),
        dense(c_in, c_out, k),
        work(c_in, c_out, k),
    )


_COST = Question(
    name="cost",
    function="costs",
    arguments=("c_in", "c_out", "kernel_size"),
    axes=(),
    cases=lambda generator: (),
    reference=_cost_reference,
    mistakes=(
        Mistake(
            "One ring is missing: the centre is a ring too.",
            _cost(lambda i, o, k: i * o * (k // 2), lambda i, o, k: i * _taps(k) + i * o * (k // 2)),
        ),
        Mistake(
            "The bias is counted; the layers have none.",
            _cost(
                lambda i, o, k: i * o * (k // 2 + 1) + o,
                dense=lambda i, o, k: i * o * k * k + o,
            ),
        ),
        Mistake(
            "The ring layer has one parameter a ring and not one a pixel.",
            _cost(lambda i, o, k: i * o * _taps(k)),
        ),
        Mistake(
            "All pixels of the square are added up; those in the corners belong to no ring.",
            _cost(work=lambda i, o, k: i * k * k + i * o * (k // 2 + 1)),
        ),
        Mistake(
            "The ring sums are counted once for each output channel. They do not depend on it: sum first.",
            _cost(work=lambda i, o, k: i * o * _taps(k) + i * o * (k // 2 + 1)),
        ),
        Mistake(
            "The additions of the ring sums are forgotten.", _cost(work=lambda i, o, k: i * o * (k // 2 + 1))
        ),
        Mistake(
            "The matrix product that follows the ring sums is forgotten.",
            _cost(work=lambda i, o, k: i * _taps(k)),
        ),
        Mistake(
            "The matrix product meets each of the ring sums, and there is one for every ring: not only c_in.",
            _cost(work=lambda i, o, k: i * _taps(k) + i * o),
        ),
        Mistake(
            "The dense layer multiplies at all pixels of its kernel, also in the corners.",
            _cost(dense=lambda i, o, k: i * o * _taps(k)),
        ),
    ),
    finding=_cost_finding,
    hints=(
        "Draw the rings of a kernel of 5 px, and count: rings, pixels in rings, pixels of the square.",
        "How many numbers stand at one pixel between the two steps? Each of them cost some "
        "additions, and each "
        "meets every output channel once.",
        "For 64 channels in and out and 9 px, the chapter has the numbers: 331776 for the dense "
        "layer, and the "
        "ring layer needs about a thirteenth of that work.",
    ),
)
COST = personal(
    _COST,
    "kernel_size",
    (9, 5, 7, 11, 13, 15),
    cases=_cost_cases,
    own=lambda k: f"Your kernel has {k} x {k} pixels.",
)
