"""Ring sums: equal to the dense kernel in value and gradients, chosen where they win, never needed."""

import copy
import warnings
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from course_lib.filters import ring_masks
from course_lib.layers import isotropic, ring_sum
from course_lib.layers.isotropic import IsotropicConv2d, IsotropicConv3d
from course_lib.layers.ring_sum import ring_sum_conv, ring_sum_wins, ring_taps

RINGS = ["hard", "smooth"]


def problem(kernel_size, rings, dims, *, grid, channels=(2, 3), batch=2, dtype=torch.float64, seed=0):
    """Input, weight, bias, masks and taps of a small convolution."""
    generator = torch.Generator().manual_seed(seed)
    masks = ring_masks(kernel_size, rings=rings, dims=dims).to(dtype)
    shapes = ((batch, channels[0], *grid), (channels[1], channels[0], len(masks)), (channels[1],))
    tensors = (torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes)
    return *tensors, masks, ring_taps(kernel_size, rings, dims)


def dense(x, weight, bias, masks, taps, padding):
    kernel = torch.einsum("oir, r... -> oi...", weight, masks)
    return (F.conv2d if masks.ndim == 3 else F.conv3d)(x, kernel, bias, padding=padding)


@pytest.mark.parametrize("rings", RINGS)
@pytest.mark.parametrize("kernel_size, dims", [(3, 2), (9, 2), (3, 3), (5, 3)])
def test_classes_hold_every_pixel_of_the_rings_once(kernel_size, dims, rings):
    masks, taps = ring_masks(kernel_size, rings=rings, dims=dims), ring_taps(kernel_size, rings, dims)
    rebuilt = torch.zeros(masks.shape if dims == 3 else (len(masks), 1, *masks.shape[1:]))
    start = 0
    for end, pixel in zip(taps.class_end.tolist(), taps.pixel.tolist(), strict=True):
        for z, y, x in taps.offsets[start:end].tolist():
            for mirrored_z, mirrored_y in product({z, -z}, {y, -y}):
                place = (
                    slice(None),
                    taps.reach[0] + mirrored_z,
                    taps.reach[1] + mirrored_y,
                    taps.reach[1] + x,
                )
                assert not rebuilt[place].any()
                rebuilt[place] = masks.flatten(1)[:, pixel]
        start = end
    assert torch.equal(rebuilt.view_as(masks), masks)


def test_ring_sums_by_hand():
    x = torch.arange(25.0).view(1, 1, 5, 5)
    # One weight 1 on the ring of 8 pixels: the sum of the neighbours, 8 times the pixel on a linear ramp.
    masks, taps = ring_masks(3), ring_taps(3, "hard", 2)
    out = ring_sum_conv(x, torch.tensor([[[0.0, 1.0]]]), torch.tensor([0.5]), masks, taps, 0)
    assert out[0, 0].tolist() == [[48.5, 56.5, 64.5], [88.5, 96.5, 104.5], [128.5, 136.5, 144.5]]


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.float64, 1e-12)], ids=str)
@given(
    dims=st.sampled_from([2, 3]),
    half=st.integers(1, 4),
    rings=st.sampled_from(RINGS),
    padding=st.integers(0, 8),
    sides=st.lists(st.integers(9, 20), min_size=3, max_size=3),
    strip_bytes=st.sampled_from([1, 5_000, 2**20]),
    seed=st.integers(0, 99),
)
def test_forward_and_gradients_equal_the_dense_kernel(
    dtype, tolerance, dims, half, rings, padding, sides, strip_bytes, seed
):
    half = half if dims == 2 else min(half, 2)
    grid = sides[:dims] if dims == 2 else [side - 4 for side in sides]
    inputs = problem(2 * half + 1, rings, dims, grid=grid, dtype=dtype, seed=seed)
    padding = min(padding, 2 * half)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ring_sum, "STRIP_BYTES", strip_bytes)
        found = ring_sum_conv(*inputs, padding)
        expected = dense(*inputs, padding)
        direction = torch.randn(expected.shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
        gradients = torch.autograd.grad(found, inputs[:3], direction)
    for ours, theirs in zip(
        (found, *gradients), (expected, *torch.autograd.grad(expected, inputs[:3], direction)), strict=True
    ):
        assert ours.shape == theirs.shape
        assert (ours - theirs).norm() <= tolerance * theirs.norm()


@pytest.mark.parametrize("rings", RINGS)
@pytest.mark.parametrize("kernel_size, dims, grid", [(5, 2, (4, 5)), (3, 3, (3, 3, 4))])
def test_gradients_once_and_twice_by_differences(kernel_size, dims, grid, rings):
    *tensors, masks, taps = problem(kernel_size, rings, dims, grid=grid, channels=(2, 2), batch=1)

    def f(x, weight, bias):
        return ring_sum_conv(x, weight, bias, masks, taps, 1)

    assert torch.autograd.gradcheck(f, tensors)
    assert torch.autograd.gradgradcheck(f, tensors)


@pytest.mark.parametrize("frozen", range(3))
def test_gradients_that_nobody_wants_are_not_made(frozen):
    inputs = list(problem(5, "hard", 2, grid=(8, 8)))
    inputs[frozen] = inputs[frozen].detach()
    wanted = [tensor for tensor in inputs[:3] if tensor.requires_grad]
    for create_graph in (False, True):
        found = torch.autograd.grad(ring_sum_conv(*inputs, 2).sum(), wanted, create_graph=create_graph)
        expected = torch.autograd.grad(dense(*inputs, 2).sum(), wanted)
        for ours, theirs in zip(found, expected, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_any_memory_layout_and_any_number_of_threads():
    inputs = problem(5, "smooth", 2, grid=(12, 11), channels=(5, 4))
    expected = dense(*inputs, 2)
    x = inputs[0].detach().to(memory_format=torch.channels_last).requires_grad_()
    threads = torch.get_num_threads()
    try:
        for number in (1, 2, 7):
            torch.set_num_threads(number)
            torch.testing.assert_close(ring_sum_conv(x, *inputs[1:], 2), expected)
    finally:
        torch.set_num_threads(threads)


class Count:
    """Counts the calls of the ring sums that a layer makes."""

    def __init__(self, monkeypatch):
        self.calls = 0
        monkeypatch.setattr(isotropic, "ring_sum_conv", self)

    def __call__(self, *arguments):
        self.calls += 1
        return ring_sum_conv(*arguments)


@pytest.mark.parametrize(
    "conv, grid, wins",
    [
        (IsotropicConv2d(64, 64, 9, padding=4), (28, 28), True),
        (IsotropicConv2d(64, 64, 5, padding="same"), (14, 14), True),
        (IsotropicConv2d(64, 64, 3, padding=1), (7, 7), False),
        (IsotropicConv2d(16, 16, 3, padding=1), (28, 28), False),
        (IsotropicConv2d(64, 64, 1), (128, 128), False),
        (IsotropicConv2d(64, 64, 9, padding=4, stride=2), (28, 28), False),
        (IsotropicConv2d(64, 64, 9, padding=8, dilation=2), (28, 28), False),
        (IsotropicConv2d(64, 64, 9, padding=4, groups=2), (28, 28), False),
        (IsotropicConv2d(64, 64, 9, padding=9), (28, 28), False),
        (IsotropicConv3d(32, 32, 5, padding=2), (8, 8, 8), True),
        (IsotropicConv3d(8, 8, 3, padding=1), (8, 8, 8), False),
    ],
    ids=str,
)
def test_the_layer_takes_what_wins_and_gives_the_same(monkeypatch, conv, grid, wins):
    count = Count(monkeypatch)
    x = torch.randn(1, conv.in_channels, *grid, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(conv(x), conv.to_plain()(x), atol=1e-5, rtol=1e-4)
    assert count.calls == wins


def test_what_ring_sums_cannot_do_takes_the_dense_kernel(monkeypatch):
    count = Count(monkeypatch)
    conv = IsotropicConv2d(32, 32, 9, padding=4).eval()
    x = torch.randn(2, 32, 12, 12)
    expected = conv(x)
    assert count.calls == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own exporters
        traced = torch.jit.trace(conv, x, check_trace=False)
        exported = torch.export.export(conv, (x,)).module()
    mapped = torch.func.vmap(lambda image: conv(image[None])[0])(x)
    copy.deepcopy(conv).bfloat16()(x.bfloat16())
    assert count.calls == 1
    for other in (traced(x), exported(x), mapped):
        torch.testing.assert_close(other, expected, atol=1e-5, rtol=1e-4)
    assert count.calls == 1


def test_without_a_compiler_the_dense_kernel_serves_and_says_so_once(monkeypatch):
    count = Count(monkeypatch)
    conv = IsotropicConv2d(32, 32, 9, padding=4)
    x = torch.randn(1, 32, 12, 12)
    expected = conv(x)
    ring_sum.compiled.cache_clear()
    try:
        monkeypatch.setenv("CXX", "no-such-compiler")
        with pytest.warns(UserWarning, match="use the dense kernel.*no-such-compiler.*CXX") as caught:
            for _ in range(3):
                torch.testing.assert_close(conv(x), expected, atol=1e-5, rtol=1e-4)
        assert len(caught) == 1 == count.calls
        with pytest.raises(ValueError, match="need a C\\+\\+ compiler; use the dense kernel"):
            ring_sum_conv(*problem(3, "hard", 2, grid=(5, 5)), 1)
    finally:
        ring_sum.compiled.cache_clear()


def test_the_rule_never_compiles_without_need(monkeypatch):
    monkeypatch.setattr(ring_sum, "compiled", lambda: pytest.fail("compiled for nothing"))
    assert not ring_sum_wins(torch.zeros(1, 3, 8, 8), torch.zeros(3, 3, 2), 3, 1, 1, 1, 1)
    with pytest.raises(pytest.fail.Exception):
        ring_sum_wins(torch.zeros(1, 64, 28, 28), torch.zeros(64, 64, 5), 9, 1, 4, 1, 1)


@pytest.mark.parametrize("graph", [False, True])
def test_a_layer_that_is_used_twice_has_the_gradient_of_the_dense_kernel(graph):
    torch.manual_seed(0)
    conv, x = IsotropicConv2d(16, 16, 5, padding=2).double(), torch.randn(1, 16, 32, 32, dtype=torch.float64)
    assert ring_sum_wins(x, conv.weight, 5, 1, 2, 1, 1)

    def dense(y):
        return F.conv2d(y, conv.kernel(), conv.bias, padding=2)

    ours, theirs = (
        torch.autograd.grad(f(f(x)).square().sum(), conv.weight, create_graph=graph)[0] for f in (conv, dense)
    )
    torch.testing.assert_close(ours, theirs)


def test_a_graph_of_the_bias_alone_can_be_made():
    conv, x = IsotropicConv2d(16, 16, 5, padding=2), torch.randn(1, 16, 32, 32)
    conv.weight.requires_grad_(False)
    (grad,) = torch.autograd.grad(conv(x).square().sum(), conv.bias, create_graph=True)
    assert grad.isfinite().all()
