"""The ResNet: exact invariance in 2D and 3D, parameter counts, equal export, and that it can learn."""

import copy
from itertools import combinations

import pytest
import torch
from torch import nn

from course_lib.actions import act
from course_lib.families import FAMILIES, SRE_STAGES, VOLUME_FAMILIES, sre_family
from course_lib.models.resnet import BasicBlock, ResNet
from course_lib.representations import Trivial
from tests.exactness import exact_elements

EXACT = 1e-10  # relative to how much the logits of one batch differ
ALL = FAMILIES | VOLUME_FAMILIES
EQUIVARIANT = [name for name in FAMILIES if name != "plain"]


def awake(family, mode="eval", widths=(2, 3, 3, 4)):
    """A small network with batch statistics away from 0 and 1, so that the norm is put to the test.

    Biases of queries keep their signs: large ones make attention look at places alone, and all logits alike.
    """
    torch.manual_seed(0)
    dims = (family if not isinstance(family, tuple) else family[0]).dims
    net = ResNet(family, 3, 5, widths=widths, blocks=(1, 2, 1, 1)[: len(widths)]).double()
    for name, parameter in net.named_parameters():
        if parameter.ndim == 1 and "query" not in name:
            nn.init.uniform_(parameter, 0.5, 1.5)
    with torch.no_grad():
        net(images(*[12] * dims))
    return net.train(mode == "train")


def images(*sides):
    """Noise of three strengths, so that the logits of the three differ."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(3, 3, *sides, dtype=torch.float64, generator=generator)
    return x * torch.tensor([0.5, 1, 2]).view(-1, *[1] * (x.ndim - 1))


@torch.no_grad()
def invariance_error(net, x, moved):
    """Change of the logits, in units of their spread over the batch: constant logits prove nothing."""
    logits = net(x)
    spread = (logits - logits.mean(dim=0)).norm()
    assert spread > 1e-4 * logits.norm()
    return ((net(moved) - logits).norm() / spread).item()


def planar_error(net, x):
    """Largest error over the grid symmetries of the family's group."""
    group = net.family.rep.group
    moved = [act(g, x, Trivial(group)) for g in exact_elements(group)[1:]]
    return max(invariance_error(net, x, m) for m in moved)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("name", EQUIVARIANT)
def test_whole_network_is_exact_at_every_size(name, mode):
    net = awake(FAMILIES[name], mode)
    for sides in ((28, 28), (32, 32), (13, 13), (18, 11)):
        assert planar_error(net, images(*sides)) < EXACT, sides


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_plain_network_fails_the_same_test(mode):
    net = awake(FAMILIES["plain"], mode)
    assert min(planar_error(net, images(size, size)) for size in (28, 32)) > 0.05


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("sides", [(8, 8, 8), (7, 7, 7), (5, 6, 8)], ids=str)
def test_volumes_are_exact_at_quarter_turns_about_all_axes_and_flips(sides, mode):
    x = images(*sides)
    turned = [x.rot90(k, plane) for plane in combinations((-3, -2, -1), 2) for k in (1, 2, 3)]
    moves = turned + [x.flip(axis) for axis in (-3, -2, -1)]
    sre, plain = (awake(VOLUME_FAMILIES[name], mode, (2, 3, 4)) for name in ("sre-3d", "plain-3d"))
    assert max(invariance_error(sre, x, moved) for moved in moves) < EXACT
    assert max(invariance_error(plain, x, moved) for moved in moves) > 0.05


class Stride2(nn.Module):
    """Every second pixel: after a convolution it makes one with stride 2."""

    def forward(self, x):
        return x[..., ::2, ::2]


@pytest.mark.parametrize(
    "halving, exact, broken",
    [
        (nn.AvgPool3d((1, 2, 2)), 32, 28),
        (nn.MaxPool3d((1, 2, 2)), 32, 28),
        (Stride2(), 33, 32),
        (Stride2(), 33, 28),
    ],
    ids=["mean of pairs", "maximum of pairs", "stride on even sides", "stride on 28 px"],
)
@pytest.mark.parametrize("name", ["p4", "sre"])
def test_other_halvings_are_exact_at_some_sizes_only(name, halving, exact, broken):
    net = awake(FAMILIES[name])
    for stage in net.stages[1:]:
        stage[0] = halving
    assert planar_error(net, images(exact, exact)) < EXACT
    assert planar_error(net, images(broken, broken)) > 1e-3


@pytest.mark.parametrize("size, sides", [(28, [28, 14, 7, 4]), (32, [32, 16, 8, 4])])
def test_the_plain_twin_has_the_same_resolution(size, sides):
    for family in FAMILIES["plain"], FAMILIES["p4"], SRE_STAGES:
        net = awake(family)
        x = net.stem(net.add_fiber(images(size, size)))
        for stage, side in zip(net.stages, sides, strict=True):
            x = stage(x)
            assert x.shape[-2:] == (side, side)


@pytest.mark.parametrize(
    "family, published, counted",
    [
        (SRE_STAGES, 3.997e6, 3_996_618),
        (FAMILIES["plain"], 11.18e6, 11_173_962),
        (VOLUME_FAMILIES["sre-3d"], 3.85e6, 3_849_162),
        (VOLUME_FAMILIES["plain-3d"], 33.15e6, 33_148_362),
    ],
    ids=["sre", "plain", "sre-3d", "plain-3d"],
)
def test_parameters_of_resnet_18_match_the_published_ones(family, published, counted):
    """3 channels, 10 classes. One channel in 3D makes 384 (SRE) and 3456 (plain) fewer, and 33.14 M."""
    biases = 4800  # one a channel before each batch norm, which the published networks lack
    count = sum(parameter.numel() for parameter in ResNet(family, 3, 10).parameters())
    assert count == counted + biases
    assert abs(counted - published) < 0.001 * published


@pytest.mark.parametrize("name", ALL)
def test_plain_copy_has_the_same_outputs_and_no_kernel_to_build(name):
    net = awake(ALL[name])
    before = copy.deepcopy(net.state_dict())
    plain = net.to_plain()
    for sides in ((11, 12), (9, 16)):
        x = images(*sides, *[8] * (ALL[name].dims - 2))
        torch.testing.assert_close(plain(x), net(x))
    ours = {type(m).__name__ for m in plain.modules() if type(m).__module__.startswith("course_lib")}
    assert ours <= {"ResNet", "BasicBlock", "Halve", "Scalars", "GatedNonlinearity", "PlainAttention"}
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # within torch's own exporter
@pytest.mark.slow
def test_plain_copy_runs_in_onnx_runtime(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    net = awake(FAMILIES["p4"]).float().to_plain()
    x = images(14, 14).float()  # 14, 7, 4, 2: even and odd sides
    torch.onnx.export(net, (x,), tmp_path / "net.onnx", external_data=False, verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (logits,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    torch.testing.assert_close(torch.from_numpy(logits), net(x), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_one_batch_can_be_overfitted(name):
    torch.manual_seed(0)
    family = ALL[name]
    net = ResNet(family, 1, 2, widths=(4, 8) if family.rep.dim == 1 else (2, 4), blocks=(1, 1))
    x = torch.rand(8, 1, *[8] * family.dims)
    labels = torch.tensor([0, 1] * 4)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        loss = nn.functional.cross_entropy(net(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 < 0.5 < losses[0]


@pytest.mark.parametrize("name", ALL)
def test_one_image_in_eval_mode_gets_the_logits_it_has_in_a_batch(name):
    net = awake(ALL[name], widths=(2, 3))
    x = images(*[9] * ALL[name].dims)
    torch.testing.assert_close(net(x[1:2]), net(x)[1:2])
    assert net(x[:, :, :2]).shape == (3, 5)  # the smallest side that can be halved once


def test_a_block_adds_its_input():
    block = BasicBlock(FAMILIES["p4"], 2, 2)
    for parameter in block.body[-1].parameters():
        nn.init.zeros_(parameter)  # the body puts out zeros
    x = torch.randn(2, 2, 4, 5, 5)
    torch.testing.assert_close(block(x), x.relu())


def test_logits_come_from_the_mean_over_all_pixels():
    net = awake(FAMILIES["p4"], widths=(2,))
    x = images(6, 5)
    pixels = net.readout(net.stages(net.stem(x.unsqueeze(2)))).flatten(2)
    assert pixels.shape == (3, 2, 30)
    torch.testing.assert_close(net(x), sum(net.head(pixels[:, :, i]) for i in range(30)) / 30)


def test_stages_may_have_kernels_of_their_own():
    net = ResNet(SRE_STAGES, 3, 10, widths=(2, 2, 2, 2), blocks=(1, 1, 1, 1))
    kernels = [net.stem[0], *(stage[-1].body[0] for stage in net.stages)]
    assert [conv.kernel().shape[-1] for conv in kernels] == [5, 9, 9, 5, 5]
    assert planar_error(awake(SRE_STAGES), images(28, 28)) < EXACT


def test_what_does_not_fit_is_refused():
    p4, plain = FAMILIES["p4"], FAMILIES["plain"]
    net = ResNet(p4, 3, 2, widths=(2, 2, 2, 2))
    volumes = ResNet(VOLUME_FAMILIES["sre-3d"], 3, 2, widths=(2, 2), blocks=(1, 1))
    with pytest.raises(ValueError, match="p4 works on images.*take one of VOLUME_FAMILIES: plain-3d, sre-3d"):
        net(torch.rand(1, 3, 9, 9, 9))
    with pytest.raises(ValueError, match=r"input must be b 3 y x for p4, got \(1, 1, 9, 9\); bring"):
        net(torch.rand(1, 1, 9, 9))
    with pytest.raises(ValueError, match=r"input must be b 3 z y x for sre-3d, got \(1, 3, 9, 9\)"):
        volumes(torch.rand(1, 3, 9, 9))
    with pytest.raises(
        ValueError, match=r"at least 5 pixels to be halved 3 times, got \(1, 3, 9, 4\); enlarge"
    ):
        net(torch.rand(1, 3, 9, 4))
    with pytest.raises(ValueError, match="got 3 widths, 4 numbers of blocks and 3 families"):
        ResNet(p4, 3, 2, widths=(2, 2, 2))
    with pytest.raises(ValueError, match="got 4 widths, 4 numbers of blocks and 2 families"):
        ResNet((p4, p4), 3, 2)
    with pytest.raises(ValueError, match="widths and blocks must be at least 1"):
        ResNet(p4, 3, 2, widths=(2, 0), blocks=(1, 1))
    for other in (plain, sre_family("sre-3d", dims=3)):
        with pytest.raises(ValueError, match="share one representation.*got p4, .*only their kernels"):
            ResNet((p4, other), 3, 2, widths=(2, 2), blocks=(1, 1))
