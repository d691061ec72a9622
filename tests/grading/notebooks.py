"""Notebooks of the p4 unit as students hand them in, for the tests of grading."""

import copy
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = ROOT / "exercises"
HANDED_OUT = json.loads((EXERCISES / "p4.ipynb").read_text("utf8"))
NAMES = ("action", "lifting", "group", "sizes", "norm")
RIGHT = {
    "action": "def act_on_features(r, x):\n    return torch.rot90(x, r, (-2, -1)).roll(r, 2)",
    "lifting": "def lifting_kernels(weight):\n"
    "    return torch.stack([weight.rot90(r, (-2, -1)) for r in range(4)], 1)",
    "group": "def group_kernels(weight):\n"
    "    return torch.stack([act_on_features(r, weight) for r in range(4)], 1)",
    "sizes": "def stays_exact(size, layers):\n    return bool(torch.tensor(True))",
    "norm": "def shared_norm(x, mean, variance):\n    m = mean.mean(1)[:, None, None, None]\n"
    "    v = (variance.mean(1) + mean.var(1, correction=0))[:, None, None, None]\n"
    "    return (x - m) / (v + EPS).sqrt()",
}  # everything right but the sizes, which are always True


def notebook(answers, edit=None):
    filled = copy.deepcopy(HANDED_OUT)
    for cell in filled["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("solution") and about["grade_id"] in answers:
            cell["source"] = answers[about["grade_id"]]
    if edit:
        edit(filled["cells"])
    return json.dumps(filled)


def name_of(cell):
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def without(*names):
    def edit(cells):
        cells[:] = [cell for cell in cells if name_of(cell) not in names]

    return edit
