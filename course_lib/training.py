"""Training: one loop that takes a model, a training set and a validation set."""

import math
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from tqdm import tqdm

from course_lib.augmentation import augment
from course_lib.checkpoints import (
    Epoch,
    Progress,
    best_path,
    load_checkpoint,
    save_checkpoint,
)
from course_lib.config import Settings
from course_lib.environment import device_name, versions
from course_lib.parallel import (
    make_fabric,
    process_count,
    same_everywhere,
    share,
    share_norms,
    shared_average,
    shared_loss,
)
from course_lib.tasks import TASKS, predict_logits, scaled
from course_lib.weights import load_into, read_weights


@runtime_checkable
class Examples(Protocol):
    """What training needs of a data set: inputs, and what a network is to say of them."""

    @property
    def inputs(self) -> UInt8[Tensor, "n c *grid"] | Float[Tensor, "n ..."]: ...

    @property
    def targets(self) -> Tensor: ...


def fit(
    model: nn.Module,
    train: Examples,
    val: Examples,
    settings: Settings,
    *,
    folder: Path,
    accelerator: str = "auto",
    devices: int = 1,
    report: Callable[[int, Epoch], None] | None = None,
) -> Progress:
    """Train a model in place; afterwards it holds the weights that validation chose.

    After every epoch a checkpoint is written. If the folder holds one, training goes on
    from there, on the same machine and number of threads to the same numbers as if it had
    never stopped. On a GPU the last digits vary, because sums are made in any order.

    Args:
        model: Maps images in [0, 1] to logits, or states to positions.
        train: Training set.
        val: Validation set; chooses the epoch, by the score of the task.
        settings: Model (it names the task, see ``TASKS``), seed, epochs, batch size, rates, augmentation
            and precision are used.
        folder: Where checkpoints and ``best.safetensors`` are written.
        accelerator: As Fabric takes it: ``"auto"``, ``"cpu"``, ``"cuda"``.
        devices: Processes that share every batch, see ``make_fabric``; the numbers stay those of one, up
            to rounding. Each of them returns; the first one alone writes and reports.
        report: Called with number and result of every finished epoch.

    Raises:
        ValueError: If a set is empty, the loss is not finite, the devices are not there, or the folder
            belongs to a run with other settings.
        OSError: If a checkpoint cannot be written.
    """
    for name, part in (("training", train), ("validation", val)):
        if len(part.inputs) == 0:
            raise ValueError(f"the {name} set must hold at least one example, got 0; raise the fraction")
    task = TASKS[settings.model]
    fabric = make_fabric(accelerator=accelerator, devices=devices, precision=settings.precision)
    fabric.launch()
    if process_count() > 1:
        share_norms(model)
    steps = -(-len(train.inputs) // settings.batch_size)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=steps * settings.epochs
    )
    torch.manual_seed(settings.seed)
    network, wrapped = fabric.setup(model, optimizer)
    progress = Progress()
    if checkpoint := load_checkpoint(folder, settings):
        weights, progress = checkpoint
        load_into(model, weights, source=folder)
        optimizer.load_state_dict(progress.state["optimizer"])
        schedule.load_state_dict(progress.state["schedule"])
        torch.set_rng_state(progress.state["random"])
        torch.cuda.set_rng_state_all(progress.state["random_cuda"][: torch.cuda.device_count()])
    if not same_everywhere(len(progress.epochs)):
        raise ValueError(
            f"all processes must see the same folder, {folder} differs; take one on a shared disk"
        )
    inputs, targets = fabric.to_device((train.inputs, train.targets))

    for epoch in range(len(progress.epochs), settings.epochs):
        start, total = time.perf_counter(), 0.0
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + epoch)
        order = torch.randperm(len(inputs), generator=generator)
        network.train()
        title = f"epoch {epoch + 1}/{settings.epochs}"
        quiet = None if fabric.is_global_zero else True
        bar = tqdm(order.split(settings.batch_size), title, leave=False, disable=quiet)
        for index in bar:
            on_device = index.to(inputs.device)
            x, y = scaled(inputs[on_device]), targets[on_device]
            x, y = augment(x, y, settings.augmentation, generator)
            x, y = share(x), share(y)  # only now, so that every process draws the same angles
            logits = network(x).float()
            own = shared_loss(task.loss(logits, y), logits, len(index))
            loss = shared_average(own)
            value = loss.item()
            if not math.isfinite(value):
                raise ValueError(f"the loss must stay finite, got {value} in {title}; lower learning_rate")
            wrapped.zero_grad()
            fabric.backward(own)
            wrapped.step()
            schedule.step()
            total += value * len(index)
            bar.set_postfix({"loss": f"{value:.3f}", task.score_name: f"{progress.last_score:.3f}"})
        network.eval()
        score = task.score(predict_logits(network, val.inputs, settings.batch_size), val.targets)
        progress.epochs.append(Epoch(total / len(inputs), score, time.perf_counter() - start))
        progress.peak_memory_mb = max(progress.peak_memory_mb, peak_memory_mb())
        progress.state = {
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all(),
            "versions": versions(),
            "device": device_name(accelerator),
        }
        if fabric.is_global_zero:
            save_checkpoint(folder, model.state_dict(), progress, settings)
            if report:
                report(epoch + 1, progress.epochs[-1])
    fabric.barrier()  # the first process has written the best weights
    best, _ = read_weights(best_path(folder))
    load_into(model, best, source=best_path(folder))
    model.eval()
    return progress


def peak_memory_mb() -> float:
    """Largest memory use of this process so far, in MB: the GPU's if one is used, else the processor's."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes there, kibibytes elsewhere
