"""Ordinary convolution: the baseline, the negative control, and what every network exports to."""

import copy
import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _NormBase

from course_lib.groups import CyclicGroup
from course_lib.layers.base import FiberConv
from course_lib.representations import Trivial


class PlainConv(FiberConv):
    """Ordinary convolution of scalar features; no kernel is tied to another.

    Args:
        c_in: Input channels.
        c_out: Output channels.
        kernel_size: Side of the kernel in pixels; odd.
        bias: Whether to add one number a channel.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel_size: int = 3, bias: bool = True):
        scalars = Trivial(CyclicGroup(1))
        super().__init__(scalars, scalars, c_in, c_out, kernel_size=kernel_size, bias=bias)
        shape = (c_out, c_in, 1, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.randn(shape) / math.sqrt(math.prod(shape[1:])))

    def kernel(self) -> Float[Tensor, "c_out 1 c_in 1 k k"]:
        """The weight itself."""
        return self.weight.unsqueeze(1)


class Upsample(nn.Module):
    """Bilinear upsampling by 2 of every map; exact under the symmetries of the grid at every size."""

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c fiber y2 x2"]:
        folded = F.interpolate(
            x.flatten(1, 2), scale_factor=2, mode="bilinear"
        )  # faster than trilinear on b c fiber y x
        return folded.unflatten(1, x.shape[1:3])

    def to_plain(self) -> nn.Upsample:
        """Equal ``nn.Upsample`` on the layout ``b (c fiber) y x``."""
        return nn.Upsample(scale_factor=2, mode="bilinear")


class Halve(nn.Module):
    """Average pooling that halves every side and stays exact under the symmetries of the grid at every size.

    An even side is averaged in pairs, n pixels become n / 2. An odd side is averaged by
    threes around every second pixel, the first and the last included: n become (n + 1) / 2. Either way
    the windows are their own mirror image. Beyond the border nothing is counted. The same
    module takes ``b c fiber y x`` and the folded ``b (c fiber) y x``.

    Args:
        dims: 2 for images, 3 for volumes ``b c fiber z y x``.

    Raises:
        ValueError: In ``forward``, if a side is of one pixel.
    """

    def __init__(self, dims: Literal[2, 3] = 2):
        super().__init__()
        self.dims = dims

    def forward(self, x: Float[Tensor, "b c *fiber_and_grid"]) -> Float[Tensor, "b c *fiber_and_half_grid"]:
        sides = x.shape[-self.dims :]
        if min(sides) < 2:
            raise ValueError(f"every side must have at least 2 pixels to be halved, got {tuple(sides)}")
        padding = [side % 2 for side in sides]
        window = [2 + pad for pad in padding]
        pool = F.avg_pool2d if self.dims == 2 else F.avg_pool3d
        halved = pool(x.flatten(1, -self.dims - 1), window, 2, padding, count_include_pad=False)
        return halved.unflatten(1, x.shape[1 : -self.dims])


def to_plain(network: nn.Module, fiber: int) -> nn.Module:
    """Copy of a network in which every part is an ordinary torch layer on ``b (c fiber) y x``.

    The copy gives the same outputs and has no kernel left to build: for deployment,
    for ONNX, and to see that an equivariant network is a plain one with tied weights.
    It is in eval mode, for inference: trained further, the ties would be lost.

    Args:
        network: Modules on ``b c fiber y x``: layers with a ``to_plain()`` of their own,
            ``BatchNorm3d``, 2 x 2 pooling of maps, and layers that act on single numbers.
        fiber: Size of the fiber axis inside the network.
    """
    plain = copy.deepcopy(network)
    for parent in list(plain.modules()):
        for name, child in list(parent.named_children()):
            setattr(parent, name, _plain_part(child, fiber))
    return plain.eval()


def _plain_part(module: nn.Module, fiber: int) -> nn.Module:
    if isinstance(module, nn.BatchNorm3d):
        return _plain_norm(module, fiber)
    if isinstance(module, nn.MaxPool3d | nn.AvgPool3d):
        if _pooling(module) != ((1, 2, 2), (1, 2, 2), 0, False):
            raise ValueError(f"spatial pooling must be over 1 x 2 x 2, got {module}; use the family's pool()")
        return nn.MaxPool2d(2) if isinstance(module, nn.MaxPool3d) else nn.AvgPool2d(2)
    if isinstance(module, _NormBase):
        raise ValueError(f"no plain copy of {module} is known; use the family's norm()")
    if isinstance(module, nn.Unflatten | nn.Flatten):  # the fiber axis is neither made nor removed
        return nn.Identity()
    export: Callable[[], nn.Module] | None = getattr(module, "to_plain", None)
    return export() if export else module


def _pooling(pool: nn.MaxPool3d | nn.AvgPool3d) -> tuple[Any, ...]:
    return pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode


def _plain_norm(norm: nn.BatchNorm3d, fiber: int) -> nn.BatchNorm2d:
    """Batch norm with each channel's numbers repeated over its fiber."""
    plain = nn.BatchNorm2d(norm.num_features * fiber, eps=norm.eps, momentum=norm.momentum)
    plain.to(norm.weight)
    state = {
        name: value.repeat_interleave(fiber) if value.ndim else value
        for name, value in norm.state_dict().items()
    }
    plain.load_state_dict(state)
    return plain
