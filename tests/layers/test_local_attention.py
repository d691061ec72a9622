"""The compiled loop gives what torch gives, in values and derivatives; and what it leaves to torch."""

import pytest
import torch

from course_lib.layers import local_attention
from course_lib.layers.local_attention import in_torch


@pytest.fixture
def everything(monkeypatch):
    """Small inputs are compiled too."""
    monkeypatch.setattr(local_attention, "LEAST_LOGITS", 0)


@pytest.fixture
def nothing(monkeypatch):
    """Whatever is compiled fails the test."""
    monkeypatch.setattr(local_attention, "compiled", lambda: pytest.fail("compiled for nothing"))


def problem(b=2, heads=2, width=2, order=4, sides=(5, 7), kernel_size=3, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(shape, dtype=dtype, generator=generator).requires_grad_()

    features = (random(b, heads, width, order, *sides) for _ in range(3))
    return *features, random(heads, width, order, order, kernel_size, kernel_size)


def attend(q, k, v, encoding):
    return local_attention.local_attention(q, k, v, encoding, disc=False)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-13), (torch.float32, 1e-5)], ids=str)
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"sides": (1, 1)},
        {"sides": (2, 30)},
        {"kernel_size": 7},
        {"order": 8, "width": 3, "heads": 1},
        {"b": 0},
    ],
    ids=str,
)
def test_values_and_gradients(given, dtype, tolerance, everything):
    inputs = problem(**given, dtype=dtype)
    out, expected = attend(*inputs), in_torch(*inputs)
    assert "_LocalAttention" in out.grad_fn.name()
    weights = torch.linspace(-1, 2, out.numel(), dtype=dtype).view(out.shape)
    found = torch.autograd.grad((out * weights).sum(), inputs)
    wanted = torch.autograd.grad((expected * weights).sum(), inputs)
    for one, other in zip((out, *found), (expected, *wanted), strict=True):
        assert (one - other).norm() <= tolerance * other.norm().clamp(min=1e-6)


def test_large_logits_neither_overflow_nor_vanish(everything):
    q, k, v, encoding = problem(dtype=torch.float32)
    out = attend(1e3 * q, 1e3 * k, v, encoding)
    torch.testing.assert_close(out, in_torch(1e3 * q, 1e3 * k, v, encoding), rtol=0, atol=1e-3)


def test_several_threads_and_strided_inputs_give_the_same(everything):
    q, k, v, encoding = problem()
    expected = in_torch(q, k, v, encoding)
    turned = [part.detach().mT.contiguous().mT for part in (q, k, v)]
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.testing.assert_close(attend(*turned, encoding), expected)
    finally:
        torch.set_num_threads(threads)


def test_second_derivatives_and_batched_gradients(everything):
    inputs = problem(b=1, heads=1, width=1, order=2, sides=(2, 2))
    assert torch.autograd.gradgradcheck(attend, inputs, fast_mode=True)
    out, expected = attend(*inputs), in_torch(*inputs)
    several = torch.stack([torch.ones_like(out), 2 * torch.ones_like(out)])
    found = torch.autograd.grad(out, inputs, several, is_grads_batched=True, retain_graph=True)
    mapped = torch.vmap(lambda grad: torch.autograd.grad(out, inputs, grad, retain_graph=True))(several)
    wanted = torch.autograd.grad(expected, inputs, several, is_grads_batched=True)
    for one, other, third in zip(found, mapped, wanted, strict=True):
        torch.testing.assert_close(one, third)
        torch.testing.assert_close(other, third)


def test_what_is_left_to_torch(nothing):
    q, k, v, encoding = problem(sides=(20, 20), kernel_size=5, dtype=torch.float32)
    local_attention.local_attention(q, k, v, encoding, disc=True)  # no whole square
    attend(*problem(sides=(4, 4)))  # too small
    with torch.autocast("cpu", torch.bfloat16):
        attend(q, k, v, encoding)
    with pytest.raises(pytest.fail.Exception):
        attend(q, k, v, encoding)


def test_without_a_compiler_torch_serves_and_says_so_once(monkeypatch, everything):
    inputs = problem()
    local_attention.compiled.cache_clear()
    try:
        monkeypatch.setenv("CXX", "no-such-compiler")
        with pytest.warns(UserWarning, match="computed in torch.*no-such-compiler.*CXX") as caught:
            for _ in range(2):
                torch.testing.assert_close(attend(*inputs), in_torch(*inputs))
        assert len(caught) == 1
    finally:
        local_attention.compiled.cache_clear()
