"""Layers of E(3)-steerable networks: features are scalars, vectors and quadrupoles at points of space."""

import functools
import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from course_lib.harmonics import HIGHEST, couples, coupling, spherical_harmonics


def degrees(highest: int) -> Int64[Tensor, " fiber"]:
    """Degree of each entry of a fiber: 0, 1, 1, 1, 2, 2, 2, 2, 2 for ``highest`` 2.

    Raises:
        ValueError: If ``highest`` is not 0, 1 or 2.
    """
    if highest not in range(HIGHEST + 1):
        raise ValueError(f"the highest degree must be 0, 1 or 2, got {highest}")
    each = torch.arange(highest + 1)
    return each.repeat_interleave(2 * each + 1)


class DegreeLinear(nn.Module):
    """Mixes channels, with one matrix for each degree: the linear maps of points that commute with O(3).

    Args:
        highest: Highest degree of the features.
        c_in: Input channels.
        c_out: Output channels.
    """

    degree: Tensor

    def __init__(self, highest: int, c_in: int, c_out: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(highest + 1, c_out, c_in) / math.sqrt(c_in))
        self.bias = nn.Parameter(torch.zeros(c_out))  # of degree 0: a constant vector would point somewhere
        self.register_buffer("degree", degrees(highest), persistent=False)

    def forward(self, x: Float[Tensor, "points c_in fiber"]) -> Float[Tensor, "points c_out fiber"]:
        mixed = torch.einsum("pim,moi->pom", x, self.weight.index_select(0, self.degree))
        return mixed + self.bias[:, None] * (self.degree == 0)


class Gate(nn.Module):
    """SiLU on scalars; all else is scaled by a number in (0, 1), a sigmoid of the scalars of all channels.

    Args:
        highest: Highest degree of the features.
        channels: Number of channels.

    Source:
        Weiler et al. 2018, arXiv:1807.02547.
    """

    degree: Tensor

    def __init__(self, highest: int, channels: int):
        super().__init__()
        self.open = nn.Linear(channels, highest * channels)
        self.register_buffer("degree", degrees(highest), persistent=False)

    def forward(self, x: Float[Tensor, "points c fiber"]) -> Float[Tensor, "points c fiber"]:
        scalars = x[..., 0]
        gates = torch.cat([scalars, self.open(scalars)], dim=1).sigmoid().unflatten(1, (-1, x.shape[1]))
        return x * gates.index_select(1, self.degree).transpose(1, 2)


class HarmonicProduct(nn.Module):
    """Products of features with the spherical harmonics of directions, channel by channel.

    A path (l, k, m) couples degree l of the features with harmonics of degree k to degree m.
    Every path and channel has a weight, given from outside: it may depend on whatever does
    not turn. All paths together are two matrix products.

    Args:
        highest: Highest degree of features and harmonics.

    Source:
        Thomas et al. 2018, arXiv:1802.08219; the paths are those that reflections allow.
    """

    def __init__(self, highest: int):
        super().__init__()
        self.highest = highest
        self.paths = paths(highest)

    def forward(
        self,
        x: Float[Tensor, "edges c fiber"],
        directions: Float[Tensor, "edges 3"],
        weights: Float[Tensor, "edges c path"],
    ) -> Float[Tensor, "edges c fiber"]:
        couplings, path, gather = tables(self.highest, x.dtype, x.device)
        harmonics = [spherical_harmonics(directions, degree) for degree in range(self.highest + 1)]
        matrices = (torch.cat(harmonics, dim=-1) @ couplings).unflatten(1, (-1, x.shape[-1]))
        products = torch.bmm(matrices, x.transpose(1, 2))
        products = products * weights.transpose(1, 2).index_select(1, path)
        return (gather @ products).transpose(1, 2)


def paths(highest: int) -> list[tuple[int, int, int]]:
    """Degrees of feature, harmonic and product, for all products that reflections allow."""
    each = range(highest + 1)
    return [(a, b, c) for a in each for b in each for c in each if couples(a, b, c)]


@functools.cache
def tables(highest: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Constants of the product, rounded once, to the precision in which they are used.

    Returns:
        Couplings ``harmonic (column feature)``, with a column for each entry of each path's
        product; the path of each column; and ``fiber column``, which adds the paths up.
    """
    own, all_paths = degrees(highest), paths(highest)
    widths = [2 * out + 1 for _, _, out in all_paths]
    column = torch.arange(len(all_paths)).repeat_interleave(torch.tensor(widths))
    couplings = torch.zeros(len(own), len(column), len(own), dtype=torch.float64)
    gather = torch.zeros(len(own), len(column), dtype=torch.float64)
    for number, (first, second, out) in enumerate(all_paths):
        width = 2 * out + 1
        rows, features, outs = own == second, own == first, own == out
        columns = column == number
        part = coupling(first, second, out).permute(1, 2, 0) * math.sqrt(width)  # entries keep their size
        couplings[block(rows, columns, features)] = part
        gather[block(outs, columns)] = torch.eye(width, dtype=torch.float64)
    return couplings.flatten(1).to(device, dtype), column.to(device), gather.to(device, dtype)


def block(*masks: Tensor) -> tuple[Tensor, ...]:
    """Index of the block of a tensor that has one mask for each axis."""
    return torch.meshgrid(*(mask.nonzero()[:, 0] for mask in masks), indexing="ij")


class HarmonicMessages(nn.Module):
    """One round of messages: each point receives products of its neighbours' features with the directions.

    Args:
        highest: Highest degree of the features.
        channels: Number of channels.
        edge_scalars: How many numbers an edge carries beside its length; they must not turn.
        hidden: Width of the radial profile's hidden layer.

    Source:
        After Brandstetter et al. 2022, arXiv:2110.02905, with learned radial profiles.
    """

    def __init__(self, highest: int, channels: int, *, edge_scalars: int, hidden: int = 32):
        super().__init__()
        self.product = HarmonicProduct(highest)
        self.edge_scalars, self.paths = edge_scalars, len(self.product.paths)
        self.sender = DegreeLinear(highest, channels, channels)
        self.profile = nn.Sequential(
            nn.Linear(2 * channels + edge_scalars + 1, hidden),
            nn.SiLU(),
            nn.Linear(hidden, channels * self.paths),
        )
        self.gate = Gate(highest, channels)
        self.update = nn.Sequential(
            DegreeLinear(highest, 2 * channels, channels),
            Gate(highest, channels),
            DegreeLinear(highest, channels, channels),
        )

    def forward(
        self,
        x: Float[Tensor, "points c fiber"],
        vectors: Float[Tensor, "edges 3"],
        scalars: Float[Tensor, "edges edge_scalars"],
        edges: Int64[Tensor, "2 edges"],
    ) -> Float[Tensor, "points c fiber"]:
        """New features; a point without neighbours keeps what it knows of itself.

        Args:
            x: Features of the points.
            vectors: From the receiving point to the sending one.
            scalars: What else each edge carries.
            edges: Receiving and sending point of each edge.
        """
        receiving, sending = edges
        own = x[..., 0]
        length = vectors.norm(dim=-1, keepdim=True)
        ends = own.index_select(0, receiving), own.index_select(0, sending)
        profile = self.profile(torch.cat([*ends, length, scalars], dim=1))
        weights = profile.unflatten(1, (self.paths, -1)).transpose(1, 2)
        # In memory the channels come last: they are what the products of small matrices run over.
        features = self.sender(x).transpose(1, 2).contiguous().index_select(0, sending).transpose(1, 2)
        sent = self.gate(self.product(features, vectors, weights)).transpose(1, 2)
        heard = sent.new_zeros(len(x), *sent.shape[1:]).index_add(0, receiving, sent).transpose(1, 2)
        heard = heard / receiving.bincount(minlength=len(x)).clamp(min=1)[:, None, None]
        return x + self.update(torch.cat([x, heard], dim=1))
