"""Layers of E(3)-steerable networks: features are scalars, vectors and quadrupoles at points of space."""

import functools
import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

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
        mixed = torch.einsum("pim,moi->pom", x, self.weight[self.degree])
        return torch.cat([mixed[..., :1] + self.bias[:, None], mixed[..., 1:]], dim=-1)


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
        self.register_buffer("degree", degrees(highest)[1:] - 1, persistent=False)

    def forward(self, x: Float[Tensor, "points c fiber"]) -> Float[Tensor, "points c fiber"]:
        scalars = x[..., 0]
        gates = self.open(scalars).sigmoid().unflatten(1, (x.shape[1], -1))
        return torch.cat([F.silu(scalars)[..., None], x[..., 1:] * gates[..., self.degree]], dim=-1)


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
        couplings, spread, gather = tables(self.highest, x.dtype, x.device)
        harmonics = [spherical_harmonics(directions, degree) for degree in range(self.highest + 1)]
        matrices = (torch.cat(harmonics, dim=-1) @ couplings).unflatten(1, (x.shape[-1], -1))
        return (torch.bmm(x, matrices) * (weights @ spread)) @ gather


def paths(highest: int) -> list[tuple[int, int, int]]:
    """Degrees of feature, harmonic and product, for all products that reflections allow."""
    each = range(highest + 1)
    return [(a, b, c) for a in each for b in each for c in each if couples(a, b, c)]


@functools.cache
def tables(highest: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Constants of the product, rounded once, to the precision in which they are used.

    Returns:
        Couplings ``harmonic (feature column)``, with a column for each entry of each path's
        product; ``path column``, which gives a path's weight to its columns; and ``column
        fiber``, which adds the paths up.
    """
    own, all_paths = degrees(highest), paths(highest)
    widths = [2 * out + 1 for _, _, out in all_paths]
    column = torch.arange(len(all_paths)).repeat_interleave(torch.tensor(widths))
    couplings = torch.zeros(len(own), len(own), len(column), dtype=torch.float64)
    gather = torch.zeros(len(column), len(own), dtype=torch.float64)
    for number, (first, second, out) in enumerate(all_paths):
        rows, features, columns = own == second, own == first, column == number
        part = coupling(first, second, out).transpose(0, 1) * math.sqrt(
            2 * out + 1
        )  # entries keep their size
        couplings[
            torch.meshgrid(*(mask.nonzero()[:, 0] for mask in (rows, features, columns)), indexing="ij")
        ] = part
        gather[torch.meshgrid(columns.nonzero()[:, 0], (own == out).nonzero()[:, 0], indexing="ij")] = (
            torch.eye(2 * out + 1, dtype=torch.float64)
        )
    spread = F.one_hot(column, len(all_paths)).T
    return couplings.flatten(1).to(device, dtype), spread.to(device, dtype), gather.to(device, dtype)


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
        profile = self.profile(torch.cat([own[receiving], own[sending], length, scalars], dim=1))
        weights = profile.unflatten(1, (x.shape[1], self.paths))
        sent = self.gate(self.product(self.sender(x)[sending], vectors, weights))
        count = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        count = count.index_add(0, receiving, torch.ones_like(count[:1]).expand(len(receiving)))
        heard = torch.zeros_like(x).index_add(0, receiving, sent)
        heard = heard / count.clamp(min=1)[:, None, None]
        return x + self.update(torch.cat([x, heard], dim=1))
