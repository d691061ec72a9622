"""Norm, nonlinearities and readout of irreps commute with every rotation, and the norm does what it says."""

import math

import pytest
import torch
from torch import nn

from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.layers.irreps import GatedNonlinearity, IrrepNorm, NormNonlinearity, Scalars
from course_lib.representations import Irreps

REP = Irreps(CyclicGroup(12), 2)
PARTS = [IrrepNorm, NormNonlinearity, GatedNonlinearity]


def shuffled(part, rep=REP, channels=3):
    """The part with parameters away from their first values."""
    module = part(rep, channels).double()
    for parameter in module.parameters():
        nn.init.uniform_(parameter, 0.2, 1)
    return module


def features(channels=3, rep=REP):
    return torch.randn(4, channels, rep.dim, 5, 5, dtype=torch.float64) + rep.invariant_vector().view(
        -1, 1, 1
    )


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("part", PARTS)
def test_parts_commute_with_every_turn_of_the_fiber(part, training):
    module = shuffled(part).train(training)
    x = features()
    for angle in (17.0, 30, 90, 200):
        turn = REP.turn(angle)
        expected = torch.einsum("ij,bcjyx->bciyx", turn, module(x))
        found = module(torch.einsum("ij,bcjyx->bciyx", turn, x))
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("part", PARTS)
def test_parts_commute_with_flips(part):
    rep = Irreps(DihedralGroup(8), 3)
    module, x = shuffled(part, rep), features(rep=rep)
    torch.testing.assert_close(module(rep.apply(8, x)), rep.apply(8, module(x)))


@pytest.mark.parametrize("wrong", [nn.BatchNorm3d(3), nn.ReLU()], ids=["batch norm", "ReLU"])
def test_parts_of_regular_features_do_not_commute(wrong):
    x = features()
    turn = REP.turn(30)
    expected = torch.einsum("ij,bcjyx->bciyx", turn, wrong.double()(x + 0.5))
    found = wrong(torch.einsum("ij,bcjyx->bciyx", turn, x + 0.5))
    assert (found - expected).norm() > 0.05 * expected.norm()


def test_norm_centres_scalars_and_scales_all():
    x = features() * 5 + 3
    out = IrrepNorm(REP, 3).double()(x)
    assert out[:, :, 0].mean().abs() < 1e-6
    assert (out.square().mean((0, 3, 4))[:, 0] - 1).abs().max() < 1e-3
    pairs = out[:, :, 1:].square().mean((0, 3, 4)).unflatten(1, (2, 2)).mean(2)
    assert (pairs - 1).abs().max() < 1e-3


def test_norm_in_eval_mode_uses_the_running_statistics():
    norm = IrrepNorm(REP, 3).double()
    for _ in range(200):
        norm(features() * 5)
    x = features() * 5
    expected = norm(x)
    torch.testing.assert_close(norm.eval()(x), expected, rtol=0.3, atol=0.3)
    one = norm(x[:1])
    torch.testing.assert_close(one, norm(x)[:1])


def test_nonlinearities_by_hand():
    rep = Irreps(CyclicGroup(3), 1)
    x = torch.tensor([-2.0, 3, 4]).view(1, 1, 3, 1, 1)
    shorten = NormNonlinearity(rep, 1)  # |(3, 4)| = 5 becomes 4.9
    assert torch.allclose(shorten(x).flatten(), torch.tensor([0, 3 * 0.98, 4 * 0.98]), atol=1e-6)
    gate = 1 / (1 + math.exp(2))
    assert torch.allclose(GatedNonlinearity(rep, 1)(x).flatten(), torch.tensor([0, 3 * gate, 4 * gate]))
    assert Scalars(rep)(x).flatten().tolist() == [-2]


def test_a_pair_of_zeros_has_a_finite_gradient():
    x = torch.zeros(1, 3, REP.dim, 2, 2, requires_grad=True)
    for part in (NormNonlinearity, GatedNonlinearity):
        (grad,) = torch.autograd.grad(part(REP, 3)(x).sum(), x)
        assert grad.isfinite().all()


@pytest.mark.parametrize("part", [*PARTS, lambda rep, channels: Scalars(rep)])
def test_plain_copies_are_equal(part):
    module = part(REP, 3).double().eval()
    x = features()
    torch.testing.assert_close(module.to_plain()(x.flatten(1, 2)), module(x).flatten(1, 2))


def test_wrong_fiber_is_refused():
    with pytest.raises(ValueError, match="fiber axis must be 5 .*got .*7, 2, 2.*lift the image first"):
        Scalars(REP)(torch.zeros(1, 1, 7, 2, 2))
    for part in PARTS:  # none may broadcast a scalar to a fiber
        with pytest.raises(ValueError, match="fiber axis must be 5"):
            part(REP, 3)(torch.zeros(1, 3, 1, 2, 2))


@pytest.mark.parametrize("low", [torch.bfloat16, torch.float16])
def test_statistics_are_taken_in_full_precision_under_autocast(low):
    norm, x = IrrepNorm(REP, 3), features().float() * 300
    expected = IrrepNorm(REP, 3)(x)
    with torch.autocast("cpu", low):
        found = norm(x)
    torch.testing.assert_close(found, expected)
    assert norm.running_square.isfinite().all()


def test_an_empty_batch_leaves_the_running_statistics_alone():
    norm = IrrepNorm(REP, 3)
    norm(torch.zeros(0, 3, REP.dim, 4, 4))
    assert norm.running_mean.isfinite().all() and (norm.running_square == 1).all()


def test_zeros_stay_zeros_in_half_precision():
    x = torch.zeros(1, 3, REP.dim, 2, 2, dtype=torch.float16)
    assert (NormNonlinearity(REP, 3).half()(x) == 0).all()
