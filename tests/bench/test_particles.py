"""What the benchmark compares is one network twice: the same function, weights and errors."""

import sys

import pytest
import torch

from course_lib.bench.e3nn_network import GateE3nn, ParticleNetE3nn, load_e3nn
from course_lib.bench.particles import WIDTHS, measure_particles, training_step
from course_lib.harmonics import coupling
from course_lib.layers.en import Gate, HarmonicMessages, paths
from course_lib.models.particles import SteerableParticleNet


def give(ours: torch.Tensor, linear: torch.nn.Module, gates: dict[int, float] | None = None) -> None:
    """Copy the matrices of a ``DegreeLinear`` into a linear layer of e3nn.

    Args:
        ours: Weights ``degree c_out c_in``.
        linear: Layer of e3nn.
        gates: By degree, what e3nn's gate before the second half of the channels has multiplied.
    """
    blocks, seen = [], {}
    for path in linear.instructions:
        if path.i_in < 0:
            continue  # the bias
        channels, degree = path.path_shape[0], path.i_out
        first = seen.get(degree, 0)
        block = ours[degree, :, first : first + channels].T / path.path_weight
        if gates and (first or len(linear.irreps_in) == len(linear.irreps_out)):
            block = block / gates[degree]
        blocks.append(block.flatten())
        seen[degree] = first + channels
    linear.weight.data = torch.cat(blocks)


def scales(gate: GateE3nn, highest: int) -> dict[int, float]:
    """Factor of each degree that e3nn's activations have on top of SiLU and sigmoid."""
    opened = gate.gate.act_gates.acts[0].cst
    return {0: gate.gate.act_scalars.acts[0].cst, **dict.fromkeys(range(1, highest + 1), opened)}


def copy_weights(ours: SteerableParticleNet, theirs: ParticleNetE3nn, highest: int, o3) -> None:
    """Make e3nn's network the same function as ours."""
    signs = [(o3.wigner_3j(*path) * coupling(*path)).sum().sign() for path in paths(highest)]
    pairs = [(ours.embed, theirs.embed, None), (ours.head, theirs.head, None)]
    for mine, other in zip(ours.rounds, theirs.rounds, strict=True):
        assert isinstance(mine, HarmonicMessages)
        other.profile.load_state_dict(mine.profile.state_dict())
        sign = torch.stack(signs).repeat_interleave(other.channels)
        other.profile[2].weight.data *= sign[:, None]
        other.profile[2].bias.data *= sign
        for gate, opened in ((mine.gate, other.gate), (mine.update[1], other.update[1])):
            assert isinstance(gate, Gate)
            opened.open.load_state_dict(gate.open.state_dict())
        pairs.append((mine.sender, other.sender, None))
        pairs.append((mine.update[0], other.update[0], scales(other.gate, highest)))
        pairs.append((mine.update[2], other.update[2], scales(other.update[1], highest)))
    for mine, other, gates in pairs:
        give(mine.weight.data, other, gates)
        other.bias.data = mine.bias.data.clone()


@pytest.mark.parametrize("highest", [1, 2])
def test_the_network_of_e3nn_is_the_same_function(o3, highest):
    torch.manual_seed(0)
    ours = SteerableParticleNet(width=4, depth=2, highest=highest)
    for parameter in ours.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    theirs = ParticleNetE3nn(width=4, depth=2, highest=highest)
    copy_weights(ours, theirs, highest, o3)
    states = torch.randn(3, 5, 7)
    states[0, 1, :3] = states[0, 0, :3]
    expected, found = (net(states) - states[..., :3] for net in (ours, theirs))
    assert expected.norm() > 1
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


def test_a_row_says_what_was_measured():
    pytest.importorskip("e3nn", reason="e3nn is not installed: pip install e3nn")
    row = measure_particles(2, sets=3, depth=1, rounds=1)
    assert (row.highest, row.width, row.edges) == (2, WIDTHS[2], 60)
    assert row.parameters == row.parameters_e3nn > 1000
    assert max(row.error, row.error_e3nn) < 1e-4 and row.train.median > 0
    assert row.memory == pytest.approx(row.memory_mb / row.memory_mb_e3nn, rel=0.1)


def test_a_step_learns():
    net = torch.nn.Linear(7, 3)
    states, later = torch.ones(1, 5, 7), torch.zeros(1, 5, 3)
    step, before = training_step(net, states, later), net.weight.clone()
    step()
    assert not torch.equal(net.weight, before)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "e3nn", None)
    with pytest.raises(ImportError, match=r'pip install "equivariance-course\[e3nn\]"'):
        load_e3nn()
