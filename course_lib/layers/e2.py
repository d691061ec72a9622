"""The same parts built with e2cnn: its kernels, norm and nonlinearity on the layout ``b c fiber y x``.

Regular features need only the convolution from here. On this layout e2cnn's
InnerBatchNorm is ``BatchNorm3d``, its pointwise maximum ``MaxPool3d((1, 2, 2))``, its group
pooling ``GroupPool`` and its upsampling ``Upsample``. Features made of irreps also need the
norm, the nonlinearity and the readout below.
"""

import copy
import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.groups import DihedralGroup
from course_lib.layers.base import FiberConv
from course_lib.layers.e2_compat import load_e2cnn
from course_lib.representations import Irreps, Regular, Representation, Trivial


def e2_field_types(*reps: Representation) -> list[Any]:
    """e2cnn's type of a field that transforms as the given representation, one for each.

    The fields share one space. Its group is C_n or D_n; with irreps among the
    representations it is SO(2) or O(2), of which C_n and D_n are samples.

    Raises:
        ImportError: If e2cnn is not installed.
        ValueError: If e2cnn has no such group or representation.
    """
    group = reps[0].group
    if group.n < 2:
        raise ValueError(f"e2cnn's groups have at least 2 rotations, got {group}; use PlainConv")
    e2cnn = load_e2cnn()
    flips = isinstance(group, DihedralGroup)
    space_of = e2cnn.gspaces.FlipRot2dOnR2 if flips else e2cnn.gspaces.Rot2dOnR2
    frequencies = [rep.max_frequency for rep in reps if isinstance(rep, Irreps)]
    space = space_of(-1, maximum_frequency=max(frequencies)) if frequencies else space_of(group.n)
    types = []
    for rep in reps:
        if isinstance(rep, Trivial):
            field = space.trivial_repr
        elif isinstance(rep, Regular) and not frequencies:
            field = space.regular_repr  # its elements stand in the course's order, its flip is that of x
        elif isinstance(rep, Irreps):
            field = _direct_sum(e2cnn, space.fibergroup, rep, flips=flips)
        else:
            raise ValueError(
                f"e2cnn's layers take trivial features with regular ones or with irreps, got {reps}; "
                "give input and output one kind"
            )
        types.append(e2cnn.nn.FieldType(space, [field]))
    return types


def _direct_sum(e2cnn: Any, fibergroup: Any, rep: Irreps, *, flips: bool) -> Any:
    """Irreps side by side. e2cnn's flip is diag(1, -1) in each pair; a turned basis gives the course's."""
    irreps, change = [], np.eye(rep.dim)
    for m in range(rep.max_frequency + 1):
        irreps.append(fibergroup.irrep(min(m, 1), m) if flips else fibergroup.irrep(m))
        if flips and m % 2:
            change[2 * m - 1 : 2 * m + 1, 2 * m - 1 : 2 * m + 1] = [[0, -1], [1, 0]]
    names = [irrep.name for irrep in irreps]
    name = f"frequencies_to_{rep.max_frequency}"
    return e2cnn.group.Representation(fibergroup, name, names, change, ["norm", "gated"])


class E2Conv(FiberConv):
    """Convolution whose kernels are those of e2cnn's ``R2Conv``: circular harmonics on Gaussian rings.

    The basis of kernels is taken from an ``R2Conv`` of one channel, once; the kernel is its
    sum with our weights. So the layer is an ordinary module: it can be copied, moved to
    another precision and loaded in eval mode, and starts as quickly as any other.

    Args:
        rep_in: How the input's fiber transforms: trivial, regular or irreps.
        rep_out: How the output's fiber transforms.
        c_in: Input channels.
        c_out: Output channels.
        kernel_size: Side of the kernel in pixels; odd.
        bias: Whether to add one number a channel.

    Raises:
        ImportError: If e2cnn is not installed.
        ValueError: If the arguments do not fit, or e2cnn has no kernel for them.

    Source:
        Weiler and Cesa 2019, arXiv:1911.08251; e2cnn 0.2.3. The initial weights differ: here all
        have one standard deviation, which keeps the size of the features.
    """

    basis: Tensor

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        c_in: int,
        c_out: int,
        *,
        kernel_size: int = 5,
        bias: bool = True,
    ):
        super().__init__(rep_in, rep_out, c_in, c_out, kernel_size=kernel_size, bias=bias)
        basis = e2_basis(rep_in, rep_out, kernel_size)
        self.register_buffer("basis", basis.to(torch.get_default_dtype()), persistent=False)
        std = math.sqrt(rep_out.dim / (c_in * basis.square().sum().item()))
        self.weight = nn.Parameter(torch.randn(c_out, c_in, len(basis)) * std)

    def kernel(self) -> Float[Tensor, "c_out fiber_out c_in fiber_in k k"]:
        """Sum of e2cnn's basis kernels, one weight each for every pair of channels."""
        summed = self.weight @ self.basis.flatten(1)
        return summed.unflatten(2, self.basis.shape[1:]).transpose(1, 2)


def e2_basis(
    rep_in: Representation, rep_out: Representation, kernel_size: int
) -> Float[Tensor, "basis fiber_out fiber_in k k"]:
    """The kernels that e2cnn's ``R2Conv`` adds up, sampled on the pixel grid.

    Raises:
        ImportError: If e2cnn is not installed.
        ValueError: If e2cnn has no such group or representation.
    """
    types = e2_field_types(rep_in, rep_out)
    # recompute: e2cnn's own store of bases does not tell two bases of the same irreps apart
    conv = load_e2cnn().nn.R2Conv(*types, kernel_size, bias=False, initialize=False, recompute=True)
    (block,) = conv.basisexpansion.children()
    return block.sampled_basis.unflatten(3, (kernel_size, kernel_size))


class E2Norm(nn.Module):
    """Batch norm of irrep features: e2cnn's InnerBatchNorm at frequency 0, NormBatchNorm above.

    A pair of entries has mean zero, since the group turns it; so only its variance is
    made one, the same for both entries.

    Args:
        rep: The irreps of the features; at least up to frequency 1.
        c: Channels.
        eps: Added to the variance.
        momentum: Share of the new batch in the running variance.

    Raises:
        ValueError: If ``rep`` has frequency 0 alone.

    Source:
        e2cnn 0.2.3, and equal to it in eval mode. In training e2cnn divides the pairs by the
        running variance, here they are divided by that of the batch, as in torch's batch norm.
    """

    running_var: Tensor

    def __init__(self, rep: Irreps, c: int, *, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        _check_pairs(rep)
        self.eps = eps
        self.momentum = momentum
        self.scalar = nn.BatchNorm3d(c, eps=eps, momentum=momentum)
        self.weight = nn.Parameter(torch.ones(c, rep.max_frequency))
        self.register_buffer("running_var", torch.ones(c, rep.max_frequency))

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c fiber y x"]:
        pairs = x[:, :, 1:].unflatten(2, (-1, 2))
        var = self.running_var
        if self.training:
            var = pairs.square().mean(dim=(0, 3, 4, 5), dtype=var.dtype)
            n = pairs[:, 0, 0, 0].numel()
            self.running_var.lerp_(var.detach() * n / max(n - 1, 1), self.momentum)
        scale = (self.weight / (var + self.eps).sqrt()).to(x.dtype)
        scaled = pairs * scale[:, :, None, None, None]
        return torch.cat([self.scalar(x[:, :, :1]), scaled.flatten(2, 3)], dim=2)

    def to_plain(self) -> nn.BatchNorm2d:
        """Equal ``nn.BatchNorm2d`` on ``b (c fiber) y x``, in eval mode."""
        c, n_pairs = self.weight.shape
        plain = nn.BatchNorm2d(c * (1 + 2 * n_pairs), eps=self.eps, momentum=self.momentum).to(self.weight)
        zeros = torch.zeros_like(self.weight)
        pairs = {"weight": self.weight, "bias": zeros, "running_mean": zeros, "running_var": self.running_var}
        state = self.scalar.state_dict()
        for name, of_pairs in pairs.items():
            entries = torch.cat([state[name][:, None], of_pairs.repeat_interleave(2, dim=1)], dim=1)
            state[name] = entries.flatten()
        plain.load_state_dict(state)
        return plain.eval()


class E2NormReLU(nn.Module):
    """ReLU of irrep features: of the number itself at frequency 0, of the length of a pair above.

    A pair x becomes relu(|x| - exp(b)) x / |x| with one learned b for each channel and
    frequency: e2cnn's NormNonLinearity with function ``n_relu``.

    Args:
        rep: The irreps of the features; at least up to frequency 1.
        c: Channels.

    Raises:
        ValueError: If ``rep`` has frequency 0 alone.
    """

    def __init__(self, rep: Irreps, c: int):
        super().__init__()
        _check_pairs(rep)
        self.log_bias = nn.Parameter(torch.zeros(c, rep.max_frequency))

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c fiber y x"]:
        pairs = x[:, :, 1:].unflatten(2, (-1, 2))
        length = torch.linalg.vector_norm(pairs, dim=3, keepdim=True)
        longer = (length - self.log_bias.exp()[:, :, None, None, None]).relu()
        factor = (longer / length.clamp(min=1e-10)).to(x.dtype)
        return torch.cat([x[:, :, :1].relu(), (pairs * factor).flatten(2, 3)], dim=2)

    def to_plain(self) -> nn.Sequential:
        """Equal layers on ``b (c fiber) y x``."""
        c, n_pairs = self.log_bias.shape
        return nn.Sequential(nn.Unflatten(1, (c, 1 + 2 * n_pairs)), copy.deepcopy(self), nn.Flatten(1, 2))


class E2Readout(nn.Module):
    """The invariant numbers of irrep features: the entry of frequency 0.

    Args:
        rep: The irreps of the features.

    Raises:
        ValueError: If the input's fiber does not fit.
    """

    def __init__(self, rep: Irreps):
        super().__init__()
        self.rep = rep

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c 1 y x"]:
        if x.shape[2] != self.rep.dim:
            raise ValueError(
                f"fiber axis must be {self.rep.dim} for {self.rep}, got {x.shape[2]}; lift the image first"
            )
        return x[:, :, :1]

    def to_plain(self) -> nn.Sequential:
        """Equal layers on ``b (c fiber) y x``: every ``fiber``-th channel."""
        pick = nn.MaxPool3d(1, stride=(self.rep.dim, 1, 1))
        return nn.Sequential(nn.Unflatten(1, (1, -1)), pick, nn.Flatten(1, 2))


def _check_pairs(rep: Irreps) -> None:
    if rep.max_frequency < 1:
        raise ValueError(
            f"max_frequency must be at least 1, got {rep}; for frequency 0 alone use BatchNorm3d and ReLU"
        )
