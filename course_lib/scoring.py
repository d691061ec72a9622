"""From a trained model to its ledger entry: all scores on the test set, once."""

from collections.abc import Callable, Collection, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib import data
from course_lib.augmentation import random_rotations, turned_states
from course_lib.checkpoints import Progress
from course_lib.classification import AXES, auc, correct, mirrored, turned_scores
from course_lib.config import Settings
from course_lib.data.charged_particles import ParticleSet
from course_lib.data.classification import ClassificationSet
from course_lib.data.segmentation import SegmentationSet, Splits
from course_lib.environment import device_name, versions
from course_lib.evaluation import (
    SymmetryAverage,
    agreement_floor,
    dice,
    empty_share,
    iou,
    rotation_scores,
    segmenter,
)
from course_lib.ledger import Entry
from course_lib.scores import (
    Agreement,
    ClassificationScores,
    ClassTest,
    Flipped,
    Foresight,
    MaskScores,
    Measure,
    ParticleScores,
    SegmentationScores,
    Turned,
    UprightScores,
    Validation,
)
from course_lib.tasks import TASKS, predict_logits, probabilities

DIGITS = 5  # of a score in the ledger; a single image's Dice is no finer
BATCH = 64
MOST_PROBABILITIES = 20_000  # numbers that an entry keeps of them
MOST_TURNED = 1000  # images that are turned to all angles


def load_splits(settings: Settings) -> Splits:
    """The data of a run."""
    return data.load(
        settings.data,
        size=settings.size,
        split=settings.split,
        seed=settings.split_seed,
        fraction=settings.fraction,
    )


def make_entry(
    model: nn.Module,
    splits: Splits,
    settings: Settings,
    progress: Progress,
    *,
    accelerator: str = "auto",
    average: bool = False,
    also: Mapping[str, SegmentationSet] | None = None,
) -> Entry:
    """Score a trained model on the test set and describe the run.

    Args:
        model: The model that validation chose.
        splits: The data it was trained on.
        settings: Settings of the run.
        progress: What its training recorded.
        accelerator: Where it was trained, as Fabric takes it.
        average: Whether to score also the mean of its masks over the 8 symmetries of the square.
        also: Images of other data sets, on which it is scored too.

    Raises:
        ValueError: If ``average`` or ``also`` is asked of a classifier.
    """
    best = progress.epochs[progress.best_epoch]
    validation = Validation(
        score_name=TASKS[settings.model].score_name,
        score=_rounded(best.score),
        epoch=progress.best_epoch + 1,
        loss_per_epoch=[_rounded(epoch.loss) for epoch in progress.epochs],
        score_per_epoch=[_rounded(epoch.score) for epoch in progress.epochs],
    )
    check_extras(settings, average=average, also=also or {})
    model.eval()
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # TF32 would move pixels at the edge
        scores = _score(model, splits, validation, average, also or {})
    return Entry(
        experiment=settings.experiment,
        data=settings.data,
        family=settings.family,
        seed=settings.seed,
        settings=settings,
        versions=progress.state.get("versions", versions()),
        device=progress.state.get("device", device_name(accelerator)),
        seconds=round(progress.seconds, 3),
        peak_memory_mb=round(progress.peak_memory_mb, 1),
        data_sha256=splits.sha256,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        scores=scores,
    )


def _score(
    model: nn.Module,
    splits: Splits,
    validation: Validation,
    average: bool,
    also: Mapping[str, SegmentationSet],
) -> SegmentationScores | ClassificationScores | ParticleScores:
    if isinstance(splits.test, ParticleSet):
        return score_particles(model, splits.test, validation)
    if isinstance(splits.test, ClassificationSet):
        return score_classes(model, splits.test, validation)
    return SegmentationScores(
        **dict(score_masks(model, splits.test)),
        validation=validation,
        averaged=score_masks(SymmetryAverage(model), splits.test) if average else None,
        also={name: _upright(segmenter(model), other) for name, other in also.items()},
    )


def check_extras(settings: Settings, *, average: bool, also: Collection[str]) -> None:
    """Refuse what cannot be scored beside the test set.

    Raises:
        ValueError: If there are no masks to average, or another set is the run's own.
    """
    if settings.data in also:
        raise ValueError(f"other sets must not be the run's own, got {settings.data}; it was trained on that")
    if settings.model != "unet" and (average or also):
        raise ValueError("masks are averaged and other sets scored for segmentation only; leave both out")


def lacks(entry: Entry, *, average: bool, also: Collection[str]) -> list[str]:
    """Options of scoring that an entry does not have yet."""
    if not isinstance(entry.scores, SegmentationScores):
        return []
    missing = [f"--also {name}" for name in also if name not in entry.scores.also]
    return missing + ["--average"] * (average and entry.scores.averaged is None)


def score_masks(model: Callable[[Tensor], Tensor], test: SegmentationSet) -> MaskScores:
    """Dice and IoU on the upright images, and how both fare when the images are turned."""
    segment = segmenter(model)
    truth = test.masks > 0
    turned = rotation_scores(segment, test.images / 255, truth)
    return MaskScores(
        test=_upright(segment, test),
        agreement=Agreement(
            angles_deg=list(turned.angles_deg),
            mean=_numbers(turned.agreement.mean(dim=0)),
            floor=_numbers(agreement_floor(truth).mean(dim=0)),
            empty=_numbers(turned.empty),
            per_image_mean=dict(zip(test.ids, _numbers(turned.agreement.mean(dim=1)), strict=True)),
        ),
        dice_at_angle=_numbers(turned.dice.mean(dim=0)),
    )


def _upright(segment: Callable[[Tensor], Tensor], test: SegmentationSet) -> UprightScores:
    found, truth = segment(test.images / 255), test.masks > 0
    return UprightScores(
        dice=_measure(test, dice(found, truth)),
        iou=_measure(test, iou(found, truth)),
        empty=_rounded(empty_share(found)),
        groups=dict(zip(test.ids, test.groups, strict=True)),
    )


def score_classes(model: nn.Module, test: ClassificationSet, validation: Validation) -> ClassificationScores:
    """AUC and accuracy on the upright, the turned and the mirrored images.

    At most ``MOST_TURNED`` images are turned, evenly spaced in the test set.
    """
    images, labels = test.images / 255, test.labels

    @torch.no_grad()
    def classify(batch: Tensor) -> Tensor:
        return probabilities(predict_logits(model, batch, BATCH), multi_label=labels.ndim == 2)

    upright = classify(images)
    answers = (upright > 0.5).long() if labels.ndim == 2 else upright.argmax(dim=1)
    keep = upright.numel() <= MOST_PROBABILITIES
    some = slice(None, None, -(-len(images) // MOST_TURNED))
    turned = {
        axis: turned_scores(classify, images[some], labels[some], axis=axis) for axis in AXES[images.ndim - 2]
    }
    flipped = {axis: classify(one) for axis, one in mirrored(images).items()}
    return ClassificationScores(
        test=ClassTest(
            auc=_rounded(auc(upright, labels)),
            accuracy=_rounded(correct(upright, labels).mean().item()),
            labels=labels.tolist(),
            answers=answers.tolist(),
            probabilities=[[float(f"{p:.7g}") for p in row] for row in upright.tolist()] if keep else None,
        ),
        turned={
            axis: Turned(
                angles_deg=list(of_axis.angles_deg),
                auc=[_rounded(value) for value in of_axis.auc],
                accuracy=[_rounded(value) for value in of_axis.accuracy],
                agreement=[_rounded(value) for value in of_axis.agreement],
                correct=_numbers(of_axis.correct),
            )
            for axis, of_axis in turned.items()
        },
        flipped={
            axis: Flipped(
                auc=_rounded(auc(found, labels)), accuracy=_rounded(correct(found, labels).mean().item())
            )
            for axis, found in flipped.items()
        },
        validation=validation,
    )


def score_particles(model: nn.Module, test: ParticleSet, validation: Validation) -> ParticleScores:
    """Error of the foreseen positions, upright and turned, beside that of going straight on."""
    rotations = random_rotations(len(test), torch.Generator().manual_seed(0))
    states, later = turned_states(test.states, test.later, rotations)
    upright, turned = (predict_logits(model, one, BATCH) for one in (test.states, states))
    brought = upright @ rotations.mT
    steps, velocities = test.later - test.states[..., :3], test.states[..., 3:6]
    factor = (steps * velocities).sum() / velocities.square().sum()
    moved = (brought - states[..., :3]).square().mean()
    return ParticleScores(
        foresight=_foresight(upright, test.later),
        turned=_foresight(turned, later),
        error_of_turn=float(
            f"{((turned - brought).square().mean() / moved.clamp(min=1e-12)).sqrt().item():.3g}"
        ),
        straight=_rounded((steps - factor * velocities).square().mean().item()),
        validation=validation,
    )


def _foresight(found: Float[Tensor, "n particle 3"], later: Float[Tensor, "n particle 3"]) -> Foresight:
    errors = (found - later).double().square().mean(dim=(1, 2))
    per_set = [float(f"{error:.4g}") for error in errors.tolist()]
    return Foresight(mse=float(f"{errors.mean().item():.6g}"), per_set=per_set)


def _measure(test: SegmentationSet, scores: Float[Tensor, " n"]) -> Measure:
    per_image = dict(zip(test.ids, _numbers(scores), strict=True))
    return Measure(mean=_rounded(scores.double().mean().item()), per_image=per_image)


def _numbers(values: Tensor) -> list[float]:
    return [_rounded(value) for value in values.double().tolist()]


def _rounded(value: float) -> float:
    return round(value, DIGITS)
