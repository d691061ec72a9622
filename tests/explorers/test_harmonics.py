import math

import pytest
import torch
from torch.nn import functional as F

from course_lib.evaluation import smooth_images, spline_rotate
from course_lib.explorers.harmonics import MAX_FREQUENCY, N_RINGS, harmonic_sum, spectrum, steer
from course_lib.filters import band_limit


def single(ring, frequency):
    weights = torch.zeros(N_RINGS, MAX_FREQUENCY + 1, dtype=torch.float64)
    weights[ring, frequency] = 1
    return weights


@pytest.mark.parametrize(
    ("ring", "frequency", "seen"), [(2, 6, 2), (1, 3, 1), (1, 5, 1), (2, 8, 0), (2, 7, 1)]
)
def test_beyond_the_limit_another_frequency_is_seen(ring, frequency, seen):
    found = steer(single(ring, frequency), 30)
    assert frequency > band_limit(ring) and found.shares.argmax() == seen
    assert found.alias > 0.7 and found.formula_error > 1
    assert min((frequency - seen) % 4, (frequency + seen) % 4) == 0


@pytest.mark.parametrize("ring", range(1, N_RINGS))
def test_within_the_limit_the_frequency_is_seen(ring):
    for frequency in (0, band_limit(ring) - 1, band_limit(ring)):
        found = steer(single(ring, frequency), 30)
        assert found.shares[frequency] > 0.998 and found.alias < 2e-3
        assert found.formula_error < 0.06
        assert frequency < 2 or found.formula_error < found.pixels_error


def test_sixth_wave_has_room_on_ring_4():
    assert steer(single(4, 6), 30).alias < 0.01 and steer(single(4, 6), 30).formula_error < 0.1


def test_quarter_turns_are_exact_and_keep_the_norm():
    found = steer(single(2, 3) + single(1, 1), 90)
    assert found.formula_error < 1e-9 and found.pixels_error < 1e-12
    assert found.formula_norm == pytest.approx(1) and found.pixels_norm == pytest.approx(1)
    assert torch.allclose(found.formula, found.start.rot90(1, (-2, -1)), atol=1e-9)


def test_rival_is_pale_between_quarter_turns():
    weights = 0.5 * single(1, 0) + single(1, 1) - single(2, 2) + 0.8 * single(3, 3)  # the chapter's start
    for angle in (15, 45):
        found = steer(weights, angle)
        assert found.pixels_norm < 0.86 and found.formula_norm > 0.98


def test_spectrum_by_hand():
    pixel = torch.zeros(11, 11, dtype=torch.float64)
    pixel[5, 6] = 1  # one pixel to the right: exp(-i omega) along the first direction, none across it
    found = spectrum(pixel, 0)
    assert found[19, 0].item() == pytest.approx(complex(math.cos(1), -math.sin(1)))  # radius 1
    assert found[19, 12].item() == pytest.approx(1)
    assert torch.allclose(spectrum(pixel.rot90(1, (-2, -1)), 90), found)


@pytest.mark.parametrize(("ring", "frequency"), [(2, 3), (1, 3), (3, 5)])
def test_predicted_error_is_what_is_measured(ring, frequency):
    weights, images = single(ring, frequency), smooth_images(3, 1, 128, 128)
    turned, start = (harmonic_sum(weights, angle)[None, None] for angle in (30, 0))
    found = F.conv2d(spline_rotate(images, 30), turned, padding=5)
    expected = spline_rotate(F.conv2d(images, start, padding=5), 30)
    measured = ((found - expected).norm() / expected.norm()).item()
    assert steer(weights, 30).formula_error == pytest.approx(measured, rel=0.25)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"weights must have 5 rings and 9 frequencies, got \(5, 8\)"):
        steer(torch.zeros(5, 8, dtype=torch.float64), 0)
    with pytest.raises(ValueError, match="the kernel is zero; give a weight"):
        steer(torch.zeros(5, 9, dtype=torch.float64), 0)
