"""Group convolution in the group's Fourier domain: 6 multiplications where the dense kernel has 16.

Entry s of the fiber sees the kernel turned by s. So out(p, g) is the sum over s and r of
f(p + s r, s) w(g^-1 s r, g^-1 s): for each offset r a correlation over the four turns. The
Fourier transform over the turns makes it a product for each frequency: 0 and 2 are real,
1 is complex and takes four real products, 3 is its conjugate.
"""

import ctypes
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_lib.groups import PlanarGroup
from course_lib.layers.native import batched, build, gradients, serves

SOURCE = Path(__file__).with_name("fourier.cpp")
STRIP_BYTES = 2**21  # columns that exist at once; they should stay in the processor's caches
STRIP_PIXELS = 64  # but no fewer pixels at once, or the matrix products are slow
LEAST_ENTRIES, LEAST_SIDE, LEAST_PRODUCTS = 128, 16, 3e8  # see fourier_wins


def fourier_wins(
    x: Float[Tensor, "b c_in fiber y x"],
    kernel: Float[Tensor, "c_out_fiber c_in_fiber k k"],
    group: PlanarGroup,
) -> bool:
    """Whether to transform, rather than to convolve with the dense kernel.

    The rule is measured: forward alone and forward with backward were timed on one thread with 1
    to 7 px, 8 to 512 entries (channels times fiber), maps of 4 to 512 px and batches of 1 to 12.
    The transform wins from 3e8 multiplications of the dense kernel on, with at least 128
    entries on both sides and maps of 16 px. With C_4 and D_4, whose entries need no reordering,
    64 entries suffice if rows are multiples of 16 pixels. Kernels of one pixel stay dense, and
    so does what ``native.serves`` refuses.

    Args:
        x: Regular features.
        kernel: The kernel as ``F.conv2d`` takes it.
        group: The group of the features.
    """
    whole_rows = group.n == 4 and x.shape[4] % 16 == 0
    products = kernel.numel() * len(x) * x.shape[3] * x.shape[4]
    enough = (
        min(kernel.shape[:2]) >= (LEAST_ENTRIES // 2 if whole_rows else LEAST_ENTRIES)
        and min(x.shape[3:]) >= LEAST_SIDE
        and products >= LEAST_PRODUCTS
        and kernel.shape[-1] > 1
    )
    return enough and serves(x, kernel) and compiled() is not None


def fourier_conv(
    x: Float[Tensor, "b c_in order y x"],
    kernel: Float[Tensor, "c_out_order c_in_order k k"],
    bias: Float[Tensor, " c_out"] | None,
    group: PlanarGroup,
) -> Float[Tensor, "b c_out order y x"]:
    """Convolution of regular features with an equivariant kernel, padded to keep the size.

    Of the kernel only one copy in four is read, those at the representatives of
    ``quarter_turn_cosets``; the others are its turns. With C_4 that is one. A larger group
    counts as C_4 with more channels, one for each coset.

    Args:
        x: Regular features.
        kernel: The kernel as ``F.conv2d`` takes it: channel and element in one axis.
        bias: One number a channel.
        group: Contains the quarter turns.

    Raises:
        ValueError: If the group has no quarter turns, or there is no C++ compiler.
    """
    cosets = quarter_turn_cosets(group)
    order = [element for coset in cosets for element in coset]
    weight = kernel.unflatten(1, (-1, group.order)).unflatten(0, (-1, group.order))
    weight = weight[:, [coset[0] for coset in cosets]]
    if order != sorted(order):
        x, weight = x[:, :, order], weight[:, :, :, order]
    weight = weight.unflatten(3, (-1, 4)).flatten(2, 3).flatten(0, 1)
    bias = None if bias is None else bias.to(x.dtype).repeat_interleave(len(cosets))
    out = _FourierConv.apply(x.unflatten(2, (-1, 4)).flatten(1, 2), weight, bias)
    out = out.unflatten(1, (-1, len(cosets))).flatten(2, 3)
    return out if order == sorted(order) else out[:, :, [order.index(g) for g in group.elements]]


def quarter_turn_cosets(group: PlanarGroup) -> list[list[int]]:
    """The elements in rows t, rt, r^2 t, r^3 t, where r is the quarter turn.

    Raises:
        ValueError: If the group has no quarter turns.

    Example:
        >>> from course_lib.groups import CyclicGroup
        >>> quarter_turn_cosets(CyclicGroup(8))
        [[0, 2, 4, 6], [1, 3, 5, 7]]
    """
    if group.n % 4:
        raise ValueError(f"the group must contain the quarter turns, got {group}; take n a multiple of 4")
    turns = [group.n // 4 * quarter for quarter in range(4)]
    rows = [[group.product(turn, t) for turn in turns] for t in group.elements]
    return [row for row in rows if row[0] == min(row)]


class Shape(ctypes.Structure):
    """``Shape`` of fourier.cpp."""

    _fields_ = [
        (name, ctypes.c_int64) for name in ("channels", "height", "width", "half", "first_row", "last_row")
    ]


@cache
def compiled() -> ctypes.CDLL | None:
    """The compiled transform, built on first use; None, after one warning, without a C++ compiler."""
    return build(SOURCE, "group convolutions use the dense kernel, up to twice slower on a CPU")


def _run(name: str, source: Tensor, target: Tensor, *options: Tensor | None, shape: Shape) -> None:
    """Call a function of fourier.cpp."""
    library = compiled()
    if library is None:
        raise ValueError("the group Fourier transform needs a C++ compiler; use the dense kernel")
    function = getattr(library, f"{name}_{'float' if source.dtype == torch.float32 else 'double'}")
    tables = (
        None if table is None else ctypes.c_void_p(table.data_ptr()) for table in (source, target, *options)
    )
    function(*tables, ctypes.byref(shape), ctypes.c_int64(torch.get_num_threads()))


def _strips(
    x: Float[Tensor, "b c 4 y x"], kernel_size: int
) -> Iterator[tuple[int, int, Float[Tensor, "4 c_tap pixel"]]]:
    """Columns of a few rows: first row, last row, columns. They are overwritten by the next ones."""
    batch, channels, _, height, width = x.shape
    half, taps = kernel_size // 2, channels * kernel_size**2
    padded = F.pad(x.contiguous(), (half,) * 4)  # padding alone would keep channels last
    rows = STRIP_BYTES * torch.get_num_threads() // (4 * taps * width * x.element_size())
    rows = max(1, min(max(rows, -(-STRIP_PIXELS // width)), batch * height))
    buffer = x.new_empty(4 * taps * rows * width)
    for first in range(0, batch * height, rows):
        last = min(first + rows, batch * height)
        columns = buffer[: 4 * taps * (last - first) * width].view(4, taps, -1)
        _run("columns", padded, columns, shape=Shape(channels, height, width, half, first, last))
        yield first, last, columns


def _spectrum(
    weight: Float[Tensor, "c_out c_in 4 k k"],
) -> tuple[Float[Tensor, "2 c_out c_in_tap"], Float[Tensor, "c_out_2 c_in_tap_2"]]:
    """Matrices that multiply the columns: frequencies 0 and 2, and frequency 1 as a real matrix."""
    w0, w1, w2, w3 = weight.unbind(2)
    even, odd, real, imaginary = (part.flatten(1) for part in (w0 + w2, w1 + w3, w0 - w2, w3 - w1))
    one = torch.cat([torch.cat([real, -imaginary], dim=1), torch.cat([imaginary, real], dim=1)])
    return torch.stack([even + odd, even - odd]) / 4, one / 2


def _multiply(
    spectrum: tuple[Tensor, Tensor],
    columns: Float[Tensor, "4 c_tap pixel"],
    out: Float[Tensor, "b c_out 4 y x"],
    bias: Float[Tensor, " c_out"] | None,
    rows: tuple[int, int],
) -> None:
    """Fill rows of the output: the products, transformed back."""
    _, channels, _, height, width = out.shape
    planes = out.new_empty(4, channels, columns.shape[2])
    torch.bmm(spectrum[0], columns[:2], out=planes[:2])
    torch.mm(spectrum[1], columns[2:].flatten(0, 1), out=planes[2:].flatten(0, 1))
    _run("entries", planes, out, bias, shape=Shape(channels, height, width, 0, *rows))


class _FourierConv(torch.autograd.Function):
    """p4 convolution: forward and all gradients, each from columns that live for a strip of rows only."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        # As a convolution over the turns: the weight seen by entry 0, with its index inverted.
        inverted = torch.stack([weight[:, :, -s % 4].rot90(s, (-2, -1)) for s in range(4)], dim=2)
        spectrum = _spectrum(inverted)
        out = x.new_empty(len(x), len(weight), *x.shape[2:])
        for first, last, columns in _strips(x, weight.shape[-1]):
            _multiply(spectrum, columns, out, bias, (first, last))
        return out

    @staticmethod
    def backward(ctx, *grads):
        """Gradients from the columns of the output's gradient: the adjoint is a group convolution too."""
        (grad,) = grads
        x, weight = ctx.saved_tensors
        grad_bias = grad.sum(dim=(0, 2, 3, 4)) if ctx.needs_input_grad[2] else None
        if torch.is_grad_enabled() or batched(grad):  # a graph of the gradients is wanted: leave it to torch

            def dense(x: Tensor, weight: Tensor) -> Tensor:
                turned = [weight.rot90(g, (-2, -1)).roll(g, 2) for g in range(4)]
                kernel = torch.stack(turned, dim=1).flatten(2, 3).flatten(0, 1)
                return F.conv2d(x.flatten(1, 2), kernel, padding="same").unflatten(1, (-1, 4))

            return *gradients(dense, x, weight, grad), grad_bias
        c_out, c_in, _, side, _ = weight.shape
        x = x.contiguous()
        spectrum = _spectrum(weight.flip(-2, -1).transpose(0, 1))
        grad_x = torch.empty_like(x)
        real = weight.new_zeros(2, c_out * side**2, c_in)  # frequencies 0 and 2
        one = weight.new_zeros(2 * c_out * side**2, 2 * c_in)  # parts of the column by parts of x
        for first, last, columns in _strips(grad, side):
            if ctx.needs_input_grad[0]:
                _multiply(spectrum, columns, grad_x, None, (first, last))
            if ctx.needs_input_grad[1]:
                planes = x.new_empty(4, c_in, columns.shape[2])
                _run("columns", x, planes, shape=Shape(c_in, *x.shape[3:], 0, first, last))
                real.baddbmm_(columns[:2], planes[:2].transpose(1, 2))
                one.addmm_(columns[2:].flatten(0, 1), planes[2:].flatten(0, 1).T)
        grad_weight = _from_spectrum(real, one, weight) if ctx.needs_input_grad[1] else None
        return grad_x if ctx.needs_input_grad[0] else None, grad_weight, grad_bias


def _from_spectrum(
    real: Float[Tensor, "2 c_out_tap c_in"], one: Float[Tensor, "c_out_tap_2 c_in_2"], weight: Tensor
) -> Float[Tensor, "c_out c_in 4 k k"]:
    """The weight's gradient from its spectrum, x times the conjugate of the columns."""
    parts = one.view(2, len(one) // 2, 2, -1)  # part of the column, offset, part of x
    in_phase, quadrature = parts[0, :, 0] + parts[1, :, 1], parts[0, :, 1] - parts[1, :, 0]
    even, odd = real[0] + real[1], real[0] - real[1]
    entries = (even + 2 * in_phase, odd - 2 * quadrature, even - 2 * in_phase, odd + 2 * quadrature)
    c_out, side = len(weight), weight.shape[-1]
    stacked = (torch.stack(entries) / 4).view(4, c_out, side, side, -1)
    return stacked.permute(1, 4, 0, 2, 3).flip(-2, -1)
