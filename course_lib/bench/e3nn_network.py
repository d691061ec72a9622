"""The steerable network of moving charges once more, built with e3nn: what ours is measured against."""

import importlib
from types import ModuleType
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.models.particles import all_pairs, check_states


def load_e3nn() -> ModuleType:
    """The package e3nn.

    Raises:
        ImportError: If e3nn is not installed.

    Source:
        Geiger and Smidt 2022, arXiv:2207.09453.
    """
    try:
        e3nn = importlib.import_module("e3nn")
        for part in ("o3", "nn"):
            importlib.import_module(f"e3nn.{part}")
    except ModuleNotFoundError as error:
        if error.name != "e3nn":
            raise
        raise ImportError(
            'this comparison needs the package e3nn; install it with: pip install "equivariance-course[e3nn]"'
        ) from error
    return e3nn


class GateE3nn(nn.Module):
    """e3nn's ``Gate``, opened by a linear layer of the scalars.

    Args:
        highest: Highest degree of the features.
        channels: Number of channels.
    """

    def __init__(self, highest: int, channels: int):
        super().__init__()
        e3nn, parts = load_e3nn(), features(highest, channels)
        self.channels = channels
        self.open = nn.Linear(channels, highest * channels)
        gates = e3nn.o3.Irreps(f"{highest * channels}x0e")
        self.gate = e3nn.nn.Gate(parts[:1], [F.silu], gates, [torch.sigmoid], parts[1:])

    def forward(self, x: Float[Tensor, "points entries"]) -> Float[Tensor, "points entries"]:
        scalars, rest = x[:, : self.channels], x[:, self.channels :]
        return self.gate(torch.cat([scalars, self.open(scalars), rest], dim=1))


class MessagesE3nn(nn.Module):
    """``HarmonicMessages`` with e3nn's linear layers, gates and tensor product.

    Args:
        highest: Highest degree of the features.
        channels: Number of channels.
        edge_scalars: How many numbers an edge carries beside its length.
        hidden: Width of the radial profile's hidden layer.
    """

    def __init__(self, highest: int, channels: int, *, edge_scalars: int, hidden: int = 32):
        super().__init__()
        o3, parts = load_e3nn().o3, features(highest, channels)
        harmonics = o3.Irreps.spherical_harmonics(highest)
        paths = [
            (i, j, k, "uvu", True)
            for i, (_, one) in enumerate(parts)
            for j, (_, other) in enumerate(harmonics)
            for k, (_, out) in enumerate(parts)
            if out in one * other
        ]
        self.channels = channels
        self.product = o3.TensorProduct(
            parts, harmonics, parts, paths, path_normalization="none", shared_weights=False
        )
        self.sender = o3.Linear(parts, parts, biases=True)
        self.profile = nn.Sequential(
            nn.Linear(2 * channels + edge_scalars + 1, hidden),
            nn.SiLU(),
            nn.Linear(hidden, self.product.weight_numel),
        )
        self.gate = GateE3nn(highest, channels)
        self.update = nn.Sequential(
            o3.Linear(parts + parts, parts, biases=True),
            GateE3nn(highest, channels),
            o3.Linear(parts, parts, biases=True),
        )

    def forward(
        self,
        x: Float[Tensor, "points entries"],
        harmonics: Float[Tensor, "edges fiber"],
        scalars: Float[Tensor, "edges edge_scalars"],
        edges: Int64[Tensor, "2 edges"],
    ) -> Float[Tensor, "points entries"]:
        """New features.

        Args:
            x: Features of the points: all channels of degree 0, then all of degree 1, then of degree 2.
            harmonics: Of the direction from the receiving point to the sending one.
            scalars: Length of each edge and what else it carries.
            edges: Receiving and sending point of each edge.
        """
        receiving, sending = edges
        own = x[:, : self.channels]
        weights = self.profile(torch.cat([own[receiving], own[sending], scalars], dim=1))
        sent = self.gate(self.product(self.sender(x)[sending], harmonics, weights))
        heard = torch.zeros_like(x).index_add(0, receiving, sent)
        heard = heard / receiving.bincount(minlength=len(x)).clamp(min=1)[:, None]
        return x + self.update(torch.cat([x, heard], dim=1))


class ParticleNetE3nn(nn.Module):
    """``SteerableParticleNet`` built with e3nn: the same task, channels, paths and number of weights.

    The harmonics are computed once for all rounds. Code generation is as e3nn sets it by itself.

    Args:
        width: Channels, each with one part of every degree.
        depth: Rounds of messages.
        highest: Highest degree, 1 or 2.
    """

    def __init__(self, *, width: int = 24, depth: int = 4, highest: int = 1):
        super().__init__()
        o3 = load_e3nn().o3
        self.width = width
        self.quadrupoles = 3 * ((highest + 1) ** 2 - 4)  # of the input: all zero
        self.harmonics = o3.SphericalHarmonics(
            o3.Irreps.spherical_harmonics(highest), normalize=True, normalization="component"
        )
        self.embed = o3.Linear(features(highest, 3), features(highest, width), biases=True)
        self.rounds = nn.ModuleList(MessagesE3nn(highest, width, edge_scalars=1) for _ in range(depth))
        self.head = o3.Linear(features(highest, width), features(highest, 1), biases=True)

    def forward(self, states: Float[Tensor, "b particle state"]) -> Float[Tensor, "b particle 3"]:
        """Positions some time later."""
        check_states(states)
        sets, particles, _ = states.shape
        receiving, sending = edges = all_pairs(sets, particles, states.device)
        x, v, q = states.flatten(0, 1).split([3, 3, 1], dim=1)
        centred = (states[..., :3] - states[..., :3].mean(dim=1, keepdim=True)).flatten(0, 1)
        sizes = [torch.ones_like(q), v.norm(dim=1, keepdim=True), centred.norm(dim=1, keepdim=True)]
        zeros = x.new_zeros(len(x), 3 + self.quadrupoles)
        h = self.embed(torch.cat([*sizes, zeros[:, :3], v, centred, zeros[:, 3:]], dim=1))
        apart = x[sending] - x[receiving]
        scalars = torch.cat([apart.norm(dim=1, keepdim=True), q[receiving] * q[sending]], dim=1)
        harmonics = self.harmonics(apart)
        for layer in self.rounds:
            h = layer(h, harmonics, scalars, edges)
        return (x + self.head(h)[:, 1:4]).view(sets, particles, 3)


def features(highest: int, channels: int) -> Any:
    """Parts of every degree up to the highest, with the parity of harmonics."""
    return load_e3nn().o3.Irreps([(channels, (degree, (-1) ** degree)) for degree in range(highest + 1)])
