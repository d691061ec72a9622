"""The unit on group convolution: its references by hand, and against the action of the library."""

import pytest
import torch

from course_lib.actions import act
from course_lib.checks import group_convolution
from course_lib.checks.group_convolution_tables import C4, IMAGE, motions, pixels
from course_lib.representations import Trivial

TRIANGLE = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
MIRROR = ((0, 1, 2), (1, 0, 2))


def reference(name):
    return group_convolution.QUESTIONS[name].reference


def test_motions_by_hand():
    turn_then_right = ((1, 0), 1)
    product, inverse = reference("motions")(turn_then_right, ((1, 0), 0))
    assert product == ((1, 1), 1)  # one to the right becomes one up
    assert inverse == ((0, 1), 3)  # back to the left, seen after a turn clockwise: up
    assert reference("motions")(((2, 0), 0), ((1, 0), 2))[0] == ((-2, 0), 2)


def test_the_table_of_motions_is_the_action_of_the_library():
    image = torch.arange(9.0).view(1, 3, 3)
    for (t, turns), places in zip(motions(3), IMAGE, strict=True):
        moved = act(turns, image, Trivial(C4)).roll((-t[1], t[0]), (-2, -1))
        assert torch.equal(moved.flatten()[list(places)], image.flatten())
    assert pixels(3)[0] == (-1, 1)  # top left


def test_layers_and_kernels_by_hand():
    k = torch.tensor([5.0, 0.0, 1.0], dtype=torch.float64)
    assert reference("layer")(k, TRIANGLE).tolist() == [[5, 0, 1], [1, 5, 0], [0, 1, 5]]
    fair = reference("kernel")(k, 2, MIRROR, MIRROR)
    assert fair.tolist() == [2.5, 2.5, 1]
    assert torch.equal(reference("kernel")(k, 0, MIRROR, MIRROR), k)


def test_averages_and_weights_by_hand():
    A = torch.tensor([[1.0, 3.0], [7.0, 9.0]], dtype=torch.float64)
    swap = ((0, 1), (1, 0))
    assert reference("average")(A, swap, swap).tolist() == [[5, 5], [5, 5]]
    assert reference("weights")(swap, swap) == 2
    assert reference("weights")(MIRROR, MIRROR) == (9 + 1) // 2
    assert reference("weights")(IMAGE, IMAGE) == 3


def test_a_kernel_of_one_pixel_moves_as_the_formula_says():
    f, k = torch.zeros(2, 4, 3, 3, dtype=torch.float64)
    f[1, 0, 1] = 1  # above the centre, direction 1
    k[1, 1, 2] = 1  # to the right of the centre, direction 1
    found = reference("convolve")(f, k)  # at g = (t, R) with R + 1 = 1, t + right = up
    assert found[0, 0, 0] == 1 and found.sum() == 1


def test_the_gap_is_measured_at_odd_sizes_only():
    assert group_convolution.measured_gap(reference("convolve"), 3, ((1, 0), 1)) < 1e-12
    with pytest.raises(ValueError, match="got 4"):
        group_convolution.measured_gap(reference("convolve"), 4, ((1, 0), 1))
