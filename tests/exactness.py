"""What "exact" means in these tests, measured independently of course_lib.evaluation."""

import torch

from course_lib.actions import act

EXACT = 1e-12  # relative error in float64; not bitwise, since g changes the order of the sums
EXACT_FLOAT32 = 1e-5


def exact_elements(group):
    """The elements that carry the pixel grid onto itself, so that no interpolation enters."""
    return [g for g in group.elements if group.is_grid_symmetry(g)]


def symmetry_error(f, x, g, rep_in, rep_out):
    """Relative difference of "act, then f" and "f, then act"."""
    with torch.no_grad():
        after = act(g, f(x), rep_out)
        difference = f(act(g, x, rep_in)) - after
    assert after.norm() > 0, "the layer puts out zeros, which prove nothing"
    return (difference.norm() / after.norm()).item()
