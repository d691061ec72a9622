"""Ledger entries written by hand, for the tests of tables and figures."""

from course_lib.config import Settings
from course_lib.ledger import Entry
from course_lib.scores import Agreement, MaskScores, Measure, SegmentationScores, UprightScores, Validation

PER_IMAGE = {"plain": {"a": 0.5, "b": 0.7}, "p4": {"a": 0.6, "b": 0.8}}
GROUPS = {"a": "x", "b": "y", "c": "y", "d": "z"}
ANGLES = [0, 45, 90, 135, 180, 225, 270, 315]


def upright(scores):
    """Scores on upright images from the Dice of each."""
    measure = Measure(mean=sum(scores.values()) / len(scores), per_image=scores)
    return UprightScores(
        dice=measure, iou=measure, empty=0, groups={image: GROUPS.get(image, image) for image in scores}
    )


def masks(scores, agreement, per_image=0.9):
    """Scores of masks from the Dice of each image and the agreement at each angle."""
    return MaskScores(
        test=upright(scores),
        agreement=Agreement(
            angles_deg=ANGLES,
            mean=agreement,
            floor=[1, 0.9] * 4,
            empty=[0] * 8,
            per_image_mean=dict.fromkeys(scores, per_image),
        ),
        dice_at_angle=agreement,
    )


def entry(
    family="plain", seed=0, shift=0.0, *, scores=None, agreement=None, averaged=None, also=None, **changes
):
    """One run; ``shift`` is added to each Dice, ``changes`` are settings or fields of the entry."""
    fields = {key: changes.pop(key) for key in ("seconds", "parameters") if key in changes}
    validation = changes.pop("validation", 0.5)
    settings = Settings(data="kvasir-seg", family=family, seed=seed, **{"widths": (4, 8), **changes})
    start = scores or PER_IMAGE.get(family, PER_IMAGE["plain"])
    scores = {image: value + shift for image, value in start.items()}
    agreement = agreement or (
        [1.0, 0.8] * 4 if family != "plain" else [1.0, 0.8, 0.7, 0.6, 0.7, 0.6, 0.7, 0.8]
    )
    return Entry(
        **{"seconds": 10, "parameters": 1234, **fields},
        experiment=settings.experiment,
        data=settings.data,
        family=family,
        seed=seed,
        settings=settings,
        versions={"torch": "2"},
        device="a processor",
        peak_memory_mb=100,
        data_sha256="0" * 64,
        scores=SegmentationScores(
            **dict(masks(scores, agreement, per_image=0.9 if family != "plain" else 0.7)),
            validation=Validation(
                score_name="Dice", score=validation, epoch=1, loss_per_epoch=[1], score_per_epoch=[validation]
            ),
            averaged=masks(averaged, [1.0, 0.85] * 4) if averaged else None,
            also={name: upright(of_set) for name, of_set in (also or {}).items()},
        ),
    )


RUNS = [entry("p4"), entry("plain", 1, 0.1), entry("plain", 0), entry("plain", augmentation="quarter-turns")]
