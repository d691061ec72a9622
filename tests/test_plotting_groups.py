"""Figures of groups show what the group says."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib.actions import act
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.plotting_groups import (
    element_colour,
    mosaic,
    plot_cayley_table,
    plot_commuting_square,
    plot_orbit,
    plot_representation,
)
from course_lib.representations import Regular, Trivial

matplotlib.use("agg")
D4 = DihedralGroup(4)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(ax):
    return np.asarray(ax.images[0].get_array())


def test_cayley_table_has_row_g_and_column_h():
    ax = plot_cayley_table(D4)
    names = [text.get_text() for text in ax.texts]
    assert names[1 * 8 + 4] == "rm" and names[4 * 8 + 1] == "r³m"  # turn after flip, flip after turn
    assert tuple(drawn(ax)[4, 1]) == pytest.approx(element_colour(D4, 7))


def test_every_element_has_a_colour_of_its_own():
    assert len({element_colour(D4, g) for g in D4.elements}) == 8


def test_orbit_shows_each_moved_picture():
    x = torch.rand(1, 4, 4)
    panels = plot_orbit(x, D4).axes
    for g, ax in zip(D4.elements, panels, strict=True):
        assert np.array_equal(drawn(ax), act(g, x, Trivial(D4))[0].numpy())


def test_representation_shows_each_matrix():
    rep = Regular(CyclicGroup(4))
    for g, ax in zip(rep.group.elements, plot_representation(rep).axes, strict=True):
        assert np.array_equal(drawn(ax), rep.matrix(g).numpy())


def test_commuting_square_puts_each_corner_in_its_place():
    x, f_x, g_x, meeting = torch.rand(1, 4, 4), torch.rand(4, 4, 4), torch.rand(1, 4, 4), torch.rand(4, 4, 4)
    panels = [ax for ax in plot_commuting_square(x, f_x, g_x, meeting).axes if ax.images]
    for ax, corner in zip(panels, (x[0], mosaic(f_x), g_x[0], mosaic(meeting)), strict=True):
        assert np.array_equal(drawn(ax), corner.numpy())


def test_odd_fiber_makes_no_mosaic():
    with pytest.raises(ValueError, match="two rows need an even number of maps, got 5"):
        mosaic(torch.zeros(5, 2, 2))
