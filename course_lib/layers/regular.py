"""Lifting convolution, group convolution and group pooling for every C_n and D_n."""

import math
from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.actions import orbit_operator
from course_lib.layers.plain import conv2d_with
from course_lib.representations import Representation


class GroupConv(nn.Module):
    """Convolution from features of type ``rep_in`` to regular features.

    With ``rep_in`` trivial it is the lifting convolution, with ``rep_in`` regular the
    group convolution.

    Args:
        rep_in: How the input's fiber transforms; its group is the group of the layer.
        c_in: Input channels.
        c_out: Output channels, each with one entry for every group element.
        kernel_size: Side of the kernel in pixels; odd.
        disc: Whether to use only the inscribed disc of the kernel; needed for the
            turns that do not map the square to itself.
        bias: Whether to add one number a channel, the same over the fiber.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive, or the input does not fit.

    Source:
        Cohen and Welling 2016, arXiv:1602.07576; for turns by other angles Bekkers et
        al. 2018, arXiv:1804.03393.
    """

    def __init__(
        self,
        rep_in: Representation,
        c_in: int,
        c_out: int,
        *,
        kernel_size: int = 3,
        disc: bool = False,
        bias: bool = True,
    ):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, so that one pixel is the centre; got {kernel_size}")
        self.rep_in = rep_in
        shape = (c_out, c_in, rep_in.dim, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.randn(shape) / math.sqrt(math.prod(shape[1:])))
        self.bias = nn.Parameter(torch.zeros(c_out)) if bias else None
        self.register_buffer("orbit", orbit_operator(rep_in, kernel_size, disc=disc), persistent=False)

    def kernel(self) -> Float[Tensor, "c_out order c_in fiber k k"]:
        """Orbit of the weight under the group. Everything else is ordinary convolution."""
        c_out, c_in, fiber, k, _ = self.weight.shape
        flat = rearrange(self.weight, "o i fiber y x -> (fiber y x) (o i)")
        with torch.autocast(flat.device.type, enabled=False):  # sparse products have no low precision
            orbit = torch.sparse.mm(self.orbit, flat)
        return rearrange(orbit, "(g fiber y x) (o i) -> o g i fiber y x", o=c_out, fiber=fiber, y=k, x=k)

    def forward(self, x: Float[Tensor, "b c_in fiber y x"]) -> Float[Tensor, "b c_out order y x"]:
        self.check(x)
        folded = rearrange(x, "b i fiber y x -> b (i fiber) y x")
        out = F.conv2d(folded, self.folded_kernel(), self.folded_bias(), padding="same")
        return rearrange(out, "b (o g) y x -> b o g y x", g=self.rep_in.group.order)

    def folded_kernel(self) -> Float[Tensor, "c_out_order c_in_fiber k k"]:
        """The kernel as ``F.conv2d`` takes it: channel and fiber in one axis."""
        return rearrange(self.kernel(), "o g i fiber y x -> (o g) (i fiber) y x")

    def folded_bias(self) -> Float[Tensor, " c_out_order"] | None:
        """The bias as ``F.conv2d`` takes it: repeated over the fiber."""
        return None if self.bias is None else self.bias.repeat_interleave(self.rep_in.group.order)

    def to_plain(self) -> nn.Conv2d:
        """Equal ``nn.Conv2d`` on the layout ``b (c fiber) y x``."""
        return conv2d_with(self.folded_kernel(), self.folded_bias())

    def check(self, x: Tensor) -> None:
        """Raise ValueError unless x is ``b c_in fiber y x`` for this layer."""
        _, c_in, fiber, _, _ = self.weight.shape
        if x.ndim != 5 or x.shape[1:3] != (c_in, fiber):
            remedy = "give an image a fiber axis of 1" if fiber == 1 else "lift the image first"
            raise ValueError(
                f"input must be b {c_in} {fiber} y x for {self.rep_in}, got {tuple(x.shape)}; {remedy}"
            )


class GroupPool(nn.Module):
    """Maximum or mean over the fiber: regular features become scalars.

    Args:
        rep: The regular representation of the input.
        how: ``"max"`` or ``"mean"``.

    Raises:
        ValueError: If ``how`` is neither, or the input's fiber does not fit.
    """

    def __init__(self, rep: Representation, how: Literal["max", "mean"] = "max"):
        super().__init__()
        if how not in ("max", "mean"):
            raise ValueError(f'how must be "max" or "mean", got {how!r}')
        self.rep = rep
        self.how = how

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c 1 y x"]:
        if x.shape[2] != self.rep.dim:
            raise ValueError(
                f"fiber axis must be {self.rep.dim} for {self.rep}, got {x.shape[2]}; lift the image first"
            )
        return x.amax(dim=2, keepdim=True) if self.how == "max" else x.mean(dim=2, keepdim=True)

    def to_plain(self) -> nn.Sequential:
        """Equal layers on ``b (c fiber) y x``: pooling over runs of neighbouring channels."""
        pool = nn.MaxPool3d if self.how == "max" else nn.AvgPool3d
        return nn.Sequential(nn.Unflatten(1, (1, -1)), pool((self.rep.dim, 1, 1)), nn.Flatten(1, 2))
