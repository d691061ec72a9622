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

    def __init__(self, highest: int, channels: int):
        super().__init__()
        self.open = nn.Linear(channels, highest * channels)
        self.sizes = [2 * degree + 1 for degree in range(highest + 1)]

    def forward(self, x: Float[Tensor, "points c fiber"]) -> Float[Tensor, "points c fiber"]:
        (scalars, *others), channels = x.transpose(1, 2).split(self.sizes, dim=1), x.shape[1]
        gates = self.open(scalars[:, 0]).sigmoid().unflatten(1, (len(others), channels)).unbind(dim=1)
        opened = [other * gate[:, None] for other, gate in zip(others, gates, strict=True)]
        return torch.cat([F.silu(scalars), *opened], dim=1).transpose(1, 2)


class HarmonicProduct(nn.Module):
    """Products of features with the spherical harmonics of directions, channel by channel.

    A path (l, k, m) couples degree l of the features with harmonics of degree k to degree m.
    Every path and channel has a weight, given from outside: it may depend on whatever does
    not turn. All paths together are two matrix products.

    Args:
        highest: Highest degree of features and harmonics.

    Raises:
        ValueError: If ``highest`` is not 0, 1 or 2.

    Source:
        Thomas et al. 2018, arXiv:1802.08219; the paths are those that reflections allow.
    """

    def __init__(self, highest: int):
        super().__init__()
        self.highest, self.fiber = highest, len(degrees(highest))
        self.paths = paths(highest)
        self.counts = [sum(out == degree for *_, out in self.paths) for degree in range(highest + 1)]

    def forward(
        self,
        x: Float[Tensor, "edges c fiber"],
        directions: Float[Tensor, "edges 3"],
        weights: Float[Tensor, "edges c path"],
    ) -> Float[Tensor, "edges c fiber"]:
        """Products; those with the direction of a zero vector are 0.

        Raises:
            ValueError: If the shapes do not fit each other or the layer.
        """
        given = x.shape, directions.shape, weights.shape
        if x.ndim != 3 or given != ((*x.shape[:2], self.fiber), (len(x), 3), (*x.shape[:2], len(self.paths))):
            raise ValueError(
                f"features, directions and weights must have the axes edges c {self.fiber}, edges 3 and "
                f"edges c {len(self.paths)}, got {', '.join(str(tuple(shape)) for shape in given)}; give "
                "each edge one of each"
            )
        couplings, order = tables(self.highest, x.dtype, x.device)
        harmonics = [spherical_harmonics(directions, degree) for degree in range(self.highest + 1)]
        matrices = (torch.cat(harmonics, dim=-1) @ couplings).unflatten(1, (-1, x.shape[-1]))
        products = torch.bmm(matrices, x.transpose(1, 2))
        weights = weights.transpose(1, 2).index_select(1, order)
        columns = [count * (2 * degree + 1) for degree, count in enumerate(self.counts)]
        parts = zip(self.counts, products.split(columns, 1), weights.split(self.counts, 1), strict=True)
        sums = [(each.unflatten(1, (count, -1)) * weight[:, :, None]).sum(1) for count, each, weight in parts]
        return torch.cat(sums, dim=1).transpose(1, 2)


def paths(highest: int) -> list[tuple[int, int, int]]:
    """Degrees of feature, harmonic and product, for all products that reflections allow."""
    each = range(highest + 1)
    return [(a, b, c) for a in each for b in each for c in each if couples(a, b, c)]


@functools.cache
def tables(highest: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Constants of the product, rounded once, to the precision in which they are used.

    Returns:
        Couplings ``harmonic (column feature)``, with a column for each entry of each path's
        product; and the order of the paths, which puts those to one degree side by side.
    """
    own, all_paths = degrees(highest), paths(highest)
    order = sorted(range(len(all_paths)), key=lambda number: all_paths[number][2])
    columns = []
    for first, second, out in (all_paths[number] for number in order):
        part = coupling(first, second, out).permute(1, 2, 0) * math.sqrt(2 * out + 1)  # entries keep size
        column = torch.zeros(len(own), 2 * out + 1, len(own), dtype=torch.float64)
        column[second**2 : (second + 1) ** 2, :, first**2 : (first + 1) ** 2] = part
        columns.append(column)
    couplings = torch.cat(columns, dim=1).flatten(1)
    return couplings.to(device, dtype), torch.tensor(order, device=device)


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
        self.channels, self.edge_scalars = channels, edge_scalars
        self.paths = len(self.product.paths)
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

        Raises:
            ValueError: If shapes do not fit, an edge leads to a point that is not there, or a vector
                is not finite.
        """
        self.check(x, vectors, scalars, edges)
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

    def check(self, x: Tensor, vectors: Tensor, scalars: Tensor, edges: Tensor) -> None:
        """Raise ValueError unless features and edges fit each other and the layer, and vectors are finite."""
        if x.ndim != 3 or x.shape[1:] != (self.channels, self.product.fiber):
            raise ValueError(
                f"features must have the axes points {self.channels} {self.product.fiber}, got "
                f"{tuple(x.shape)}; embed them with DegreeLinear"
            )
        if edges.ndim != 2 or len(edges) != 2 or edges.dtype != torch.int64:
            raise ValueError(
                f"edges must be int64 with the axes 2 edges, got {edges.dtype} with {tuple(edges.shape)}; "
                "stack receiving and sending points"
            )
        points, number = len(x), edges.shape[1]
        if vectors.shape != (number, 3) or scalars.shape != (number, self.edge_scalars):
            raise ValueError(
                f"vectors and scalars must have the axes {number} 3 and {number} {self.edge_scalars}, got "
                f"{tuple(vectors.shape)} and {tuple(scalars.shape)}; give each edge one of each"
            )
        if number and not 0 <= int(edges.min()) <= int(edges.max()) < points:
            raise ValueError(
                f"edges must lead from and to points 0 to {points - 1}, got {int(edges.min())} to "
                f"{int(edges.max())}; leave out edges to points that are not there"
            )
        if not vectors.isfinite().all():
            raise ValueError("vectors must be finite, got inf or nan; leave such points out")
