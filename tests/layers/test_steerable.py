"""Steerable kernels: the constraint at every angle, exact on the grid, small errors between, refusals."""

import copy
import math

import pytest
import torch
from safetensors.torch import load, save

from course_lib.evaluation import error_at_angle, smooth_images
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.layers.steerable import IrrepConv, SteerableConv, real_harmonics, steerable_basis
from course_lib.representations import Irreps, Regular, Trivial
from tests.exactness import EXACT, EXACT_FLOAT32, exact_elements, symmetry_error

C12, D12 = CyclicGroup(12), DihedralGroup(12)
GROUPS = [CyclicGroup(4), CyclicGroup(8), C12, CyclicGroup(16), DihedralGroup(4), DihedralGroup(8), D12]
LIFT = (Trivial(C12), Irreps(C12, 2))


def random_points(n=40):
    return torch.randn(2, n, dtype=torch.float64) * 2


def turned(points, angle_deg):
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return torch.stack([cos * points[0] - sin * points[1], sin * points[0] + cos * points[1]])


def so2_matrix(rep, angle_deg):
    return rep.turn(angle_deg) if isinstance(rep, Irreps) else torch.ones(1, 1, dtype=torch.float64)


@pytest.mark.parametrize("group", [C12, D12], ids=str)
@pytest.mark.parametrize("frequencies", [(3, 3), (0, 3), (3, 0), (1, 2)])
def test_kernel_constraint_holds_at_every_angle(group, frequencies):
    rep_in, rep_out = (Irreps(group, f) if f else Trivial(group) for f in frequencies)
    points = random_points()
    kernel = steerable_basis(rep_in, rep_out, *points, 3)
    assert kernel.flatten(1).norm(dim=1).min() > 0.01
    for angle in (17.3, 30, 90, 211.1):
        found = steerable_basis(rep_in, rep_out, *turned(points, angle), 3)
        left, right = so2_matrix(rep_out, angle), so2_matrix(rep_in, -angle)
        expected = torch.einsum("ab,nbcp,cd->nadp", left, kernel, right)
        assert (found - expected).abs().max() < 1e-10
    wrong = torch.einsum("ab,nbcp,cd->nadp", so2_matrix(rep_out, -17.3), kernel, so2_matrix(rep_in, 17.3))
    assert (steerable_basis(rep_in, rep_out, *turned(points, 17.3), 3) - wrong).abs().max() > 0.1


def test_with_reflections_the_kernel_constraint_holds_for_flips():
    rep = Irreps(D12, 2)
    points = random_points()
    flipped = points * torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    kernel = steerable_basis(rep, rep, *points, 3)
    expected = torch.einsum("ab,nbcp,cd->nadp", rep.flip(), kernel, rep.flip())
    assert (steerable_basis(rep, rep, *flipped, 3) - expected).abs().max() < 1e-10
    assert len(kernel) < len(steerable_basis(Irreps(C12, 2), Irreps(C12, 2), *points, 3))


def test_the_solutions_are_independent_and_all_are_there():
    # For frequency 1 to 1 on two rings: 0 on both rings, 2 on the outer one, each a pair.
    rep = Irreps(C12, 1)
    basis = steerable_basis(rep, rep, *random_points(), 2).flatten(1)
    assert torch.linalg.matrix_rank(basis) == len(basis) == 2 + 2 + 2 + (4 + 2)


def test_the_formula_by_hand():
    # At two pixels above the centre: r = 2, phi = 90 degrees; rings 0 and 1, frequencies 0, 0, 1, 2.
    values = real_harmonics(*torch.tensor([[0.0], [2.0]], dtype=torch.float64), 2).flatten()
    near, far = math.exp(-1 / (2 * 0.6**2)), math.exp(-4 / (2 * 0.6**2))
    assert torch.allclose(
        values, torch.tensor([far, near, 0, near, -near, 0], dtype=torch.float64), atol=1e-15
    )


def test_the_sense_of_rotation_by_hand():
    # One weight: cos(phi) on the ring of 1 pixel. It looks to the right; turned by 90 degrees it looks up.
    conv = SteerableConv(Trivial(CyclicGroup(4)), 1, 1, kernel_size=5, bias=False)
    with torch.no_grad():
        conv.weight.zero_()[0, 0, 0, 2] = 1
    right, up, left, down = conv.kernel()[0, :, 0, 0]
    assert right[2, 3] == up[1, 2] == left[2, 1] == down[3, 2] > 0.3
    assert right[2, 1] == up[3, 2] == -right[2, 3]


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, EXACT), (torch.float32, EXACT_FLOAT32)])
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_regular_layers_are_exact_on_the_grid(group, dtype, tolerance):
    regular = Regular(group)
    for rep_in in (Trivial(group), regular):
        conv = SteerableConv(rep_in, 2, 3).to(dtype)
        x = torch.randn(2, 2, rep_in.dim, 9, 9, dtype=dtype)
        for g in exact_elements(group):
            assert symmetry_error(conv, x, g, rep_in, regular) < tolerance


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, EXACT), (torch.float32, EXACT_FLOAT32)])
@pytest.mark.parametrize("group", [C12, D12, CyclicGroup(8)], ids=str)
@pytest.mark.parametrize("kernel_size, max_frequency", [(3, 0), (5, 2), (7, 3)])
def test_irrep_layers_are_exact_on_the_grid(group, kernel_size, max_frequency, dtype, tolerance):
    irreps = Irreps(group, max_frequency)
    for rep_in in (Trivial(group), irreps):
        conv = IrrepConv(rep_in, irreps, 2, 3, kernel_size=kernel_size).to(dtype)
        torch.nn.init.uniform_(conv.bias, 1, 2)
        x = torch.randn(2, 2, rep_in.dim, 9, 9, dtype=dtype)
        for g in exact_elements(group):
            assert symmetry_error(conv, x, g, rep_in, irreps) < tolerance


def error_at_30_degrees(conv, rep, seed):
    return error_at_angle(
        conv, smooth_images(1, 2, rep.dim, 64, 64, seed=seed), 30, rep.matrix(1), rep.matrix(1)
    )


@pytest.mark.parametrize("kernel_size, limit", [(5, 4e-3), (7, 6e-3)])
def test_error_at_30_degrees_is_small(kernel_size, limit):
    regular, irreps = Regular(C12), Irreps(C12, 2)
    for seed in range(2):
        torch.manual_seed(seed)
        steerable = SteerableConv(regular, 2, 4, kernel_size=kernel_size).double()
        assert error_at_30_degrees(steerable, regular, seed) < limit
        free = IrrepConv(irreps, irreps, 2, 4, kernel_size=kernel_size).double()
        assert error_at_30_degrees(free, irreps, seed) < limit


@pytest.mark.parametrize("rep", [Irreps(C12, 2), Irreps(D12, 2)], ids=str)
def test_irrep_layers_with_and_without_flips_are_steerable(rep):
    torch.manual_seed(0)
    conv = IrrepConv(rep, rep, 2, 4).double()
    assert error_at_30_degrees(conv, rep, 0) < 2e-3


def test_irreps_know_angles_that_the_group_does_not():
    # 17 degrees is no element of C_12; the layer commutes with it all the same.
    irreps = Irreps(C12, 2)
    turn = irreps.turn(17)
    torch.manual_seed(0)
    conv = IrrepConv(irreps, irreps, 2, 4).double()
    assert error_at_angle(conv, smooth_images(1, 2, irreps.dim, 64, 64), 17, turn, turn) < 4e-3


@pytest.mark.parametrize("make", [lambda: SteerableConv(Regular(C12), 2, 2), lambda: IrrepConv(*LIFT, 2, 2)])
def test_outputs_of_a_fresh_layer_are_of_the_size_of_its_inputs(make):
    torch.manual_seed(0)
    conv = make()
    out = conv(torch.randn(4, 2, conv.rep_in.dim, 24, 24))
    assert 0.5 < out.std() < 1.5
    assert (out.std(dim=(0, 1, 3, 4)) > 0.3).all(), "every entry of the fiber is reached"


@pytest.mark.parametrize(
    "conv",
    [
        SteerableConv(Regular(C12), 2, 3),
        IrrepConv(*LIFT, 2, 3),
        IrrepConv(LIFT[1], LIFT[1], 2, 3, bias=False),
    ],
    ids=["regular", "lift", "irreps"],
)
class TestAsAModule:
    def test_export_equals_the_layer(self, conv):
        x = torch.randn(2, 2, conv.rep_in.dim, 8, 7)
        torch.testing.assert_close(
            conv.to_plain()(x.flatten(1, 2)), conv(x).flatten(1, 2), rtol=1e-5, atol=1e-5
        )

    def test_weights_loaded_in_eval_mode_take_effect(self, conv):
        other = copy.deepcopy(conv).eval()
        torch.nn.init.normal_(other.weight)
        x = torch.randn(1, 2, conv.rep_in.dim, 6, 6)
        assert not torch.allclose(other(x), conv(x))
        other.load_state_dict(load(save(conv.state_dict())))
        torch.testing.assert_close(other(x), conv(x))

    def test_autocast_builds_the_kernel_in_full_precision(self, conv):
        x = torch.randn(2, 2, conv.rep_in.dim, 8, 8)
        with torch.autocast("cpu", torch.bfloat16):
            out = conv(x.to(memory_format=torch.channels_last_3d))
        assert out.dtype == torch.bfloat16
        torch.testing.assert_close(out.float(), conv(x), rtol=0.05, atol=0.1)

    def test_gradients_are_right(self, conv):
        double = copy.deepcopy(conv).double()
        x = torch.randn(1, 2, conv.rep_in.dim, 3, 3, dtype=torch.float64, requires_grad=True)
        for weight in (double.weight,):
            loss = double(x).square().sum()
            (grad,) = torch.autograd.grad(loss, weight)
            step = torch.randn_like(weight) * 1e-6
            with torch.no_grad():
                weight += step
                change = double(x).square().sum() - loss
            torch.testing.assert_close(change, (grad * step).sum(), rtol=1e-3, atol=1e-9)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
    def test_cuda_gives_the_same(self, conv):
        x = torch.randn(2, 2, conv.rep_in.dim, 8, 8)
        on_gpu = copy.deepcopy(conv).cuda()
        torch.testing.assert_close(on_gpu(x.cuda()).cpu(), conv(x), rtol=1e-3, atol=1e-3)


def test_bad_input_is_refused():
    regular, irreps = Regular(C12), Irreps(C12, 3)
    with pytest.raises(ValueError, match="kernel_size must be odd.*got 4"):
        SteerableConv(regular, 1, 1, kernel_size=4)
    with pytest.raises(
        ValueError, match="n_rings must be from 1 to 3 for a kernel of 5 pixels, got 4; a ring"
    ):
        SteerableConv(regular, 1, 1, kernel_size=5, n_rings=4)
    with pytest.raises(
        ValueError, match="2 rings carry frequencies up to 2, too few to reach frequency 3.*larger"
    ):
        IrrepConv(Trivial(C12), irreps, 1, 1, kernel_size=5)
    with pytest.raises(ValueError, match="need one group, got C_8 and C_12"):
        IrrepConv(Irreps(CyclicGroup(8), 3), irreps, 1, 1)
    with pytest.raises(ValueError, match=r"input must be b 2 12 y x for .*lift the image first"):
        SteerableConv(regular, 2, 1)(torch.zeros(1, 2, 1, 5, 5))
