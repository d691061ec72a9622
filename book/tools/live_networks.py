"""Trained networks for the page on which they run in the browser: ONNX files, pictures, and the first view.

The masks and probabilities of the first view come from the very files that the page loads, so it can compare.
"""

import base64
import contextlib
import io
import json
import logging
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import onnx
import torch
from export_live import BUILD, RESNETS, UNETS, weights
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import Tensor

from course_lib import ledger
from course_lib.actions import rotate
from course_lib.classification import turn
from course_lib.data import load
from course_lib.data.catalogue import describe
from course_lib.evaluation import dice, segmenter
from course_lib.export import export_onnx, onnx_function
from course_lib.plotting import FAMILY_COLOURS, plot_image
from course_lib.prediction import HIGHLIGHT
from course_lib.weights import load_model

BOOK = Path(__file__).resolve().parents[1]
OUT = BUILD / "data"
MASK_ANGLES, CURVE_ANGLES = tuple(range(0, 360, 15)), tuple(range(0, 360, 10))
FOUND = 0.7  # Dice of every network on the upright pictures that are shown
N_PICTURES = 6
STILL_ANGLES = (0, 30, 90)
LARGE = 256  # numbers; smaller arrays stay in float32
LEAST_DICE = 0.98  # of a mask before and after rounding the weights, mean over the test pictures


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with large arrays stored in half precision; they become float32 when it is loaded."""
    casts = []
    for array in model.graph.initializer:
        values = numpy_helper.to_array(array)
        if values.dtype == np.float32 and values.size > LARGE:
            short = f"{array.name}_half"
            casts.append(helper.make_node("Cast", [short], [array.name], to=TensorProto.FLOAT))
            array.CopyFrom(numpy_helper.from_array(values.astype(np.float16), short))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:], model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for node in nodes:  # the exporter writes down where each came from in the code
        del node.metadata_props[:]
        node.doc_string = ""
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def write_network(run: str, name: str, images: Tensor) -> Path:
    """Export the network of a run for the page; return its file."""
    path = OUT / f"{name}.onnx"
    export_onnx(load_model(weights(run))[0], path, images[:2])
    path.write_bytes(halved(onnx.load(path)).SerializeToString())
    return path


def described(run: str, path: Path) -> dict[str, object]:
    """What the page says of a network: how large it is, what it learned from, and where that is written."""
    entry = ledger.read_entry(BOOK / "ledger" / f"{run}.json")
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "run": entry.name,
        "data": entry.data,
        "family": entry.family,
        "parameters": entry.parameters,
    }


def text(values: Tensor | np.ndarray) -> str:
    """Bytes as text."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def bits(masks: Tensor) -> str:
    """Masks as text, one bit a pixel, the first in the highest place."""
    return text(np.packbits(masks.numpy().astype(bool).reshape(-1)))


def export_unets() -> dict[str, object]:
    """Three U-Nets, and pictures on each of which all of them find the polyp."""
    size = load_model(weights(UNETS["plain"]))[1].size
    test = load("synthetic-polyps", size=size, split="group", seed=0).test
    images, truth = test.images / 255, test.masks > 0
    networks, masks = {}, {}
    for name, run in UNETS.items():
        path = write_network(run, f"live-unet-{name}", images)
        masks[name] = segmenter(onnx_function(path))
        rounding = dice(masks[name](images), segmenter(load_model(weights(run))[0])(images)).mean().item()
        if rounding < LEAST_DICE:
            raise ValueError(
                f"{path.name}: masks must survive rounding, got Dice {rounding:.3f}; keep float32"
            )
        networks[name] = described(run, path) | {"rounding_dice": round(rounding, 5)}
    scores = torch.stack([dice(segment(images), truth) for segment in masks.values()]).amin(dim=0)
    chosen: dict[str, int] = {}
    for i, score in enumerate(scores.tolist()):
        if score >= FOUND:
            chosen.setdefault(test.groups[i], i)
    pictures = []
    for i in list(chosen.values())[:N_PICTURES]:
        turned = torch.cat([rotate(images[i : i + 1], angle) for angle in MASK_ANGLES])
        frames = {name: bits(segment(turned)) for name, segment in masks.items()}
        pictures.append(
            {"id": test.ids[i], "image": text(test.images[i]), "truth": bits(test.masks[i]), "frames": frames}
        )
        if len(pictures) == 1:
            write_still(images[i], masks)
    return {"size": size, "angles": MASK_ANGLES, "networks": networks, "pictures": pictures}


def write_still(image: Tensor, masks: dict) -> None:
    """The picture for readers without script: a row an angle, the turned image and the three masks."""
    rows = []
    for angle in STILL_ANGLES:
        turned = rotate(image[None], angle)
        colours = (255 * turned[0]).permute(1, 2, 0).numpy()
        row = [colours]
        for segment in masks.values():
            row.append(
                np.where(
                    segment(turned)[0, 0, :, :, None], 0.4 * colours + 0.6 * np.array(HIGHLIGHT), colours
                )
            )
        rows.append(np.concatenate([np.pad(tile, ((1, 1), (1, 1), (0, 0))) for tile in row], axis=1))
    still = Image.fromarray(np.concatenate(rows).round().astype(np.uint8))
    still = still.resize((3 * still.width, 3 * still.height), Image.Resampling.NEAREST)
    still.save(OUT / "live-segmentation.webp", quality=80)


def export_resnets() -> dict[str, object]:
    """Two classifiers, and drawn lesions: the probability of the first class over the angle."""
    size = load_model(weights(RESNETS["plain"]))[1].size
    test = load("synthetic-medmnist", size=size).test
    kinds = describe("synthetic-medmnist").classes
    networks, run_of = {}, {}
    for name, run in RESNETS.items():
        path = write_network(run, f"live-resnet-{name}", test.images / 255)
        networks[name], run_of[name] = described(run, path), onnx_function(path)
    pictures = []
    for i in range(N_PICTURES):
        turned = torch.cat([turn(test.images[i : i + 1] / 255, angle) for angle in CURVE_ANGLES])
        curves = {name: f(turned).softmax(dim=1)[:, 0].tolist() for name, f in run_of.items()}
        curves = {name: [round(p, 6) for p in curve] for name, curve in curves.items()}
        kind = kinds[int(test.labels[i])]
        pictures.append({"id": test.ids[i], "kind": kind, "image": text(test.images[i]), "curves": curves})
        if len(pictures) == 1:
            write_curves(test.images[i] / 255, curves)
    classes = describe("breastmnist").classes
    return {
        "size": size,
        "angles": CURVE_ANGLES,
        "classes": classes,
        "networks": networks,
        "pictures": pictures,
    }


def write_curves(image: Tensor, curves: dict[str, list[float]]) -> None:
    """The classifiers' picture for readers without script."""
    plt.style.use("course_lib.course")
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.5), width_ratios=(1, 2))
    plot_image(image, ax=axes[0])
    for name, curve in curves.items():
        axes[1].plot([*CURVE_ANGLES, 360], [*curve, curve[0]], color=FAMILY_COLOURS[name], label=name)
    axes[1].set(xlabel="turn / °", ylabel="probability of “malignant”", ylim=(0, 1))
    axes[1].legend()
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=150)
    Image.open(png).convert("RGB").save(OUT / "live-classifier.webp", quality=80)
    plt.close(figure)


def quietly(part: Callable[[], dict[str, object]]) -> dict[str, object]:
    """What a part returns, without what the exporter says of itself."""
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return part()


def export() -> None:
    """Write all files where the site finds them; the two parts side by side."""
    OUT.mkdir(parents=True, exist_ok=True)
    parts = {"live-segmentation": export_unets, "live-classifier": export_resnets}
    with ProcessPoolExecutor(len(parts)) as pool:
        running = {name: pool.submit(quietly, part) for name, part in parts.items()}
        for name, part in running.items():
            (OUT / f"{name}.json").write_text(json.dumps(part.result(), separators=(",", ":")) + "\n")
