"""Ordinary layers for volumes: scalar features with the axes ``b c 1 z y x``."""

import copy

from jaxtyping import Float
from torch import Tensor, nn


class OnScalars(nn.Module):
    """A layer of torch for ``b c z y x``, used on scalar features ``b c 1 z y x``.

    Args:
        layer: Any layer that keeps the number of axes.

    Raises:
        ValueError: If the input is no volume, or its fiber is not 1.
    """

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x: Float[Tensor, "b c_in *grid"]) -> Float[Tensor, "b c_out *grid_out"]:
        if x.ndim != 6 or x.shape[2] != 1:
            raise ValueError(
                f"input must be b c 1 z y x, got {tuple(x.shape)}; give the volume a fiber axis of 1"
            )
        return self.layer(x.squeeze(2)).unsqueeze(2)

    def to_plain(self) -> nn.Module:
        """Copy of the layer, for the layout without the fiber axis."""
        return copy.deepcopy(self.layer)


def volume_conv(c_in: int, c_out: int, *, kernel_size: int = 3) -> OnScalars:
    """Ordinary convolution of volumes; keeps the size.

    Args:
        c_in: Input channels.
        c_out: Output channels.
        kernel_size: Side of the kernel in voxels; odd.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.
    """
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, so that one voxel is the centre; got {kernel_size}")
    return OnScalars(nn.Conv3d(c_in, c_out, kernel_size, padding=kernel_size // 2))


def volume_norm(channels: int) -> OnScalars:
    """Batch norm of volumes: each channel's numbers are shared by all voxels."""
    return OnScalars(nn.BatchNorm3d(channels))
