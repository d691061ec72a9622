"""What the convolutions of the course share: a kernel built from its weights, then ordinary convolution."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.layers.fourier import fourier_conv, fourier_wins
from course_lib.representations import Representation


class FiberConv(nn.Module, ABC):
    """Convolution from features of type ``rep_in`` to features of type ``rep_out``.

    A layer says how its kernel comes from its weights; the symmetry lives there. The
    rest is one ordinary convolution of the folded layout ``b (c fiber) y x``.

    Args:
        rep_in: How the input's fiber transforms.
        rep_out: How the output's fiber transforms.
        c_in: Input channels.
        c_out: Output channels.
        kernel_size: Side of the kernel in pixels; odd.
        bias: Whether to add one number a channel, to those entries of the fiber that may bear it.

    Raises:
        ValueError: If a channel count is not positive, ``kernel_size`` is even or not positive, the
            representations belong to different groups, or the input does not fit.
    """

    bears_bias: Tensor
    turns_exactly = False  # whether both sides are regular and quarter turns map the kernel exactly to itself

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        c_in: int,
        c_out: int,
        *,
        kernel_size: int,
        bias: bool,
    ):
        super().__init__()
        if min(c_in, c_out) < 1:
            raise ValueError(f"c_in and c_out must be at least 1 channel, got {c_in} and {c_out}")
        check_kernel_size(kernel_size)
        if rep_in.group != rep_out.group:
            raise ValueError(f"input and output need one group, got {rep_in.group} and {rep_out.group}")
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.c_in = c_in
        self.c_out = c_out
        self.bias = nn.Parameter(torch.zeros(c_out)) if bias else None
        bears_bias = rep_out.invariant_vector().to(torch.get_default_dtype())
        self.register_buffer("bears_bias", bears_bias, persistent=False)

    @abstractmethod
    def kernel(self) -> Float[Tensor, "c_out fiber_out c_in fiber_in k k"]:
        """The kernel that the weights stand for."""

    def forward(self, x: Float[Tensor, "b c_in fiber_in y x"]) -> Float[Tensor, "b c_out fiber_out y x"]:
        self.check(x)
        kernel = self.folded_kernel()
        if self.turns_exactly and fourier_wins(x, kernel, self.rep_in.group):  # the same numbers, sooner
            return fourier_conv(x, kernel, self.bias, self.rep_in.group)
        out = F.conv2d(x.flatten(1, 2), kernel, self.folded_bias(), padding="same")
        return out.unflatten(1, (self.c_out, self.rep_out.dim))

    def folded_kernel(self) -> Float[Tensor, "c_out_fiber c_in_fiber k k"]:
        """The kernel as ``F.conv2d`` takes it: channel and fiber in one axis."""
        with torch.autocast(self.bears_bias.device.type, enabled=False):  # low precision only from here on
            return rearrange(self.kernel(), "o g i fiber y x -> (o g) (i fiber) y x")

    def folded_bias(self) -> Float[Tensor, " c_out_fiber"] | None:
        """The bias as ``F.conv2d`` takes it: one number for each entry of the fiber."""
        return None if self.bias is None else (self.bias[:, None] * self.bears_bias).flatten()

    def to_plain(self) -> nn.Conv2d:
        """Equal ``nn.Conv2d`` on the layout ``b (c fiber) y x``."""
        kernel, bias = self.folded_kernel().detach(), self.folded_bias()
        c_out, c_in, kernel_size, _ = kernel.shape
        conv = nn.Conv2d(c_in, c_out, kernel_size, padding=kernel_size // 2, bias=bias is not None)
        conv.to(kernel)
        with torch.no_grad():
            conv.weight.copy_(kernel)
            if bias is not None and conv.bias is not None:
                conv.bias.copy_(bias)
        return conv

    def check(self, x: Tensor) -> None:
        """Raise ValueError unless x is ``b c_in fiber_in y x`` for this layer."""
        fiber = self.rep_in.dim
        if x.ndim != 5 or x.shape[1:3] != (self.c_in, fiber):
            remedy = "give an image a fiber axis of 1" if fiber == 1 else "lift the image first"
            raise ValueError(
                f"input must be b {self.c_in} {fiber} y x for {self.rep_in}, got {tuple(x.shape)}; {remedy}"
            )


class Orbit(nn.Module):
    """Turns kernels by every element of a group: (g w)(p) = rho(g) w(g^-1 p).

    A kernel is a sum of basis kernels. First one matrix product turns them in space, by
    all elements at once; then the fiber is moved, which only changes the order.

    Args:
        rep: How the kernel's fiber transforms; every rho(g) must be a permutation.
        c_in: Input channels of the kernel.
        turned: Each basis kernel, turned by each element.

    Raises:
        ValueError: If rho(g) is no permutation, or ``turned`` does not fit the group.
    """

    turned: Tensor
    sources: Tensor
    targets: Tensor

    def __init__(self, rep: Representation, c_in: int, turned: Float[Tensor, "basis g y x"]):
        super().__init__()
        matrices = torch.stack([rep.matrix(g) for g in rep.group.elements])
        if not ((matrices == 0) | (matrices == 1)).all():
            raise ValueError(f"the group must permute the fiber, as in Trivial and Regular; got {rep}")
        if turned.shape[1] != rep.group.order:
            raise ValueError(f"basis must be turned by {rep.group.order} elements, got {turned.shape[1]}")
        self.register_buffer("turned", turned.to(torch.get_default_dtype()), persistent=False)
        order, fiber = rep.group.order, rep.dim
        moved = matrices.argmax(dim=2) * order + torch.arange(order)[:, None]  # g, fiber
        order_in_row = torch.arange(c_in)[:, None] * fiber * order + moved[:, None]  # g, channel, fiber
        self.register_buffer("sources", order_in_row.flatten(), persistent=False)
        self.register_buffer("targets", order_in_row.flatten().argsort(), persistent=False)

    def forward(
        self, weight: Float[Tensor, "c_out c_in fiber basis"]
    ) -> Float[Tensor, "c_out g c_in fiber y x"]:
        c_out, c_in, fiber, _ = weight.shape
        _, order, height, width = self.turned.shape
        space = weight.flatten(0, 2) @ self.turned.flatten(1)  # (c_out c_in fiber) (g y x)
        moved = _Reorder.apply(space.view(c_out, -1, height * width), self.sources, self.targets)
        return moved.view(c_out, order, c_in, fiber, height, width)


class _Reorder(torch.autograd.Function):
    """Reordering of axis 1; backward is the reverse order, where indexing would add entry by entry."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: Float[Tensor, "a n b"], sources: Int[Tensor, " n"], targets: Int[Tensor, " n"]
    ) -> Float[Tensor, "a n b"]:
        return x.index_select(1, sources)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs[1:])
        ctx.save_for_forward(*inputs[1:])

    @staticmethod
    def jvp(ctx, *tangents):
        return tangents[0].index_select(1, ctx.saved_tensors[0])

    @staticmethod
    def backward(ctx, *grad_outputs: Float[Tensor, "a n b"]) -> tuple[Float[Tensor, "a n b"], None, None]:
        (grad,) = grad_outputs
        sources, targets = ctx.saved_tensors
        return _Reorder.apply(grad, targets, sources), None, None


def check_kernel_size(kernel_size: Any) -> None:
    """Raise ValueError unless ``kernel_size`` is one odd number, for both axes."""
    if not isinstance(kernel_size, int) or kernel_size < 1:
        raise ValueError(
            f"kernel_size must be one positive number of pixels for both axes, got {kernel_size!r}; "
            "a turn exchanges the axes"
        )
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, so that one pixel is the centre; got {kernel_size}")


def on_folded(layer: nn.Module, fiber: int) -> nn.Sequential:
    """A layer on ``b c fiber y x``, used on the folded layout ``b (c fiber) y x`` of ordinary networks."""
    return nn.Sequential(nn.Unflatten(1, (-1, fiber)), layer, nn.Flatten(1, 2))
