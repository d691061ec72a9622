"""Command line, classification: train, score again, and name the class of a file."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from course_lib.cli.main import app
from course_lib.ledger import read_ledger

SMALL = "--model resnet --split official --epochs 1 --batch-size 64 --learning-rate 0.01".split()
FLAT = [*SMALL, *"--data synthetic-medmnist --size 7 --widths 2,4 --fraction 0.3".split()]
SOLID = [*SMALL, *"--data synthetic-medmnist-3d --size 4 --widths 2,4 --family sre-3d".split()]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command line in a temporary folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "no data"))

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def test_p4_classifier_scores_alike_at_quarter_turns_and_scores_again(run):
    output = run("train", *FLAT, "--family", "p4", "--weights", ".").output
    (entry,) = read_ledger(Path("book/ledger"))
    scores = entry.classification
    assert f"{scores.test.auc:.4f}" in output
    assert scores.validation.score_name == "AUC"
    plane = scores.turned["plane"]
    quarters = [plane.angles_deg.index(angle) for angle in (0, 90, 180, 270)]
    assert len({plane.accuracy[i] for i in quarters}) == 1
    assert all(plane.agreement[i] == 1 for i in quarters)
    run("evaluate", f"runs/{entry.name}", "--ledger", "second")
    assert read_ledger(Path("second"))[0].scores == entry.scores

    Image.fromarray(np.full((40, 30), 90, np.uint8)).save("scan.png")
    shares = run("predict", "scan.png", "--weights", f"{entry.name}.safetensors").output
    assert len(shares.splitlines()) == 3
    assert "%" in shares


def test_volumes_are_classified_from_a_numpy_file(run):
    run("train", *SOLID, "--weights", ".")
    (entry,) = read_ledger(Path("book/ledger"))
    assert list(entry.classification.turned) == ["z", "y", "x"]
    weights = f"{entry.name}.safetensors"
    np.save("scan.npy", torch.zeros(16, 16, 16, dtype=torch.uint8).numpy())
    assert "%" in run("predict", "scan.npy", "--weights", weights).output
    np.save("large.npy", torch.zeros(17, 16, 16, dtype=torch.uint8).numpy())
    assert "must hold 16 x 16 x 16 bytes" in run("predict", "large.npy", "--weights", weights, code=2).output
    Path("text.npy").write_text("no array")
    assert "must be a NumPy file" in run("predict", "text.npy", "--weights", weights, code=2).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*FLAT, "--average"], "for segmentation only"),
        ([*FLAT, "--family", "p5"], "family must be one of plain, p4"),
        ([*FLAT, "--family", "sre-hard"], "kernels of its own in each of 4 stages, got 2"),
        ([*FLAT, "--size", 12], "28 px, got size 12"),
        ([*FLAT, "--split", "group"], "split must be 'official'"),
        ([*SMALL, "--data", "synthetic-polyps", "--widths", "2,4"], "only sets for classification"),
        (["--data", "breastmnist", *FLAT[2:4]], "breastmnist"),
    ],
)
def test_wrong_use_is_answered_in_a_line(run, arguments, words):
    output = run("train", *arguments, code=2).output
    assert words in output
    assert output.strip().splitlines()[-1].startswith("error: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher", [[], ["-m", "torch.distributed.run", "--nproc-per-node", "2"]], ids=["fabric", "torchrun"]
)
def test_two_processes_train_to_the_numbers_of_one(tmp_path, launcher):
    options = [
        *FLAT,
        "--family",
        "p4",
        "--epochs",
        "2",
        "--augmentation",
        "rotations",
        "--accelerator",
        "cpu",
    ]

    def losses(place, *more):
        folder = tmp_path / place
        command = [sys.executable, *(more[0] if more else []), "-m", "course_lib", "train", *options]
        folders = ["--runs", str(folder / "runs"), "--ledger", str(folder / "ledger")]
        several = ["--devices", "2"] if more else []
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [*command, *folders, *several], capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("test AUC") == 1  # the first process alone prints
        return read_ledger(folder / "ledger")[0]

    one, two = losses("one"), losses("two", launcher)
    assert two.scores.validation.loss_per_epoch == pytest.approx(
        one.scores.validation.loss_per_epoch, rel=1e-4
    )
    assert two.classification.test.auc == pytest.approx(one.classification.test.auc, abs=0.02)
