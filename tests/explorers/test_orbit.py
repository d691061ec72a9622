import pytest
import torch

from course_lib.explorers.orbit import KERNEL_SIZE, MAX_FREQUENCY, ORDERS, harmonic_terms, kernel_orbit
from course_lib.filters import circular_harmonics, disc_mask, gaussian_rings, turned_back
from course_lib.layers.steerable import SIGMA_PX


@pytest.mark.parametrize("order", ORDERS)
def test_quarter_turns_agree_and_others_do_not(order):
    errors = kernel_orbit(order).errors
    step = order // 4
    assert errors[::step].max() < 1e-12
    if step > 1:
        between = torch.tensor([error for h, error in enumerate(errors.tolist()) if h % step])
        assert between.min() > 0.2 and (between.max() - between.min()) < 0.05


@pytest.mark.parametrize("order", [8, 12])
def test_smoother_kernels_err_less(order):
    worst = [kernel_orbit(order, m).errors.max().item() for m in range(MAX_FREQUENCY + 1)]
    assert worst == sorted(worst) and worst[0] < 0.7 * worst[-1]


def test_orbit_turns_and_moves_on():
    bank = kernel_orbit(4).analytic
    assert torch.allclose(bank[1, 3], bank[0, 2].rot90(1, (-2, -1)), atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_terms_are_the_kernel_as_a_formula(order):
    right, up = turned_back(KERNEL_SIZE, 360 / order)
    rings = gaussian_rings(torch.hypot(right, up), 3, SIGMA_PX)
    waves = circular_harmonics(right, up, MAX_FREQUENCY)
    j = order - 1
    kernel = sum(
        rings[t["ring"]] * (t["cos"][j] * waves[t["n"]].real + t["sin"][j] * waves[t["n"]].imag)
        for t in harmonic_terms(order)
    )
    assert torch.allclose(kernel * disc_mask(KERNEL_SIZE), kernel_orbit(order).analytic[1, 0], atol=1e-9)


def test_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"order must be one of \(4, 8, 12\).*got 6 and 3"):
        kernel_orbit(6)
    with pytest.raises(ValueError, match="max_frequency from 0 to 3"):
        kernel_orbit(4, 4)
