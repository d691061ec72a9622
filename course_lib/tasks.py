"""What training needs to know of a task: its loss, and the score by which validation chooses."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor
from torch.nn import functional as F

from course_lib.classification import auc
from course_lib.evaluation import dice


def segmentation_loss(
    logits: Float[Tensor, "b 1 y x"], masks: Float[Tensor, "b 1 y x"] | UInt8[Tensor, "b 1 y x"]
) -> Float[Tensor, ""]:
    """Binary cross-entropy plus one minus the soft Dice of each image, in nats plus shares.

    The soft Dice replaces the mask by probabilities. One pixel is added above and below
    the line, so that an empty mask has a gradient too.
    """
    masks = masks.to(logits)
    overlap = (logits.sigmoid() * masks).sum(dim=(1, 2, 3))
    total = (logits.sigmoid() + masks).sum(dim=(1, 2, 3))
    soft_dice = (2 * overlap + 1) / (total + 1)
    return F.binary_cross_entropy_with_logits(logits, masks) + 1 - soft_dice.mean()


def classification_loss(
    logits: Float[Tensor, "b n_logits"], labels: Int64[Tensor, " b *finding"]
) -> Float[Tensor, ""]:
    """Cross-entropy in nats; with several findings, the binary one of each, averaged."""
    if labels.ndim == 1:
        return F.cross_entropy(logits, labels)
    return F.binary_cross_entropy_with_logits(logits, labels.to(logits))


def mean_dice(logits: Float[Tensor, "n 1 y x"], masks: UInt8[Tensor, "n 1 y x"]) -> float:
    """Mean Dice over images."""
    return dice(logits > 0, masks > 0).mean().item()


def mean_auc(logits: Float[Tensor, "n n_logits"], labels: Int64[Tensor, " n *finding"]) -> float:
    """Area under the ROC curve, mean over classes or findings."""
    return auc(probabilities(logits, multi_label=labels.ndim == 2), labels)


def probabilities(logits: Float[Tensor, "n n_logits"], *, multi_label: bool) -> Float[Tensor, "n n_logits"]:
    """Softmax over the classes; with several findings, a sigmoid of each."""
    return logits.sigmoid() if multi_label else logits.softmax(dim=1)


def position_loss(
    found: Float[Tensor, "b particle 3"], later: Float[Tensor, "b particle 3"]
) -> Float[Tensor, ""]:
    """Mean squared error of a coordinate."""
    return F.mse_loss(found, later)


def minus_error(found: Float[Tensor, "n particle 3"], later: Float[Tensor, "n particle 3"]) -> float:
    """The mean squared error with its sign changed, so that more is better."""
    return -position_loss(found, later).item()


@dataclass(frozen=True)
class Task:
    """Loss and validation score of one kind of task.

    Args:
        score_name: Name of the score.
        loss: From logits and targets of a batch to a number, a mean over images.
        score: From logits and targets of a whole set to a number; more is better.
    """

    score_name: str
    loss: Callable[[Tensor, Tensor], Tensor]
    score: Callable[[Tensor, Tensor], float]


TASKS = {
    "unet": Task("Dice", segmentation_loss, mean_dice),
    "resnet": Task("AUC", classification_loss, mean_auc),
    "points": Task("AUC", classification_loss, mean_auc),
    "particles": Task("-MSE", position_loss, minus_error),
}


def scaled(inputs: UInt8[Tensor, "n ..."] | Float[Tensor, "n ..."]) -> Float[Tensor, "n ..."]:
    """Bytes from 0 to 255 as numbers in [0, 1]; numbers as they are."""
    return inputs if inputs.is_floating_point() else inputs / 255


@torch.no_grad()
def predict_logits(
    model: Callable[[Tensor], Tensor],
    images: UInt8[Tensor, "n ..."] | Float[Tensor, "n ..."],
    batch_size: int,
) -> Float[Tensor, "n ..."]:
    """Logits of any number of images, or what else a network says of its inputs, on the CPU.

    Args:
        model: Maps images in [0, 1] to logits. If it is a module, batches are moved to its device.
        images: Bytes from 0 to 255, or numbers that the model takes as they are.
        batch_size: Images at once.
    """
    parameters = model.parameters() if isinstance(model, torch.nn.Module) else iter(())
    device = next((parameter.device for parameter in parameters), torch.device("cpu"))
    return torch.cat([model(scaled(batch.to(device))).float().cpu() for batch in images.split(batch_size)])
