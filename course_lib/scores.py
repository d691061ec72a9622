"""The numbers of a run as the ledger keeps them: scores of masks, of classes, and on turned images."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measure(BaseModel):
    """One score on the test set: its mean over images, and each image's by its id."""

    model_config = STRICT
    mean: Share
    per_image: dict[str, Share]


class UprightScores(BaseModel):
    """Scores on the upright test images."""

    model_config = STRICT
    dice: Measure
    iou: Measure
    empty: Share = Field(description="share of empty predictions")
    groups: dict[str, str] = Field(description="group of each image, for resampling")


class Agreement(BaseModel):
    """Dice of "mask of the turned image" with "turned mask of the image", inside the disc."""

    model_config = STRICT
    angles_deg: list[int]
    mean: list[Share] = Field(description="mean over images at each angle")
    floor: list[Share] = Field(description="the same for a perfect pointwise segmenter: interpolation alone")
    empty: list[Share] = Field(description="share of empty predictions at each angle")
    per_image_mean: dict[str, Share] = Field(description="mean over all angles")


class Validation(BaseModel):
    """What training saw: the chosen epoch, and loss and score of all."""

    model_config = STRICT
    score_name: str = Field(description="Dice, AUC, or -MSE")
    score: float
    epoch: int = Field(description="the chosen epoch, counted from 1")
    loss_per_epoch: list[float]
    score_per_epoch: list[float]


class MaskScores(BaseModel):
    """Upright and turned test images of a segmentation set."""

    model_config = STRICT
    test: UprightScores
    agreement: Agreement
    dice_at_angle: list[Share] = Field(description="mean Dice against the turned truth, inside the disc")


class SegmentationScores(MaskScores):
    """All scores of a segmentation run."""

    validation: Validation
    averaged: MaskScores | None = Field(None, description="masks averaged over 8 symmetries of the square")
    also: dict[str, UprightScores] = Field({}, description="all images of other data sets, upright")


class ClassTest(BaseModel):
    """Scores on the upright test images of a classification set."""

    model_config = STRICT
    auc: Share
    accuracy: Share
    labels: list[int] | list[list[int]]
    answers: list[int] | list[list[int]] = Field(description="the class found, or 0 and 1 for each finding")
    probabilities: list[list[Share]] | None = Field(description="left out in large sets")


class Turned(BaseModel):
    """Scores over the angle of a turn, inside the disc; of at most 1000 images, evenly spaced."""

    model_config = STRICT
    angles_deg: list[int]
    auc: list[Share]
    accuracy: list[Share]
    agreement: list[Share] = Field(description="share of images with the same answer as at angle 0")
    correct: list[Share] = Field(description="for each image, the share of angles with the right answer")


class Flipped(BaseModel):
    """Scores on mirrored images."""

    model_config = STRICT
    auc: Share
    accuracy: Share


class ClassificationScores(BaseModel):
    """All scores of a classification run."""

    model_config = STRICT
    test: ClassTest
    turned: dict[str, Turned] = Field(description="by the axis of the turn; plane for images")
    flipped: dict[str, Flipped] = Field(description="by the axis along which the images are mirrored")
    validation: Validation


class Foresight(BaseModel):
    """Mean squared error of a coordinate of the foreseen positions, over the sets of a test set."""

    model_config = STRICT
    mse: NonNegative
    per_set: list[NonNegative]


class ParticleScores(BaseModel):
    """All scores of a run on moving particles."""

    model_config = STRICT
    foresight: Foresight = Field(description="on the test sets as they are")
    turned: Foresight = Field(description="each test set turned by a rotation of its own")
    error_of_turn: NonNegative = Field(description="between both ways round, relative, root mean square")
    straight: NonNegative = Field(description="MSE if every particle just went on, by the best common factor")
    validation: Validation
