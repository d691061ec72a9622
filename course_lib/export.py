"""Export to ONNX: any network of the course as one file that runs without this library, and without torch."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from course_lib.atomic import write_atomically
from course_lib.models.resnet import ResNet
from course_lib.models.unet import UNet

OPSET = 18
TOLERANCE = {"float32": 1e-4, "float16": 2e-2}  # of the logits, relative to their largest
Precision = Literal["float32", "float16", "int8"]


class _Half(nn.Module):
    """A network in float16 between a float32 image and float32 logits."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network.half()

    def forward(self, image: Tensor) -> Tensor:
        return self.network(image.half()).float()


def export_onnx(
    network: UNet | ResNet,
    path: Path,
    image: Tensor,
    *,
    precision: Precision = "float32",
    calibration: Tensor | None = None,
) -> None:
    """Write the network as ONNX (opset 18), for any batch size, and check that the file computes the same.

    Args:
        network: Any U-Net or ResNet; its ``to_plain()`` is written.
        path: File to write.
        image: A batch of at least two images (or volumes) of the size that the file shall take, in
            float32; the file is checked with them.
        precision: ``"float32"``; ``"float16"`` for half the size; ``"int8"`` for a quarter, with
            the ranges of all maps taken from ``calibration``.
        calibration: Typical images, for ``"int8"``.

    Raises:
        ValueError: If the arguments do not fit, or the file's outputs differ from the network's. For
            int8 that check is the caller's: compare the scores.
    """
    if len(image) < 2 or image.dtype != torch.float32:
        raise ValueError(f"image must be at least 2 images in float32, got {len(image)} in {image.dtype}")
    if (precision == "int8") != (calibration is not None):
        raise ValueError('calibration images belong to precision "int8", and only to it')
    plain = network.to_plain().float().cpu()
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "network.onnx"
        torch.onnx.export(
            _Half(network.to_plain().cpu()) if precision == "float16" else plain,
            (image.cpu(),),
            written,
            opset_version=OPSET,
            external_data=False,
            dynamic_shapes={"image": {0: torch.export.Dim("batch")}},
            input_names=["image"],
            output_names=["logits"],
            verbose=False,
        )
        if calibration is not None:
            written = _quantised(written, calibration)
        content = written.read_bytes()
    if precision != "int8":
        seen = torch.cat([image.cpu(), torch.zeros_like(image[:1], device="cpu")])  # black must work too
        with torch.no_grad():
            expected = plain(seen)
        off = (onnx_function(content)(seen) - expected).abs().max() / expected.abs().max()
        if not off < TOLERANCE[precision]:
            raise ValueError(f"the exported file differs from the network by {off:.1e} of its largest logit")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)


def onnx_function(model: Path | bytes) -> Callable[[Tensor], Tensor]:
    """Function from images to logits that runs an exported file in onnxruntime, on a processor.

    Raises:
        ValueError: If onnxruntime is not installed, or the file cannot be run.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError('onnxruntime is needed; pip install "equivariance-course[export]"') from error
    try:
        session = onnxruntime.InferenceSession(
            model if isinstance(model, bytes) else str(model), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has no class of its own for broken files
        raise ValueError(f"onnxruntime cannot run this file: {error}; export it again") from error

    def run(image: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"image": image.cpu().numpy()})[0])

    return run


def _quantised(source: Path, calibration: Tensor) -> Path:
    """The file with weights and maps in 8 bits; ranges are those that the calibration images take."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.batches = iter(calibration.split(8))

        def get_next(self) -> Any:
            batch = next(self.batches, None)
            return None if batch is None else {"image": batch.numpy()}

    prepared, target = source.with_suffix(".prepared.onnx"), source.with_suffix(".int8.onnx")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    return target
