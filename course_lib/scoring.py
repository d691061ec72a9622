"""From a trained model to its ledger entry: all scores on the test set, once."""

from jaxtyping import Float
from torch import Tensor, nn

from course_lib.checkpoints import Progress
from course_lib.config import Settings
from course_lib.data.segmentation import SegmentationSet, Splits
from course_lib.evaluation import (
    agreement_floor,
    dice,
    empty_share,
    iou,
    rotation_scores,
    segmenter,
)
from course_lib.ledger import (
    Agreement,
    Entry,
    Measure,
    Scores,
    UprightScores,
    Validation,
    device_name,
    versions,
)

DIGITS = 5  # of a score in the ledger; a single image's Dice is no finer


def make_entry(
    model: nn.Module, splits: Splits, settings: Settings, progress: Progress, *, accelerator: str = "auto"
) -> Entry:
    """Score a trained model on the test set and describe the run.

    Args:
        model: The model that validation chose.
        splits: The data it was trained on.
        settings: Settings of the run.
        progress: What its training recorded.
        accelerator: Where it was trained, as Fabric takes it.
    """
    validation = Validation(
        dice=_rounded(progress.epochs[progress.best_epoch].dice),
        epoch=progress.best_epoch + 1,
        loss_per_epoch=[_rounded(epoch.loss) for epoch in progress.epochs],
        dice_per_epoch=[_rounded(epoch.dice) for epoch in progress.epochs],
    )
    return Entry(
        experiment=settings.experiment,
        data=settings.data,
        family=settings.family,
        seed=settings.seed,
        settings=settings,
        versions=versions(),
        device=device_name(accelerator),
        seconds=round(progress.seconds, 3),
        peak_memory_mb=round(progress.peak_memory_mb, 1),
        data_sha256=splits.sha256,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        scores=score(model, splits.test, validation),
    )


def score(model: nn.Module, test: SegmentationSet, validation: Validation) -> Scores:
    """Dice and IoU on the upright images, and how both fare when the images are turned."""
    model.eval()
    segment = segmenter(model)
    images, truth = test.images / 255, test.masks > 0
    upright = segment(images)
    turned = rotation_scores(segment, images, truth)
    return Scores(
        test=UprightScores(
            dice=_measure(test, dice(upright, truth)),
            iou=_measure(test, iou(upright, truth)),
            empty=_rounded(empty_share(upright)),
            groups=dict(zip(test.ids, test.groups, strict=True)),
        ),
        agreement=Agreement(
            angles_deg=list(turned.angles_deg),
            mean=_numbers(turned.agreement.mean(dim=0)),
            floor=_numbers(agreement_floor(truth).mean(dim=0)),
            empty=_numbers(turned.empty),
            per_image_mean=dict(zip(test.ids, _numbers(turned.agreement.mean(dim=1)), strict=True)),
            per_image={image: _numbers(row) for image, row in zip(test.ids, turned.agreement, strict=True)},
        ),
        dice_at_angle=_numbers(turned.dice.mean(dim=0)),
        validation=validation,
    )


def _measure(test: SegmentationSet, scores: Float[Tensor, " n"]) -> Measure:
    per_image = dict(zip(test.ids, _numbers(scores), strict=True))
    return Measure(mean=_rounded(scores.double().mean().item()), per_image=per_image)


def _numbers(values: Tensor) -> list[float]:
    return [_rounded(value) for value in values.double().tolist()]


def _rounded(value: float) -> float:
    return round(value, DIGITS)
