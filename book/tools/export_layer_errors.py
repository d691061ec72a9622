"""The equivariance meter of the site: ``data/layer-errors.json``, from trained weights, and a still."""

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt

from course_lib.layer_errors import NETWORKS, LayerErrors, measuring_picture
from course_lib.plotting import FAMILY_COLOURS
from course_lib.results_plan import method_label
from course_lib.weights import load_model

BOOK = Path(__file__).resolve().parents[1]
DATA = BOOK / "web" / "build" / "data"
ANGLES, FLOOR_ANGLE = tuple(range(0, 91, 15)), 45


def measured(name: str) -> dict[str, object]:
    """Errors of one network, a row a layer and a column an angle, ready for JSON."""
    model, settings = load_model(BOOK / "weights" / f"{name}.safetensors")
    meter = LayerErrors(model.double(), measuring_picture(settings.size))
    found = [meter.errors(angle) for angle in ANGLES]
    floors = meter.floors(FLOOR_ANGLE)
    return {
        "label": method_label(settings),
        "colour": FAMILY_COLOURS[settings.family],
        "augmented": settings.augmentation != "none",
        "layers": meter.names,
        "errors": [[_short(errors[layer]) for errors in found] for layer in meter.names],
        "floors": [_short(floors[layer]) for layer in meter.names],
    }


def _short(x: float) -> float:
    return float(f"{x:.6g}")


def draw_still(networks: list[dict], path: Path) -> None:
    """Errors of all layers at 45 degrees, for readers without JavaScript."""
    plt.style.use("course_lib.course")
    figure, axis = plt.subplots(figsize=(6.4, 3), dpi=100)
    place = ANGLES.index(FLOOR_ANGLE)
    for network in networks:
        look = {"color": network["colour"], "ls": "--" if network["augmented"] else "-"}
        axis.semilogy([row[place] for row in network["errors"]], label=network["label"], **look)
    axis.set(xlabel="layer", ylabel=f"error at {FLOOR_ANGLE}°", ylim=(1e-4, 2))
    axis.legend(fontsize=8, ncols=3)
    figure.savefig(path)


def main() -> int:
    """Write both files where the site finds them."""
    networks = [measured(name) for name in NETWORKS]
    figure = {"angles": ANGLES, "floorAngle": FLOOR_ANGLE, "networks": networks}
    DATA.mkdir(parents=True, exist_ok=True)
    (DATA / "layer-errors.json").write_text(json.dumps(figure, separators=(",", ":")) + "\n")
    draw_still(networks, DATA / "layer-errors.webp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
