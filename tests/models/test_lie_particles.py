"""LieConv on moving charges: shifts and permutations are exact, odd sets are answered or refused."""

import pytest
import torch

from course_lib.lie_groups import SE2, SE3, T3
from course_lib.models.lie_particles import LieParticleNet

each_group = pytest.mark.parametrize(("group", "samples"), [(T3, 1), (SE3, 2)], ids=["T(3)", "SE(3)"])


def network(group, samples: int) -> LieParticleNet:
    torch.manual_seed(0)
    return LieParticleNet(group, width=8, depth=2, samples=samples).double()


def states(particles: int = 5) -> torch.Tensor:
    return torch.randn(3, particles, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def answer(net: LieParticleNet, x: torch.Tensor) -> torch.Tensor:
    """The network's answer with the same random samples each time."""
    torch.manual_seed(2)
    return net(x)


@each_group
def test_shifts_are_exact(group, samples):
    net, shift = network(group, samples), torch.tensor([5.0, -2, 1, 0, 0, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(
        answer(net, states() + shift), answer(net, states()) + shift[:3], rtol=1e-11, atol=1e-11
    )


def test_permutations_of_t3_are_exact():
    net, order = network(T3, 1), torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(net(states()[:, order]), net(states())[:, order])


@each_group
@pytest.mark.parametrize("case", ["one", "same place", "all zero"])
def test_zero_distances_and_speeds_give_finite_answers_and_gradients(group, samples, case):
    x = states(1 if case == "one" else 3)
    if case != "one":
        x[:, 1, :3] = x[:, 0, :3]
    x = (x * (case != "all zero")).requires_grad_()
    net = network(group, samples)
    net(x).square().sum().backward()
    gradients = [x.grad, *(parameter.grad for parameter in net.parameters())]
    assert all(gradient is None or gradient.isfinite().all() for gradient in gradients)


@each_group
def test_malformed_states_are_refused_and_no_sets_have_no_answers(group, samples):
    net, broken = network(group, samples), states()
    broken[0, 0, 4] = torch.nan
    for x, words in ((states(0), "with a particle at least"), (broken, "must be finite")):
        with pytest.raises(ValueError, match=words):
            net(x)
    assert net(states()[:0]).shape == (0, 5, 3)


def test_the_group_must_act_on_space():
    with pytest.raises(ValueError, match="must act on space"):
        LieParticleNet(SE2)
