"""Training: the loss by hand, an overfitted batch, and a resume after a real kill."""

import math
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from course_lib.checkpoints import best_path, load_checkpoint
from course_lib.config import Settings
from course_lib.evaluation import dice
from course_lib.tasks import TASKS, Task, mean_dice, predict_logits, segmentation_loss
from course_lib.training import fit
from course_lib.weights import load_model, read_weights

SETTINGS = Settings(data="stand-in", size=8, epochs=4, batch_size=4, learning_rate=0.05, widths=(4, 8))


def tiny_net() -> nn.Module:
    """Batch norm and dropout: both have state that a resume must restore."""
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.2), nn.Conv2d(4, 1, 1)
    )


def bright_squares(n: int, *, seed: int = 0) -> SimpleNamespace:
    generator = torch.Generator().manual_seed(seed)
    masks = torch.zeros(n, 1, 8, 8, dtype=torch.uint8)
    for mask in masks:
        top, left = torch.randint(0, 5, (2,), generator=generator).tolist()
        mask[:, top : top + 3, left : left + 4] = 1
    noise = torch.randint(0, 80, (n, 3, 8, 8), generator=generator, dtype=torch.uint8)
    images = noise + 120 * masks
    return SimpleNamespace(images=images, inputs=images, masks=masks, targets=masks)


TRAIN, VAL = bright_squares(10), bright_squares(5, seed=1)


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def copied(model: nn.Module) -> dict:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_loss_by_hand():
    # Probability 1/2 everywhere, 4 of 16 pixels in the mask: soft Dice (2 * 2 + 1) / (8 + 4 + 1).
    masks = torch.zeros(1, 1, 4, 4)
    masks[..., :2, :2] = 1
    loss = segmentation_loss(torch.zeros(1, 1, 4, 4), masks)
    assert loss.item() == pytest.approx(math.log(2) + 1 - 5 / 13)
    assert segmentation_loss(100 * (2 * masks - 1), masks).item() == pytest.approx(0, abs=1e-6)


def test_soft_dice_is_averaged_over_images():
    masks = torch.zeros(2, 1, 4, 4)
    masks[0, :, :2, :2] = 1
    logits = 100 * (2 * masks - 1)
    logits[1, :, 0, 0] = 100
    # First image: all right, 9/9. Second: one wrong pixel beside an empty mask, 1/2.
    assert segmentation_loss(logits, masks).item() == pytest.approx(100 / 32 + 1 - (1 + 1 / 2) / 2)


def test_fit_learns_and_keeps_the_epoch_that_validation_chose(tmp_path):
    model, seen = tiny_net(), []
    progress = fit(
        model,
        TRAIN,
        VAL,
        SETTINGS.model_copy(update={"epochs": 12}),
        folder=tmp_path,
        report=lambda number, epoch: seen.append((number, epoch.score)),
    )
    dices = [epoch.score for epoch in progress.epochs]
    assert [number for number, _ in seen] == list(range(1, 13))
    assert progress.epochs[-1].loss < 0.5 * progress.epochs[0].loss
    assert max(dices) > 0.9
    assert progress.best_epoch == dices.index(max(dices))
    assert mean_dice(predict_logits(model, VAL.images, 4), VAL.masks) == pytest.approx(max(dices), abs=1e-6)
    assert not model.training
    assert progress.seconds > 0
    assert progress.peak_memory_mb > 10


def test_model_ends_with_the_weights_of_the_best_epoch_not_of_the_last(tmp_path, monkeypatch):
    scores, weights = iter([0.1, 0.9, 0.3, 0.9]), []
    monkeypatch.setitem(TASKS, "unet", Task("Dice", segmentation_loss, lambda *_: next(scores)))
    model = tiny_net()

    progress = fit(
        model, TRAIN, VAL, SETTINGS, folder=tmp_path, report=lambda *_: weights.append(copied(model))
    )
    assert progress.best_epoch == 1
    assert same(model.state_dict(), weights[1])
    assert same(read_weights(best_path(tmp_path))[0], weights[1])
    assert not same(weights[1], weights[3])


def test_validation_score_does_not_depend_on_the_batch_size():
    class Bright(nn.Conv2d):
        def forward(self, x):
            return x.mean(1, keepdim=True) - 0.17

    model = Bright(3, 1, 1)
    expected = dice(model(VAL.images / 255) > 0, VAL.masks > 0).mean().item()
    assert 0.2 < expected < 1
    for batch_size in (1, 2, 5, 100):
        logits = predict_logits(model, VAL.images, batch_size)
        assert mean_dice(logits, VAL.masks) == pytest.approx(expected)


def test_same_seed_same_numbers_other_seed_others(tmp_path):
    runs = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        fit(
            model := tiny_net(),
            TRAIN,
            VAL,
            SETTINGS.model_copy(update={"seed": seed}),
            folder=tmp_path / name,
        )
        runs[name] = load_checkpoint(tmp_path / name, SETTINGS.model_copy(update={"seed": seed}))[0]
        assert same(model.state_dict(), read_weights(best_path(tmp_path / name))[0])
    assert same(runs["a"], runs["b"])
    assert not same(runs["a"], runs["c"])


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_training import SETTINGS, TRAIN, VAL, tiny_net
from course_lib.training import fit
model, passes = tiny_net(), 0
def count(module, inputs):
    global passes
    passes += module.training
    if passes == 2 * 3 + 2:  # three steps an epoch: in the middle of the third epoch
        os.kill(os.getpid(), signal.SIGKILL)
model.register_forward_pre_hook(count)
settings = SETTINGS.model_copy(update={"augmentation": "rotations"})
fit(model, TRAIN, VAL, settings, folder=Path(sys.argv[1]))
"""


def test_resume_after_kill_gives_the_same_numbers(tmp_path):
    settings = SETTINGS.model_copy(update={"augmentation": "rotations"})
    torch.set_num_threads(1)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(Path(__file__).parent)]
    ended = subprocess.run(
        command, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    interrupted = load_checkpoint(tmp_path / "killed", settings)
    assert interrupted is not None
    assert len(interrupted[1].epochs) == 2

    fit(resumed := tiny_net(), TRAIN, VAL, settings, folder=tmp_path / "killed")
    fit(whole := tiny_net(), TRAIN, VAL, settings, folder=tmp_path / "whole")
    assert same(resumed.state_dict(), whole.state_dict())
    ends = [load_checkpoint(tmp_path / name, settings) for name in ("killed", "whole")]
    assert same(ends[0][0], ends[1][0])
    numbers = [[(epoch.loss, epoch.score) for epoch in end[1].epochs] for end in ends]
    assert numbers[0] == numbers[1]


class PowerCutError(BaseException):
    """Ends the program at once."""


def cut_after(writes):
    """An ``os.replace`` that works so many times, then ends the program."""
    left, replace = iter(range(writes)), os.replace

    def cut(source, target):
        if next(left, None) is None:
            raise PowerCutError
        replace(source, target)

    return cut


@pytest.mark.parametrize("writes", range(9))
def test_stop_between_any_two_files_of_a_checkpoint_loses_one_epoch_at_most(tmp_path, monkeypatch, writes):
    settings = SETTINGS.model_copy(update={"epochs": 3})
    fit(whole := tiny_net(), TRAIN, VAL, settings, folder=tmp_path / "whole")
    with monkeypatch.context() as patch, suppress(PowerCutError):
        patch.setattr(os, "replace", cut_after(writes))
        fit(tiny_net(), TRAIN, VAL, settings, folder=tmp_path / "cut")
    fit(resumed := tiny_net(), TRAIN, VAL, settings, folder=tmp_path / "cut")
    assert same(resumed.state_dict(), whole.state_dict())


def test_best_weights_are_never_those_of_an_epoch_that_was_cut_off(tmp_path, monkeypatch):
    scores = iter([0.5, 0.9, 0.1, 0.2, 0.3])  # the second 0.9 is lost; on a GPU an epoch may end otherwise
    monkeypatch.setitem(TASKS, "unet", Task("Dice", segmentation_loss, lambda *_: next(scores)))
    first = []
    with monkeypatch.context() as patch, suppress(PowerCutError):
        patch.setattr(os, "replace", cut_after(4))  # the three files of one epoch, one of the next
        fit(
            net := tiny_net(),
            TRAIN,
            VAL,
            SETTINGS,
            folder=tmp_path,
            report=lambda *_: first.append(copied(net)),
        )
    progress = fit(net := tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path)
    assert progress.best_epoch == 0
    assert same(net.state_dict(), first[0])


def test_finished_run_is_not_trained_again(tmp_path):
    first = fit(tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path)
    again = fit(tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path, report=lambda *_: pytest.fail("trained"))
    assert again.epochs == first.epochs
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.safetensors",
        "epoch-00004.pt",
        "epoch-00004.safetensors",
    ]


def test_folder_of_another_run_is_refused(tmp_path):
    fit(tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path)
    with pytest.raises(ValueError, match=r"other settings \(batch_size 4 -> 5\)"):
        fit(tiny_net(), TRAIN, VAL, SETTINGS.model_copy(update={"batch_size": 5}), folder=tmp_path)


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize("keep", [0, 100])
def test_damaged_checkpoint_is_named(tmp_path, suffix, keep):
    fit(tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path)
    damaged = tmp_path / f"epoch-00004.{suffix}"
    damaged.write_bytes(damaged.read_bytes()[:keep])
    with pytest.raises(ValueError, match=damaged.name):
        fit(tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path)


def test_full_disk_is_named_and_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    short = SETTINGS.model_copy(update={"epochs": 1})
    fit(tiny_net(), TRAIN, VAL, short, folder=tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OSError, match=r"cannot write .*epoch-00001\.safetensors: No space left.*free some space"
    ):
        fit(tiny_net(), TRAIN, VAL, short, folder=tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())
    assert before == {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}


def test_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(OSError, match="cannot write .*run"):
        fit(tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path / "run")


def test_diverging_loss_and_empty_set_are_refused(tmp_path):
    model = tiny_net()
    nn.init.constant_(model[0].weight, math.nan)
    with pytest.raises(ValueError, match="lower learning_rate"):
        fit(model, TRAIN, VAL, SETTINGS, folder=tmp_path)
    nothing = SimpleNamespace(inputs=TRAIN.images[:0], targets=TRAIN.masks[:0])
    with pytest.raises(ValueError, match="validation set must hold at least one example"):
        fit(tiny_net(), TRAIN, nothing, SETTINGS, folder=tmp_path)


def test_low_precision_trains_weights_in_full_precision(tmp_path):
    fit(
        model := tiny_net(),
        TRAIN,
        VAL,
        SETTINGS.model_copy(update={"precision": "bf16-mixed"}),
        folder=tmp_path,
    )
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert model(VAL.images / 255).dtype == torch.float32


def test_weights_file_that_is_damaged_or_foreign_is_named(tmp_path):
    from safetensors.torch import save_file

    foreign = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(2)}, foreign)
    with pytest.raises(ValueError, match="foreign.safetensors carries no settings"):
        load_model(foreign)
    foreign.write_bytes(foreign.read_bytes()[:20])
    with pytest.raises(ValueError, match="foreign.safetensors is not a whole"):
        load_model(foreign)
    with pytest.raises(ValueError, match="there is no weights file"):
        load_model(tmp_path / "none.safetensors")
    fit(tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path)
    with pytest.raises(ValueError, match=r"best\.safetensors do not fit the network"):
        load_model(best_path(tmp_path))


def test_checkpoint_of_another_device_can_be_read(tmp_path):
    fit(tiny_net(), TRAIN, VAL, SETTINGS, folder=tmp_path)
    progress = load_checkpoint(tmp_path, SETTINGS)[1]
    assert progress.state["device"].endswith("threads")
    assert progress.state["versions"]["torch"] == torch.__version__
    for value in progress.state["optimizer"]["state"].values():
        assert value["exp_avg"].device.type == "cpu"
