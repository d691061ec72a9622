"""SRE convolution: kernels with one value a ring, as drop-ins for torch's convolutions in 2D and 3D."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.conv import _ConvNd

from course_lib.filters import ring_masks
from course_lib.layers.plain import Halve
from course_lib.layers.ring_sum import ring_sum_conv, ring_sum_wins, ring_taps

Rings = Literal["hard", "smooth"]
BLUR_PX = 1.0  # standard deviation of the Gaussian blur of the image that the initial weights are made for


class IsotropicConv(nn.Module, ABC):
    """Convolution whose kernel has one value a ring: it commutes with every rotation and reflection.

    Exact under the symmetries of the grid with stride 1; with stride 2 at odd sizes only. At
    other angles the error is small, and smaller with smooth rings. The arguments are those
    of ``nn.Conv2d`` and ``nn.Conv3d``; each is one number for all axes, for axes that a turn
    exchanges must be treated alike.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        kernel_size: Side of the kernel in pixels; odd.
        stride: Step between outputs.
        padding: Zeros added at each border, or ``"same"`` to keep the size.
        dilation: Distance between the kernel's taps.
        groups: Number of blocks of channels that do not mix.
        bias: Whether to add one number a channel.
        rings: ``"hard"`` as published, ``"smooth"`` for less error between quarter turns.

    Raises:
        ValueError: If the kernel is even or its sides differ, the groups do not divide the
            channels, or the input does not fit.

    Source:
        Du et al. 2025, arXiv:2501.09753. There the initial weights ignore how many pixels
        share one; here each ring's are scaled, see ``reset_parameters``.
    """

    masks: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | Literal["same"] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rings: Rings = "hard",
    ):
        super().__init__()
        if min(in_channels, out_channels, groups) < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups must divide in_channels and out_channels, got {groups} for {in_channels} and "
                f"{out_channels}; choose a common divisor of both"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _one_number("kernel_size", kernel_size)
        self.stride = _one_number("stride", stride)
        self.dilation = _one_number("dilation", dilation)
        self.groups = groups
        self.rings: Rings = rings
        masks = ring_masks(self.kernel_size, rings=rings, dims=self.dims())
        self.register_buffer("masks", masks.to(torch.get_default_dtype()), persistent=False)
        if padding == "same" and self.stride > 1:
            raise ValueError(f'padding "same" needs stride 1, got {self.stride}; give padding as a number')
        half = self.dilation * (self.kernel_size // 2)
        self.padding = half if padding == "same" else _one_number("padding", padding, least=0)
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, len(masks)))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    @staticmethod
    @abstractmethod
    def dims() -> Literal[2, 3]:
        """Number of axes of the grid."""

    def reset_parameters(self) -> None:
        """Draw weights that give the output of an image blurred by one pixel a variance of 1/3.

        That is the variance behind ``nn.Conv2d``, whatever its input. Tied taps add
        up coherently on smooth images, so here large rings need smaller weights. Each
        ring contributes the same share. The bias starts at zero.
        """
        flat = self.masks.flatten(1).double()
        axis = torch.arange(self.kernel_size, dtype=torch.float64, device=flat.device)
        points = torch.cartesian_prod(*[axis] * self.dims())
        covariance = (-(torch.cdist(points, points) ** 2) / (4 * BLUR_PX**2)).exp()
        ring_variance = torch.einsum("rp, pq, rq -> r", flat, covariance, flat)
        variance = 1 / (3 * self.weight.shape[1:].numel() * ring_variance)
        with torch.no_grad():
            self.weight.normal_().mul_(variance.sqrt())
            if self.bias is not None:
                self.bias.zero_()

    def kernel(self) -> Float[Tensor, "c_out c_in *grid"]:
        """The dense kernel: one product of the weights with the rings."""
        with torch.autocast(self.weight.device.type, enabled=False):  # weights keep their precision
            return (self.weight @ self.masks.flatten(1)).unflatten(-1, self.masks.shape[1:])

    def forward(self, x: Float[Tensor, "b c_in *grid"]) -> Float[Tensor, "b c_out *grid_out"]:
        self.check(x)
        options = (self.stride, self.padding, self.dilation, self.groups)
        if ring_sum_wins(x, self.weight, self.kernel_size, *options):
            taps = ring_taps(self.kernel_size, self.rings, self.dims())
            return ring_sum_conv(x, self.weight, self.bias, self.masks, taps, self.padding)
        convolve = F.conv2d if self.dims() == 2 else F.conv3d
        return convolve(x, self.kernel(), self.bias, *options)

    def to_plain(self) -> nn.Conv2d | nn.Conv3d:
        """Equal ``nn.Conv2d`` or ``nn.Conv3d``."""
        build = nn.Conv2d if self.dims() == 2 else nn.Conv3d
        channels = (self.in_channels, self.out_channels)
        options = (self.kernel_size, self.stride, self.padding, self.dilation, self.groups)
        conv = build(*channels, *options, bias=self.bias is not None).to(self.weight)
        with torch.no_grad():
            conv.weight.copy_(self.kernel())
            if self.bias is not None and conv.bias is not None:
                conv.bias.copy_(self.bias)
        return conv

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, groups={self.groups}, rings={self.rings!r}"
        )

    def check(self, x: Tensor) -> None:
        """Raise ValueError unless x is ``b c_in y x``, or ``b c_in z y x`` in 3D."""
        if x.ndim != self.dims() + 2 or x.shape[1] != self.in_channels:
            axes = "y x" if self.dims() == 2 else "z y x"
            raise ValueError(
                f"input must be b {self.in_channels} {axes}, got {tuple(x.shape)}; "
                "features with a fiber axis need IsotropicFiberConv"
            )


class IsotropicConv2d(IsotropicConv):
    """``IsotropicConv`` of images ``b c y x``."""

    @staticmethod
    def dims() -> Literal[2, 3]:
        return 2


class IsotropicConv3d(IsotropicConv):
    """``IsotropicConv`` of volumes ``b c z y x``."""

    @staticmethod
    def dims() -> Literal[2, 3]:
        return 3


class IsotropicFiberConv(nn.Module):
    """``IsotropicConv`` of scalar features with a fiber axis of 1; keeps the size. For layer families.

    Args:
        c_in: Input channels.
        c_out: Output channels.
        kernel_size: Side of the kernel in pixels; odd.
        rings: ``"hard"`` as published, ``"smooth"`` for less error between quarter turns.
        dims: 2 for ``b c 1 y x``, 3 for ``b c 1 z y x``.
        bias: Whether to add one number a channel.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        *,
        kernel_size: int = 5,
        rings: Rings = "smooth",
        dims: Literal[2, 3] = 2,
        bias: bool = True,
    ):
        super().__init__()
        build = IsotropicConv2d if dims == 2 else IsotropicConv3d
        self.conv = build(c_in, c_out, kernel_size, padding="same", bias=bias, rings=rings)

    def kernel(self) -> Float[Tensor, "c_out 1 c_in 1 *grid"]:
        """The kernel with its two fiber axes."""
        return self.conv.kernel().unsqueeze(2).unsqueeze(1)

    def forward(self, x: Float[Tensor, "b c_in fiber *grid"]) -> Float[Tensor, "b c_out 1 *grid"]:
        if x.shape[2] != 1:
            raise ValueError(f"fiber axis must be 1 for scalars, got {x.shape[2]}; pool over the fiber first")
        return self.conv(x.squeeze(2)).unsqueeze(2)

    def to_plain(self) -> nn.Conv2d | nn.Conv3d:
        """Equal torch layer on the layout without the fiber axis."""
        return self.conv.to_plain()


def convert(
    model: nn.Module, *, rings: Rings = "hard", kernel_size: Mapping[int, int] | None = None
) -> nn.Module:
    """Copy of a network in which isotropic convolutions stand for ``nn.Conv2d`` and ``nn.Conv3d``.

    Kernels of one pixel stay as they are. A stride breaks the symmetry at even sizes, so a convolution with
    stride 2 becomes ``Halve``, which is exact at every size, and a convolution of stride 1. A larger stride s
    becomes average pooling over s x s pixels, exact at multiples of s. All
    maps keep their sizes. New weights are drawn, for no kernel but an isotropic one could be kept;
    dtype, device, mode and all other layers are those of the model. Look at the pooling layers
    yourself: 3 x 3 windows with stride 2 break the symmetry too.

    Args:
        model: Any network; it is left untouched.
        rings: ``"hard"`` as published, ``"smooth"`` for less error between quarter turns.
        kernel_size: New side for each old one; sides that are not named stay.

    Raises:
        ValueError: At transposed and one-dimensional convolutions, subclasses, even or oblong kernels,
            unequal strides, padding that is not zeros, and strides whose padding changes the size.

    Example:
        >>> convert(nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1)), kernel_size={3: 5})
        Sequential(
          (0): Sequential(
            (0): Halve()
            (1): IsotropicConv2d(3, 8, kernel_size=5, stride=1, padding=2, dilation=1, groups=1, rings='hard')
          )
        )
    """
    new = copy.deepcopy(model)
    replaced: dict[nn.Module, nn.Module] = {}
    for name, layer in list(new.named_modules(remove_duplicate=False)):
        if isinstance(layer, _ConvNd):
            if layer not in replaced:
                replaced[layer] = _converted(name, layer, rings, kernel_size or {})
            if not name:
                return replaced[layer]
            parent, _, child = name.rpartition(".")
            setattr(new.get_submodule(parent), child, replaced[layer])
    return new


def _converted(name: str, old: _ConvNd, rings: Rings, sizes: Mapping[int, int]) -> nn.Module:
    """What stands for one convolution."""
    try:
        if type(old) not in (nn.Conv2d, nn.Conv3d) or old.padding_mode != "zeros" or old.in_channels < 1:
            raise ValueError(
                "it must be an nn.Conv2d or nn.Conv3d padded with zeros; replace it before, a transposed "
                "convolution by upsampling and a convolution, and run lazy layers once"
            )
        old_size = _one_number("kernel_size", old.kernel_size)
        stride = _one_number("stride", old.stride)
        dilation = _one_number("dilation", old.dilation)
        size = sizes.get(old_size, old_size)
        half = dilation * (old_size // 2)
        words = {"same": half, "valid": 0}
        padding = (
            words[old.padding] if isinstance(old.padding, str) else _one_number("padding", old.padding, 0)
        )
        if stride > 1 and padding != half:
            raise ValueError(
                f"with stride {stride} the padding must be {half}, got {padding}; pad the input apart"
            )
        if old_size == size == 1:
            conv = copy.deepcopy(old)
            conv.stride = (1,) * len(old.stride)
        else:
            build = IsotropicConv2d if isinstance(old, nn.Conv2d) else IsotropicConv3d
            new_padding = padding + dilation * (size // 2 - old_size // 2)
            options = (size, 1, new_padding, dilation, old.groups, old.bias is not None)
            conv = build(old.in_channels, old.out_channels, *options, rings=rings)
            conv.to(old.weight).train(old.training)
    except ValueError as error:
        raise ValueError(f"cannot convert {name or 'the model'}, {old}: {error}") from error
    if stride == 1:
        return conv
    dims = 2 if isinstance(old, nn.Conv2d) else 3
    pool = nn.AvgPool2d if dims == 2 else nn.AvgPool3d
    halve = Halve(dims) if stride == 2 else pool(stride, ceil_mode=True)
    return nn.Sequential(halve, conv).train(old.training)


def _one_number(name: str, value: int | tuple[int, ...] | str, least: int = 1) -> int:
    """The number that holds for every axis, so that no turn can tell the axes apart."""
    numbers = {value} if isinstance(value, int) else set(value)
    if len(numbers) != 1 or not all(isinstance(number, int) and number >= least for number in numbers):
        raise ValueError(
            f"{name} must be one whole number of at least {least} for all axes, got {value!r}; "
            "a turn exchanges the axes"
        )
    return next(number for number in numbers if isinstance(number, int))
