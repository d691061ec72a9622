"""Products with harmonics are those of e3nn."""

import pytest
import torch

from course_lib.harmonics import coupling
from course_lib.layers.en import HarmonicProduct, degrees, paths

EDGES, CHANNELS = 7, 3


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


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
