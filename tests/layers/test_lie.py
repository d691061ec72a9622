"""LieConv: its formula, exact symmetries, the error of the samples, masks, and odd point sets."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.layers.lie import LieConv, LieNet, Neighbourhood, masked_mean, neighbourhood
from course_lib.lie_groups import LIE_GROUPS, SE2, SE3, SO2_SCALE, T2, T3
from tests.exactness import EXACT

each_group = pytest.mark.parametrize("group", LIE_GROUPS.values(), ids=str)


def normal(*shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def network(group, *, seed=0, **options):
    torch.manual_seed(seed)
    return LieNet(group, 2, 3, width=8, depth=2, **options).double()


def difference(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def everybody(group, elements, **options):
    """Neighbourhood without padding."""
    mask = torch.ones(elements.shape[:2], dtype=torch.bool)
    return neighbourhood(group, elements, mask, **{"neighbours": elements.shape[1], **options})


@each_group
def test_the_layer_is_its_formula(group):
    torch.manual_seed(0)
    conv = LieConv(group, 2, 3).double()
    u, f = group.exp(normal(1, 5, group.dim)), normal(1, 5, 2, seed=1)
    kernel = conv.mix.weight.view(3, 16, 2)
    distance = [[group.distance(group.log(group.inverse(v) @ w)).item() for w in u[0]] for v in u[0]]
    for radius, neighbours in ((math.inf, 5), (sorted(distance[0])[2] + 1e-6, 5), (math.inf, 3)):
        near = everybody(group, u, radius=radius, neighbours=neighbours)
        found = conv(f, near)[0]
        for v in range(5):
            seen = [j for j in range(5) if distance[v][j] <= radius]
            seen = sorted(seen, key=distance[v].__getitem__)[:neighbours]
            assert sorted(near.index[0, v][near.mask[0, v]].tolist()) == sorted(seen)
            terms = [
                torch.einsum(
                    "m,omc,c->o", conv.kernel(group.log(group.inverse(u[0, v]) @ u[0, j])), kernel, f[0, j]
                )
                for j in seen
            ]
            torch.testing.assert_close(found[v], sum(terms) / len(seen) + conv.mix.bias)


@pytest.mark.parametrize("group, samples", [(SE2, 4), (SE3, 3), (T2, 1)], ids=str)
def test_pairs_that_a_radius_leaves_out_early_are_too_far(group, samples):
    points, f = normal(2, 8, group.space), normal(2, 8 * samples, 2, seed=1)
    mask = torch.tensor([[True] * 8, [True] * 5 + [False] * 3]).repeat_interleave(samples, dim=1)
    points[1, 5:] = 0  # padding all in one place
    torch.manual_seed(0)
    u, conv = group.lift(points, samples=samples).flatten(1, 2), LieConv(group, 2, 3).double()
    radius = 1.4
    near = neighbourhood(group, u, mask, neighbours=8 * samples, radius=radius, samples=samples)
    whole = neighbourhood(group, u, mask, neighbours=8 * samples)
    inside = whole.mask & (group.distance(whole.logs) <= radius)
    assert 0 < inside.sum() < whole.mask.sum()
    close = (torch.cdist(points, points) <= radius) & mask[:, None, ::samples]
    assert near.index.shape[2] == samples * close.sum(dim=-1).max() < 8 * samples
    expected = conv(f, Neighbourhood(whole.index, whole.logs, inside))
    torch.testing.assert_close(conv(f, near)[mask], expected[mask])


def test_neighbours_on_a_line_by_hand():
    points = torch.tensor([[[0.0, 0], [1, 0], [3, 0], [7, 0]]])
    mask = torch.tensor([[True, True, True, False]])
    near = neighbourhood(T2, T2.carrier(points), mask, neighbours=3, radius=2)
    assert near.index[0, 0].tolist() == [0, 1, 2] and near.mask[0, 0].tolist() == [True, True, False]
    assert near.index[0, 2].tolist() == [2, 1, 0] and near.mask[0, 2].tolist() == [True, True, False]
    assert near.logs[0, 2, :2].tolist() == [[0, 0], [-2, 0]], "u seen from v: v^-1 u"
    assert not near.mask[0, 3].any(), "padding has no neighbours"


@pytest.mark.parametrize("readout", ["set", "points"])
@pytest.mark.parametrize("group", [T2, T3], ids=str)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**16))
def test_shifts_and_permutations_are_exact(group, readout, seed):
    net = network(group, readout=readout, neighbours=4)
    points, values = normal(2, 7, group.space, seed=seed), normal(2, 7, 2, seed=seed + 1)
    answer = net(points, values)
    assert difference(net(points + normal(group.space, seed=seed + 2), values), answer) < EXACT
    order = torch.randperm(7, generator=torch.Generator().manual_seed(seed))
    expected = answer[:, order] if readout == "points" else answer
    assert difference(net(points[:, order], values[:, order]), expected) < EXACT
    turned = torch.stack([-points[..., 1], points[..., 0], *points.unbind(-1)[2:]], dim=-1)
    assert difference(net(turned, values), answer) > 1e-3, "rotations are not promised"


@settings(max_examples=5)
@given(seed=st.integers(0, 2**16))
def test_turns_and_scales_about_the_origin_are_exact(seed):
    net = network(SO2_SCALE, neighbours=4, readout="points")
    points, values = normal(2, 7, 2, seed=seed), normal(2, 7, 2, seed=seed + 1)
    g = SO2_SCALE.exp(normal(2, seed=seed + 2))
    answer = net(points, values)
    assert difference(net(SO2_SCALE.act(g, points), values), answer) < EXACT
    assert difference(net(points + 1, values), answer) > 1e-3, "shifts are not promised"


@pytest.mark.parametrize("group", [SE2, SE3], ids=str)
def test_the_layer_itself_is_exact_if_the_lifted_elements_move(group):
    torch.manual_seed(0)
    conv = LieConv(group, 2, 3).double()
    u = group.lift(normal(2, 6, group.space), samples=3).flatten(1, 2)
    f, g = normal(2, 18, 2), group.exp(normal(group.dim, seed=3))
    near, moved = (everybody(group, w, neighbours=7) for w in (u, group.product(g, u)))
    assert difference(conv(f, moved), conv(f, near)) < EXACT
    assert difference(conv(f, everybody(group, group.product(u, g), neighbours=7)), conv(f, near)) > 1e-3


def sampling_error(group, samples, spacing, *, sets=16, n=4):
    """Error of a layer with pooling over the samples, between lifts of a set and of the moved set."""
    torch.manual_seed(1)
    conv = LieConv(group, 2, 3).double()
    torch.nn.init.zeros_(conv.mix.bias)
    generator = torch.Generator().manual_seed(samples)
    points, values = normal(sets, n, group.space), normal(sets, n, 2, seed=1)
    g = group.exp(normal(sets, 1, group.dim, seed=2))
    answers = []
    for p in (points, group.act(g, points)):
        u = group.lift(p, samples=samples, spacing=spacing, generator=generator).flatten(1, 2)
        f = conv(values.repeat_interleave(samples, dim=1), everybody(group, u))
        answers.append(f.unflatten(1, (n, samples)).mean(dim=2))
    return difference(*answers)


@pytest.mark.parametrize("group", [SE2, SE3], ids=str)
def test_the_error_of_random_samples_falls_like_one_over_the_root(group):
    with torch.no_grad():
        errors = [sampling_error(group, n, "random") for n in (8, 32)]
    assert -0.6 < math.log(errors[1] / errors[0]) / math.log(4) < -0.4


def test_evenly_spaced_samples_are_far_better():
    with torch.no_grad():
        random, offset, even = (sampling_error(SE2, 16, how) for how in ("random", "offset", "even"))
    assert even < 1e-4 < offset < random / 2


@each_group
def test_padding_changes_nothing_whatever_it_holds(group):
    net = network(group, neighbours=4, samples=1)
    points, values = normal(2, 6, group.space), normal(2, 6, 2, seed=1)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    expected = net(points, values, mask, generator=torch.Generator().manual_seed(5))
    for number in (0.0, 1e6, float("nan")):
        points[1, 4:], values[1, 4:] = number, number
        padded = net(points, values, mask, generator=torch.Generator().manual_seed(5))
        assert difference(padded, expected) < EXACT
    if group in (T2, T3, SO2_SCALE):
        alone = net(points[1:, :4], values[1:, :4])
        assert difference(expected[1:], alone) < EXACT
    net.readout = "points"
    assert torch.equal(net(points, values, mask)[1, 4:], torch.zeros(2, 3, dtype=torch.float64))


@each_group
def test_single_and_duplicate_points_have_an_answer(group):
    net = network(group, neighbours=100, samples=1)
    points, values = normal(1, 5, group.space), normal(1, 5, 2, seed=1)
    assert net(points[:, :1], values[:, :1]).isfinite().all()
    if group in (T2, T3, SO2_SCALE):
        twice = net(points.repeat(1, 2, 1), values.repeat(1, 2, 1))
        assert difference(twice, net(points, values)) < EXACT, "each counts, so the means stay"


@each_group
def test_shared_points_equal_a_batch_of_copies_and_the_type_is_kept(group):
    net = network(group, neighbours=4).float()
    points, values = normal(1, 6, group.space).float(), normal(3, 6, 2, seed=1).float()
    torch.manual_seed(0)
    shared = net(points, values)
    assert shared.dtype == torch.float32 and shared.shape == (3, 3)
    if group in (T2, T3, SO2_SCALE):
        torch.testing.assert_close(shared, net(points.expand(3, -1, -1), values))


def test_gradients_reach_every_weight_and_are_finite():
    for group in LIE_GROUPS.values():
        net = network(group)
        points = normal(2, 5, group.space)
        points[0, 1] = points[0, 0]
        points.requires_grad_()
        net(points, normal(2, 5, 2)).square().sum().backward()
        for tensor in (points, *net.parameters()):
            assert tensor.grad is not None and tensor.grad.isfinite().all() and tensor.grad.abs().sum() > 0


@pytest.mark.parametrize("readout", ["set", "points"])
def test_the_network_is_its_layers_then_a_mean_over_the_group(readout):
    net = network(SE2, samples=3, spacing="even", neighbours=100, readout=readout)
    points, values = normal(2, 4, 2), normal(2, 4, 2, seed=1)
    f = net.embed(values)[:, :, None].expand(-1, -1, 3, -1).flatten(1, 2)
    near = everybody(SE2, SE2.lift(points, samples=3, spacing="even").flatten(1, 2))
    for norm, conv in zip(net.norms, net.convs, strict=True):
        f = f + torch.nn.functional.silu(conv(norm(f), near))
    mean = torch.stack([f[:, 3 * i : 3 * i + 3].sum(1) / 3 for i in range(4)], dim=1)
    expected = net.head(mean.sum(1) / 4 if readout == "set" else mean)
    torch.testing.assert_close(net(points, values), expected)


def test_a_mean_leaves_padding_out():
    f = torch.tensor([[[1.0], [3], [99]]])
    assert masked_mean(f, torch.tensor([[True, True, False]])).tolist() == [[2]]


def test_what_does_not_fit_is_refused():
    net, points, values = network(T2), normal(1, 3, 2), normal(1, 3, 2)
    with pytest.raises(ValueError, match="masked out wholly"):
        net(points, values, torch.zeros(1, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match="coordinates must be finite"):
        net(points / 0, values)
    with pytest.raises(ValueError, match="one point or more"):
        net(points[:, :0], values[:, :0])
    with pytest.raises(ValueError, match="no point at the origin"):
        network(SO2_SCALE)(points * 0, values)
    u = T2.carrier(points)
    for options in ({"neighbours": 0}, {"radius": -1}, {"radius": math.nan}, {"alpha": -1}):
        with pytest.raises(ValueError, match="neighbours must be 1 or more, radius and alpha 0 or more"):
            everybody(T2, u, **options)
    with pytest.raises(ValueError, match=r"v = 3 and c = 2, got \(1, 2, 2\); lift them with the points"):
        LieConv(T2, 2, 1).double()(values[:, :2], everybody(T2, u))
