"""Harmonics turn as they should, and their products too; signs and order by hand."""

import math

import pytest
import torch

from course_lib.harmonics import couples, coupling, harmonic_action, spherical_harmonics

TRIANGLES = [(a, b, c) for a in range(3) for b in range(3) for c in range(3) if couples(a, b, c)]


def orthogonal(seed: int) -> torch.Tensor:
    """A rotation, or a reflection with a rotation."""
    noise = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.linalg.qr(noise)[0]


@pytest.mark.parametrize("degree", [0, 1, 2])
@pytest.mark.parametrize("sign", [1, -1])
def test_harmonics_turn_by_an_orthogonal_matrix(degree, sign):
    turn = sign * orthogonal(3)
    points = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    matrix = harmonic_action(turn, degree)
    before, after = spherical_harmonics(points, degree), spherical_harmonics(points @ turn.T, degree)
    torch.testing.assert_close(after, before @ matrix.T, rtol=0, atol=1e-13)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(2 * degree + 1).double(), rtol=0, atol=1e-13)
    torch.testing.assert_close(before.square().sum(dim=1), torch.full((20,), 2.0 * degree + 1).double())


def test_values_by_hand():
    x, y, z = torch.eye(3, dtype=torch.float64)
    root = math.sqrt(5)
    assert spherical_harmonics(5 * y, 1).tolist() == pytest.approx([0, math.sqrt(3), 0])
    assert spherical_harmonics(x, 2).tolist() == pytest.approx([0, 0, -root / 2, 0, -math.sqrt(15) / 2])
    assert spherical_harmonics(y, 2).tolist() == pytest.approx([0, 0, root, 0, 0])
    assert spherical_harmonics(x + z, 2).tolist()[0] == pytest.approx(math.sqrt(15) / 2)
    assert spherical_harmonics(0 * x, 1).tolist() == [0, 0, 0]
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)  # x to y, y to -x
    assert torch.allclose(harmonic_action(quarter, 1), quarter)


@pytest.mark.parametrize(("a", "b", "c"), TRIANGLES)
@pytest.mark.parametrize("sign", [1, -1])
def test_products_turn_with_their_factors(a, b, c, sign):
    tensor = coupling(a, b, c)
    actions = [harmonic_action(sign * orthogonal(7), degree) for degree in (a, b, c)]
    torch.testing.assert_close(
        torch.einsum("jki,xj,yk,zi->xyz", tensor, *actions), tensor, rtol=0, atol=1e-13
    )
    assert tensor.norm().item() == pytest.approx(1)


def test_eleven_products_and_the_scalar_product_by_hand():
    assert len(TRIANGLES) == 11
    assert torch.allclose(coupling(1, 1, 0)[..., 0], torch.eye(3).double() / math.sqrt(3))


@pytest.mark.parametrize("degrees", [(1, 1, 1), (0, 0, 2), (0, 1, 2)])
def test_what_does_not_couple_is_refused(degrees):
    with pytest.raises(ValueError, match="do not couple to"):
        coupling(*degrees)


def test_refusals():
    with pytest.raises(ValueError, match="degree must be 0, 1 or 2, got 3"):
        spherical_harmonics(torch.ones(3), 3)
    with pytest.raises(ValueError, match="orthogonal"):
        harmonic_action(2 * torch.eye(3), 1)


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_harmonics_are_those_of_e3nn_entry_by_entry(o3, degree):
    points = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    points[0] = 0
    theirs = o3.spherical_harmonics(degree, points, normalize=True, normalization="component")
    torch.testing.assert_close(spherical_harmonics(points, degree), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2])
@pytest.mark.parametrize("sign", [1, -1])
def test_actions_are_the_wigner_matrices_of_e3nn(o3, degree, sign):
    for seed in range(5):
        turn = orthogonal(seed)
        turn = sign * turn.det() * turn  # rotations, then reflections
        theirs = o3.Irrep(degree, (-1) ** degree).D_from_matrix(turn)
        torch.testing.assert_close(harmonic_action(turn, degree), theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("a", "b", "c"), TRIANGLES)
def test_couplings_are_those_of_e3nn_up_to_the_sign(o3, a, b, c):
    theirs = o3.wigner_3j(a, b, c, dtype=torch.float64)
    sign = (theirs * coupling(a, b, c)).sum().sign()
    torch.testing.assert_close(coupling(a, b, c), sign * theirs, rtol=0, atol=1e-12)
