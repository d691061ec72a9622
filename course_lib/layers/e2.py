"""Convolutions with the kernels of e2cnn, on the course's layout ``b c fiber y x``.

The rest of an e2cnn network needs no e2cnn here; the tests hold both side by side. Its
InnerBatchNorm is ``BatchNorm3d``, its PointwiseMaxPool ``MaxPool3d((1, 2, 2))``, its
GroupPooling ``GroupPool``, its R2Upsampling ``Upsample``, its NormBatchNorm ``IrrepNorm`` and
its NormNonLinearity ``NormNonlinearity``.
"""

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
