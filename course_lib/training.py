"""Training: one loop that takes a model, a training set and a validation set."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, UInt8
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F
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
from course_lib.evaluation import dice
from course_lib.weights import load_into, read_weights


@runtime_checkable
class LabelledImages(Protocol):
    """What training needs of a data set: images and their masks in {0, 1}."""

    images: UInt8[Tensor, "n c y x"]
    masks: UInt8[Tensor, "n 1 y x"]


def segmentation_loss(logits: Float[Tensor, "b 1 y x"], masks: Float[Tensor, "b 1 y x"]) -> Float[Tensor, ""]:
    """Binary cross-entropy plus one minus the soft Dice of each image, in nats plus shares.

    The soft Dice replaces the mask by probabilities. One pixel is added above and below
    the line, so that an empty mask has a gradient too.
    """
    overlap = (logits.sigmoid() * masks).sum(dim=(1, 2, 3))
    total = (logits.sigmoid() + masks).sum(dim=(1, 2, 3))
    soft_dice = (2 * overlap + 1) / (total + 1)
    return F.binary_cross_entropy_with_logits(logits, masks) + 1 - soft_dice.mean()


def fit(
    model: nn.Module,
    train: LabelledImages,
    val: LabelledImages,
    settings: Settings,
    *,
    folder: Path,
    accelerator: str = "auto",
    report: Callable[[int, Epoch], None] | None = None,
) -> Progress:
    """Train a model in place; afterwards it holds the weights that validation chose.

    After every epoch a checkpoint is written. If the folder holds one, training goes on
    from there, on the same machine and number of threads to the same numbers as if it had
    never stopped. On a GPU the last digits vary, because sums are made in any order.

    Args:
        model: Maps images ``b c y x`` in [0, 1] to logits ``b 1 y x``.
        train: Training set.
        val: Validation set; chooses the epoch by mean Dice over images.
        settings: Seed, epochs, batch size, rates, augmentation and precision are used.
        folder: Where checkpoints and ``best.safetensors`` are written.
        accelerator: As Fabric takes it: ``"auto"``, ``"cpu"``, ``"cuda"``.
        report: Called with number and result of every finished epoch.

    Raises:
        ValueError: If a set is empty, the loss is not finite, or the folder belongs to a
            run with other settings.
        OSError: If a checkpoint cannot be written.
    """
    for name, part in (("training", train), ("validation", val)):
        if len(part.images) == 0:
            raise ValueError(f"the {name} set must hold at least one image, got 0; raise the fraction")
    fabric = Fabric(accelerator=accelerator, devices=1, precision=settings.precision)
    steps = -(-len(train.images) // settings.batch_size)
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
        torch.cuda.set_rng_state_all(progress.state.get("random_cuda", []))
    images, masks = fabric.to_device((train.images, train.masks))

    for epoch in range(len(progress.epochs), settings.epochs):
        start, total = time.perf_counter(), 0.0
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + epoch)
        order = torch.randperm(len(images), generator=generator)
        network.train()
        title = f"epoch {epoch + 1}/{settings.epochs}"
        bar = tqdm(order.split(settings.batch_size), title, leave=False, disable=None)
        for index in bar:
            on_device = index.to(images.device)
            x, y = images[on_device] / 255, masks[on_device].float()
            x, y = augment(x, y, settings.augmentation, generator)
            loss = segmentation_loss(network(x).float(), y)
            if not loss.isfinite():
                raise ValueError(
                    f"the loss must stay finite, got {loss.item()} in {title}; lower learning_rate"
                )
            wrapped.zero_grad()
            fabric.backward(loss)
            wrapped.step()
            schedule.step()
            total += loss.item() * len(index)
            bar.set_postfix(loss=f"{loss.item():.3f}", dice=f"{progress.last_dice:.3f}")
        score = validation_dice(network, val, settings.batch_size)
        progress.epochs.append(Epoch(total / len(images), score, time.perf_counter() - start))
        progress.peak_memory_mb = max(progress.peak_memory_mb, peak_memory_mb())
        progress.state = {
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all(),
        }
        save_checkpoint(folder, model.state_dict(), progress, settings)
        if report:
            report(epoch + 1, progress.epochs[-1])
    best, _ = read_weights(best_path(folder))
    load_into(model, best, source=best_path(folder))
    model.eval()
    return progress


@torch.no_grad()
def validation_dice(network: nn.Module, val: LabelledImages, batch_size: int) -> float:
    """Mean Dice over the images of the validation set."""
    network.eval()
    device = next(network.parameters()).device
    scores = []
    for x, y in zip(val.images.split(batch_size), val.masks.split(batch_size), strict=True):
        scores.append(dice(network(x.to(device) / 255).cpu() > 0, y > 0))
    return torch.cat(scores).mean().item()


def peak_memory_mb() -> float:
    """Largest memory use of this process so far, in MB: the GPU's if one is used, else the processor's."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes there, kibibytes elsewhere
