"""The unit on MedMNIST: its references by hand; the design is a task that nbgrader shows to people."""

import json
from pathlib import Path

import torch

from course_lib.checks import medmnist

NOTEBOOK = Path(__file__).resolve().parents[2] / "exercises/medmnist.ipynb"


def reference(name):
    return medmnist.QUESTIONS[name].reference


def test_scores_by_hand():
    assert reference("auc")((0.1, 0.4, 0.35, 0.8), (0, 0, 1, 1)) == 0.75
    assert reference("auc")((0.5, 0.5, 0.2), (0, 1, 0)) == 0.75
    answers, labels = torch.tensor([[0, 1], [0, 0], [0, 1]]), torch.tensor([0, 1])
    assert reference("angles")(answers, labels, (0, 90, 360)) == 0.75


def test_the_disc_by_hand():
    ones = torch.ones(1, 1, 4, 4)
    assert reference("disc")(ones)[0, 0, 0].tolist() == [0, 1, 1, 0]
    assert reference("disc")(ones).sum() == 12


def test_the_protocol_by_hand():
    val = torch.tensor([[0.7, 0.9, 0.9], [0.8, 0.6, 0.7]]).double()
    test = torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]).double()
    assert abs(reference("epoch")(val, test) - 0.3) < 1e-6  # 0.2 and 0.4
    first, second = torch.tensor([[1.0, 1.0]]).double(), torch.tensor([[0.0, 1.0]]).double()
    mean, low, high = reference("interval")(first, second, torch.tensor([[0, 0], [0, 1], [1, 1]]))
    assert (mean, round(low, 9), round(high, 9)) == (0.5, 0.025, 0.975)  # of 1, 0.5 and 0
    assert reference("verdict")(0.01, 0.05, 3, 10) == "confirmed"
    assert reference("verdict")(0.01, 0.05, 3, 9) == "not testable here"


def test_the_design_is_a_task_outside_the_ten_points_and_its_rubric_stays_with_lecturers():
    cells = json.loads(NOTEBOOK.read_text("utf8"))["cells"]
    tasks = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("task")]
    (task,) = tasks
    about = task["metadata"]["nbgrader"]
    assert task["cell_type"] == "markdown" and about["locked"] and not about["grade"]
    assert "No machine checks this part" in "".join(task["source"])
    assert "Rubric" not in "".join("".join(cell["source"]) for cell in cells)
