"""Lifting and group convolution: exact symmetry, the right sense, equal exports, clear refusals."""

import copy
import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from course_lib.actions import act
from course_lib.families import FAMILIES
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.layers.plain import PlainConv
from course_lib.layers.regular import GroupConv, GroupPool
from course_lib.representations import Regular, Trivial
from tests.exactness import EXACT, EXACT_FLOAT32, exact_elements, symmetry_error

GROUPS = [group(n) for group in (CyclicGroup, DihedralGroup) for n in (4, 8, 12, 16)]


def image(rep, channels=2, size=7, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, channels, rep.dim, size, size, dtype=dtype, generator=generator)


@pytest.mark.parametrize(
    "dtype, tolerance", [(torch.float64, EXACT), (torch.float32, EXACT_FLOAT32)], ids=str
)
@pytest.mark.parametrize("rep_in", [Trivial, Regular])
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_every_grid_symmetry_of_every_order_is_exact(group, rep_in, dtype, tolerance):
    torch.manual_seed(0)
    rep_in, rep_out = rep_in(group), Regular(group)
    conv = GroupConv(rep_in, 2, 3, kernel_size=5, disc=group.n != 4).to(dtype)
    torch.nn.init.normal_(conv.bias)
    x = image(rep_in, dtype=dtype)
    for g in exact_elements(group):
        assert symmetry_error(conv, x, g, rep_in, rep_out) < tolerance


@given(
    name=st.sampled_from(["p4", "p4m", "se2-8", "se2-12"]),
    size=st.integers(5, 12),
    seed=st.integers(0, 2**16),
    data=st.data(),
)
def test_family_convolutions_commute_with_the_group(name, size, seed, data):
    family = FAMILIES[name]
    g = data.draw(st.sampled_from(exact_elements(family.rep.group)))
    torch.manual_seed(seed)
    for conv, rep_in in ((family.lift(2, 3), Trivial(family.rep.group)), (family.conv(2, 3), family.rep)):
        x = image(rep_in, size=size, seed=seed)
        assert symmetry_error(conv.double(), x, g, rep_in, family.rep) < EXACT


@pytest.mark.parametrize("seed", range(5))
def test_plain_convolution_fails_the_same_test(seed):
    torch.manual_seed(seed)
    scalars = Trivial(CyclicGroup(4))
    for g in (1, 2, 3):
        assert symmetry_error(PlainConv(2, 3).double(), image(scalars, seed=seed), g, scalars, scalars) > 0.05


def test_lifting_by_hand_fixes_the_sense_of_rotation():
    # The kernel looks one pixel to the right; its quarter turn counter-clockwise looks one pixel up.
    conv = GroupConv(Trivial(CyclicGroup(4)), 1, 1, bias=False)
    with torch.no_grad():
        conv.weight.zero_()[0, 0, 0, 1, 2] = 1
    x = torch.arange(9.0).view(1, 1, 1, 3, 3)
    right, up, left, down = conv(x)[0, 0, :, 1, 1].tolist()
    assert (right, up, left, down) == (5, 1, 3, 7)


def test_group_convolution_by_hand_fixes_the_shift_of_the_fiber():
    # The weight reads entry 1 at the same pixel. In the copy for g it must read entry g 1.
    conv = GroupConv(Regular(CyclicGroup(4)), 1, 1, kernel_size=1, bias=False)
    with torch.no_grad():
        conv.weight.zero_()[0, 0, 1] = 1
    x = torch.tensor([10.0, 11, 12, 13]).view(1, 1, 4, 1, 1)
    assert conv(x).flatten().tolist() == [11, 12, 13, 10]


def test_group_convolution_equals_the_sum_over_the_group():
    d4 = DihedralGroup(4)
    rep = Regular(d4)
    conv = GroupConv(rep, 2, 3).double()
    x = image(rep)
    direct = torch.stack(
        [
            F.conv2d(x.flatten(1, 2), act(g, conv.weight, rep).flatten(1, 2), conv.bias, padding=1)
            for g in d4.elements
        ],
        dim=2,
    )
    torch.testing.assert_close(conv(x), direct)


def test_pooling_takes_the_maximum_or_the_mean():
    rep = Regular(CyclicGroup(4))
    x = torch.tensor([1.0, 5, 2, 4]).view(1, 1, 4, 1, 1)
    assert GroupPool(rep)(x).flatten().tolist() == [5]
    assert GroupPool(rep, "mean")(x).flatten().tolist() == [3]


@pytest.mark.parametrize("how", ["max", "mean"])
def test_pooling_is_invariant_over_the_fiber_and_turns_the_picture(how):
    group = DihedralGroup(4)
    for g in group.elements:
        x = image(Regular(group))
        assert symmetry_error(GroupPool(Regular(group), how), x, g, Regular(group), Trivial(group)) < EXACT


@pytest.mark.parametrize("bias", [True, False])
def test_exports_equal_the_layer(bias):
    rep = Regular(CyclicGroup(12))
    conv = GroupConv(rep, 2, 3, kernel_size=5, disc=True, bias=bias).double()
    x = image(rep)
    torch.testing.assert_close(conv.to_plain()(x.flatten(1, 2)), conv(x).flatten(1, 2))
    for how in ("max", "mean"):
        pool = GroupPool(rep, how)
        torch.testing.assert_close(pool.to_plain()(x.flatten(1, 2)), pool(x).flatten(1, 2))
    plain = PlainConv(2, 3, bias=bias).double()
    torch.testing.assert_close(plain.to_plain()(x[:, :, 0]), plain(x[:, :, :1])[:, :, 0])


def test_gradients_are_right():
    conv = GroupConv(Regular(CyclicGroup(8)), 1, 1, kernel_size=3, disc=True).double()
    x = image(conv.rep_in, channels=1, size=3).requires_grad_()
    weight = conv.weight.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, w: torch.func.functional_call(conv, {"weight": w}, (x,)), (x, weight)
    )


def test_weights_loaded_in_eval_mode_take_effect_and_copies_are_independent():
    first, second = (GroupConv(Regular(CyclicGroup(8)), 1, 2, disc=True).eval() for _ in range(2))
    x = image(first.rep_in, channels=1, dtype=torch.float32)
    clone = copy.deepcopy(second)
    buffer = io.BytesIO()
    torch.save(first.state_dict(), buffer)
    buffer.seek(0)
    second.load_state_dict(torch.load(buffer, weights_only=True))
    torch.testing.assert_close(first(x), second(x))
    assert not torch.allclose(clone(x), second(x))


def test_autocast_builds_the_kernel_in_full_precision():
    conv = GroupConv(Regular(CyclicGroup(4)), 2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        out = conv(image(conv.rep_in, dtype=torch.float32))
    out.float().sum().backward()
    assert out.dtype == torch.bfloat16 and conv.kernel().dtype == torch.float32 == conv.weight.grad.dtype


def test_bad_input_is_refused():
    rep = Regular(CyclicGroup(4))
    with pytest.raises(ValueError, match="fiber axis must be 4 .*lift"):
        GroupPool(rep)(torch.zeros(1, 1, 3, 5, 5))
    with pytest.raises(ValueError, match="kernel_size must be odd.*got 4"):
        GroupConv(rep, 1, 1, kernel_size=4)
    with pytest.raises(ValueError, match="kernel_size must be odd.*got 2"):
        PlainConv(1, 1, kernel_size=2)
    with pytest.raises(ValueError, match=r"input must be b 2 4 y x .*lift the image first"):
        GroupConv(rep, 2, 1)(torch.zeros(1, 2, 1, 5, 5))
