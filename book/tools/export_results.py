"""The explorer of results: ``data/results.json`` of the site, from the planned runs of the ledger."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float

from course_lib.data.catalogue import CLASSIFICATION, SEGMENTATION
from course_lib.grid.plan import read_plan
from course_lib.ledger import Entry, read_ledger
from course_lib.plotting import FAMILY_COLOURS
from course_lib.results import Method, methods
from course_lib.results_classes import ClassMethod, class_methods

BOOK = Path(__file__).resolve().parents[1]
DATA = BOOK / "web" / "build" / "data"
EXPERIMENTS = {"polyps": SEGMENTATION, "medmnist": CLASSIFICATION, "digits": CLASSIFICATION}
TITLES = {  # in the order in which they are shown; others follow under their own names
    "kvasir-seg": "Kvasir-SEG",
    "cvc-clinicdb": "CVC-ClinicDB",
    "breastmnist": "BreastMNIST",
    "pneumoniamnist": "PneumoniaMNIST",
    "retinamnist": "RetinaMNIST",
    "adrenalmnist3d": "AdrenalMNIST3D",
    "vesselmnist3d": "VesselMNIST3D",
    "rotated-digits-10k": "Rotated digits",
    "upright-digits-10k": "Upright digits",
}
Row = dict[str, object]


def planned(book: Path, experiment: str) -> list[Entry]:
    """Runs of the ledger that stand in the plan of an experiment."""
    wanted = [run.settings for run in read_plan(book / "configs/grids", experiment, "colab")]
    entries = read_ledger(book / "ledger", data=EXPERIMENTS[experiment])
    return [entry for entry in entries if entry.settings in wanted]


def summary(values: Sequence[float] | np.ndarray, low: float, high: float) -> Row:
    """A mean, its limits and each run's own value."""
    ends = {"mean": float(np.mean(values)), "low": low, "high": high}
    return {**ends, "perRun": [float(value) for value in values]}


def curve(rows: Float[np.ndarray, "run angle"]) -> Row:
    """Mean over the runs at each angle, and the lowest and highest run."""
    return {"mean": rows.mean(0).tolist(), "low": rows.min(0).tolist(), "high": rows.max(0).tolist()}


def of_masks(entries: Sequence[Entry]) -> list[Row]:
    """Methods that mark polyps: the intervals are those of the chapter."""

    def described(method: Method) -> Row:
        means = {what: method.mean(what) for what in ("dice", "agreement")}
        per_run = {what: [np.mean(list(run.values())) for run in method.rows(what)] for what in means}
        return {
            "images": len(method.groups),
            "groups": len(set(method.groups.values())),
            "scores": {what: summary(per_run[what], mean.low, mean.high) for what, mean in means.items()},
            "curves": {what: curve(method.at_angle(what)) for what in means},
        }

    return [common(method, method.runs[0].family, described(method)) for method in methods(entries)]


def of_classes(entries: Sequence[Entry]) -> list[Row]:
    """Methods that classify: limits are the lowest and the highest run."""

    def described(method: ClassMethod) -> Row:
        upright = {what: method.upright(what) for what in ("accuracy", "auc")}
        scores = {what: summary(values, values.min(), values.max()) for what, values in upright.items()}
        agreement = method.turned("agreement")
        scores["agreement"] = summary(agreement, agreement.min(), agreement.max())
        curves = {what: curve(method.over_angle(what)) for what in scores}
        return {"images": method.n_images, "groups": method.n_images, "scores": scores, "curves": curves}

    return [common(method, method.family, described(method)) for method in class_methods(entries)]


def common(method: Method | ClassMethod, family: str, described: Row) -> Row:
    """What every method has."""
    plain_name = family.removesuffix("-hard").removesuffix("-smooth")
    return {
        "label": method.label,
        "colour": FAMILY_COLOURS[plain_name],
        "kind": "averaged" if getattr(method, "averaged", False) else method.runs[0].settings.augmentation,
        "hard": family.endswith("-hard"),
        "runs": len(method.runs),
        "angles": method.angles_deg,
        **described,
    }


def data_sets(book: Path) -> list[Row]:
    """Every data set and split with a run, its methods by the share of training images."""
    found: list[Row] = []
    for experiment, names in EXPERIMENTS.items():
        described: Callable = of_masks if names is SEGMENTATION else of_classes
        for _, group in groupby(sorted(planned(book, experiment), key=place), key=place):
            entries = list(group)
            split = entries[0].settings.split
            name = TITLES.get(entries[0].data, entries[0].data)
            shares = sorted({entry.settings.fraction for entry in entries}, reverse=True)
            found.append(
                {
                    "name": f"{name}, random split" if split == "random" else name,
                    "bootstrap": names is SEGMENTATION,
                    "shares": [
                        {"share": share, "methods": described(of_share(entries, share))} for share in shares
                    ],
                }
            )
    return found


def place(entry: Entry) -> tuple[int, str, str]:
    """Where the data set and the split of a run stand in the list."""
    order = [*TITLES, entry.data]
    return order.index(entry.data), entry.data, entry.settings.split


def of_share(entries: Iterable[Entry], share: float) -> list[Entry]:
    """Runs with this share of the training images."""
    return [entry for entry in entries if entry.settings.fraction == share]


def draw_still(sets: list[Row], path: Path) -> None:
    """Dice over the angle on the first data set, for readers without JavaScript."""
    plt.style.use("course_lib.course")
    figure, axis = plt.subplots(figsize=(6.4, 3), dpi=100, layout="constrained")
    axis.set(xlabel="angle of the image (degrees)", ylabel="score", xticks=range(0, 361, 90))
    if not sets:
        axis.set_title("no runs yet")
    for method in sets[0]["shares"][0]["methods"] if sets else []:
        what = next(iter(method["curves"]))
        look = {"color": method["colour"], "ls": "-" if method["kind"] == "none" else "--"}
        axis.plot(method["angles"], method["curves"][what]["mean"], label=method["label"], **look)
        axis.set_title(f"{sets[0]['name']}: {what}")
    if sets:
        figure.legend(fontsize=7, loc="outside right upper")
    figure.savefig(path)


def main() -> int:
    """Write both files where the site finds them."""
    sets = data_sets(BOOK)
    text = json.dumps({"sets": sets}, separators=(",", ":"))
    short = json.loads(text, parse_float=lambda digits: round(float(digits), 5))
    DATA.mkdir(parents=True, exist_ok=True)
    (DATA / "results.json").write_text(json.dumps(short, separators=(",", ":")) + "\n")
    draw_still(sets, DATA / "results.webp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
