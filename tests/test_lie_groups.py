"""Lie groups: exponentials against torch's own, round trips, group laws, lifting, distance, refusals."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.lie_groups import LIE_GROUPS, SE2, SE3, SO2_SCALE, T2, T3, Translations

each_group = pytest.mark.parametrize("group", LIE_GROUPS.values(), ids=str)
CLOSE = {"rtol": 0, "atol": 2e-13}


def logarithms(group, *shape, seed=0, dtype=torch.float64):
    """Random logarithms with angles below pi."""
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(*shape, group.dim, generator=generator, dtype=dtype)
    if group.n_angles:
        w = a[..., -group.n_angles :]
        length = torch.rand(*shape, 1, generator=generator, dtype=dtype) * math.pi
        a[..., -group.n_angles :] = w / w.norm(dim=-1, keepdim=True) * length
    return a


def base(group, like):
    return like.new_tensor(group.base_point).expand(*like.shape[:-2], -1)


@each_group
def test_exp_is_the_matrix_exponential(group):
    a = torch.cat([logarithms(group, 200), 3 * logarithms(group, 100, seed=1), 1e-6 * logarithms(group, 100)])
    torch.testing.assert_close(group.exp(a), torch.linalg.matrix_exp(group.hat(a)), rtol=1e-12, atol=1e-12)


@each_group
@given(seed=st.integers(0, 2**16), exponent=st.floats(-12, 0))
def test_log_undoes_exp(group, seed, exponent):
    a = logarithms(group, 8, seed=seed)
    near_cut = a.clone()
    if group.n_angles:
        w = near_cut[..., -group.n_angles :]
        near_cut[..., -group.n_angles :] = w / w.norm(dim=-1, keepdim=True) * (math.pi - 10**exponent)
    for b in (a, a * 10**exponent, near_cut):
        torch.testing.assert_close(group.log(group.exp(b)), b, **CLOSE)


@each_group
def test_exp_undoes_log_beyond_and_at_the_cut(group):
    for angle in (math.pi, -math.pi, 3.5, 7.0):
        a = logarithms(group, 50)
        if group.n_angles:
            w = a[..., -group.n_angles :]
            a[..., -group.n_angles :] = w / w.norm(dim=-1, keepdim=True) * angle
        u = group.exp(a)
        log = group.log(u)
        torch.testing.assert_close(group.exp(log), u, **CLOSE)
        assert (log[..., group.dim - group.n_angles :].norm(dim=-1) <= math.pi + 1e-12).all()


@each_group
@given(seed=st.integers(0, 2**16))
def test_group_laws_and_action(group, seed):
    u, v, w = group.exp(logarithms(group, 3, seed=seed))
    e = torch.eye(u.shape[-1], dtype=u.dtype)
    p = torch.randn(group.space, dtype=u.dtype, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(group.product(group.inverse(u), u), e, **CLOSE)
    torch.testing.assert_close(
        group.product(group.product(u, v), w), group.product(u, group.product(v, w)), rtol=1e-12, atol=1e-12
    )
    torch.testing.assert_close(
        group.act(group.product(u, v), p), group.act(u, group.act(v, p)), rtol=1e-12, atol=1e-12
    )
    torch.testing.assert_close(group.act(e, p), p)


def test_elements_by_hand():
    quarter = torch.tensor([0, 0, math.pi / 2], dtype=torch.float64)
    turned = SE2.act(SE2.exp(quarter), quarter.new_tensor([1, 0]))
    torch.testing.assert_close(turned, quarter.new_tensor([0, 1]))  # counter-clockwise
    # Half a circle with speed pi: from the origin, heading right, to the point 2 above it.
    half = SE2.exp(quarter.new_tensor([math.pi, 0, math.pi]))
    torch.testing.assert_close(half[:2, 2], quarter.new_tensor([0, 2]))
    torch.testing.assert_close(SE2.log(half), quarter.new_tensor([math.pi, 0, math.pi]), **CLOSE)
    grown = SO2_SCALE.act(SO2_SCALE.exp(quarter.new_tensor([math.log(3), math.pi / 2])), quarter[:2] + 1)
    torch.testing.assert_close(grown, quarter.new_tensor([-3, 3]))
    screw = SE3.exp(quarter.new_tensor([0, 0, 5, 0, 0, math.pi / 2]))
    moved = SE3.act(screw, quarter.new_tensor([1, 0, 0]))
    torch.testing.assert_close(moved, quarter.new_tensor([0, 1, 5]))


@each_group
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_type_is_kept_and_lifted_elements_reach_their_points(group, dtype):
    points = torch.randn(2, 5, group.space, dtype=dtype, generator=torch.Generator().manual_seed(0))
    for samples in (1, 3) if group in (SE2, SE3) else (1,):
        for spacing in ("random", "offset", "even") if group is SE2 else ("random",):
            u = group.lift(points, samples=samples, spacing=spacing)
            assert u.dtype == group.log(u).dtype == group.distance(group.log(u)).dtype == dtype
            assert u.shape[:3] == (2, 5, samples)
            reached = group.act(u, base(group, u))
            torch.testing.assert_close(reached, points[:, :, None].expand_as(reached))


def angles(spacing, **shape):
    points = torch.zeros(1, shape.get("n", 400), 2, dtype=torch.float64)
    u = SE2.lift(points, samples=4, spacing=spacing, generator=torch.Generator().manual_seed(2))
    return torch.atan2(u[0, ..., 1, 0], u[0, ..., 0, 0])


def test_rotations_are_spaced_as_they_say():
    gaps = {name: angles(name).diff(dim=1).remainder(2 * math.pi) for name in ("random", "offset", "even")}
    for name in ("offset", "even"):
        torch.testing.assert_close(gaps[name], torch.full_like(gaps[name], math.pi / 2))
    assert gaps["random"].std() > 1
    assert torch.equal(angles("even")[0], angles("even")[-1])
    for name in ("random", "offset"):
        wave = torch.polar(torch.ones(400, 4).double(), angles(name))
        assert wave[:, 0].mean().abs() < 0.15, "the first angle is uniform"
    assert torch.equal(angles("random"), angles("random")), "a generator repeats them"


@each_group
def test_distance_is_symmetric_and_blind_to_moves_from_the_left(group):
    u, v, g = group.exp(logarithms(group, 3, 40))
    for alpha in (0, 0.3, 2):
        there = group.distance(group.log(group.product(group.inverse(v), u)), alpha=alpha)
        back = group.distance(group.log(group.product(group.inverse(u), v)), alpha=alpha)
        gu, gv = group.product(g, u), group.product(g, v)
        moved = group.distance(group.log(group.product(group.inverse(gv), gu)), alpha=alpha)
        torch.testing.assert_close(there, back, **CLOSE)
        torch.testing.assert_close(there, moved, rtol=1e-10, atol=1e-10)
    assert SE2.distance(torch.tensor([3.0, 0, 2]), alpha=2).item() == 5


def test_gradients_are_finite_at_the_identity():
    for group in LIE_GROUPS.values():
        a = torch.zeros(group.dim, dtype=torch.float64, requires_grad=True)
        group.log(group.exp(a)).sum().backward()
        torch.testing.assert_close(a.grad, torch.ones_like(a))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: T2.lift(torch.zeros(4, 3)), r"T\(2\) needs points with a last axis of 2, got \(4, 3\)"),
        (lambda: T3.lift(torch.zeros(4, 3), samples=2), r"samples must be 1 for T\(3\)"),
        (lambda: SE2.lift(torch.zeros(4, 2), samples=0), "samples must be at least 1"),
        (lambda: SE3.lift(torch.zeros(4, 3), spacing="even"), r"must be 'random' for SE\(3\)"),
        (lambda: SO2_SCALE.lift(torch.zeros(4, 2)), "no point at the origin; move it or mask it out"),
        (lambda: Translations(4), "space must be 2, the plane, or 3"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
