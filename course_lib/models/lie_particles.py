"""LieConv on moving charges: features live on T(3) or SE(3), velocities are seen from each element."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.layers.lie import LieConv, neighbourhood
from course_lib.lie_groups import LieGroup
from course_lib.models.particles import check_states


class LieParticleNet(nn.Module):
    """LieConv network that foresees where moving charges will be.

    Each particle is lifted to elements (R, x). An element sees the velocity in its own
    frame, as R^T v. At the end each element says a displacement in its frame, R turns it
    back, and the mean over a particle's elements is taken. Over T(3) the network commutes
    with shifts; over SE(3) with rotations too, up to the error of the samples.

    Args:
        group: T(3) or SE(3).
        width: Channels of the layers.
        depth: Number of LieConv layers.
        samples: Elements a particle; 1 for T(3).

    Raises:
        ValueError: If the group does not act on space.

    Source:
        Layers after Finzi et al. 2020, arXiv:2002.12880. Their dynamics learn a Hamiltonian;
        here, as for the other networks, the displacement is learned at once.
    """

    def __init__(self, group: LieGroup, *, width: int = 32, depth: int = 4, samples: int = 1):
        super().__init__()
        if group.space != 3:
            raise ValueError(f"the group must act on space, T(3) or SE(3); got {group}")
        self.group = group
        self.samples = samples
        self.embed = nn.Linear(5, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.convs = nn.ModuleList(LieConv(group, width, width) for _ in range(depth))
        self.head = nn.Linear(width, 3)

    def forward(self, states: Float[Tensor, "b particle state"]) -> Float[Tensor, "b particle 3"]:
        """Positions some time later."""
        check_states(states)
        x, v, q = states.split([3, 3, 1], dim=-1)
        lifted = self.group.lift(x, samples=self.samples)
        turns = lifted[..., :3, :3]
        here = lifted.flatten(1, 2)
        there = torch.ones(here.shape[:2], dtype=torch.bool, device=x.device)
        near = neighbourhood(self.group, here, there, neighbours=here.shape[1])
        seen = torch.einsum("bpsij,bpi->bpsj", turns, v)
        speed = v.norm(dim=-1, keepdim=True)
        alone = torch.cat([speed, q], dim=-1)[:, :, None].expand(*seen.shape[:-1], 2)
        f = self.embed(torch.cat([seen, alone], dim=-1).flatten(1, 2))
        for norm, conv in zip(self.norms, self.convs, strict=True):
            f = f + F.silu(conv(norm(f), near))
        steps = self.head(f).unflatten(1, (-1, self.samples))
        return x + torch.einsum("bpsij,bpsj->bpi", turns, steps) / self.samples
