"""The group Fourier transform: equal to the dense kernel in value and gradients, chosen where it wins."""

import copy
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import forward_ad
from torch.nn import functional as F

from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.layers import base, fourier
from course_lib.layers.fourier import fourier_conv, fourier_wins, quarter_turn_cosets
from course_lib.layers.regular import GroupConv
from course_lib.representations import Regular, Trivial
from tests.exactness import EXACT, EXACT_FLOAT32, exact_elements, symmetry_error

C4 = CyclicGroup(4)
PRECISIONS = [(torch.float64, EXACT), (torch.float32, EXACT_FLOAT32)]
GROUPS = [C4, CyclicGroup(8), CyclicGroup(12), DihedralGroup(4), DihedralGroup(8)]


def layer(group, c_in, c_out, kernel_size, dtype=torch.float64, seed=0):
    """A layer with a bias, which the group convolution of the tests is."""
    torch.manual_seed(seed)
    disc = group.n > 4
    conv = GroupConv(Regular(group), c_in, c_out, kernel_size=kernel_size, disc=disc).to(dtype)
    torch.nn.init.normal_(conv.bias)
    return conv


def image(group, channels, grid, batch=2, dtype=torch.float64):
    return torch.randn(batch, channels, group.order, *grid, dtype=dtype).requires_grad_()


def transformed(conv, x):
    return fourier_conv(x, conv.folded_kernel(), conv.bias, conv.rep_in.group)


def dense(conv, x):
    out = F.conv2d(x.flatten(1, 2), conv.folded_kernel(), conv.folded_bias(), padding="same")
    return out.unflatten(1, (conv.c_out, -1))


def test_the_transform_over_the_turns_makes_the_convolution_diagonal():
    """The mathematics without the speed: unfold, transform, multiply each frequency, transform back."""
    conv = layer(C4, 2, 3, 5)
    x = image(C4, 2, (6, 7))
    columns = F.unfold(x.flatten(1, 2), 5, padding=2).unflatten(1, (2, 4, 5, 5))  # b i s y x pixel
    columns = torch.stack([columns[:, :, s].rot90(-s, (2, 3)) for s in range(4)], dim=2)  # at s r
    weight = torch.stack([conv.weight[:, :, s].rot90(-s, (2, 3)) for s in range(4)], dim=2)
    product = torch.einsum(
        "bisyxp, oisyx -> bosp", torch.fft.fft(columns, dim=2), torch.fft.fft(weight, dim=2).conj()
    )
    out = torch.fft.ifft(product, dim=2).real.unflatten(3, (6, 7)) + conv.bias[:, None, None, None]
    assert (out - dense(conv, x)).norm() < EXACT * out.norm()


@pytest.mark.parametrize(
    "dtype, tolerance", [(torch.float64, EXACT), (torch.float32, EXACT_FLOAT32)], ids=str
)
@given(
    group=st.sampled_from(GROUPS),
    half=st.integers(0, 3),
    channels=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    grid=st.tuples(st.integers(1, 19), st.integers(1, 19)),
    strip_bytes=st.sampled_from([1, 20_000, 2**21]),
    seed=st.integers(0, 99),
)
def test_forward_and_gradients_equal_the_dense_kernel(
    dtype, tolerance, group, half, channels, grid, strip_bytes, seed
):
    conv = layer(group, *channels, 2 * half + 1, dtype, seed)
    x = image(group, channels[0], grid, dtype=dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fourier, "STRIP_BYTES", strip_bytes)
        patch.setattr(fourier, "STRIP_PIXELS", min(strip_bytes, 64))
        found, expected = transformed(conv, x), dense(conv, x)
        direction = torch.randn_like(expected)
        inputs = (x, conv.weight, conv.bias)
        gradients = torch.autograd.grad(found, inputs, direction)
    for ours, theirs in zip(
        (found, *gradients), (expected, *torch.autograd.grad(expected, inputs, direction)), strict=True
    ):
        assert ours.shape == theirs.shape
        assert (ours - theirs).norm() <= tolerance * theirs.norm()


@pytest.mark.parametrize(
    "dtype, tolerance", [(torch.float64, EXACT), (torch.float32, EXACT_FLOAT32)], ids=str
)
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_every_grid_symmetry_is_exact(group, dtype, tolerance):
    conv = layer(group, 2, 3, 5, dtype)
    rep = Regular(group)
    for g in exact_elements(group):
        x = image(group, 2, (9, 9), dtype=dtype).detach()
        assert symmetry_error(lambda x: transformed(conv, x), x, g, rep, rep) < tolerance


def test_one_pixel_seen_by_every_entry_fixes_all_senses():
    # The weight reads entry 1 one pixel to the right; entry g of the output reads entry g 1, at g's side.
    conv = GroupConv(Regular(C4), 1, 1, bias=False)
    with torch.no_grad():
        conv.weight.zero_()[0, 0, 1, 1, 2] = 1
    x = torch.arange(36.0).view(1, 1, 4, 3, 3)
    assert transformed(conv, x)[0, 0, :, 1, 1].tolist() == [9 + 5, 18 + 1, 27 + 3, 0 + 7]


@pytest.mark.parametrize("group", [C4, DihedralGroup(4)], ids=str)
def test_gradients_once_and_twice_by_differences(group):
    conv = layer(group, 1, 1, 3)

    def f(x, weight, bias):
        return transformed_with(conv, weight, bias, x)

    tensors = (image(group, 1, (2, 2), batch=1), conv.weight.detach().requires_grad_(), conv.bias)
    assert torch.autograd.gradcheck(f, tensors)
    assert torch.autograd.gradgradcheck(f, tensors)


def transformed_with(conv, weight, bias, x):
    kernel = conv.orbit(weight.flatten(3)).flatten(2, 3).flatten(0, 1)
    return fourier_conv(x, kernel, bias, conv.rep_in.group)


@pytest.mark.parametrize("frozen", range(3))
def test_gradients_that_nobody_wants_are_not_made(frozen):
    conv, x = layer(C4, 2, 3, 3), image(C4, 2, (5, 5))
    inputs = [x, conv.weight, conv.bias]
    inputs.pop(frozen).requires_grad_(False)
    for create_graph in (False, True):
        found = torch.autograd.grad(transformed(conv, x).square().sum(), inputs, create_graph=create_graph)
        expected = torch.autograd.grad(dense(conv, x).square().sum(), inputs)
        for ours, theirs in zip(found, expected, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_any_memory_layout_any_number_of_threads_no_bias_and_no_picture():
    conv, x = layer(CyclicGroup(8), 5, 4, 5), image(CyclicGroup(8), 5, (12, 11))
    conv.bias = None
    expected = dense(conv, x)
    threads = torch.get_num_threads()
    try:
        for number in (1, 2, 7):
            torch.set_num_threads(number)
            found = transformed(conv, x.detach().to(memory_format=torch.channels_last_3d).requires_grad_())
            torch.testing.assert_close(found, expected)
            found.sum().backward()
    finally:
        torch.set_num_threads(threads)
    assert transformed(conv, x[:0]).shape == (0, 4, 8, 12, 11)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_cosets_hold_every_element_once_in_steps_of_a_quarter_turn(group):
    rows = quarter_turn_cosets(group)
    assert sorted(element for row in rows for element in row) == list(group.elements)
    quarter = group.n // 4
    assert all(row[s + 1] == group.product(quarter, row[s]) for row in rows for s in range(3))


def test_a_group_without_quarter_turns_is_refused():
    with pytest.raises(ValueError, match="must contain the quarter turns, got C_6"):
        quarter_turn_cosets(CyclicGroup(6))


class Count:
    """Counts the calls of the transform that layers make."""

    def __init__(self, monkeypatch):
        self.calls = 0
        monkeypatch.setattr(base, "fourier_conv", self)

    def __call__(self, *arguments):
        self.calls += 1
        return fourier_conv(*arguments)


@pytest.mark.parametrize(
    "conv, batch, side, wins",
    [
        (layer(C4, 16, 16, 5, torch.float32), 3, 32, True),
        (layer(DihedralGroup(4), 8, 16, 5, torch.float32), 2, 32, True),
        (layer(CyclicGroup(8), 16, 16, 5, torch.float32), 1, 32, True),
        (layer(CyclicGroup(8), 8, 8, 5, torch.float32), 3, 32, False),
        (layer(C4, 16, 16, 5, torch.float32), 5, 28, False),
        (layer(C4, 16, 16, 3, torch.float32), 1, 32, False),
        (layer(C4, 15, 64, 5, torch.float32), 1, 32, False),
        (layer(C4, 64, 64, 1, torch.float32), 1, 80, False),
        (layer(C4, 64, 64, 5, torch.float32), 2, 12, False),
        (GroupConv(Regular(CyclicGroup(6)), 32, 32, kernel_size=5, disc=True), 1, 24, False),
        (GroupConv(Trivial(C4), 128, 32, kernel_size=5), 1, 32, False),
    ],
    ids=str,
)
def test_the_layer_takes_what_wins_and_gives_the_same(monkeypatch, conv, batch, side, wins):
    count = Count(monkeypatch)
    x = torch.randn(batch, conv.c_in, conv.rep_in.dim, side, side)
    torch.testing.assert_close(conv(x), dense(conv, x), atol=1e-4, rtol=1e-4)
    assert count.calls == wins


def test_what_the_transform_cannot_do_takes_the_dense_kernel(monkeypatch):
    count = Count(monkeypatch)
    monkeypatch.setattr(fourier, "LEAST_PRODUCTS", 0)
    monkeypatch.setattr(fourier, "LEAST_SIDE", 1)
    monkeypatch.setattr(fourier, "LEAST_ENTRIES", 1)
    conv = layer(C4, 16, 16, 3, torch.float32).eval().requires_grad_(False)
    x = torch.randn(2, 16, 4, 6, 6)
    expected = conv(x)
    assert count.calls == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own exporters
        traced = torch.jit.trace(conv, x, check_trace=False)
        exported = torch.export.export(conv, (x,)).module()
        with forward_ad.dual_level():
            derivative = forward_ad.unpack_dual(conv(forward_ad.make_dual(x, x))).tangent
    kernel = conv.folded_kernel()
    mapped = torch.func.vmap(lambda picture: torch.tensor(fourier_wins(picture[None], kernel, C4)))
    with torch.autocast("cpu", torch.bfloat16):
        conv(x)
    copy.deepcopy(conv).bfloat16()(x.bfloat16())
    assert count.calls == 1 and fourier_wins(x, kernel, C4)
    assert not mapped(x).any()
    for other in (traced(x), exported(x), derivative + conv.bias[:, None, None, None]):
        torch.testing.assert_close(other, expected, atol=1e-4, rtol=1e-4)


def test_without_a_compiler_the_dense_kernel_serves_and_says_so_once(monkeypatch):
    count = Count(monkeypatch)
    monkeypatch.setattr(fourier, "LEAST_PRODUCTS", 0)
    monkeypatch.setattr(fourier, "LEAST_SIDE", 1)
    monkeypatch.setattr(fourier, "LEAST_ENTRIES", 1)
    conv, x = layer(C4, 16, 16, 3, torch.float32), torch.randn(1, 16, 4, 6, 6)
    fourier.compiled.cache_clear()
    try:
        monkeypatch.setenv("CXX", "no-such-compiler")
        with pytest.warns(UserWarning, match="use the dense kernel.*no-such-compiler.*CXX") as caught:
            for _ in range(3):
                torch.testing.assert_close(conv(x), dense(conv, x))
        assert len(caught) == 1 and count.calls == 0
        with pytest.raises(ValueError, match="needs a C\\+\\+ compiler; use the dense kernel"):
            transformed(conv, x)
    finally:
        fourier.compiled.cache_clear()


def test_the_rule_never_compiles_without_need(monkeypatch):
    monkeypatch.setattr(fourier, "compiled", lambda: pytest.fail("compiled for nothing"))
    assert not fourier_wins(torch.zeros(1, 16, 4, 8, 8), torch.zeros(64, 64, 3, 3), C4)
    with pytest.raises(pytest.fail.Exception):
        fourier_wins(torch.zeros(8, 16, 4, 64, 64), torch.zeros(64, 64, 3, 3), C4)


LAYOUTS = {
    "channels last": lambda x: x.to(memory_format=torch.channels_last_3d),
    "folded channels last": lambda x: (
        x.flatten(1, 2).to(memory_format=torch.channels_last).unflatten(1, x.shape[1:3])
    ),
    "transposed": lambda x: x.transpose(-1, -2).contiguous().transpose(-1, -2),
    "part of another": lambda x: torch.cat([x, x], dim=1)[:, x.shape[1] :],
    "expanded": lambda x: x[:1].expand_as(x),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("group", [C4, CyclicGroup(8)], ids=str)
def test_the_layout_in_memory_does_not_matter(group, layout):
    conv = layer(group, 2, 3, 3)
    x = LAYOUTS[layout](image(group, 2, (6, 6)).detach()).requires_grad_()
    grad = LAYOUTS[layout](torch.randn(2, 3, group.order, 6, 6, dtype=torch.float64))
    found, expected = transformed(conv, x), dense(conv, x)
    torch.testing.assert_close(found, expected)
    ours, theirs = (torch.autograd.grad(out, (x, conv.weight), grad) for out in (found, expected))
    torch.testing.assert_close(ours, theirs)
