"""Isotropic convolution in two cheap steps: sum the input over each ring, then one matrix product.

A dense kernel multiplies every tap with every pair of channels. A kernel with one value
a ring can wait: the sums over the rings depend on the input alone, and only they meet the weights.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float, Int32, Int64
from torch import Tensor
from torch.nn import functional as F

from course_lib.filters import ring_masks
from course_lib.layers.native import batched, build, gradients, serves

SOURCE = Path(__file__).with_name("ring_sum.cpp")
STRIP_BYTES = 2**20  # ring sums that exist at once; they should stay in the processor's second cache
LEAST_WORK_2D, LEAST_WORK_3D = 2400, 600  # see ring_sum_wins


@dataclass(frozen=True)
class RingTaps:
    """The pixels of a kernel, ordered by class: pixels of one class weigh the same in every ring.

    Hard rings have one class a ring, smooth rings one a distance. Only taps at or below the
    centre, in y and z, are listed: the kernel is its own mirror image.

    Args:
        offsets: z, y and x of each tap from the centre; z and y not negative.
        class_end: Number of taps up to the end of each class.
        pixel: One pixel of each class, as an index into the flattened kernel.
        reach: Largest z and largest y of a tap.
    """

    offsets: Int32[Tensor, "tap 3"]
    class_end: Int32[Tensor, " kind"]
    pixel: Int64[Tensor, " kind"]
    reach: tuple[int, int]


@cache
def ring_taps(kernel_size: int, rings: Literal["hard", "smooth"], dims: Literal[2, 3]) -> RingTaps:
    """Sort the pixels of ``ring_masks`` with the same arguments into classes."""
    with torch.device("cpu"):
        return _sorted_taps(ring_masks(kernel_size, rings=rings, dims=dims))


def _sorted_taps(masks: Float[Tensor, "ring *depth k k"]) -> RingTaps:
    depth = masks.shape[1] if masks.ndim == 4 else 1
    reach = (depth // 2, masks.shape[-1] // 2)
    kinds, kind = torch.unique(masks.flatten(1).T, dim=0, return_inverse=True)
    pixels = torch.nonzero(kinds[kind].any(dim=1)).flatten()
    pixels = pixels[torch.argsort(kind[pixels], stable=True)]
    offsets = torch.stack(torch.unravel_index(pixels, (depth, *masks.shape[-2:])), dim=1)
    offsets = offsets - torch.tensor([reach[0], reach[1], reach[1]])
    half = (offsets[:, :2] >= 0).all(dim=1)
    _, counts = torch.unique_consecutive(kind[pixels][half], return_counts=True)
    ends = counts.cumsum(dim=0)
    return RingTaps(offsets[half].int(), ends.int(), pixels[half][ends - 1], reach)


def ring_sum_wins(
    x: Float[Tensor, "b c_in *grid"],
    weight: Float[Tensor, "c_out c_in_group ring"],
    kernel_size: int,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
) -> bool:
    """Whether to sum over the rings first, rather than to convolve with the dense kernel.

    The rule is measured: forward alone and forward with backward were timed on one thread with 3
    to 11 px, 1 to 128 channels and maps of 5 to 128 px. Ring sums win where the product of
    kernel side, the lesser number of channels and the lesser side of the map is at least 2400
    in 2D and 600 in 3D. What they cannot do goes to the dense kernel too: strides,
    dilation, groups, other devices and dtypes, autocast, tracing and export, ``torch.func``.

    Args:
        x: Pictures or volumes.
        weight: One value a ring.
        kernel_size: Side of the kernel in pixels.
        stride: Step between outputs.
        padding: Zeros at each border.
        dilation: Distance between taps.
        groups: Number of blocks of channels.
    """
    supported = (
        serves(x, weight)
        and stride == dilation == groups == 1
        and padding < kernel_size <= min(x.shape[2:]) + 2 * padding
        and len(x) > 0
    )
    work = kernel_size * min(weight.shape[:2]) * min(x.shape[2:])
    enough = LEAST_WORK_2D if x.ndim == 4 else LEAST_WORK_3D
    return supported and work >= enough and kernel_size > 1 and compiled() is not None


def ring_sum_conv(
    x: Float[Tensor, "b c_in *grid"],
    weight: Float[Tensor, "c_out c_in ring"],
    bias: Float[Tensor, " c_out"] | None,
    masks: Float[Tensor, "ring *depth k k"],
    taps: RingTaps,
    padding: int,
) -> Float[Tensor, "b c_out *grid_out"]:
    """Convolution with the kernel ``weight @ masks``, without the kernel.

    Differentiable twice. It runs on CPUs, in float32 and float64.

    Args:
        x: Pictures ``b c y x`` or volumes ``b c z y x``.
        weight: One value a ring.
        bias: One number a channel.
        masks: From ``ring_masks``, in the dtype of x.
        taps: From ``ring_taps``, for the same rings.
        padding: Zeros at each border, less than the side of the kernel.

    Raises:
        ValueError: If there is no C++ compiler.
    """
    if x.ndim == 5:
        return _RingSumConv.apply(x, weight, bias, masks, taps, (padding, padding))
    return _RingSumConv.apply(x.unsqueeze(2), weight, bias, masks.unsqueeze(1), taps, (0, padding)).squeeze(2)


class Shape(ctypes.Structure):
    """``Shape`` of ring_sum.cpp."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            *("channels", "depth", "height", "width", "pad_z", "pad", "reach_z", "reach"),
            *("rings", "classes", "first_row", "last_row"),
        )
    ]


@cache
def compiled() -> ctypes.CDLL | None:
    """The compiled ring sums, built on first use; None, after one warning, without a C++ compiler."""
    return build(SOURCE, "isotropic convolutions use the dense kernel, several times slower on a CPU")


def _strips(
    x: Float[Tensor, "b c z y x"],
    masks: Float[Tensor, "ring z_k y_k x_k"],
    taps: RingTaps,
    pad: tuple[int, int],
) -> Iterator[tuple[slice, slice, Float[Tensor, "pictures c_ring pixel"]]]:
    """Ring sums of a few pictures, or of a few rows of one: pictures, pixels of the output, sums.

    The sums are overwritten by the next ones.
    """
    library = compiled()
    if library is None:
        raise ValueError("ring sums need a C++ compiler; use the dense kernel")
    batch, channels, depth, height, width = x.shape
    out_depth, out_height, out_width = _output_shape(x.shape[2:], taps, pad)
    rows, threads = out_depth * out_height, torch.get_num_threads()
    mix = masks.flatten(1)[:, taps.pixel].contiguous()
    summed = channels * len(masks)
    lines = max(1, STRIP_BYTES * threads // (summed * out_width * x.element_size()))  # rows at once
    at_once = min(batch, max(1, lines // rows))
    step = -(-rows // -(-rows // min(rows, lines)))  # strips of like size
    buffer = x.new_empty(at_once * summed * step * out_width)
    run = library.ring_sums_float if x.dtype == torch.float32 else library.ring_sums_double
    tables = [ctypes.c_void_p(table.data_ptr()) for table in (buffer, taps.offsets, taps.class_end, mix)]
    sizes = (depth, height, width, *pad, *taps.reach, *mix.shape)
    for start in range(0, batch, at_once):
        pictures = slice(start, min(start + at_once, batch))
        count = pictures.stop - start
        for first in range(0, rows, step):
            last = min(first + step, rows)
            shape = Shape(count * channels, *sizes, first, last)
            run(ctypes.c_void_p(x[start].data_ptr()), *tables, ctypes.byref(shape), ctypes.c_int64(threads))
            pixels = slice(first * out_width, last * out_width)
            sums = buffer[: count * summed * (last - first) * out_width].view(count, summed, -1)
            yield pictures, pixels, sums


def _output_shape(grid: torch.Size, taps: RingTaps, pad: tuple[int, int]) -> tuple[int, ...]:
    """Sides of the output."""
    growth = (pad[0] - taps.reach[0], pad[1] - taps.reach[1], pad[1] - taps.reach[1])
    return tuple(side + 2 * more for side, more in zip(grid, growth, strict=True))


class _RingSumConv(torch.autograd.Function):
    """Forward and all gradients, each from ring sums that live for a strip of rows only."""

    @staticmethod
    def forward(ctx, x, weight, bias, masks, taps, pad):
        ctx.save_for_backward(x, weight, masks)
        ctx.taps, ctx.pad = taps, pad
        out = x.new_empty(len(x), len(weight), *_output_shape(x.shape[2:], taps, pad))
        matrix, flat_out = weight.flatten(1), out.flatten(2)
        for pictures, pixels, sums in _strips(x.contiguous(), masks, taps, pad):
            strip = flat_out[pictures, :, pixels]
            torch.bmm(matrix.expand(len(sums), -1, -1), sums, out=strip)
            if bias is not None:
                strip.add_(bias.unsqueeze(1))
        return out

    @staticmethod
    def backward(ctx, *grads):
        """Gradients from the ring sums of the output's gradient: rings are their own mirror images."""
        (grad,) = grads
        x, weight, masks = ctx.saved_tensors
        grad_bias = grad.sum(dim=(0, 2, 3, 4)) if ctx.needs_input_grad[2] else None
        if torch.is_grad_enabled() or batched(grad):  # a graph of the gradients is wanted: leave it to torch
            padding = (ctx.pad[0], ctx.pad[1], ctx.pad[1])

            def dense(x: Tensor, weight: Tensor) -> Tensor:
                return F.conv3d(x, torch.einsum("oir, rzyx -> oizyx", weight, masks), padding=padding)

            return *gradients(dense, x, weight, grad), grad_bias, None, None, None
        c_out, c_in, rings = weight.shape
        matrix = weight.transpose(0, 1).flatten(1)
        pad = (2 * ctx.taps.reach[0] - ctx.pad[0], 2 * ctx.taps.reach[1] - ctx.pad[1])
        grad_x = torch.empty_like(x, memory_format=torch.contiguous_format)
        grad_matrix = weight.new_zeros(c_out * rings, c_in)
        flat_x, flat_grad_x = x.contiguous().flatten(2), grad_x.flatten(2)
        for pictures, pixels, sums in _strips(grad.contiguous(), masks, ctx.taps, pad):
            if ctx.needs_input_grad[0]:
                strip = flat_grad_x[pictures, :, pixels]
                torch.bmm(matrix.expand(len(sums), -1, -1), sums, out=strip)
            if ctx.needs_input_grad[1]:
                grad_matrix.addbmm_(sums, flat_x[pictures, :, pixels].transpose(1, 2))
        grad_weight = grad_matrix.view(c_out, rings, c_in).transpose(1, 2)
        return (
            grad_x if ctx.needs_input_grad[0] else None,
            grad_weight if ctx.needs_input_grad[1] else None,
            *(grad_bias, None, None, None),
        )
