"""SRE convolution: exact and near symmetry, drop-in for torch's layers, conversion of whole networks."""

import copy
import io
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_model, save_model
from scipy import ndimage
from torch import nn
from torch.nn import functional as F

from course_lib.layers.isotropic import IsotropicConv2d, IsotropicConv3d, IsotropicFiberConv, convert
from tests.exactness import EXACT

LAYERS = {2: IsotropicConv2d, 3: IsotropicConv3d}


def noise(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def grid_symmetries(dims):
    """Generators of the symmetries of the square or the cube, as functions of ``b c ... y x``."""
    planes = [(-2, -1)] if dims == 2 else [(-2, -1), (-3, -2), (-3, -1)]
    turns = [lambda x, plane=plane, k=k: x.rot90(k, plane) for plane in planes for k in (1, 2, 3)]
    return turns + [lambda x, axis=axis: x.flip(axis) for axis in range(-dims, 0)]


def symmetry_error(f, x, dims):
    """Largest relative difference of "turn, then f" and "f, then turn" over the grid's symmetries."""
    with torch.no_grad():
        out = f(x)
        assert out.norm() > 0, "zeros prove nothing"
        return max(((f(g(x)) - g(out)).norm() / out.norm()).item() for g in grid_symmetries(dims))


@given(
    dims=st.sampled_from([2, 3]),
    kernel_size=st.sampled_from([3, 5, 7]),
    rings=st.sampled_from(["hard", "smooth"]),
    dilation=st.integers(1, 2),
    groups=st.integers(1, 2),
    padding=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_symmetries_of_the_grid_are_exact(dims, kernel_size, rings, dilation, groups, padding, seed):
    torch.manual_seed(seed)
    options = {"dilation": dilation, "groups": groups, "padding": padding, "rings": rings}
    conv = LAYERS[dims](2, 4, kernel_size, **options).double()
    assert symmetry_error(conv, noise(1, 2, *[14] * dims, seed=seed), dims) < EXACT


@pytest.mark.parametrize("dims", [2, 3])
def test_free_kernels_fail_the_same_test(dims):
    free = (nn.Conv2d if dims == 2 else nn.Conv3d)(2, 4, 3).double()
    assert symmetry_error(free, noise(1, 2, *[8] * dims), dims) > 0.05


@pytest.mark.parametrize("dims", [2, 3])
def test_stride_2_is_exact_at_odd_sizes_and_breaks_even_ones(dims):
    torch.manual_seed(0)
    conv = LAYERS[dims](2, 4, 3, stride=2, padding=1).double()
    assert symmetry_error(conv, noise(1, 2, *[9] * dims), dims) < EXACT
    assert symmetry_error(conv, noise(1, 2, *[8] * dims), dims) > 0.3


def turn_error(kernel_size, rings):
    """Equivariance error at 15 to 75 degrees: blurred noise, cubic interpolation, inside the disc."""
    torch.manual_seed(0)
    size = 65
    x = ndimage.gaussian_filter(noise(size, size).numpy(), 1)
    conv = IsotropicConv2d(1, 16, kernel_size, padding="same", bias=False, rings=rings).double()
    offset = torch.arange(size) - size // 2
    disc = offset**2 + offset[:, None] ** 2 < (size // 2 - 8) ** 2

    def f(image):
        with torch.no_grad():
            return conv(torch.from_numpy(image)[None, None])[0]

    def turn(image, angle):
        return ndimage.rotate(image, angle, axes=(-1, -2), reshape=False, order=3)

    errors = []
    for angle in (15, 30, 45, 60, 75):
        after = torch.from_numpy(turn(f(x).numpy(), angle)) * disc
        errors.append(((f(turn(x, angle)) * disc - after).norm() / after.norm()).item())
    return sum(errors) / len(errors)


@pytest.mark.parametrize("kernel_size", [3, 5, 7, 9, 11])
def test_smooth_rings_err_less_between_quarter_turns(kernel_size):
    hard, smooth = turn_error(kernel_size, "hard"), turn_error(kernel_size, "smooth")
    assert smooth < 0.025 and smooth < hard / 2
    assert kernel_size < 9 or smooth < hard / 5


def test_kernel_by_hand():
    conv = IsotropicConv2d(1, 1, 3, bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([[[5.0, 2.0]]]))
    assert conv.kernel()[0, 0].tolist() == [[2, 2, 2], [2, 5, 2], [2, 2, 2]]
    assert conv(torch.ones(1, 1, 3, 3)).item() == 21
    volume = IsotropicConv3d(1, 1, 3)
    with torch.no_grad():
        volume.weight.copy_(torch.tensor([[[5.0, 2.0]]]))
        volume.bias.fill_(1)
    assert volume(torch.ones(1, 1, 3, 3, 3)).item() == 5 + 18 * 2 + 1


@pytest.mark.parametrize("rings", ["hard", "smooth"])
@pytest.mark.parametrize("kernel_size, dims", [(3, 2), (5, 2), (9, 2), (3, 3), (5, 3)])
def test_first_outputs_have_the_variance_of_torch_on_smooth_images(kernel_size, dims, rings):
    torch.manual_seed(0)
    side = 64 if dims == 2 else 24
    x = ndimage.gaussian_filter(noise(8, *[side] * dims).numpy(), (0, *[1] * dims), mode="wrap")
    x = torch.from_numpy(x / x.std())[None]
    conv = LAYERS[dims](8, 256, kernel_size, rings=rings).double()
    with torch.no_grad():
        assert conv(x).std().item() == pytest.approx(1 / math.sqrt(3), rel=0.12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize(
    "options", [{}, {"stride": 2, "padding": 2}, {"dilation": 2, "groups": 2, "bias": False}]
)
@pytest.mark.parametrize("dims", [2, 3])
def test_to_plain_equals_the_layer_in_every_dtype(dims, options, dtype):
    conv = LAYERS[dims](2, 4, 5, **options).to(dtype)
    x = noise(2, 2, *[12] * dims, dtype=dtype)
    plain = conv.to_plain()
    assert type(plain) is (nn.Conv2d if dims == 2 else nn.Conv3d) and plain.weight.dtype == dtype
    torch.testing.assert_close(plain(x), conv(x))
    same_arguments = type(plain)(2, 4, 5, **options)
    assert conv(x).shape == same_arguments(x.float()).shape


def test_fiber_layer_wraps_the_plain_layout():
    conv = IsotropicFiberConv(2, 3).double()
    x = noise(1, 2, 1, 9, 9)
    assert conv(x).shape == (1, 3, 1, 9, 9) and conv.kernel().shape == (3, 1, 2, 1, 5, 5)
    torch.testing.assert_close(conv.to_plain()(x[:, :, 0]), conv(x)[:, :, 0])
    volume = IsotropicFiberConv(2, 3, dims=3, kernel_size=3, rings="hard")
    assert volume(torch.zeros(1, 2, 1, 5, 6, 7)).shape == (1, 3, 1, 5, 6, 7)
    with pytest.raises(ValueError, match="fiber axis must be 1.*got 4.*pool"):
        conv(noise(1, 2, 4, 9, 9))


def test_weights_loaded_in_eval_mode_take_effect_and_copies_are_independent(tmp_path):
    first, second = (IsotropicConv2d(2, 3, 5).eval() for _ in range(2))
    x = noise(1, 2, 9, 9, dtype=torch.float32)
    second(x)  # a cached kernel would now be stale
    clone = copy.deepcopy(second)
    buffer = io.BytesIO()
    torch.save(first.state_dict(), buffer)
    buffer.seek(0)
    second.load_state_dict(torch.load(buffer, weights_only=True))
    assert torch.equal(first(x), second(x)) and not torch.allclose(clone(x), second(x))
    save_model(first, str(tmp_path / "layer.safetensors"))
    load_model(clone, str(tmp_path / "layer.safetensors"))
    assert torch.equal(clone(x), first(x)) and set(first.state_dict()) == {"weight", "bias"}


def test_autocast_builds_the_kernel_in_full_precision():
    conv = IsotropicConv2d(32, 32, 9, padding=4)
    x = noise(1, 32, 28, 28, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        out, kernel = conv(x), conv.kernel()
    out.float().sum().backward()
    assert out.dtype == torch.bfloat16 and kernel.dtype == torch.float32 == conv.weight.grad.dtype
    torch.testing.assert_close(out.float(), conv(x), atol=0.05, rtol=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("dims", [2, 3])
def test_on_a_gpu_the_layer_gives_what_it_gives_on_a_cpu(dims):
    conv = LAYERS[dims](32, 32, 5, padding=2).double()
    x = noise(1, 32, *[16] * dims)
    torch.testing.assert_close(copy.deepcopy(conv).cuda()(x.cuda()).cpu(), conv(x))


class Block(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(),
            nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(c_out),
        )
        self.skip = nn.Conv2d(c_in, c_out, 1, stride, bias=False)

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


class DenseBlock(nn.Module):
    def __init__(self, c_in):
        super().__init__()
        self.first = nn.Conv2d(c_in, 8, 3, padding="same")
        self.second = nn.Conv2d(c_in + 8, 8, 3, padding="same", groups=1)

    def forward(self, x):
        x = torch.cat([x, self.first(x)], 1)
        return torch.cat([x, self.second(x)], 1)


def resnet():
    stem = nn.Conv2d(3, 8, 7, 2, 3)
    return nn.Sequential(stem, Block(8, 8, 1), Block(8, 16, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def densenet():
    squeeze = nn.Conv2d(19, 8, 1)
    return nn.Sequential(DenseBlock(3), squeeze, nn.AvgPool2d(2), DenseBlock(8))


def net3d():
    body = (
        nn.Conv3d(3, 8, 3, 2, 1),
        nn.InstanceNorm3d(8),
        nn.ReLU(),
        nn.Conv3d(8, 8, 5, padding=2, groups=8),
    )
    return nn.Sequential(*body, nn.AdaptiveMaxPool3d(1), nn.Flatten())


@pytest.mark.parametrize("rings", ["hard", "smooth"])
@pytest.mark.parametrize("network, dims", [(resnet, 2), (densenet, 2), (net3d, 3)])
def test_converted_networks_keep_their_shapes_and_are_exactly_symmetric(network, dims, rings):
    torch.manual_seed(0)
    model = network().double().eval()
    before = copy.deepcopy(model.state_dict())
    new = convert(model, rings=rings)
    x = noise(1, 3, *[16] * dims)

    def error(f):
        maps = (lambda x: f(x)) if f(x).ndim > 2 else (lambda x: f(x).view(*f(x).shape, *[1] * dims))
        return symmetry_error(maps, x, dims)

    assert new(x).shape == model(x).shape and error(new) < EXACT < 1e-3 < error(model)
    assert not new.training and all(p.dtype == torch.float64 for p in new.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    kernels = [m for m in new.modules() if isinstance(m, nn.Conv2d | nn.Conv3d)]
    assert all(max(m.kernel_size) == 1 == max(m.stride) for m in kernels)
    new.train()(torch.cat([x, x])).sum().backward()


def test_shared_layers_stay_shared_and_kernels_take_the_new_size():
    conv = nn.Conv2d(4, 4, 3, padding=1)
    new = convert(nn.Sequential(conv, nn.ReLU(), conv, nn.Conv2d(4, 4, 5)), kernel_size={3: 9})
    assert new[0] is new[2] and new[0].kernel_size == 9 and new[0].padding == 4
    assert new[3].kernel_size == 5 and new[3].padding == 0
    assert isinstance(convert(nn.Conv2d(4, 4, 3)), IsotropicConv2d)
    odd = convert(nn.Sequential(nn.Conv2d(1, 1, 3, 2, 1)))
    assert odd(torch.zeros(1, 1, 7, 7)).shape == (1, 1, 4, 4)  # as before, though no longer symmetric


@pytest.mark.parametrize(
    "layer, message",
    [
        (nn.ConvTranspose2d(1, 1, 3), "cannot convert 0, ConvTranspose2d.*upsampling"),
        (nn.Conv1d(1, 1, 3), "must be an nn.Conv2d or nn.Conv3d"),
        (nn.Conv2d(1, 1, 4), "kernel_size must be odd.*got 4"),
        (nn.Conv2d(1, 1, (3, 5)), r"kernel_size must be one whole number.*got \(3, 5\)"),
        (nn.Conv2d(1, 1, 3, stride=(1, 2), padding=1), r"stride must be one whole number.*got \(1, 2\)"),
        (nn.Conv2d(1, 1, 3, padding=(0, 1)), r"padding must be one whole number.*got \(0, 1\)"),
        (nn.Conv2d(1, 1, 3, stride=2), "with stride 2 the padding must be 1, got 0"),
        (nn.Conv2d(1, 1, 3, padding_mode="circular"), "padded with zeros"),
    ],
)
def test_what_cannot_be_converted_is_named(layer, message):
    with pytest.raises(ValueError, match=message):
        convert(nn.Sequential(layer))


def test_bad_arguments_are_refused():
    for options, message in (
        ({"kernel_size": 4}, "kernel_size must be odd.*got 4"),
        ({"kernel_size": (3, 5)}, "a turn exchanges the axes"),
        ({"kernel_size": 3, "stride": 0}, "stride must be one whole number of at least 1"),
        ({"kernel_size": 3, "padding": "same", "stride": 2}, "needs stride 1, got 2; give padding"),
        ({"kernel_size": 3, "groups": 3}, "groups must divide.*got 3 for 4 and 6; choose a common divisor"),
    ):
        with pytest.raises(ValueError, match=message):
            IsotropicConv2d(4, 6, **options)
    with pytest.raises(ValueError, match=r"input must be b 4 y x, got \(1, 4, 1, 5, 5\).*IsotropicFiberConv"):
        IsotropicConv2d(4, 6, 3)(torch.zeros(1, 4, 1, 5, 5))


def test_layers_follow_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        conv = IsotropicConv2d(1, 2, 3)
        assert conv(torch.rand(1, 1, 6, 6)).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("side", [8, 9])
def test_converted_strides_are_exact_at_even_and_odd_sides(side):
    net = convert(nn.Sequential(nn.Conv2d(1, 2, 3, stride=2, padding=1))).double()
    x = torch.randn(1, 1, side, side, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(net(x.rot90(1, (-2, -1))), net(x).rot90(1, (-2, -1)))
