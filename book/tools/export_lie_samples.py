"""The figure of sampled rotations: ``data/lie-samples.json`` of the site, and a still."""

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_lib.explorers.lie_samples import sampling_error
from course_lib.lie_groups import SE2, SE3

DATA = Path(__file__).resolve().parents[1] / "web" / "build" / "data"
SAMPLES, DRAWS = (1, 2, 4, 8, 16, 32), 8
CURVES = (
    ("SE(2), random", SE2, "random", "#0072B2"),
    ("SE(2), random start", SE2, "offset", "#E69F00"),
    ("SE(2), equal steps", SE2, "even", "#009E73"),
    ("SE(3), random", SE3, "random", "#CC79A7"),
)


def draw_still(curves: list[dict], path: Path) -> None:
    """All curves and the line, for readers without JavaScript."""
    plt.style.use("course_lib.course")
    figure, axis = plt.subplots(figsize=(6.4, 3), dpi=100)
    for curve in curves:
        typical = np.sqrt(np.square(curve["errors"]).mean(axis=1))
        axis.loglog(SAMPLES, typical, "o-", ms=4, color=curve["colour"], label=curve["label"])
        if curve is curves[0]:
            line = typical[-1] * np.sqrt(SAMPLES[-1] / np.array(SAMPLES))
            axis.loglog(SAMPLES, line, "--", color="#555555", label="1/√n")
    axis.set(xlabel="samples n of each point", ylabel="error", ylim=(1e-6, 1), xticks=SAMPLES)
    axis.set_xticklabels(SAMPLES)
    axis.minorticks_off()
    axis.legend(fontsize=8)
    figure.savefig(path)


def main() -> int:
    """Write both files where the site finds them."""
    curves = []
    for label, group, spacing, colour in CURVES:
        errors = [[sampling_error(group, n, spacing, draw=draw) for draw in range(DRAWS)] for n in SAMPLES]
        short = [[float(f"{error:.6g}") for error in row] for row in errors]
        curves.append({"label": label, "colour": colour, "errors": short})
    DATA.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"samples": SAMPLES, "curves": curves}, separators=(",", ":"))
    (DATA / "lie-samples.json").write_text(text + "\n")
    draw_still(curves, DATA / "lie-samples.webp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
