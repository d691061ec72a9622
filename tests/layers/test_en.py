"""Layers of points commute with motions of space; their products are those of e3nn; odd sets have answers."""

import math

import pytest
import torch

from course_lib.harmonics import coupling, harmonic_action
from course_lib.layers.en import DegreeLinear, Gate, HarmonicMessages, HarmonicProduct, degrees, paths
from tests.exactness import EXACT

POINTS, EDGES, CHANNELS = 4, 7, 3
PAIRS = torch.tensor([[0, 0, 1, 1, 2, 2, 0], [1, 2, 0, 3, 0, 1, 3]])  # point 3 hears nobody
each_degree = pytest.mark.parametrize("highest", [1, 2])


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def messages(highest: int) -> HarmonicMessages:
    torch.manual_seed(0)
    layer = HarmonicMessages(highest, CHANNELS, edge_scalars=1).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return layer


def inputs(highest: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features, vectors and scalars of the edges."""
    fiber = (highest + 1) ** 2
    return normal(POINTS, CHANNELS, fiber), normal(EDGES, 3, seed=1), normal(EDGES, 1, seed=2)


def motion(sign: int, highest: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A rotation, or with sign -1 a reflection, of space, and how it moves a fiber."""
    turn = torch.linalg.qr(normal(3, 3, seed=3))[0]
    turn = sign * turn.det() * turn
    return turn, torch.block_diag(*(harmonic_action(turn, degree) for degree in range(highest + 1)))


def difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    return ((found - expected).norm() / expected.norm()).item()


@each_degree
@pytest.mark.parametrize("sign", [1, -1])
def test_every_layer_commutes_with_rotations_and_reflections(highest, sign):
    (turn, rho), (x, vectors, scalars) = motion(sign, highest), inputs(highest)
    layer, weights = messages(highest), normal(POINTS, CHANNELS, len(paths(highest)), seed=4)
    torch.manual_seed(0)
    linear = DegreeLinear(highest, CHANNELS, 5).double()
    torch.nn.init.normal_(linear.bias)
    maps = {
        "linear": (linear, linear),
        "gate": (gate := Gate(highest, CHANNELS).double(), gate),
        "product": (
            lambda h: HarmonicProduct(highest)(h, vectors[:POINTS], weights),
            lambda h: HarmonicProduct(highest)(h, vectors[:POINTS] @ turn.T, weights),
        ),
        "messages": (
            lambda h: layer(h, vectors, scalars, PAIRS),
            lambda h: layer(h, vectors @ turn.T, scalars, PAIRS),
        ),
    }
    for name, (before, after) in maps.items():
        assert difference(after(x @ rho.T), before(x) @ rho.T) < EXACT, name
    still = layer(x @ rho.T, vectors, scalars, PAIRS)  # edges that do not turn with the features
    assert difference(still, layer(x, vectors, scalars, PAIRS) @ rho.T) > 0.05


def test_products_by_hand():
    vector, scalar = torch.zeros(2, 1, 1, 4)
    vector[..., 1:] = torch.tensor([1.0, 2, 3])
    scalar[..., 0] = 5
    up = torch.tensor([[0.0, 0, 2]])
    for path, x, expected in (
        ((0, 0, 0), scalar, [5, 0, 0, 0]),
        ((0, 1, 1), scalar, [0, 0, 0, 5 * math.sqrt(3)]),
        ((1, 1, 0), vector, [3, 0, 0, 0]),  # the scalar product with the direction
        ((1, 0, 1), vector, [0, 1, 2, 3]),
    ):
        weights = torch.zeros(1, 1, len(paths(1)))
        weights[..., paths(1).index(path)] = 1
        assert HarmonicProduct(1)(x, up, weights).flatten().tolist() == pytest.approx(expected), path


@each_degree
def test_messages_are_a_mean_over_edges_in_any_order(highest):
    layer, (x, vectors, scalars) = messages(highest), inputs(highest)
    expected = layer(x, vectors, scalars, PAIRS)
    order = torch.tensor([4, 6, 0, 2, 1, 5, 3])
    found = layer(x, vectors[order], scalars[order], PAIRS[:, order])
    torch.testing.assert_close(found, expected)
    doubled = layer(x, vectors.repeat(2, 1), scalars.repeat(2, 1), PAIRS.repeat(1, 2))
    torch.testing.assert_close(doubled, expected)
    names = torch.tensor([2, 0, 3, 1])  # point i is called names[i]
    renamed = torch.empty_like(x)
    renamed[names] = x
    torch.testing.assert_close(layer(renamed, vectors, scalars, names[PAIRS])[names], expected)


@each_degree
def test_points_without_neighbours_know_themselves_alone(highest):
    layer, (x, vectors, scalars) = messages(highest), inputs(highest)
    none = torch.zeros(2, 0, dtype=torch.int64)
    alone = layer(x, vectors[:0], scalars[:0], none)
    silence = layer.update(torch.cat([x, torch.zeros_like(x)], dim=1))
    torch.testing.assert_close(alone, x + silence)
    torch.testing.assert_close(layer(x, vectors, scalars, PAIRS)[3], alone[3])
    assert layer(x[:1], vectors[:0], scalars[:0], none).isfinite().all()
    assert layer(x[:0], vectors[:0], scalars[:0], none).shape == (0, *x.shape[1:])


@each_degree
def test_points_at_the_same_place_have_finite_answers_and_gradients(highest):
    layer, (x, vectors, scalars) = messages(highest), inputs(highest)
    vectors[2:4] = 0
    for tensor in (x, vectors):
        tensor.requires_grad_()
    answer = layer(x, vectors, scalars, PAIRS)
    answer.square().sum().backward()
    found = [answer, x.grad, vectors.grad, *(parameter.grad for parameter in layer.parameters())]
    assert all(tensor.isfinite().all() for tensor in found)
    directed = [number for number, path in enumerate(paths(highest)) if path[1] > 0]
    weights = torch.zeros(1, CHANNELS, len(paths(highest)), dtype=torch.float64)
    weights[..., directed] = 1  # a zero vector has no direction, so products with one are 0
    assert HarmonicProduct(highest)(x[:1], vectors[2:3], weights).abs().max() == 0


def changed(edge: int, *pair: int) -> torch.Tensor:
    """The edges, one of them led elsewhere."""
    edges = PAIRS.clone()
    edges[:, edge] = torch.tensor(pair)
    return edges


@pytest.mark.parametrize(
    ("number", "value", "words"),
    [
        (0, normal(POINTS, CHANNELS, 4), r"points 3 9, got \(4, 3, 4\); embed them"),
        (0, normal(POINTS, CHANNELS + 1, 9), r"points 3 9, got \(4, 4, 9\)"),
        (0, normal(POINTS, 9), r"points 3 9, got \(4, 9\)"),
        (1, normal(EDGES - 1, 3), r"vectors and scalars .* 7 3 and 7 1, got \(6, 3\) and \(7, 1\)"),
        (1, normal(EDGES, 2), r"got \(7, 2\)"),
        (1, torch.full((EDGES, 3), torch.nan).double(), "vectors must be finite"),
        (1, torch.full((EDGES, 3), torch.inf).double(), "vectors must be finite"),
        (2, normal(EDGES, 2), r"and \(7, 2\)"),
        (2, normal(EDGES), r"and \(7,\); give each edge one of each"),
        (3, PAIRS.T, r"axes 2 edges, got torch.int64 with \(7, 2\)"),
        (3, PAIRS.float(), "edges must be int64 .* got torch.float32"),
        (3, changed(2, 0, POINTS), "points 0 to 3, got 0 to 4; leave out"),
        (3, changed(2, POINTS, 0), "points 0 to 3, got 0 to 4"),
        (3, changed(2, -1, 0), "got -1 to 3"),
    ],
)
def test_malformed_messages_are_refused(number, value, words):
    layer, given = messages(2), [*inputs(2), PAIRS]
    given[number] = value
    with pytest.raises(ValueError, match=words):
        HarmonicMessages.forward.__wrapped__(layer, *given)  # the check of annotations would come first


@pytest.mark.parametrize(
    "shapes",
    [
        ((5, 3, 4), (5, 3), (5, 3, 11)),
        ((5, 3, 9), (5, 3), (5, 3, 12)),
        ((5, 3, 9), (4, 3), (5, 3, 11)),
        ((5, 3, 9), (5, 2), (5, 3, 11)),
        ((5, 9), (5, 3), (5, 3, 11)),
    ],
)
def test_malformed_products_are_refused(shapes):
    with pytest.raises(ValueError, match=r"edges c 9, edges 3 and edges c 11, got \(5,"):
        HarmonicProduct.forward.__wrapped__(HarmonicProduct(2), *map(torch.zeros, shapes))


@pytest.mark.parametrize("highest", [-1, 3])
def test_degrees_beyond_two_are_refused(highest):
    with pytest.raises(ValueError, match="highest degree must be 0, 1 or 2"):
        HarmonicProduct(highest)


def to_e3nn(x: torch.Tensor, highest: int) -> torch.Tensor:
    """Features in e3nn's order: all channels of degree 0, then all of degree 1, then of degree 2."""
    return torch.cat([x[..., degrees(highest) == degree].flatten(1) for degree in range(highest + 1)], dim=1)


@pytest.mark.parametrize("highest", [0, 1, 2])
@pytest.mark.parametrize("mixes_channels", [False, True])
def test_products_are_those_of_e3nn(o3, highest, mixes_channels):
    x, directions = normal(EDGES, CHANNELS, (highest + 1) ** 2), normal(EDGES, 3, seed=1)
    weights = normal(EDGES, CHANNELS, len(paths(highest)), seed=2)
    features = o3.Irreps([(CHANNELS, (degree, (-1) ** degree)) for degree in range(highest + 1)])
    harmonics = o3.Irreps.spherical_harmonics(highest)
    plain = {"path_normalization": "none", "shared_weights": False, "internal_weights": False}
    given = []
    if mixes_channels:
        product = o3.FullyConnectedTensorProduct(features, harmonics, features, **plain)
        theirs = [(path.i_in1, path.i_in2, path.i_out) for path in product.instructions]
    else:
        theirs = paths(highest)
        product = o3.TensorProduct(
            features, harmonics, features, [(*path, "uvu", True) for path in theirs], **plain
        )
    assert sorted(theirs) == sorted(paths(highest))
    for path in theirs:
        sign = (o3.wigner_3j(*path) * coupling(*path)).sum().sign()
        weight = sign * weights[..., paths(highest).index(path)]
        given.append(torch.diag_embed(weight).flatten(1) if mixes_channels else weight)
    expected = product(
        to_e3nn(x, highest),
        o3.spherical_harmonics(harmonics, directions, normalize=True, normalization="component"),
        torch.cat(given, dim=1),
    )
    found = HarmonicProduct(highest)(x, directions, weights)
    torch.testing.assert_close(to_e3nn(found, highest), expected, rtol=0, atol=1e-12)
