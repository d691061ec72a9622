"""One training on several processes: each takes a share of every batch, and the sums are exchanged.

What the processes compute together equals, up to rounding, what one would compute alone: loss,
gradients, and the statistics of the norms.
"""

import os
from typing import Any

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _NormBase

from course_lib.layers.irreps import IrrepNorm


def make_fabric(*, accelerator: str, devices: int, precision: Any) -> Fabric:
    """Fabric for one process, for several on this machine, or for those that torchrun has started.

    Several processes run the whole program from its start, each with its rank; they meet in
    ``launch()``. Under torchrun its number of processes and machines counts, not ``devices``.

    Args:
        accelerator: As Fabric takes it: ``"cpu"``, ``"cuda"``, or ``"auto"`` for CUDA where there is any.
        devices: Processes on this machine, each with a GPU of its own or with a share of the processor.
        precision: As Fabric takes it: ``"32-true"``, ``"bf16-mixed"``.

    Raises:
        ValueError: If ``devices`` is not positive or not there.
    """
    if accelerator == "auto":  # not Apple's GPU, which lacks some of the poolings
        accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    nodes = 1
    if TorchElasticEnvironment.detect():
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    if devices < 1:
        raise ValueError(f"devices must be at least 1, got {devices}")
    strategy = "ddp" if devices * nodes > 1 else "auto"
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
            precision=precision,
            strategy=strategy,
        )
    except (MisconfigurationException, RuntimeError) as error:
        raise ValueError(f"devices must be there for accelerator {accelerator}: {error}") from error
    return fabric


def process_count() -> int:
    """Number of processes that train together; 1 outside a group of processes."""
    together = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if together else 1


def share(batch: Tensor) -> Tensor:
    """This process's part of a batch, along the first axis; empty if processes outnumber the items."""
    if process_count() == 1:
        return batch
    return batch.tensor_split(process_count())[distributed.get_rank()]


def shared_loss(loss: Tensor, logits: Tensor, total: int) -> Float[Tensor, ""]:
    """What this process has to differentiate, so that the average over processes is the loss of the batch.

    Args:
        loss: Mean over this process's items; not a number if it has none.
        logits: Its logits; without items they still tie the loss to the network, so that this
            process takes part in every exchange.
        total: Items of the whole batch.
    """
    if process_count() == 1:
        return loss
    if len(logits) == 0:
        return logits.sum()
    return loss * (process_count() * len(logits) / total)


def shared_average(loss: Tensor) -> Float[Tensor, ""]:
    """Average of a number over all processes, for reading only."""
    average = loss.detach().clone()
    if process_count() > 1:
        distributed.all_reduce(average)
    return average / process_count()


def same_everywhere(number: int) -> bool:
    """Whether all processes have the same number."""
    found: list[int | None] = [number] * process_count()
    if process_count() > 1:
        distributed.all_gather_object(found, number)
    return len(set(found)) == 1


def is_first() -> bool:
    """Whether this process is the one that writes and prints."""
    return process_count() == 1 or distributed.get_rank() == 0


class _Sum(torch.autograd.Function):
    """Sum over processes. Each of them bears the same sum, so the gradients are summed too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        return _Sum.apply(grad_outputs[0])


def shared_mean(x: Float[Tensor, "b c fiber *grid"], over: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Mean over some axes and over all processes, and the count of numbers behind it.

    Args:
        x: This process's features; perhaps of no item.
        over: The axes, the batch among them.
    """
    sums = x.sum(over)
    count = sums.new_full((1,), x.numel() / sums.numel())
    totals = _Sum.apply(torch.cat([sums.flatten(), count]))
    return (totals[:-1] / totals[-1]).view_as(sums), totals[-1].detach()


class SharedBatchNorm(nn.BatchNorm3d):
    """Batch norm with the statistics of the batches of all processes; alone, the ordinary one.

    ``nn.SyncBatchNorm`` does the same on GPUs only.
    """

    def forward(self, input: Float[Tensor, "b c fiber *grid"]) -> Float[Tensor, "b c fiber *grid"]:
        if not self.training or process_count() == 1:
            return super().forward(input)
        everywhere = (0, *range(2, input.ndim))
        with torch.autocast(input.device.type, enabled=False):
            full = input.to(self.weight.dtype)
            mean, count = shared_mean(full, everywhere)
            variance, _ = shared_mean((full - _spread(mean)).square(), everywhere)
        momentum: Any = self.momentum  # a number: share_norms refuses others
        with torch.no_grad():
            for name, value in (("mean", mean), ("var", variance * count / (count - 1))):
                self.get_buffer(f"running_{name}").lerp_(value, momentum)
            self.get_buffer("num_batches_tracked").add_(1)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        return torch.addcmul(_spread(shift).to(input), input, _spread(scale).to(input))


class SharedIrrepNorm(IrrepNorm):
    """Norm for irreps with the statistics of the batches of all processes; alone, the ordinary one."""

    def _has_batch(self, x: Float[Tensor, "b c fiber y x"]) -> bool:
        return process_count() > 1 or super()._has_batch(x)

    def _statistics(self, x: Float[Tensor, "b c fiber y x"]) -> tuple[Tensor, Tensor]:
        if process_count() == 1:
            return super()._statistics(x)
        with torch.autocast(x.device.type, enabled=False):
            over, full = (0, 3, 4), x.to(self.scale.dtype)
            mean, _ = shared_mean(full[:, :, :1], over)
            centred = full - (mean * self.bears_mean)[:, :, None, None]
            square, _ = shared_mean(centred.square(), over)
            return mean, square @ self.same


def share_norms(network: nn.Module) -> None:
    """Let the norms of a network share their statistics, in place; parameters and names stay.

    Raises:
        ValueError: If there is a norm over the batch of which no shared version is known.
    """
    shared = {nn.BatchNorm3d: SharedBatchNorm, IrrepNorm: SharedIrrepNorm}
    for module in network.modules():
        usual = not isinstance(module, _NormBase) or (module.affine and module.momentum is not None)
        if type(module) in shared and usual:
            module.__class__ = shared[type(module)]  # the same object, so that its parameters stay
        elif isinstance(module, _NormBase) and not isinstance(module, SharedBatchNorm):
            raise ValueError(f"no {module} for several processes is known; use the family's norm()")


def _spread(values: Float[Tensor, " c"]) -> Float[Tensor, "c 1 1 1"]:
    """One number a channel, to be broadcast over ``b c fiber y x``."""
    return values[:, None, None, None]
