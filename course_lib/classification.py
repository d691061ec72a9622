"""How a classifier fares, upright, turned and mirrored: AUC and accuracy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.stats import rankdata
from torch import Tensor

from course_lib.actions import rotate
from course_lib.filters import disc_mask

Images = Float[Tensor, "n c *grid"]
Scores = Float[Tensor, "n k"]
Labels = Int64[Tensor, " n *finding"]
Classifier = Callable[[Tensor], Tensor]  # images in [0, 1] to probabilities
STEP_DEG = {2: 10, 3: 30}  # between test angles, by the number of axes; a volume is turned about three axes
AXES = {2: ("plane",), 3: ("z", "y", "x")}


def auc(probabilities: Scores, labels: Labels) -> float:
    """Area under the ROC curve, mean over classes, each against the rest.

    It is the share of pairs (one image of the class, one that is not) which the score
    puts in the right order; equal scores count one half. A class that all images or none
    belong to has no such pair and is left out.

    Args:
        probabilities: Score of each class, or of each finding.
        labels: Number of the class; or 0 and 1 for each finding.

    Raises:
        ValueError: If no class has an image in it and one outside.

    Example:
        >>> auc(torch.tensor([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]), torch.tensor([0, 0, 1]))
        1.0
    """
    n_classes = probabilities.shape[1]
    truth = labels if labels.ndim == 2 else torch.nn.functional.one_hot(labels, n_classes)
    areas = []
    for score, is_in in zip(probabilities.T.double().numpy(), truth.T.bool().numpy(), strict=True):
        inside, outside = is_in.sum(), (~is_in).sum()
        if inside and outside:
            ranks = rankdata(score)[is_in].sum() - inside * (inside + 1) / 2
            areas.append(ranks / (inside * outside))
    if not areas:
        raise ValueError("the AUC needs images in a class and outside it, got one kind only; use more images")
    return float(np.mean(areas))


def correct(probabilities: Scores, labels: Labels) -> Float[Tensor, " n"]:
    """Whether each image is classified rightly, 1 or 0; with several findings the share of right ones."""
    if labels.ndim == 2:
        return ((probabilities > 0.5) == labels.bool()).float().mean(dim=1)
    return (probabilities.argmax(dim=1) == labels).float()


def turn(images: Images, angle_deg: float | int, axis: str = "plane") -> Images:
    """Images or volumes turned, with all outside the inscribed disc set to zero.

    Args:
        images: Square images, or cubic volumes.
        angle_deg: Angle in degrees; multiples of 90 are exact, others bilinear.
        axis: ``"plane"`` for images; ``"z"``, ``"y"`` or ``"x"`` for volumes, the axis that stays. The disc
            becomes a cylinder about it.

    Raises:
        ValueError: If the axis does not fit the images.
    """
    axes = AXES[images.ndim - 2]
    if axis not in axes:
        raise ValueError(f"axis must be one of {', '.join(axes)} for {images.ndim - 2} axes, got {axis!r}")
    keep = disc_mask(images.shape[-1]).to(images.device)
    if axis == "plane":
        return rotate(images, angle_deg) * keep
    still = 2 + axes.index(axis)
    return (rotate(images.movedim(still, 2), angle_deg) * keep).movedim(2, still)


@dataclass(frozen=True)
class TurnedScores:
    """Scores over the angle of a turn about one axis.

    Args:
        angles_deg: Angles, counter-clockwise as displayed.
        auc: AUC at each angle.
        accuracy: Share of right answers at each angle.
        correct: Share of the angles at which each image is classified rightly.
        agreement: Share of images with the same answer as at angle 0.
    """

    angles_deg: tuple[int, ...]
    auc: list[float]
    accuracy: list[float]
    correct: Float[Tensor, " n"]
    agreement: list[float]


def turned_scores(
    classify: Classifier,
    images: Images,
    labels: Labels,
    *,
    axis: str = "plane",
    angles_deg: Sequence[int] | None = None,
) -> TurnedScores:
    """Scores on turned images, inside the disc at every angle, 0 included and counted once.

    Args:
        classify: Maps images to probabilities.
        images: Square images or cubic volumes in [0, 1].
        labels: Their labels.
        axis: See ``turn``.
        angles_deg: Angles; every 10 degrees for images and every 30 for volumes, if not given.
    """
    if angles_deg is None:
        angles_deg = range(0, 360, STEP_DEG[images.ndim - 2])
    found = [classify(turn(images, angle, axis)) for angle in angles_deg]
    right = torch.stack([correct(one, labels) for one in found])
    answers = [one > 0.5 if labels.ndim == 2 else one.argmax(dim=1, keepdim=True) for one in found]
    return TurnedScores(
        angles_deg=tuple(angles_deg),
        auc=[auc(one, labels) for one in found],
        accuracy=right.mean(dim=1).tolist(),
        correct=right.mean(dim=0),
        agreement=[(one == answers[0]).all(dim=1).float().mean().item() for one in answers],
    )


def mirrored(images: Images) -> dict[str, Images]:
    """Images flipped along each of their axes, by its name: ``"x"``, ``"y"``, and ``"z"`` for volumes."""
    return {name: images.flip(-1 - i) for i, name in enumerate(("x", "y", "z")[: images.ndim - 2])}
