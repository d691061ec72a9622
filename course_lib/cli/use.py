"""Commands that use a trained network: predict, export."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from course_lib.cli.app import app
from course_lib.data import catalogue
from course_lib.deployment import export_checked
from course_lib.export import OPSET, export_onnx
from course_lib.prediction import classify, overlay, read_image, segment_image, write_png
from course_lib.scoring import load_splits
from course_lib.weights import load_model, load_network


@app.command()
def predict(
    image: Annotated[Path, typer.Argument(help="Image file, of any size.")],
    weights: Annotated[Path, typer.Option(help="File of trained weights, .safetensors.")],
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("."),
) -> None:
    """Segment one image, or name its class, as the network was trained.

    A mask is written alone and laid over the image, in the image's own size. Of the classes
    the probabilities are printed. A volume is a NumPy file (.npy) of bytes, z y x.
    """
    model, settings = load_network(weights)
    if settings.model == "particles":
        raise ValueError(f"{weights} foresees moving particles; predict needs a network for images")
    if settings.model in ("resnet", "points"):
        found = classify(model, image, catalogue.describe(settings.data), settings.size)
        for name, probability in sorted(found.items(), key=lambda item: -item[1]):
            print(f"{probability:6.1%}  {name}")
        return
    picture = read_image(image)
    mask = segment_image(model, picture, settings.size)
    for kind, result in (("mask", mask), ("overlay", overlay(picture, mask))):
        path = out / f"{image.stem}_{kind}.png"
        write_png(path, result)
        print(path)
    print(f"{(mask > 0).mean():.1%} of the image marked")


@app.command()
def export(
    weights: Annotated[Path, typer.Argument(help="File of trained weights, .safetensors.")],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("network.onnx"),
    precision: Annotated[str, typer.Option(help="float32, float16 or int8.")] = "float32",
) -> None:
    """Write a trained network as ONNX, for any number of images at once.

    In float16 and int8 the file must keep its Dice on the validation images within 0.005.
    """
    if precision not in ("float32", "float16", "int8"):
        raise ValueError(f"precision must be float32, float16 or int8, got {precision!r}")
    model, settings = load_model(weights)
    if precision == "float32":
        export_onnx(model, out, torch.rand(2, model.c_in, *(settings.size,) * model.family.dims))
    else:
        before, after = export_checked(model, out, load_splits(settings), precision)
        print(f"Dice on the validation images: {before:.4f} before, {after:.4f} in {precision}")
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB, opset {OPSET}")
