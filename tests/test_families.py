"""Every family offers the same parts, which fit together."""

import pytest
import torch
from torch import nn

from course_lib.families import FAMILIES


@pytest.mark.parametrize("name", FAMILIES)
def test_parts_fit_together(name):
    family = FAMILIES[name]
    assert family.name == name
    net = nn.Sequential(
        family.lift(3, 2), family.norm(2), family.nonlinearity(2), family.conv(2, 5), family.readout()
    )
    assert net(torch.rand(2, 3, 1, 8, 6)).shape == (2, 5, 1, 8, 6)


def test_the_names_of_the_course_are_there():
    assert {"plain", "p4", "p4m", "se2-8", "se2-12"} <= FAMILIES.keys()
    assert [FAMILIES[name].rep.dim for name in ("plain", "p4", "p4m", "se2-8", "se2-12")] == [1, 4, 8, 8, 12]
