"""Moving charges as a data set: simulated once, read again, and refused where they do not fit."""

import pytest
import torch

from course_lib import data
from course_lib.data import charged_particles, particles
from course_lib.data.catalogue import describe


@pytest.fixture
def few(monkeypatch, tmp_path):
    """A set of six, three and two, kept in a folder of its own."""
    monkeypatch.setitem(particles.SETS, "charged-particles-small", (6, 3, 2))
    monkeypatch.setattr(charged_particles, "START", 200)
    monkeypatch.setattr(charged_particles, "AHEAD", 100)
    monkeypatch.setattr(particles.pooch, "os_cache", lambda name: tmp_path)
    return tmp_path


def test_second_reading_simulates_nothing_and_gives_the_same(few, monkeypatch):
    first = data.load("charged-particles-small")
    monkeypatch.setattr(charged_particles, "simulated", None)
    second = data.load("charged-particles-small", split="official", fraction=0.5)
    assert [len(part) for part in (first.train, first.val, first.test)] == [6, 3, 2]
    assert torch.equal(first.test.inputs, second.test.inputs) and first.sha256 == second.sha256
    assert len(second.train) == 3 and set(second.train.ids) < set(first.train.ids)


def test_damaged_cache_is_made_again(few):
    first = data.load("charged-particles-small")
    (kept,) = few.glob("*.safetensors")
    kept.write_bytes(kept.read_bytes()[:100])
    assert torch.equal(data.load("charged-particles-small").val.targets, first.val.targets)


def test_refusals(few):
    with pytest.raises(ValueError, match="split must be 'official', got 'group'"):
        data.load("charged-particles-small", split="group")
    with pytest.raises(ValueError, match="only sets for classification have classes"):
        describe("charged-particles")
    with pytest.raises(ValueError, match="must have the same length"):
        charged_particles.ParticleSet(torch.zeros(2, 5, 7), torch.zeros(2, 5, 3), ("a",), ("a",))
