"""Export in lower precision that is kept only if the scores are."""

from pathlib import Path
from typing import Literal

from course_lib.data.segmentation import SegmentationSet, Splits
from course_lib.evaluation import dice, segmenter
from course_lib.export import export_onnx, onnx_function
from course_lib.models.resnet import ResNet
from course_lib.models.unet import UNet

CALIBRATION = 64  # training images that set the ranges of int8
DICE_KEPT = 0.005  # change of the Dice that is let pass


def export_checked(
    model: UNet | ResNet, out: Path, splits: Splits, precision: Literal["float16", "int8"]
) -> tuple[float, float]:
    """Write a network as ONNX in lower precision if it keeps its Dice on the validation images.

    Args:
        model: Trained network.
        out: File to write; an older one stays until the new one is good.
        splits: The data of the network: training images calibrate, validation images decide.
        precision: ``"float16"`` or ``"int8"``.

    Returns:
        Mean Dice on the validation images, of the network and of the file.

    Raises:
        ValueError: If the data has no masks, or the Dice changes by more than 0.005; nothing is written.
    """
    if not isinstance(splits.val, SegmentationSet):
        raise ValueError(f"{precision} is checked by the Dice of masks, got {splits.name}; take float32")
    images, truth = splits.val.images / 255, splits.val.masks > 0
    calibration = splits.train.inputs[:CALIBRATION] / 255 if precision == "int8" else None
    trial = out.with_name(f"{out.stem}.trial.onnx")
    try:
        export_onnx(model, trial, images[:2], precision=precision, calibration=calibration)
        run = onnx_function(trial)
        before, after = (dice(segmenter(f)(images), truth).mean().item() for f in (model, run))
        if not abs(after - before) <= DICE_KEPT:
            raise ValueError(
                f"{precision} changes the Dice from {before:.4f} to {after:.4f}, by more than {DICE_KEPT}; "
                "take a finer precision"
            )
        trial.replace(out)
    finally:
        trial.unlink(missing_ok=True)
    return before, after
