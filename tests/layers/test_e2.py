"""Layers built with e2cnn: exact on the grid, the course's order and sense, equal to e2cnn's own modules."""

import copy
import io

import pytest
import safetensors.torch
import torch
from torch import nn

from course_lib.actions import act
from course_lib.filters import band_limit, disc_mask
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.layers.e2 import E2Conv, e2_basis, e2_field_types
from course_lib.layers.e2_compat import load_e2cnn
from course_lib.layers.irreps import IrrepNorm, NormNonlinearity, Scalars
from course_lib.layers.plain import Upsample, to_plain
from course_lib.layers.regular import GroupConv, GroupPool
from course_lib.layers.steerable import SIGMA_PX, IrrepConv, SteerableConv
from course_lib.representations import Irreps, Regular, Trivial
from tests.exactness import EXACT, EXACT_FLOAT32, exact_elements, symmetry_error

enn = load_e2cnn().nn
SO2, O2 = Irreps(CyclicGroup(8), 3), Irreps(DihedralGroup(8), 3)
REPS = {
    "C_4": Regular(CyclicGroup(4)),
    "C_8": Regular(CyclicGroup(8)),
    "C_12": Regular(CyclicGroup(12)),
    "D_4": Regular(DihedralGroup(4)),
    "SO(2)": SO2,
    "O(2)": O2,
}
EVERY_REP = pytest.mark.parametrize("rep", REPS.values(), ids=REPS)
IRREPS = pytest.mark.parametrize("rep", [SO2, O2], ids=["SO(2)", "O(2)"])


def image(rep, channels=2, size=7, seed=0, dtype=torch.float64, batch=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, channels, rep.dim, size, size, dtype=dtype, generator=generator)


def network(rep, c=2, seed=0):
    """Lift, norm, nonlinearity, convolution, readout; no number at its initial value."""
    torch.manual_seed(seed)
    irreps = isinstance(rep, Irreps)
    net = nn.Sequential(
        E2Conv(Trivial(rep.group), rep, 1, c, kernel_size=5),
        IrrepNorm(rep, c) if irreps else nn.BatchNorm3d(c),
        NormNonlinearity(rep, c) if irreps else nn.ReLU(),
        E2Conv(rep, rep, c, c, kernel_size=3),
        Scalars(rep) if irreps else GroupPool(rep),
    )
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.rand_like(parameter) / 3)
        for _ in range(3):  # fills the running statistics
            net(image(Trivial(rep.group), 1, dtype=torch.float32, seed=seed, batch=4))
    return net


@pytest.mark.parametrize(
    "dtype, tolerance", [(torch.float64, EXACT), (torch.float32, EXACT_FLOAT32)], ids=str
)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@EVERY_REP
def test_every_grid_symmetry_is_exact(rep, kernel_size, dtype, tolerance):
    torch.manual_seed(0)
    scalars = Trivial(rep.group)
    for rep_in, rep_out in ((scalars, rep), (rep, rep), (rep, scalars)):
        conv = E2Conv(rep_in, rep_out, 2, 3, kernel_size=kernel_size).to(dtype)
        nn.init.normal_(conv.bias)
        for g in exact_elements(rep.group):
            assert symmetry_error(conv, image(rep_in, dtype=dtype), g, rep_in, rep_out) < tolerance


@EVERY_REP
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_networks_are_exact_in_both_modes(rep, mode):
    net = getattr(network(rep).double(), mode)()
    scalars = Trivial(rep.group)
    for g in exact_elements(rep.group):
        net_g = copy.deepcopy(net)  # training moves the running statistics
        assert symmetry_error(net_g, image(scalars, 1), g, scalars, scalars) < EXACT


@pytest.mark.parametrize("name", ["C_8", "C_12", "SO(2)", "O(2)"])
def test_turns_between_the_quarters_move_the_fiber_in_the_same_sense(name):
    """Element 1 is no symmetry of the grid: on a smooth image it is met nearly, the wrong element is not."""
    rep = REPS[name]
    torch.manual_seed(0)
    conv = E2Conv(Trivial(rep.group), rep, 1, 2, kernel_size=5).double()
    with torch.no_grad():
        conv.weight[:, :, 0] = 0  # the centre pixel alone has no direction
    y, x = torch.meshgrid(*[torch.arange(-20.0, 21, dtype=torch.float64)] * 2, indexing="ij")
    blob = sum(torch.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * s**2)) for a, b, s in ((3, 0, 3), (-2, 5, 2)))
    errors = []
    for g in (1, rep.group.inverse(1), 5):
        after = act(1, conv(blob[None, None, None]), Trivial(rep.group))
        difference = conv(act(1, blob[None, None, None], Trivial(rep.group))) - rep.apply(g, after)
        errors.append((difference.norm() / after.norm()).item())
    assert errors[0] < 0.05 < 0.3 < min(errors[1:])


def test_lifting_by_hand_fixes_the_sense_of_rotation():
    # What a bright pixel to the right does to entry h, one above the centre does to entry h + 1.
    conv = E2Conv(Trivial(CyclicGroup(4)), REPS["C_4"], 1, 1, kernel_size=3, bias=False)
    right, up = torch.zeros(2, 1, 1, 1, 3, 3)
    right[..., 1, 2], up[..., 0, 1] = 1, 1
    a, b, c, d = conv(right)[0, 0, :, 1, 1].tolist()
    torch.testing.assert_close(conv(up)[0, 0, :, 1, 1], torch.tensor([d, a, b, c]))
    assert len({round(value, 3) for value in (a, b, c, d)}) == 4


def test_irreps_by_hand_fix_sense_and_mirror():
    # A pair of frequency m at angle phi is v (cos m phi, sin m phi); in O(2) no other direction is allowed.
    conv = E2Conv(Trivial(O2.group), O2, 1, 1, kernel_size=3, bias=False)
    pixels = {"right": (1, 2), "up": (0, 1), "left": (1, 0), "down": (2, 1)}
    out = {}
    for name, (row, column) in pixels.items():
        x = torch.zeros(1, 1, 1, 3, 3)
        x[..., row, column] = 1
        out[name] = conv(x)[0, 0, :, 1, 1]
    s, v, _, w, _, u, _ = out["right"].tolist()
    assert min(abs(s), abs(v), abs(w)) > 1e-3 and u == 0  # e2cnn allows frequency 2 at radius 1, not 3
    torch.testing.assert_close(out["right"], torch.tensor([s, v, 0, w, 0, 0, 0]))
    torch.testing.assert_close(out["up"], torch.tensor([s, 0, v, -w, 0, 0, 0]))
    torch.testing.assert_close(out["left"], torch.tensor([s, -v, 0, w, 0, 0, 0]))
    torch.testing.assert_close(out["down"], torch.tensor([s, 0, -v, -w, 0, 0, 0]))


@EVERY_REP
def test_layer_equals_r2conv_and_its_export(rep):
    torch.manual_seed(0)
    for rep_in in (Trivial(rep.group), rep):
        conv = E2Conv(rep_in, rep, 2, 3, kernel_size=5)
        nn.init.normal_(conv.bias)
        type_in, type_out = [
            enn.FieldType(fields.gspace, [fields.representations[0]] * c)
            for fields, c in zip(e2_field_types(rep_in, rep), (2, 3), strict=True)
        ]
        theirs = enn.R2Conv(type_in, type_out, 5, padding=2, initialize=False)
        with torch.no_grad():
            theirs.weights.copy_(conv.weight.flatten())
            # e2cnn's bias multiplies a vector of length 1, ours one of entries 1
            theirs.bias.copy_(conv.bias * conv.bears_bias.norm())
        x = image(rep_in, dtype=torch.float32)
        out = theirs(enn.GeometricTensor(x.flatten(1, 2), type_in)).tensor
        torch.testing.assert_close(conv(x).flatten(1, 2), out)
        torch.testing.assert_close(conv.to_plain()(x.flatten(1, 2)), theirs.export()(x.flatten(1, 2)))


@EVERY_REP
def test_field_types_transform_as_the_course_says(rep):
    """e2cnn's rho of the same turn or flip is our matrix: order of the fiber, sense and mirror agree."""
    (field,) = e2_field_types(rep)
    group, theirs = rep.group, field.representations[0]
    for g in group.elements:
        if isinstance(rep, Irreps):
            turn = float(torch.tensor(group.angle_deg(g)).double().deg2rad())
        else:
            turn = g % group.n
        element = (int(group.is_flip(g)), turn) if isinstance(group, DihedralGroup) else turn
        matrix = torch.as_tensor(theirs(element), dtype=torch.float64)
        torch.testing.assert_close(matrix, rep.matrix(g), atol=1e-6, rtol=0)


def test_parts_for_regular_features_equal_those_of_e2cnn():
    rep = REPS["C_8"]
    (field,) = e2_field_types(rep)
    fields = enn.FieldType(field.gspace, field.representations * 3)
    x = image(rep, 3, size=6, dtype=torch.float32, batch=4)
    geometric = enn.GeometricTensor(x.flatten(1, 2), fields)
    for theirs, ours in (
        (enn.InnerBatchNorm(fields), nn.BatchNorm3d(3)),
        (enn.InnerBatchNorm(fields).eval(), nn.BatchNorm3d(3).eval()),
        (enn.ReLU(fields), nn.ReLU()),
        (enn.PointwiseMaxPool(fields, 2), nn.MaxPool3d((1, 2, 2))),
        (enn.GroupPooling(fields), GroupPool(rep)),
        (enn.R2Upsampling(fields, scale_factor=2), Upsample()),
    ):
        torch.testing.assert_close(ours(x).flatten(1, 2), theirs(geometric).tensor)


@IRREPS
def test_norm_and_nonlinearity_equal_those_of_e2cnn(rep):
    space = e2_field_types(rep)[0].gspace
    scalar_types = enn.FieldType(space, [space.trivial_repr] * 2)
    frequencies = range(1, rep.max_frequency + 1)
    pair_types = enn.FieldType(space, [space.irrep(*([1] * (rep is O2)), m) for m in frequencies] * 2)
    norm, relu = IrrepNorm(rep, 2), NormNonlinearity(rep, 2)
    inner, norm_batch = enn.InnerBatchNorm(scalar_types), enn.NormBatchNorm(pair_types)
    norm_relu = enn.NormNonLinearity(pair_types, "n_relu")
    with torch.no_grad():
        norm.scale.uniform_(0.5, 2)
        norm.scale[:, 0] = 1  # e2cnn keeps the scalars in another module
        relu.threshold.uniform_(0.5, 2)
        getattr(norm_batch, "2_weight").copy_(norm.scale[:, 1:].reshape(1, -1, 1, 1, 1))
        norm_relu.log_bias.copy_(relu.threshold.log().view(1, -1, 1, 1))

    def theirs(x, for_scalars, for_pairs):
        scalars = for_scalars(enn.GeometricTensor(x[:, :, 0], scalar_types)).tensor
        pairs = for_pairs(enn.GeometricTensor(x[:, :, 1:].flatten(1, 2), pair_types)).tensor
        return torch.cat([scalars[:, :, None], pairs.unflatten(1, (2, -1))], dim=2)

    x = 3 * image(rep, dtype=torch.float32, batch=64)
    norm(x), theirs(x, inner, norm_batch)  # one step of training moves the running statistics alike:
    n = x[:, 0, 0].numel()  # e2cnn takes the unbiased estimate, larger by n / (n - 1)
    for ours, other in (
        (norm.running_square[:, 1::2].flatten(), getattr(norm_batch, "2_running_var").flatten()),
        (norm.running_square[:, 0], inner.state_dict()["batch_norm_[1].running_var"]),
        (norm.running_mean.flatten(), inner.state_dict()["batch_norm_[1].running_mean"]),
    ):
        torch.testing.assert_close(ours, other, atol=1e-5, rtol=1 / (n - 1))
    torch.testing.assert_close(
        norm.eval()(x), theirs(x, inner.eval(), norm_batch.eval()), atol=1e-5, rtol=2 / n
    )
    torch.testing.assert_close(relu(x), theirs(x, enn.ReLU(scalar_types), norm_relu))


@EVERY_REP
def test_exported_network_equals_the_network(rep):
    net = network(rep).double().eval()
    x = image(Trivial(rep.group), 1)
    plain = to_plain(net, rep.dim)
    assert not any(isinstance(part, E2Conv) for part in plain.modules())
    torch.testing.assert_close(plain(x.squeeze(2)), net(x).squeeze(2))


@EVERY_REP
def test_state_loaded_in_eval_mode_takes_effect_and_copies_are_independent(rep):
    first, second = network(rep, seed=0).train(), network(rep, seed=1).eval()
    x = image(Trivial(rep.group), 1, dtype=torch.float32)
    clone, before = copy.deepcopy(second), second(x)
    second.load_state_dict(safetensors.torch.load(safetensors.torch.save(first.state_dict())))
    assert not any("basis" in name for name in first.state_dict())
    after = second(x)
    torch.testing.assert_close(after, copy.deepcopy(first).eval()(x))
    torch.testing.assert_close(clone(x), before)
    assert not torch.allclose(before, after)
    torch.testing.assert_close(second.train().eval()(x), after)
    buffer = io.BytesIO()
    torch.save(second, buffer)
    buffer.seek(0)
    torch.testing.assert_close(torch.load(buffer, weights_only=False)(x), after)


@EVERY_REP
def test_precisions_agree_and_gradients_arrive(rep):
    net = network(rep).eval()
    x = image(Trivial(rep.group), 1, dtype=torch.float32)
    exact = copy.deepcopy(net).double()(x.double())
    assert exact.dtype == torch.float64
    torch.testing.assert_close(net(x).double(), exact, atol=1e-4, rtol=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        low = net(x)
        out = net.train()(x)
    assert out.dtype == torch.bfloat16 and net[0].kernel().dtype == torch.float32
    out.float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    assert (low.double() - exact).norm() / exact.norm() < 0.05


@pytest.mark.parametrize("kernel_size", [3, 5, 7])
@EVERY_REP
def test_initial_weights_keep_the_size_of_the_features(rep, kernel_size):
    torch.manual_seed(0)
    x = image(rep, 8, size=19, dtype=torch.float32, batch=4)
    out = E2Conv(rep, rep, 8, 8, kernel_size=kernel_size)(x)[..., 3:-3, 3:-3]
    assert 0.9 < out.std().item() < 1.1


def relative_residual(span, targets):
    """Relative error of the least-squares fit of the targets by the span, both given as columns."""
    solution = torch.linalg.lstsq(span, targets, driver="gelsd").solution
    return ((span @ solution - targets).norm() / targets.norm()).item()


def kernels_of(conv):
    """The kernels of a layer, one column for each weight: the layer's kernel is linear in the weight."""
    weights = torch.eye(conv.weight.numel(), dtype=conv.weight.dtype).view(-1, *conv.weight.shape)
    return torch.stack([torch.func.functional_call(_Kernel(conv), {"conv.weight": w}, ()) for w in weights])


class _Kernel(nn.Module):
    def __init__(self, conv):
        super().__init__()
        self.conv = conv

    def forward(self):
        return self.conv.kernel()[0, :, 0]


def exported_kernels(rep_in, rep_out, kernel_size, **options):
    """All kernels of one channel that e2cnn exports, one for each of its weights."""
    type_in, type_out = e2_field_types(rep_in, rep_out)
    conv = enn.R2Conv(type_in, type_out, kernel_size, initialize=False, recompute=True, **options)
    kernels = []
    for weights in torch.eye(conv.weights.numel()):
        with torch.no_grad():
            conv.train().weights.copy_(weights)
        kernels.append(conv.export().weight.detach().clone())
    return torch.stack(kernels).double()


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("name", ["C_4", "D_4"])
def test_p4_and_p4m_weights_fit_every_kernel_of_e2cnn(name, kernel_size):
    """One direction: e2cnn limits the frequencies on each ring, so our kernels span more than its kernels."""
    rep = REPS[name]
    for rep_in in (Trivial(rep.group), rep):
        ours = kernels_of(GroupConv(rep_in, 1, 1, kernel_size=kernel_size).double()).flatten(1).T
        theirs = exported_kernels(rep_in, rep, kernel_size).flatten(1).T
        assert relative_residual(ours, theirs) < 1e-6
        assert theirs.shape[1] == torch.linalg.matrix_rank(theirs) < torch.linalg.matrix_rank(ours)
        assert relative_residual(theirs, ours) > 0.1


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_weights_of_c8_fit_every_kernel_of_e2cnn_at_the_quarter_turns(kernel_size):
    """Between the quarters our kernels are interpolated, e2cnn's sampled anew: there they differ."""
    rep = REPS["C_8"]
    quarters = exact_elements(rep.group)
    for rep_in in (Trivial(rep.group), rep):
        conv = GroupConv(rep_in, 1, 1, kernel_size=kernel_size, disc=True).double()
        on_disc = disc_mask(kernel_size)
        ours = kernels_of(conv)[..., on_disc]
        theirs = exported_kernels(rep_in, rep, kernel_size)[..., on_disc]
        at_quarters = [kernels[:, quarters].flatten(1).T for kernels in (ours, theirs)]
        assert relative_residual(*at_quarters) < 1e-6
        assert 0.05 < relative_residual(ours.flatten(1).T, theirs.flatten(1).T) < 0.9


def steerable_kernels(rep_in, rep_out, kernel_size, n_rings):
    if isinstance(rep_out, Irreps):
        conv = IrrepConv(rep_in, rep_out, 1, 1, kernel_size=kernel_size, n_rings=n_rings)
    else:
        conv = SteerableConv(rep_in, 1, 1, kernel_size=kernel_size, n_rings=n_rings)
    return kernels_of(conv.double()).flatten(1).T


@pytest.mark.parametrize("kernel_size, n_rings", [(3, 2), (5, 3)])
@EVERY_REP
def test_steerable_kernels_span_those_of_e2cnn_with_the_same_rings_and_band_limit(rep, kernel_size, n_rings):
    """Both directions. Only rings, widths and band limit distinguish the two, no sampling."""
    rep = Irreps(rep.group, 2) if isinstance(rep, Irreps) else rep
    for rep_in in (Trivial(rep.group), rep):
        ours = steerable_kernels(rep_in, rep, kernel_size, n_rings)
        theirs = exported_kernels(
            rep_in,
            rep,
            kernel_size,
            rings=[float(j) for j in range(n_rings)],
            sigma=[SIGMA_PX] * n_rings,
            frequencies_cutoff=lambda radius: band_limit(round(radius)),
        )
        theirs = theirs.flatten(1).T
        assert ours.shape == theirs.shape
        assert relative_residual(ours, theirs) < 1e-6
        assert relative_residual(theirs, ours) < 1e-6


@pytest.mark.parametrize("kernel_size, n_rings", [(3, 2), (5, 3)])
@EVERY_REP
def test_steerable_kernels_come_near_the_defaults_of_e2cnn(rep, kernel_size, n_rings):
    """By default e2cnn's centre is a single pixel and its outermost ring narrower: 11 to 16 % lie outside."""
    rep = Irreps(rep.group, 2) if isinstance(rep, Irreps) else rep
    for rep_in in (Trivial(rep.group), rep):
        ours = steerable_kernels(rep_in, rep, kernel_size, n_rings)
        theirs = exported_kernels(rep_in, rep, kernel_size).flatten(1).T
        assert 0.1 < relative_residual(ours, theirs) < 0.2


def test_bad_input_is_refused():
    scalars = Trivial(CyclicGroup(4))
    with pytest.raises(ValueError, match="kernel_size must be odd.*got 4"):
        E2Conv(scalars, REPS["C_4"], 1, 1, kernel_size=4)
    with pytest.raises(ValueError, match=r"input must be b 2 4 y x .*lift the image first"):
        E2Conv(REPS["C_4"], REPS["C_4"], 2, 1)(torch.zeros(1, 2, 1, 5, 5))
    with pytest.raises(ValueError, match="one kind"):
        E2Conv(REPS["C_8"], SO2, 1, 1)
    with pytest.raises(ValueError, match="at least 2 rotations.*PlainConv"):
        e2_basis(Trivial(CyclicGroup(1)), Regular(CyclicGroup(1)), 3)
