"""Families of layers: the parts from which one U-Net and one ResNet serve every kind of equivariance."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from course_lib.groups import CyclicGroup, DihedralGroup, PlanarGroup
from course_lib.layers.irreps import GatedNonlinearity, IrrepNorm, NormNonlinearity, Scalars
from course_lib.layers.plain import PlainConv
from course_lib.layers.regular import GroupConv, GroupPool
from course_lib.layers.steerable import IrrepConv, SteerableConv
from course_lib.representations import Irreps, Regular, Representation, Trivial


def relu(channels: int) -> nn.ReLU:
    """ReLU, which needs no channel count."""
    return nn.ReLU()


@dataclass(frozen=True)
class LayerFamily:
    """The parts from which every network of the course is assembled.

    Features have the layout ``b c fiber y x``; the fiber of a scalar image is 1.

    Args:
        name: Key in ``FAMILIES``.
        rep: How the fiber transforms.
        lift: From scalar image to features, given input and output channels.
        conv: From features to features, given input and output channels.
        readout: From features to scalar image.
        norm: Normalisation, given channels.
        nonlinearity: Nonlinearity, given channels.
        pool: Halves the sides of a feature map.
    """

    name: str
    rep: Representation
    lift: Callable[[int, int], nn.Module]
    conv: Callable[[int, int], nn.Module]
    readout: Callable[[], nn.Module]
    norm: Callable[[int], nn.Module] = nn.BatchNorm3d
    nonlinearity: Callable[[int], nn.Module] = relu
    pool: Callable[[], nn.Module] = partial(nn.MaxPool3d, (1, 2, 2))


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


# The plain family claims that its scalars turn with C_4. It does not keep the claim: the negative control.
PLAIN = LayerFamily("plain", Trivial(CyclicGroup(4)), lift=PlainConv, conv=PlainConv, readout=nn.Identity)

FAMILIES = {
    family.name: family
    for family in (
        PLAIN,
        regular_family("p4", CyclicGroup(4), kernel_size=3, disc=False),
        regular_family("p4m", DihedralGroup(4), kernel_size=3, disc=False),
        regular_family("se2-8", CyclicGroup(8), kernel_size=5, disc=True),
        regular_family("se2-12", CyclicGroup(12), kernel_size=5, disc=True),
        steerable_family("steerable-12", CyclicGroup(12)),
        irrep_family("steerable-so2", Irreps(CyclicGroup(12), 2)),
    )
}
