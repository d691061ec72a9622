"""Families of layers: the parts from which one U-Net and one ResNet serve every kind of equivariance."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol, runtime_checkable

from torch import nn

from course_lib.groups import CyclicGroup, DihedralGroup, PlanarGroup
from course_lib.layers.attention import GroupAttention
from course_lib.layers.e2 import E2Conv
from course_lib.layers.irreps import GatedNonlinearity, IrrepNorm, NormNonlinearity, Scalars
from course_lib.layers.isotropic import IsotropicFiberConv, Rings
from course_lib.layers.plain import Halve, PlainConv
from course_lib.layers.regular import GroupConv, GroupPool
from course_lib.layers.steerable import IrrepConv, SteerableConv
from course_lib.layers.volume import volume_conv, volume_norm
from course_lib.representations import Irreps, Regular, Representation, Trivial


def relu(channels: int) -> nn.ReLU:
    """ReLU, which needs no channel count."""
    return nn.ReLU()


@runtime_checkable
class Convolution(Protocol):
    """How a family builds a convolution; without a kernel size it takes the family's own."""

    def __call__(self, c_in: int, c_out: int, *, kernel_size: int = ...) -> nn.Module: ...


@dataclass(frozen=True)
class LayerFamily:
    """The parts from which every network of the course is assembled.

    Features have the layout ``b c fiber y x``; the fiber of a scalar image is 1.
    Families of volumes have ``b c fiber z y x``.

    Args:
        name: Key in ``FAMILIES``.
        rep: How the fiber transforms.
        lift: From scalar image to features, given input and output channels.
        conv: From features to features, given input and output channels.
        readout: From features to scalar image.
        norm: Normalisation, given channels.
        nonlinearity: Nonlinearity, given channels.
        pool: Halves the sides of a feature map.
        dims: 2 for images, 3 for volumes.
    """

    name: str
    rep: Representation
    lift: Callable[[int, int], nn.Module]
    conv: Convolution
    readout: Callable[[], nn.Module]
    norm: Callable[[int], nn.Module] = nn.BatchNorm3d
    nonlinearity: Callable[[int], nn.Module] = relu
    pool: Callable[[], nn.Module] = partial(nn.MaxPool3d, (1, 2, 2))
    dims: Literal[2, 3] = 2

    def mix(self, c_in: int, c_out: int) -> nn.Module:
        """From features to features at each pixel alone: a convolution with a kernel of one pixel."""
        return self.conv(c_in, c_out, kernel_size=1)


def regular_family(name: str, group: PlanarGroup, *, kernel_size: int, disc: bool) -> LayerFamily:
    """Family of regular features of a group: lifting, group convolutions, maximum over the fiber.

    Args:
        name: Name of the family.
        group: C_n or D_n.
        kernel_size: Side of every kernel in pixels; odd.
        disc: Whether kernels live on the inscribed disc only.
    """
    rep = Regular(group)
    return LayerFamily(
        name=name,
        rep=rep,
        lift=partial(GroupConv, Trivial(group), kernel_size=kernel_size, disc=disc),
        conv=partial(GroupConv, rep, kernel_size=kernel_size, disc=disc),
        readout=partial(GroupPool, rep),
    )


def attention_family(name: str, group: PlanarGroup, *, kernel_size: int, heads: int) -> LayerFamily:
    """Family of regular features with attention for convolution; its first layer is a lifting convolution.

    Args:
        name: Name of the family.
        group: C_n or D_n; with other turns than quarter turns the neighbourhood should be a disc,
            which a square of 3 px is.
        kernel_size: Side of every neighbourhood and of the lifting kernel in pixels; odd.
        heads: Heads of each layer.
    """
    rep = Regular(group)

    def conv(c_in: int, c_out: int, *, kernel_size: int = kernel_size) -> nn.Module:
        if kernel_size == 1:  # a pixel without neighbours has nobody to ask
            return GroupConv(rep, c_in, c_out, kernel_size=1)
        return GroupAttention(rep, c_in, c_out, kernel_size=kernel_size, heads=heads)

    return replace(regular_family(name, group, kernel_size=kernel_size, disc=False), conv=conv)


def steerable_family(name: str, group: PlanarGroup, *, kernel_size: int = 5) -> LayerFamily:
    """Family of regular features of a group whose kernels are turned by formula.

    Args:
        name: Name of the family.
        group: C_n or D_n.
        kernel_size: Side of every kernel in pixels; odd.
    """
    rep = Regular(group)
    return LayerFamily(
        name=name,
        rep=rep,
        lift=partial(SteerableConv, Trivial(group), kernel_size=kernel_size),
        conv=partial(SteerableConv, rep, kernel_size=kernel_size),
        readout=partial(GroupPool, rep),
    )


def irrep_family(
    name: str,
    rep: Irreps,
    *,
    kernel_size: int = 5,
    nonlinearity: type[GatedNonlinearity] | type[NormNonlinearity] = GatedNonlinearity,
) -> LayerFamily:
    """Family of irrep features: equivariant to all rotations, with C_n; to reflections too, with D_n.

    Args:
        name: Name of the family.
        rep: The irreps; their group gives the elements with which the family is tested.
        kernel_size: Side of every kernel in pixels; odd.
        nonlinearity: Gated or norm nonlinearity.
    """
    return LayerFamily(
        name=name,
        rep=rep,
        lift=partial(IrrepConv, Trivial(rep.group), rep, kernel_size=kernel_size),
        conv=partial(IrrepConv, rep, rep, kernel_size=kernel_size),
        readout=partial(Scalars, rep),
        norm=partial(IrrepNorm, rep),
        nonlinearity=partial(nonlinearity, rep),
        pool=partial(nn.AvgPool3d, (1, 2, 2)),  # the maximum of single entries would not turn with the pair
    )


def scalar_family(
    name: str, rep: Trivial, lift: Convolution, conv: Convolution, *, dims: Literal[2, 3]
) -> LayerFamily:
    """Family of scalar features, for images or volumes, from its convolutions."""
    images = LayerFamily(name, rep, lift, conv, readout=nn.Identity)
    return images if dims == 2 else replace(images, norm=volume_norm, pool=partial(Halve, 3), dims=3)


def sre_family(
    name: str,
    *,
    kernel_size: int = 5,
    lift_size: int | None = None,
    rings: Rings = "smooth",
    dims: Literal[2, 3] = 2,
) -> LayerFamily:
    """Family of scalar features whose kernels have one value a ring, for images or volumes.

    Args:
        name: Name of the family.
        kernel_size: Side of every kernel in pixels; odd.
        lift_size: Side of the kernel that reads the image, ``kernel_size`` if not given.
        rings: ``"hard"`` as published, ``"smooth"`` for less error between quarter turns.
        dims: 2 for images, 3 for volumes.
    """
    sized = partial(IsotropicFiberConv, rings=rings, dims=dims)
    lift = partial(sized, kernel_size=kernel_size if lift_size is None else lift_size)
    return scalar_family(
        name, Trivial(DihedralGroup(4)), lift, partial(sized, kernel_size=kernel_size), dims=dims
    )


def e2cnn_family(name: str, rep: Regular | Irreps, *, kernel_size: int = 5) -> LayerFamily:
    """Family with the kernels of e2cnn, between the same norms, nonlinearities and pools as ours.

    Args:
        name: Name of the family.
        rep: Regular features of C_n or D_n, or irreps of SO(2) (with C_n) or O(2) (with D_n).
        kernel_size: Side of every kernel in pixels; odd.
    """
    return replace(
        steerable_family(name, rep.group) if isinstance(rep, Regular) else irrep_family(name, rep),
        lift=partial(E2Conv, Trivial(rep.group), rep, kernel_size=kernel_size),
        conv=partial(E2Conv, rep, rep, kernel_size=kernel_size),
    )


# The plain family claims that its scalars turn with C_4. It does not keep the claim: the negative control.
PLAIN = scalar_family("plain", Trivial(CyclicGroup(4)), PlainConv, PlainConv, dims=2)

FAMILIES = {
    family.name: family
    for family in (
        PLAIN,
        regular_family("p4", CyclicGroup(4), kernel_size=3, disc=False),
        regular_family("p4m", DihedralGroup(4), kernel_size=3, disc=False),
        regular_family("se2-8", CyclicGroup(8), kernel_size=5, disc=True),
        regular_family("se2-12", CyclicGroup(12), kernel_size=5, disc=True),
        regular_family("se2-16", CyclicGroup(16), kernel_size=5, disc=True),
        attention_family("p4-attention", CyclicGroup(4), kernel_size=3, heads=2),
        steerable_family("steerable-12", CyclicGroup(12)),
        irrep_family("steerable-so2", Irreps(CyclicGroup(12), 2)),
        e2cnn_family("e2cnn-12", Regular(CyclicGroup(12))),
        e2cnn_family("e2cnn-so2", Irreps(CyclicGroup(12), 2)),
        sre_family("sre"),
    )
}

# The stages of SRE-ResNet-18 (Du et al. 2025, arXiv:2501.09753): large kernels while the maps are large.
SRE_STAGES, SRE_SMOOTH_STAGES = (
    tuple(
        sre_family(f"sre-{rings}-{size}", kernel_size=size, lift_size=5, rings=rings) for size in (9, 9, 5, 5)
    )
    for rings in ("hard", "smooth")
)

# No group of the plane acts on volumes, so their features are scalars.
VOLUME_FAMILIES = {
    family.name: family
    for family in (
        scalar_family("plain-3d", Trivial(CyclicGroup(4)), volume_conv, volume_conv, dims=3),
        sre_family("sre-3d", dims=3),
        sre_family("sre-3d-hard", rings="hard", dims=3),
    )
}

# By name, all that a ResNet can be assembled from: one family, or one for each of four stages.
STAGED_FAMILIES = {"sre-hard": SRE_STAGES, "sre-smooth": SRE_SMOOTH_STAGES}
NETWORK_FAMILIES = {**FAMILIES, **VOLUME_FAMILIES, **STAGED_FAMILIES}
