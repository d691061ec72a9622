"""Whole networks: the training step of each U-Net against the plain one's, beside their arithmetic."""

from collections.abc import Callable
from functools import partial

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib.bench.timing import Ratio, alternate, peak_memory_mb, ratio
from course_lib.families import FAMILIES
from course_lib.layers.base import FiberConv
from course_lib.models.unet import UNet

WIDTHS = {  # plain and p4 as in the talk; the rest by the numbers at a pixel that p4 has, or fewer
    "plain": (16, 32, 64, 128, 256),
    "p4": (8, 16, 32, 64, 128),
    "se2-12": (3, 6, 12, 24, 48),
    "steerable-12": (3, 6, 12, 24, 48),
    "steerable-so2": (7, 13, 26, 52, 104),
    "sre": (16, 32, 64, 128, 256),
}


class NetworkRow(BaseModel):
    """One U-Net. Ratios are to the plain U-Net at the same size and batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    family: str
    widths: tuple[int, ...]
    size_px: int
    batch: int
    parameters: int
    gigamacs: float
    arithmetic: float
    train: Ratio
    inference: Ratio
    memory: float
    kernels: float
    step_ms: float


def measure_networks(
    *, size_px: int = 64, batch: int = 8, rounds: int = 5, device: str = "cpu", names: tuple[str, ...] = ()
) -> list[NetworkRow]:
    """Time the U-Nets of all families in turn.

    Args:
        size_px: Side of the images.
        batch: Images in a step.
        rounds: Rounds that count.
        device: ``cpu`` or ``cuda``.
        names: Families beside the plain one; all of ``WIDTHS`` if empty.
    """
    chosen = ["plain", *(name for name in names or WIDTHS if name != "plain")]
    torch.manual_seed(0)
    nets = {name: UNet(FAMILIES[name], 3, 1, widths=WIDTHS[name]).to(device) for name in chosen}
    x = torch.rand(batch, 3, size_px, size_px, device=device)
    steps = {name: partial(_step, net, x) for name, net in nets.items()}
    training = alternate(steps, rounds=rounds, device=device)
    building = alternate(
        {name: partial(_build_kernels, net) for name, net in nets.items()}, rounds=rounds, device=device
    )
    memory = {name: peak_memory_mb(step, device=device) for name, step in steps.items()}
    exported = {name: net.to_plain() for name, net in nets.items()}
    inference = alternate(
        {name: partial(_infer, net, x) for name, net in exported.items()}, rounds=rounds, device=device
    )
    macs = {name: _gigamacs(net, x[:1]) for name, net in exported.items()}
    return [
        NetworkRow(
            family=name,
            widths=WIDTHS[name],
            size_px=size_px,
            batch=batch,
            parameters=sum(parameter.numel() for parameter in net.parameters()),
            gigamacs=macs[name],
            arithmetic=round(macs[name] / macs["plain"], 3),
            train=ratio(training[name], training["plain"]),
            inference=ratio(inference[name], inference["plain"]),
            memory=round(memory[name] / memory["plain"], 3),
            kernels=round(ratio(building[name], training[name]).median, 4),
            step_ms=round(1e3 * sorted(training[name])[rounds // 2], 2),
        )
        for name, net in nets.items()
    ]


def _step(net: nn.Module, x: torch.Tensor) -> None:
    net.train()
    net.zero_grad()
    net(x).square().mean().backward()


def _infer(net: nn.Module, x: torch.Tensor) -> None:
    with torch.no_grad():
        net(x)


def _build_kernels(net: nn.Module) -> None:
    """Every kernel of the network, and the gradient of every weight from it."""
    for layer in net.modules():
        if isinstance(layer, FiberConv) and layer.rep_out.dim * layer.rep_in.dim > 1:
            layer.zero_grad()
            kernel = layer.folded_kernel()
            kernel.backward(kernel.detach())


def _gigamacs(net: Callable, x: torch.Tensor) -> float:
    """Multiply-adds of one image through ordinary layers, in billions."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        net(x)
    return round(counter.get_total_flops() / 2e9, 6)
