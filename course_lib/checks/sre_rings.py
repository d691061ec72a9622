"""Questions on SRE: the ring of every pixel, and the kernel that has one value a ring."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import ring_masks
from course_lib.layers.isotropic import IsotropicConv2d, Rings

QUARTER = "g = 90 degrees counter-clockwise"


def distances(kernel_size: int) -> Tensor:
    """Distance of each pixel from the centre, in pixels."""
    offset = torch.arange(kernel_size, dtype=torch.float64) - kernel_size // 2
    return torch.hypot(offset[:, None], offset[None, :])


def _ring_cases(generator: torch.Generator) -> Iterator[tuple[int]]:
    yield from ((size,) for size in (1, 3, 5, 7, 9, 11, 2 * integer(generator, 6, 10) + 1))


def _ring_finding(call: Call, case: tuple[int]) -> Finding:
    ring = call(*case)
    if not same(ring.rot90(1, (-2, -1)), ring):
        return Finding("a pixel and the pixel it is turned to lie in the same ring", QUARTER)
    right = _ring_reference(*case)
    pixels = [int((right == r).sum()) for r in range(int(right.max()) + 1)]
    return Finding(f"the rings 0, 1, ... of this kernel have {', '.join(map(str, pixels))} pixels")


def _ring_reference(kernel_size: int) -> Tensor:
    masks = ring_masks(kernel_size).double()
    number = torch.arange(1.0, len(masks) + 1, dtype=torch.float64)
    return torch.einsum("r, ryx -> yx", number, masks) - 1


def _rings(
    index: Callable[[Tensor, int], Tensor] = lambda d, h: (d * (h + 1) / (h + 0.5)).floor(),
    outside: Callable[[Tensor, int], Tensor] = lambda d, h: d >= h + 0.5,
    distance: Callable[[int], Tensor] = distances,
) -> Callable[[int], Tensor]:
    """Rings of another rule; the defaults are right."""

    def rings(kernel_size: int) -> Tensor:
        d, h = distance(kernel_size), kernel_size // 2
        return torch.where(outside(d, h), -1.0, index(d, h))

    return rings


def _chess(kernel_size: int) -> Tensor:
    offset = torch.arange(kernel_size, dtype=torch.float64) - kernel_size // 2
    return torch.maximum(offset.abs()[:, None], offset.abs())


RINGS = Question(
    name="rings",
    function="ring_index",
    arguments=("kernel_size",),
    axes=("y", "x"),
    cases=_ring_cases,
    reference=_ring_reference,
    mistakes=(
        Mistake(
            "The rings are one pixel wide; they must be a little narrower.", _rings(lambda d, h: d.floor())
        ),
        Mistake(
            "The distance is rounded to the nearest ring; a ring begins where the one before it ends.",
            _rings(lambda d, h: (d * (h + 1) / (h + 0.5)).round()),
        ),
        Mistake(
            "The distance is rounded to whole pixels; the rings are a little narrower, and none is centred.",
            _rings(lambda d, h: d.round()),
        ),
        Mistake(
            "Multiplied by the width of a ring. How many widths fit into the distance?",
            _rings(lambda d, h: (d * (h + 0.5) / (h + 1)).floor()),
        ),
        Mistake(
            "The corners are kept: pixels at h + 1/2 or farther belong to no ring.",
            _rings(outside=lambda d, h: d < 0),
        ),
        Mistake(
            "The corners are put into the last ring: pixels at h + 1/2 or farther belong to no ring.",
            _rings(lambda d, h: (d * (h + 1) / (h + 0.5)).floor().clamp(max=h), outside=lambda d, h: d < 0),
        ),
        Mistake(
            "The disc is too small: pixels between h and h + 1/2 belong to the last ring.",
            _rings(outside=lambda d, h: d > h),
        ),
        Mistake(
            "The squared distance is taken for the distance: is the root missing?",
            _rings(lambda d, h: (d**2 * (h + 1) / (h + 0.5)).floor(), lambda d, h: d**2 >= h + 0.5),
        ),
        Mistake(
            "These rings are squares: the larger of both offsets is not the distance.",
            _rings(distance=_chess),
        ),
        Mistake("The rings are counted from 1; the centre is ring 0.", lambda k: _rings()(k) + 1),
        Mistake(
            "The rings are counted from 1; the centre is ring 0.",
            _rings(lambda d, h: (d * (h + 1) / (h + 0.5)).floor() + 1),
        ),
    ),
    finding=_ring_finding,
    hints=(
        "First the distance of every pixel from the centre, as a grid. Then one formula makes the "
        "ring of it.",
        "The formula stands in the text. Which function rounds down? Write h for kernel_size // 2 and the "
        "width in terms of h.",
        "Last, the pixels outside: torch.where chooses between two values by a condition. It is the distance "
        "that is compared, not the ring.",
    ),
)


def _kernel_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Rings]]:
    yield counting(1, 1, 1), "hard"
    for shape in ((1, 1, 2), (1, 2, 2), (2, 1, 3)):
        yield counting(*shape), "hard"
        yield counting(*shape), "smooth"
    sizes = (integer(generator, 2, 4), integer(generator, 2, 4))
    yield gaussian(generator, *sizes, 5), "hard"
    yield gaussian(generator, *sizes, 4), "smooth"


def _kernel_finding(call: Call, case: tuple[Tensor, Rings]) -> Finding:
    weight, rings = case
    kernel = call(weight.clone(), rings)
    if not same(kernel.rot90(1, (-2, -1)), kernel):
        return Finding("no turn changes the kernel: g w = w", QUARTER)
    return Finding("the kernel is the sum of the rings, each times its weight")


def _kernel_reference(weight: Tensor, rings: Rings) -> Tensor:
    c_out, c_in, n_rings = weight.shape
    conv = IsotropicConv2d(c_in, c_out, 2 * n_rings - 1, bias=False, rings=rings).double()
    conv.load_state_dict({"weight": weight})
    return conv.kernel().detach()


def _kernel(
    masks: Callable[[Tensor], Tensor], weight: Callable[[Tensor], Tensor] = lambda w: w
) -> Callable[[Tensor, Rings], Tensor]:
    """Kernel of changed masks or weights."""

    def kernel(w: Tensor, rings: Rings) -> Tensor:
        m = masks(ring_masks(2 * w.shape[-1] - 1, rings=rings).double())
        return torch.einsum("oir, ryx -> oiyx", weight(w), m)

    return kernel


KERNEL = Question(
    name="kernel",
    function="ring_kernel",
    arguments=("weight", "rings"),
    axes=("c_out", "c_in", "y", "x"),
    cases=_kernel_cases,
    reference=_kernel_reference,
    mistakes=(
        Mistake(
            "Each weight is divided by the number of pixels of its ring; every pixel gets the "
            "weight as it is.",
            _kernel(lambda m: m / m.sum((1, 2), keepdim=True)),
        ),
        Mistake(
            "At each pixel the masks are made to sum to 1; smooth masks do not, and are used as they are.",
            _kernel(lambda m: m / m.sum(0).clamp(min=1e-300)),
        ),
        Mistake(
            "The weights are in reverse: entry 0 belongs to the centre.",
            _kernel(lambda m: m, lambda w: w.flip(-1)),
        ),
        Mistake(
            "Each pixel takes the weight of one ring alone; where smooth rings overlap, all of them count.",
            _kernel(
                lambda m: (
                    torch.nn.functional.one_hot(m.argmax(0), len(m)).movedim(2, 0) * (m.sum(0) > 0).double()
                )
            ),
        ),
        Mistake(
            "Each pixel takes the strongest ring alone; where smooth rings overlap, all of them count.",
            _kernel(lambda m: m * (m == m.amax(0))),
        ),
        Mistake(
            "The rings are discs: ring r must not hold the rings inside it.", _kernel(lambda m: m.cumsum(0))
        ),
        Mistake(
            "Hard rings are used whatever was asked for.",
            lambda w, rings: _kernel(lambda m: m)(w, "hard"),
        ),
        Mistake(
            "Every pair of channels gets the same kernel: the weights are averaged over the channels.",
            _kernel(lambda m: m, lambda w: w.mean((0, 1), keepdim=True).expand_as(w)),
        ),
    ),
    finding=_kernel_finding,
    hints=(
        "For one pair of channels: the kernel is a sum of pictures, each times a number.",
        "The pictures are the masks. Their number fixes the side of the kernel: k = 2 h + 1, with "
        "h + 1 rings.",
        "A sum over one axis that two tensors share is a matrix product: flatten y and x of the masks and "
        "unflatten them afterwards, or use torch.einsum.",
    ),
)
