"""Steerable networks of moving charges: a training step of ours against the same network built with e3nn."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.bench.e3nn_network import ParticleNetE3nn
from course_lib.bench.timing import Ratio, alternate, peak_memory_mb, ratio
from course_lib.models.particles import SteerableParticleNet

WIDTHS = {1: 26, 2: 16}  # channels by the highest degree: about 50 thousand weights in four rounds
PARTICLES = 5


class ParticleRow(BaseModel):
    """One network on one batch. Ratios are to e3nn; ``fastest`` is that of the two shortest steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    highest: int
    width: int
    depth: int
    sets: int
    edges: int
    parameters: int
    parameters_e3nn: int
    train: Ratio
    fastest: float
    memory: float
    ms: float
    ms_e3nn: float
    memory_mb: float
    memory_mb_e3nn: float
    error: float
    error_e3nn: float


def measure_particles(
    highest: int, *, sets: int, depth: int = 4, rounds: int = 15, device: str = "cpu"
) -> ParticleRow:
    """Time both networks in turn.

    Args:
        highest: Highest degree of the features, 1 or 2.
        sets: Sets of five particles in a batch; each has 20 edges.
        depth: Rounds of messages.
        rounds: Rounds of the measurement that count.
        device: ``cpu`` or ``cuda``.

    Raises:
        ImportError: If e3nn is not installed.
    """
    torch.manual_seed(0)
    size = {"width": WIDTHS[highest], "depth": depth, "highest": highest}
    nets = {"ours": SteerableParticleNet(**size), "e3nn": ParticleNetE3nn(**size)}
    errors = {name: turning_error(net) for name, net in nets.items()}
    states, later = torch.randn(sets, PARTICLES, 7).to(device), torch.randn(sets, PARTICLES, 3).to(device)
    steps = {name: training_step(net.to(device), states, later) for name, net in nets.items()}
    seconds = alternate(steps, rounds=rounds, device=device)
    memory = {name: peak_memory_mb(step, device=device) for name, step in steps.items()}
    weights = {name: sum(parameter.numel() for parameter in net.parameters()) for name, net in nets.items()}
    middle = {name: round(1e3 * sorted(times)[rounds // 2], 2) for name, times in seconds.items()}
    return ParticleRow(
        highest=highest,
        width=WIDTHS[highest],
        depth=depth,
        sets=sets,
        edges=sets * PARTICLES * (PARTICLES - 1),
        parameters=weights["ours"],
        parameters_e3nn=weights["e3nn"],
        train=ratio(seconds["ours"], seconds["e3nn"]),
        fastest=round(min(seconds["ours"]) / min(seconds["e3nn"]), 3),
        memory=round(memory["ours"] / memory["e3nn"], 3),
        ms=middle["ours"],
        ms_e3nn=middle["e3nn"],
        memory_mb=round(memory["ours"], 2),
        memory_mb_e3nn=round(memory["e3nn"], 2),
        error=errors["ours"],
        error_e3nn=errors["e3nn"],
    )


def training_step(
    net: nn.Module, states: Float[Tensor, "b particle state"], later: Float[Tensor, "b particle 3"]
) -> Callable[[], None]:
    """Forward, backward and the optimiser's update, as a function without arguments."""
    return partial(_step, net, torch.optim.AdamW(net.parameters(), lr=1e-3), states, later)


def _step(net: nn.Module, optimiser: torch.optim.Optimizer, states: Tensor, later: Tensor) -> None:
    optimiser.zero_grad()
    F.mse_loss(net(states), later).backward()
    optimiser.step()


def turning_error(net: nn.Module) -> float:
    """Relative equivariance error of the displacements at a random rotation or reflection, in float32."""
    random = torch.Generator().manual_seed(0)
    states = torch.randn(20, PARTICLES, 7, generator=random)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=random))[0]
    turned = torch.cat([states[..., :3] @ turn.T, states[..., 3:6] @ turn.T, states[..., 6:]], dim=-1)
    with torch.no_grad():
        expected = (net(states) - states[..., :3]) @ turn.T
        found = net(turned) - turned[..., :3]
    return ((found - expected).norm() / expected.norm()).item()
