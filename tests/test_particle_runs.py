"""Moving particles go through the same settings, training, scoring and ledger as images."""

import math

import pytest
import torch

from course_lib.augmentation import augment
from course_lib.checkpoints import Epoch, Progress
from course_lib.config import Settings
from course_lib.data import charged_particles
from course_lib.data.charged_particles import LICENCE, ParticleSet
from course_lib.data.segmentation import Splits
from course_lib.ledger import read_entry, write_entry
from course_lib.scoring import make_entry
from course_lib.training import fit
from course_lib.weights import build_model, build_network

COUNTS = (40, 10, 10)


@pytest.fixture(scope="module")
def splits() -> Splits:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charged_particles, "START", 200)
        states, later = charged_particles.simulated(sum(COUNTS), seed=1)
    inputs = torch.cat([states.positions, states.velocities, states.charges[..., None]], dim=-1).float()
    names = tuple(str(i) for i in range(sum(COUNTS)))
    parts = zip(inputs.split(COUNTS), later.float().split(COUNTS), strict=True)
    train, val, test = (ParticleSet(x, y, names[: len(x)], names[: len(x)]) for x, y in parts)
    return Splits(train, val, test, "charged-particles-small", "0" * 64, LICENCE)


def settings(**changes) -> Settings:
    own = {"model": "particles", "data": "charged-particles-small", "split": "official", "family": "egnn"}
    return Settings.from_dict({"widths": (8, 8), "epochs": 2, "batch_size": 20, **own, **changes})


@pytest.mark.parametrize("family", ["graph", "egnn", "vectors", "quadrupoles", "lie-t3", "lie-se3"])
def test_every_network_trains_is_scored_and_kept(family, splits, tmp_path):
    chosen = settings(family=family)
    network = build_network(chosen)
    progress = fit(network, splits.train, splits.val, chosen, folder=tmp_path / "run", accelerator="cpu")
    entry = make_entry(network, splits, chosen, progress, accelerator="cpu")
    again = read_entry(write_entry(tmp_path, entry))
    scores = again.motion
    assert entry == again and entry.name == f"charged-particles-small_official_{family}_s0"
    assert len(scores.foresight.per_set) == 10 and scores.straight < 1
    assert scores.validation.score == max(scores.validation.score_per_epoch) < 0
    exact = family in ("egnn", "vectors", "quadrupoles")
    assert scores.error_of_turn < 1e-4 if exact else scores.error_of_turn > 1e-3
    with pytest.raises(ValueError, match="no segmentation run"):
        _ = again.segmentation


def test_going_straight_on_is_scored_by_hand(splits):
    class Still(torch.nn.Linear):  # it has weights, as every entry must, and does not use them
        def forward(self, states):
            return states[..., :3]

    progress = Progress(epochs=[Epoch(1.0, -1.0, 1.0)], peak_memory_mb=1.0)
    scores = make_entry(Still(1, 1), splits, settings(), progress, accelerator="cpu").motion
    expected = (splits.test.targets - splits.test.inputs[..., :3]).square().mean().item()
    assert math.isclose(scores.foresight.mse, expected, rel_tol=1e-4)
    assert scores.straight < scores.foresight.mse and scores.turned.mse == pytest.approx(expected, rel=1e-4)


def test_augmentation_turns_states_and_targets_together(splits):
    x, y = splits.train.inputs, splits.train.targets
    turned, later = augment(x, y, "rotations", torch.Generator().manual_seed(0))
    before, after = (later_ - states[..., :3] for states, later_ in ((x, y), (turned, later)))
    torch.testing.assert_close(before.norm(dim=-1), after.norm(dim=-1))
    torch.testing.assert_close((before * x[..., 3:6]).sum(-1), (after * turned[..., 3:6]).sum(-1))
    assert (turned[..., :3] - x[..., :3]).norm() > 1 and torch.equal(turned[..., 6], x[..., 6])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"widths": (8, 16)}, "one width, repeated"),
        ({"augmentation": "quarter-turns"}, "no quarter turns"),
        ({"family": "p4"}, "family must be one of graph, egnn"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        settings(**changes)


def test_network_and_data_must_belong_together():
    with pytest.raises(ValueError, match="goes with charged-particles"):
        build_network(settings(data="kvasir-seg"))
    with pytest.raises(ValueError, match="name a run on images"):
        build_model(settings())
