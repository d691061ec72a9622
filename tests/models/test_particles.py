"""Networks on moving charges commute with motions of space and with permutations."""

import pytest
import torch

from course_lib.models.particles import DistanceNet, PlainGraphNet, SteerableParticleNet

NETWORKS = {
    "plain": lambda: PlainGraphNet(width=8, depth=2),
    "egnn": lambda: DistanceNet(width=8, depth=2),
    "steerable-1": lambda: SteerableParticleNet(width=4, depth=2, highest=1),
    "steerable-2": lambda: SteerableParticleNet(width=4, depth=2, highest=2),
}
each_network = pytest.mark.parametrize("name", NETWORKS)


def network(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    net = NETWORKS[name]().double()
    for parameter in net.parameters():  # no part may hide behind a small start
        torch.nn.init.normal_(parameter, std=0.4)
    return net


def states(particles: int = 5) -> torch.Tensor:
    return torch.randn(3, particles, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def moved(x: torch.Tensor, turn: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    return torch.cat([x[..., :3] @ turn.T + shift, x[..., 3:6] @ turn.T, x[..., 6:]], dim=-1)


def error(net: torch.nn.Module, sign: int) -> float:
    """Relative error for a rotation, or with sign -1 a reflection, and a shift."""
    turn = sign * torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))[0]
    shift = torch.randn(3, dtype=torch.float64)
    expected = net(states()) @ turn.T + shift
    return ((net(moved(states(), turn, shift)) - expected).norm() / expected.norm()).item()


@each_network
@pytest.mark.parametrize("sign", [1, -1])
def test_motions_of_space(name, sign):
    found = error(network(name), sign)
    assert found < 1e-12 if name != "plain" else found > 1e-2


@each_network
def test_shifts_alone_and_permutations(name):
    net, x, order = network(name), states(), torch.tensor([3, 0, 4, 1, 2])
    shift = torch.tensor([5.0, -2, 1], dtype=torch.float64)
    torch.testing.assert_close(net(moved(x, torch.eye(3).double(), shift)), net(x) + shift)
    torch.testing.assert_close(net(x[:, order]), net(x)[:, order])


@each_network
def test_sets_of_a_batch_do_not_hear_each_other(name):
    net, x = network(name), states()
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]))


@each_network
def test_one_particle_and_two_at_the_same_place_give_finite_answers_and_gradients(name):
    net = network(name)
    together = states(2)
    together[:, 1, :3] = together[:, 0, :3]
    for x in (states(1), together):
        x.requires_grad_()
        answer = net(x)
        answer.sum().backward()
        assert answer.isfinite().all() and x.grad.isfinite().all()


@each_network
def test_malformed_states_are_refused(name):
    net, broken = network(name), states()
    broken[0, 0, 0] = torch.nan
    for x, words in (
        (states()[..., :6], "must be b particle 7"),
        (states(0), "with a particle at least"),
        (broken, "must be finite"),
    ):
        with pytest.raises(ValueError, match=words):
            net(x)


def test_degree_is_checked():
    with pytest.raises(ValueError, match="must be 1 or 2, got 3"):
        SteerableParticleNet(highest=3)
