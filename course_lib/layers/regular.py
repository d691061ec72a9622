"""Lifting convolution, group convolution and group pooling for every C_n and D_n."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.actions import turned_pixels
from course_lib.layers.base import FiberConv, Orbit
from course_lib.representations import Regular, Representation


class GroupConv(FiberConv):
    """Convolution from features of type ``rep_in`` to regular features.

    With ``rep_in`` trivial it is the lifting convolution, with ``rep_in`` regular the
    group convolution.

    Args:
        rep_in: How the input's fiber transforms, trivial or regular; its group is the group of the layer.
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
        super().__init__(rep_in, Regular(rep_in.group), c_in, c_out, kernel_size=kernel_size, bias=bias)
        shape = (c_out, c_in, rep_in.dim, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.randn(shape) / math.sqrt(math.prod(shape[1:])))
        self.orbit = Orbit(rep_in, c_in, turned_pixels(rep_in.group, kernel_size, disc=disc))
        self.turns_exactly = isinstance(rep_in, Regular) and rep_in.group.n % 4 == 0

    def kernel(self) -> Float[Tensor, "c_out order c_in fiber k k"]:
        """Orbit of the weight under the group. Everything else is ordinary convolution."""
        return self.orbit(self.weight.flatten(3))


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
        if x.ndim != 5 or x.shape[2] != self.rep.dim:
            raise ValueError(
                f"fiber axis must be {self.rep.dim} in b c fiber y x for {self.rep}, got {tuple(x.shape)}; "
                "lift the image first"
            )
        return x.amax(dim=2, keepdim=True) if self.how == "max" else x.mean(dim=2, keepdim=True)

    def to_plain(self) -> nn.Sequential:
        """Equal layers on ``b (c fiber) y x``: pooling over runs of neighbouring channels."""
        pool = nn.MaxPool3d if self.how == "max" else nn.AvgPool3d
        return nn.Sequential(nn.Unflatten(1, (1, -1)), pool((self.rep.dim, 1, 1)), nn.Flatten(1, 2))
