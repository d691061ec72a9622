"""Command line: train, resume, evaluate, predict, and errors in one line with exit code 2."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from course_lib import data
from course_lib.cli.main import app
from course_lib.data.segmentation import SegmentationSet, Splits
from course_lib.ledger import read_entry, read_ledger

ROOT = Path(__file__).parents[1]
SMALL = "--data stand-in --size 16 --widths 2,4 --epochs 2 --batch-size 8 --learning-rate 0.01".split()


def discs(n: int, name: str) -> SegmentationSet:
    generator = torch.Generator().manual_seed(len(name))
    offset = torch.arange(16) - 7.5
    centre = 6 * torch.rand(2, n, 1, 1, generator=generator) - 3
    masks = ((offset - centre[0]) ** 2 + (offset[:, None] - centre[1]) ** 2 < 16).to(torch.uint8)[:, None]
    images = (120 * masks + torch.randint(0, 60, (n, 3, 16, 16), generator=generator)).to(torch.uint8)
    ids = tuple(f"{name}{i}" for i in range(n))
    return SegmentationSet(images, masks, ids, tuple(f"group {i // 2}" for i in range(n)))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command line on discs, with its files in a temporary folder."""

    def load(name, **options):
        if name != "stand-in":
            raise ValueError(f"data set must be stand-in, got {name!r}; take it")
        return Splits(discs(16, "train"), discs(4, "val"), discs(6, "test"), name, "a" * 64, "free")

    monkeypatch.setattr(data, "load", load)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def ledger_entry(name="stand-in_group_plain_16px_s0"):
    return read_entry(Path("book/ledger") / f"{name}.json")


def test_train_writes_entry_weights_and_table(run):
    output = run("train", *SMALL, "--family", "p4", "--weights", "weights").output
    entry = ledger_entry("stand-in_group_p4_16px_s0")
    assert f"{entry.scores.test.dice.mean:.4f}" in output
    assert "agreement" in output
    assert list(entry.scores.test.dice.per_image) == [f"test{i}" for i in range(6)]
    assert entry.scores.test.groups["test3"] == "group 1"
    assert entry.scores.agreement.angles_deg == list(range(0, 360, 15))
    assert all(entry.scores.agreement.mean[i] == 1 for i in (0, 6, 12, 18))
    assert entry.scores.test.dice.mean == pytest.approx(
        np.mean(list(entry.scores.test.dice.per_image.values())), abs=1e-4
    )
    assert len(entry.scores.validation.loss_per_epoch) == 2
    assert entry.data_sha256 == "a" * 64
    assert Path("weights/stand-in_group_p4_16px_s0.safetensors").is_file()


def test_plain_network_is_not_equivariant_in_the_same_score(run):
    run("train", *SMALL, "--family", "plain", "--epochs", 8)
    agreement = ledger_entry().scores.agreement.mean
    assert agreement[0] == 1
    assert agreement[6] < 1


def test_finished_run_is_not_repeated_unless_asked(run):
    run("train", *SMALL)
    path = Path("book/ledger/stand-in_group_plain_16px_s0.json")
    written = path.stat().st_mtime_ns
    assert "is finished already; add --again" in run("train", *SMALL).output
    assert path.stat().st_mtime_ns == written
    run("train", *SMALL, "--again")
    assert path.stat().st_mtime_ns > written
    assert "other settings" in run("train", *SMALL, "--epochs", 3, code=2).output
    run("train", *SMALL, "--epochs", 3, "--again")
    assert ledger_entry().settings.epochs == 3


def test_run_stopped_before_its_entry_is_scored_without_training(run):
    run("train", *SMALL)
    first = ledger_entry()
    Path("book/ledger/stand-in_group_plain_16px_s0.json").unlink()
    assert "epoch 1/2" not in run("train", *SMALL).output
    assert ledger_entry() == first.model_copy(update={"device": ledger_entry().device})


def test_options_override_the_file(run):
    Path("x.yaml").write_text("data: stand-in\nsize: 16\nwidths: [2, 4]\nepochs: 1\nfamily: p4\nseed: 5\n")
    run("train", "--config", "x.yaml", "--family", "plain", "--widths", "2, 3")
    (entry,) = read_ledger(Path("book/ledger"))
    assert (entry.family, entry.settings.widths, entry.seed) == ("plain", (2, 3), 5)


def test_evaluate_scores_again_to_the_same_numbers(run):
    run("train", *SMALL)
    run("evaluate", "runs/stand-in_group_plain_16px_s0", "--ledger", "second")
    again = read_entry(Path("second/stand-in_group_plain_16px_s0.json"))
    assert again.scores == ledger_entry().scores
    assert again.seconds == ledger_entry().seconds


def test_predict_writes_mask_and_overlay_in_the_size_of_the_image(run):
    run("train", *SMALL, "--weights", ".")
    Image.fromarray(np.full((30, 50, 3), 90, np.uint8)).save("frame.jpg")
    output = run(
        "predict", "frame.jpg", "--weights", "stand-in_group_plain_16px_s0.safetensors", "--out", "a/b"
    ).output
    for kind, mode in (("mask", "L"), ("overlay", "RGB")):
        with Image.open(f"a/b/frame_{kind}.png") as result:
            assert (result.size, result.mode) == ((50, 30), mode)
    assert "frame_mask.png" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--data", "nowhere"], "data set must be stand-in"),
        (["train"], "data: Field required"),
        (["train", "--data", "stand-in", "--family", "p5"], "family must be one of plain, p4"),
        (["train", "--data", "stand-in", "--widths", "16,x"], "widths.1"),
        (["train", "--config", "none.yaml"], "none.yaml"),
        (["evaluate", "runs/none"], "there is no weights file runs/none/best.safetensors; train first"),
        (["predict", "none.png", "--weights", "none.safetensors"], "none.safetensors"),
    ],
)
def test_error_is_one_line_with_exit_code_2(run, arguments, words):
    output = run(*arguments, code=2).output
    assert output.startswith("error: ")
    assert words in output
    assert output.count("\n") == 1


def test_unwritable_folder_is_one_line(run):
    Path("runs").write_text("a file, not a folder")
    output = run("train", *SMALL, code=2).output
    assert re.search(r"^error: cannot write runs/.*another folder$", output, re.MULTILINE)


def test_help_names_every_command(run):
    output = run("--help").output
    assert all(command in output for command in ("train", "evaluate", "predict"))


@pytest.mark.slow
def test_interrupt_ends_tidily_and_resumes(tmp_path):
    """The real program on the procedural data: Ctrl-C in the second epoch, then again to the end."""
    command = [
        sys.executable,
        "-m",
        "course_lib",
        "train",
        "--config",
        str(ROOT / "book/configs/smoke-p4.yaml"),
    ]
    command += ["--epochs", "3", "--runs", str(tmp_path / "runs"), "--ledger", str(tmp_path / "ledger")]
    command += ["--accelerator", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    folder = tmp_path / "runs" / "synthetic-polyps_group_p4_32px_0.2of1_s0"
    started = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores Ctrl-C
    )
    while not (folder / "epoch-00001.pt").exists() and started.poll() is None:
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=120)
    assert started.returncode == 130, errors.decode()
    assert b"goes on from the last finished epoch" in errors
    assert b"Traceback" not in errors
    ended = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    assert b"epoch 1/3" not in ended.stderr
    assert b"epoch 3/3" in ended.stderr
    (path,) = (tmp_path / "ledger").iterdir()
    assert json.loads(path.read_text())["experiment"] == "smoke"


def test_scores_that_are_asked_for_later_are_not_passed_over(run):
    run("train", *SMALL)
    assert "was scored without --average; run 'evaluate" in run("train", *SMALL, "--average", code=2).output
    run("evaluate", "runs/stand-in_group_plain_16px_s0", "--ledger", "book/ledger", "--average")
    assert ledger_entry().segmentation.averaged is not None
    run("train", *SMALL, "--average")


def test_weights_that_are_gone_are_missed(run):
    run("train", *SMALL)
    Path("runs").rename("elsewhere")
    assert "are not in runs/" in run("train", *SMALL, "--weights", "w", code=2).output


def test_a_classification_set_needs_a_resnet(run):
    output = run(
        "train", "--data", "breastmnist", "--split", "official", "--size", 28, "--widths", "2,4", code=2
    )
    assert "give model: resnet (--model resnet)" in output.output
