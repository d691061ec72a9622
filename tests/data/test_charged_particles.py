"""The simulation follows the law of Coulomb, keeps what motion keeps, and repeats itself."""

import pytest
import torch

from course_lib.data.charged_particles import (
    PARTICLES,
    SPEED,
    States,
    checksum,
    drawn,
    energy,
    forces,
    simulated,
    trajectory,
)


def spread(n: int = 1) -> States:
    """Particles far from each other, where no step is too long."""
    corners = torch.tensor([[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 4], [4, 4, 4]], dtype=torch.float64)
    start = drawn(n, 0)
    return States(corners.expand(n, -1, -1), start.velocities, start.charges)


def test_force_by_hand():
    far = 1e6 * torch.eye(3, dtype=torch.float64)
    positions = torch.cat([torch.tensor([[0.0, 0, 0], [2, 0, 0]]).double(), far])[None]
    same = torch.ones(1, 5, dtype=torch.float64)
    assert forces(positions, same)[0, 0, 0].item() == pytest.approx(-0.25)  # equal charges: away
    opposite = same.clone()
    opposite[0, 1] = -1
    assert forces(positions, opposite)[0, 0, 0].item() == pytest.approx(0.25)
    positions[0, 1, 0] = 1e-3
    assert forces(positions, same)[0, 0, 0].item() == -100  # cut


def test_forces_cancel_in_sum():
    start = drawn(20, 1)
    assert forces(start.positions, start.charges).abs().max() < 100
    torch.testing.assert_close(
        forces(start.positions, start.charges).sum(dim=1), torch.zeros(20, 3).double(), rtol=0, atol=1e-10
    )


def test_motion_keeps_energy_and_momentum():
    start = spread(8)
    *_, end = trajectory(start, 1000, every=500)
    torch.testing.assert_close(energy(end), energy(start), rtol=2e-3, atol=2e-3)
    torch.testing.assert_close(end.velocities.sum(dim=1), start.velocities.sum(dim=1))


def test_starts_are_as_published_and_repeat():
    start = drawn(400, 3)
    torch.testing.assert_close(start.velocities.norm(dim=-1), torch.full((400, PARTICLES), SPEED).double())
    assert start.positions.std().item() == pytest.approx(1, abs=0.05)
    assert start.charges.mean().abs() < 0.1 and set(start.charges.unique().tolist()) == {-1, 1}
    assert checksum(start) == checksum(drawn(400, 3)) != checksum(drawn(400, 4))


def test_states_are_a_thousand_steps_apart():
    known, later = simulated(1, seed=5)
    *_, again = trajectory(drawn(1, 5), 4100, every=4100)
    torch.testing.assert_close(later, again.positions)
    assert known.positions.isfinite().all() and not torch.equal(known.positions, later)


def test_a_count_of_zero_is_refused():
    with pytest.raises(ValueError, match="must be 1 or more, got 0"):
        simulated(0, seed=0)
