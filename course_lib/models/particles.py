"""Networks that foresee where moving charges will be: a plain graph network, EGNN, and a steerable one."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from course_lib.layers.en import DegreeLinear, HarmonicMessages

STATE = 7  # numbers of a particle: position, velocity, charge


def perceptron(c_in: int, width: int, c_out: int) -> nn.Sequential:
    """Two linear layers with SiLU between them and after the first."""
    return nn.Sequential(nn.Linear(c_in, width), nn.SiLU(), nn.Linear(width, c_out))


def check_states(states: Tensor) -> None:
    """Refuse what is no batch of moving charges.

    Raises:
        ValueError: If the axes are wrong, there is no particle, or a number is not finite.
    """
    if states.ndim != 3 or states.shape[-1] != STATE or states.shape[1] == 0:
        raise ValueError(
            f"states must be b particle {STATE} (position, velocity, charge) with a particle at least, got "
            f"{tuple(states.shape)}"
        )
    if not states.isfinite().all():
        raise ValueError("states must be finite, got inf or nan; leave such sets out")


def all_pairs(sets: int, particles: int, device: torch.device) -> Int64[Tensor, "2 edges"]:
    """Receiving and sending particle of every ordered pair within a set, in a batch laid end to end."""
    pairs = (~torch.eye(particles, dtype=torch.bool, device=device)).nonzero().T
    first = particles * torch.arange(sets, device=device)
    return (pairs[:, None] + first[:, None]).flatten(1)


def receive(
    messages: Float[Tensor, "edges c"], edges: Int64[Tensor, "2 edges"], points: int
) -> Float[Tensor, "points c"]:
    """Sum of the messages that each point receives."""
    return messages.new_zeros(points, messages.shape[1]).index_add(0, edges[0], messages)


class PlainGraphNet(nn.Module):
    """Messages between particles that know their coordinates as numbers: the baseline without symmetry.

    It is equivariant to permutations alone.

    Args:
        width: Numbers a particle carries.
        depth: Rounds of messages.

    Source:
        The baseline GNN of Satorras et al. 2021, arXiv:2102.09844; here each set is centred
        first, and the change of the positions is learned instead of the positions.
    """

    def __init__(self, *, width: int = 64, depth: int = 4):
        super().__init__()
        self.embed = nn.Linear(STATE, width)
        self.messages = nn.ModuleList(perceptron(2 * width + 1, width, width) for _ in range(depth))
        self.updates = nn.ModuleList(perceptron(2 * width, width, width) for _ in range(depth))
        self.head = perceptron(width, width, 3)

    def forward(self, states: Float[Tensor, "b particle state"]) -> Float[Tensor, "b particle 3"]:
        """Positions some time later."""
        check_states(states)
        sets, particles, _ = states.shape
        receiving, sending = edges = all_pairs(sets, particles, states.device)
        x, v, q = states.flatten(0, 1).split([3, 3, 1], dim=1)
        centred = states[..., :3] - states[..., :3].mean(dim=1, keepdim=True)
        h = self.embed(torch.cat([centred.flatten(0, 1), v, q], dim=1))
        charges = q[receiving] * q[sending]
        for message, update in zip(self.messages, self.updates, strict=True):
            sent = message(torch.cat([h[receiving], h[sending], charges], dim=1))
            h = h + update(torch.cat([h, receive(sent, edges, len(h))], dim=1))
        return (x + self.head(h)).view(sets, particles, 3)


class DistanceNet(nn.Module):
    """EGNN: messages of scalars, made from distances, push each particle along the lines to the others.

    It is equivariant to rotations, reflections, shifts and permutations.

    Args:
        width: Numbers a particle carries.
        depth: Rounds of messages.

    Source:
        Satorras et al. 2021, arXiv:2102.09844, with velocities, equations 3 to 7.
    """

    def __init__(self, *, width: int = 64, depth: int = 4):
        super().__init__()
        self.embed = nn.Linear(1, width)
        self.messages = nn.ModuleList(
            nn.Sequential(perceptron(2 * width + 2, width, width), nn.SiLU()) for _ in range(depth)
        )
        self.pushes = nn.ModuleList(perceptron(width, width, 1) for _ in range(depth))
        self.speeds = nn.ModuleList(perceptron(width, width, 1) for _ in range(depth))
        self.updates = nn.ModuleList(perceptron(2 * width, width, width) for _ in range(depth))
        with torch.no_grad():
            for name, weight in self.pushes.named_parameters():
                if name.endswith("2.weight"):  # small pushes at the start, as published
                    weight *= 1e-3

    def forward(self, states: Float[Tensor, "b particle state"]) -> Float[Tensor, "b particle 3"]:
        """Positions some time later."""
        check_states(states)
        sets, particles, _ = states.shape
        receiving, sending = edges = all_pairs(sets, particles, states.device)
        x, v, q = states.flatten(0, 1).split([3, 3, 1], dim=1)
        h = self.embed(v.norm(dim=1, keepdim=True))
        charges = q[receiving] * q[sending]
        rounds = zip(self.messages, self.pushes, self.speeds, self.updates, strict=True)
        for message, push, speed, update in rounds:
            apart = x[receiving] - x[sending]
            square = apart.square().sum(dim=1, keepdim=True)
            sent = message(torch.cat([h[receiving], h[sending], square, charges], dim=1))
            moved = receive(apart * push(sent), edges, len(x)) / max(particles - 1, 1)
            x = x + moved + speed(h) * v
            h = h + update(torch.cat([h, receive(sent, edges, len(h))], dim=1))
        return x.view(sets, particles, 3)


class SteerableParticleNet(nn.Module):
    """Features that turn with the system: scalars, vectors and, with degree 2, quadrupoles.

    It is equivariant to rotations, reflections, shifts and permutations.

    Args:
        width: Channels, each with one part of every degree.
        depth: Rounds of messages.
        highest: Highest degree, 1 or 2.

    Source:
        After Brandstetter et al. 2022, arXiv:2110.02905.
    """

    def __init__(self, *, width: int = 24, depth: int = 4, highest: int = 1):
        super().__init__()
        if highest not in (1, 2):
            raise ValueError(f"the highest degree must be 1 or 2, got {highest}: velocities have degree 1")
        self.fiber = (highest + 1) ** 2
        self.embed = DegreeLinear(highest, 3, width)
        self.rounds = nn.ModuleList(HarmonicMessages(highest, width, edge_scalars=1) for _ in range(depth))
        self.head = DegreeLinear(highest, width, 1)

    def forward(self, states: Float[Tensor, "b particle state"]) -> Float[Tensor, "b particle 3"]:
        """Positions some time later."""
        check_states(states)
        sets, particles, _ = states.shape
        receiving, sending = edges = all_pairs(sets, particles, states.device)
        x, v, q = states.flatten(0, 1).split([3, 3, 1], dim=1)
        centred = (states[..., :3] - states[..., :3].mean(dim=1, keepdim=True)).flatten(0, 1)
        h = x.new_zeros(len(x), 3, self.fiber)
        h[:, 0, 0], h[:, 1, 0], h[:, 2, 0] = 1, v.norm(dim=1), centred.norm(dim=1)
        h[:, 1, 1:4], h[:, 2, 1:4] = v, centred
        h = self.embed(h)
        for layer in self.rounds:
            h = layer(h, x[sending] - x[receiving], q[receiving] * q[sending], edges)
        return (x + self.head(h)[:, 0, 1:4]).view(sets, particles, 3)
