"""What all convolutions share: the orbit of a kernel is its action by every element."""

import pytest
import torch

from course_lib.actions import act, turned_pixels
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.layers.base import Orbit, check_kernel_size
from course_lib.layers.regular import GroupConv
from course_lib.representations import Irreps, Regular, Trivial

GROUPS = [CyclicGroup(4), CyclicGroup(12), DihedralGroup(8)]


@pytest.mark.parametrize("kind", [Trivial, Regular])
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_orbit_is_act_for_every_element(group, kind):
    rep = kind(group)
    weight = torch.randn(3, 2, rep.dim, 5, 5, dtype=torch.float64)
    orbit = Orbit(rep, 2, turned_pixels(group, 5)).double()
    turned = orbit(weight.flatten(3))
    for g in group.elements:
        torch.testing.assert_close(turned[:, g], act(g, weight, rep), rtol=1e-6, atol=1e-6)


def test_gradient_of_the_orbit_of_every_order():
    rep = Regular(DihedralGroup(4))
    orbit = Orbit(rep, 2, turned_pixels(rep.group, 3)).double()
    weight = torch.randn(1, 2, 8, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(orbit, (weight,))
    assert torch.autograd.gradgradcheck(orbit, (weight,))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="must permute the fiber.*got Irreps"):
        Orbit(Irreps(CyclicGroup(12), 2), 1, turned_pixels(CyclicGroup(12), 3))
    with pytest.raises(ValueError, match="turned by 4 elements, got 12"):
        Orbit(Trivial(CyclicGroup(4)), 1, turned_pixels(CyclicGroup(12), 3))
    for size in ((3, 5), 3.0, -1):
        with pytest.raises(
            ValueError, match="one positive number of pixels for both axes.*exchanges the axes"
        ):
            check_kernel_size(size)
    with pytest.raises(ValueError, match="at least 1 channel, got 0 and 2"):
        GroupConv(Trivial(CyclicGroup(4)), 0, 2)


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")  # within torch.func.jvp
def test_orbits_know_vmap_and_forward_mode():
    conv = GroupConv(Regular(CyclicGroup(4)), 2, 2).double()
    x = torch.randn(3, 1, 2, 4, 5, 5, dtype=torch.float64)
    torch.testing.assert_close(torch.func.vmap(conv)(x), torch.stack([conv(part) for part in x]))
    direction = torch.randn_like(conv.weight)

    def along(weight):
        return torch.func.functional_call(conv, {"weight": weight}, (x[0],))

    _, found = torch.func.jvp(along, (conv.weight.detach(),), (direction,))
    torch.testing.assert_close(found, along(direction) - along(torch.zeros_like(direction)))
