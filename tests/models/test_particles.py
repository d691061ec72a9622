"""Networks on moving charges commute with motions of space and with permutations."""

import pytest
import torch

from course_lib.models.particles import DistanceNet, PlainGraphNet, SteerableParticleNet, check_states

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


def odd_states() -> dict[str, torch.Tensor]:
    """Sets whose distances or speeds are zero, by name."""
    together, at_rest = states(2), states(3)
    together[:, 1, :3] = together[:, 0, :3]
    at_rest[..., 3:6] = 0
    return {
        "one particle": states(1),
        "two at the same place": together,
        "twins": states(1).repeat(1, 2, 1),
        "at rest": at_rest,
        "all zero": torch.zeros(2, 3, 7, dtype=torch.float64),
    }


@each_network
@pytest.mark.parametrize("name_of_states", odd_states())
def test_zero_distances_and_speeds_give_finite_answers_and_gradients(name, name_of_states):
    net, x = network(name), odd_states()[name_of_states].requires_grad_()
    answer = net(x)
    answer.square().sum().backward()
    gradients = [x.grad, *(parameter.grad for parameter in net.parameters())]
    assert answer.shape == (*x.shape[:2], 3) and answer.isfinite().all()
    assert all(gradient is None or gradient.isfinite().all() for gradient in gradients)


@each_network
def test_twins_stay_together(name):
    answer = network(name)(odd_states()["twins"])
    torch.testing.assert_close(answer[:, 0], answer[:, 1])


@each_network
def test_no_sets_have_no_answers(name):
    assert network(name)(states()[:0]).shape == (0, 5, 3)


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


@pytest.mark.parametrize("shape", [(5, 7), (7,), (1, 2, 5, 7), (2, 5, 6), (2, 0, 7)])
def test_wrong_axes_are_refused(shape):
    with pytest.raises(ValueError, match="must be b particle 7 .*, got"):
        check_states(torch.zeros(shape))


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("entry", range(7))
def test_no_number_may_be_missing(number, entry):
    broken = states()
    broken[-1, -1, entry] = number
    with pytest.raises(ValueError, match="leave such sets out"):
        check_states(broken)


def test_degree_is_checked():
    with pytest.raises(ValueError, match="must be 1 or 2, got 3"):
        SteerableParticleNet(highest=3)
