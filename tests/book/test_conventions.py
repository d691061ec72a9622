"""Every convention that the book states. A test's docstring is the line of the page, word for word."""

import math
import re
from pathlib import Path
from types import FunctionType

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.actions import act, rotate
from course_lib.data.boat import boat, sample
from course_lib.evaluation import dice, equivariance_error, iou, rotation_scores
from course_lib.families import FAMILIES
from course_lib.filters import disc_mask, rotation_operator
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.harmonics import harmonic_action, spherical_harmonics
from course_lib.layers.en import HarmonicMessages, degrees
from course_lib.layers.lie import LieNet, neighbourhood
from course_lib.layers.plain import PlainConv
from course_lib.layers.regular import GroupConv
from course_lib.lie_groups import SE2
from course_lib.models.unet import UNet
from course_lib.plotting_groups import element_symbol
from course_lib.point_sets import image_points
from course_lib.representations import Irreps, Regular, Trivial
from tests.exactness import EXACT, EXACT_FLOAT32, symmetry_error

PAGE = Path(__file__).resolve().parents[2] / "book/conventions.md"
C4, C8, C12, D4 = CyclicGroup(4), CyclicGroup(8), CyclicGroup(12), DihedralGroup(4)
HAND = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])


def stated() -> list[str]:
    return re.findall(r"^- (.*)$", PAGE.read_text("utf8"), flags=re.MULTILINE)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_every_line_of_the_page_has_its_test():
    tests = [f.__doc__ for name, f in globals().items() if name.startswith("test_") and f.__doc__]
    lines = stated()
    assert len(lines) >= 25 and len(set(lines)) == len(lines)
    assert sorted(tests) == sorted(lines)
    assert all(isinstance(f, FunctionType) for name, f in globals().items() if name.startswith("test_"))


def test_axes_of_a_feature():
    """A feature has the axes `b c fiber y x`: batch, channel, fiber, row, column."""
    family = FAMILIES["p4m"]
    x = torch.randn(2, 3, 1, 8, 6)
    assert family.lift(3, 5)(x).shape == (2, 5, 8, 8, 6)


def test_rows_downwards_points_upwards():
    r"""Rows are counted downwards, columns to the right. Points are written $p = (\text{right}, \text{up})$, from the centre of the grid."""
    right, up = sample(lambda p: p, size=3)
    assert right[0, 2] > 0 > right[0, 0] and up[0, 0] > 0 > up[2, 0]
    assert right[1, 1] == up[1, 1] == 0


def test_channels_are_left_alone():
    """The group acts on the pixels and on the {term}`fiber`, never on the channels."""
    x = random(2, 3, 8, 5, 5)
    moved = act(5, x, Regular(D4))
    for channel in range(3):
        assert torch.equal(moved[:, channel], act(5, x[:, channel], Regular(D4)))


def test_fiber_sizes():
    """The fiber of a scalar has size 1. A regular feature has one entry for each element of the group."""
    for group in (C4, C12, D4):
        assert Trivial(group).dim == 1 and Regular(group).dim == group.order


def test_image_becomes_a_feature():
    """An image `b c y x` becomes a scalar feature by a new axis, `image[:, :, None]`."""
    image = torch.randn(2, 3, 8, 8)
    assert GroupConv(Trivial(C4), 3, 4)(image[:, :, None]).shape == (2, 4, 4, 8, 8)


def test_inverse_in_the_argument():
    """The inverse stands in the argument so that the picture itself moves by $g$, and $g$ after $h$ is $gh$."""
    x = random(8, 4, 4)
    for g in D4.elements:
        for h in D4.elements:
            assert torch.equal(
                act(g, act(h, x, Regular(D4)), Regular(D4)), act(D4.product(g, h), x, Regular(D4))
            )
    turned = sample(lambda p: boat(torch.stack([p[1], -p[0]])))  # r^-1 p, written by hand
    torch.testing.assert_close(act(1, sample(boat), Trivial(C4)), turned, atol=1e-12, rtol=0)


def test_generator_of_c4():
    """The generator of $C_4$ is a quarter turn **counter-clockwise as displayed**: `x.rot90(1, (-2, -1))`."""
    assert act(1, HAND, Trivial(C4)).tolist() == [
        [[2, 4], [1, 3]]
    ]  # the 2 goes from upper right to upper left
    assert torch.equal(act(1, HAND, Trivial(C4)), HAND.rot90(1, (-2, -1)))


def test_regular_fiber():
    r"""On a regular fiber, $\rho(g)$ sends entry $h$ to entry $gh$. What stands at $h$ afterwards stood at $g^{-1}h$ before."""
    x = torch.arange(8.0).view(8, 1, 1)
    for g in D4.elements:
        moved = act(g, x, Regular(D4)).flatten()
        assert [moved[D4.product(g, h)].item() for h in D4.elements] == list(D4.elements)
        assert moved.tolist() == [D4.product(D4.inverse(g), h) for h in D4.elements]
        assert torch.equal(Regular(D4).matrix(g).float() @ x.flatten(), moved)


def test_scalars():
    r"""On scalars $\rho(g) = 1$: colours, masks and logits move, and do not change."""
    for g in D4.elements:
        assert Trivial(D4).matrix(g).tolist() == [[1]]
        assert act(g, HAND, Trivial(D4)).flatten().sort().values.tolist() == [1, 2, 3, 4]


def test_elements():
    r"""Elements are the integers from 0 to $\lvert G\rvert - 1$. 0 is the identity, and the turns come before the flips."""
    assert D4.elements == tuple(range(8)) and D4.identity == C12.identity == 0
    assert [D4.is_flip(g) for g in D4.elements] == [False] * 4 + [True] * 4


def test_product_is_read_from_the_right():
    """The product $gh$ means first $h$, then $g$."""
    quarter_turn, flip = 1, 4
    flip_then_turn = HAND.flip(-1).rot90(1, (-2, -1))
    assert torch.equal(act(D4.product(quarter_turn, flip), HAND, Trivial(D4)), flip_then_turn)
    assert not torch.equal(act(D4.product(flip, quarter_turn), HAND, Trivial(D4)), flip_then_turn)


def test_angles():
    r"""Element $k$ of $C_n$ turns by $360\,k/n$ degrees."""
    assert [C8.angle_deg(k) for k in C8.elements] == [0, 45, 90, 135, 180, 225, 270, 315]
    assert torch.equal(act(2, HAND, Trivial(C8)), rotate(HAND, 90))


def test_flips():
    r"""Element $k \ge n$ of $D_n$ is "flip $x$ (left becomes right), then turn by $k - n$"."""
    assert act(4, HAND, Trivial(D4)).tolist() == [[[2, 1], [4, 3]]]
    for k in range(4, 8):
        assert torch.equal(act(k, HAND, Trivial(D4)), HAND.flip(-1).rot90(k - 4, (-2, -1)))


def test_names_in_figures():
    """Figures write $r$ for element 1 and $m$ for element $n$ of $D_n$. So $r^a m$ is element $n + a$."""
    assert [element_symbol(D4, g) for g in D4.elements] == ["e", "r", "r²", "r³", "m", "rm", "r²m", "r³m"]
    assert D4.product(2, 4) == 4 + 2


def test_grid_symmetries_permute():
    """Quarter turns and flips are exact: they permute the pixels and interpolate nothing."""
    x = torch.arange(49.0).view(1, 7, 7)
    for group, exact in ((D4, range(8)), (C12, (0, 3, 6, 9)), (C8, (0, 2, 4, 6))):
        for g in exact:
            assert act(g, x, Trivial(group)).flatten().sort().values.tolist() == list(range(49))


def test_other_angles_are_bilinear():
    """Other angles use bilinear interpolation, as one sparse matrix on the flattened grid."""
    x = random(6, 6)
    operator = rotation_operator(6, 30)
    assert operator.is_sparse and operator.shape == (36, 36)
    torch.testing.assert_close(rotate(x, 30).flatten(), operator.to_dense() @ x.flatten())
    affine = torch.tensor([[0.75**0.5, -0.5, 0], [0.5, 0.75**0.5, 0]], dtype=torch.float64)
    grid = F.affine_grid(affine[None], [1, 1, 6, 6], align_corners=False)
    reference = F.grid_sample(x[None, None], grid, mode="bilinear", align_corners=False)[0, 0]
    torch.testing.assert_close(rotate(x, 30), reference)


def test_layers_turn_weights():
    """Layers apply that matrix to their weights, never to the image."""
    layer, x = GroupConv(Trivial(C12), 1, 1, kernel_size=5).double(), random(1, 1, 1, 9, 9)
    operator = rotation_operator(5, 30).to_dense()
    turned = (operator @ layer.weight.double().flatten()).view(1, 1, 5, 5)
    torch.testing.assert_close(layer.kernel()[0, 1, 0], turned[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        layer(x)[:, :, 1], F.conv2d(x[:, :, 0], layer.kernel()[:, 1, :, 0], padding="same")
    )


def test_outside_is_zero():
    """What comes from outside the frame is zero."""
    assert rotate(torch.ones(9, 9), 45)[0, 0] == 0


def test_disc():
    """The inscribed disc holds the pixels whose centre lies at most half a side from the centre of the grid."""
    right, up = sample(lambda p: p, size=6)
    assert torch.equal(disc_mask(6), torch.hypot(right, up) <= 1)
    assert disc_mask(5).int().tolist()[0] == [0, 1, 1, 1, 0]


def test_correlation():
    r"""Layers compute correlations, as PyTorch does: $(k * x)(p) = \sum_q k(q)\, x(p + q)$. The text says convolution."""
    layer = GroupConv(Trivial(CyclicGroup(1)), 1, 1)
    with torch.no_grad():
        layer.weight.zero_()[0, 0, 0, 1, 2] = 1  # q is one step to the right
    x = torch.arange(12.0).view(1, 1, 1, 3, 4)
    assert layer(x)[..., :-1].tolist() == x[..., 1:].tolist()


def test_output_entry_is_a_moved_kernel():
    """Entry $g$ of a group convolution's output is the correlation with the kernel that $g$ has moved."""
    rep = Regular(D4)
    layer, x = GroupConv(rep, 2, 3).double(), random(1, 2, 8, 6, 6)
    for g in D4.elements:
        kernel = act(g, layer.weight, rep)
        expected = F.conv2d(x.flatten(1, 2), kernel.flatten(1, 2), padding="same")
        torch.testing.assert_close(layer(x)[:, :, g], expected)


def test_odd_kernels():
    """Kernels have odd sides, so that one pixel is the centre. Strides are 1, and the picture keeps its size."""
    with pytest.raises(ValueError, match="odd"):
        GroupConv(Trivial(C4), 1, 1, kernel_size=4)
    with pytest.raises(ValueError, match="odd"):
        PlainConv(1, 1, kernel_size=4)
    for name, family in FAMILIES.items():
        assert family.lift(1, 1)(torch.randn(1, 1, 1, 9, 8)).shape[-2:] == (9, 8), name


def test_numbers_shared_over_the_fiber():
    """Bias and batch norm have one set of numbers a channel, shared by its whole fiber; with irreps, one scale for each frequency."""
    for name, family in FAMILIES.items():
        conv, norm = family.conv(2, 5), family.norm(5)
        biases = {n: tuple(p.shape) for n, p in conv.named_parameters() if n.endswith("bias")}
        inner = biases.pop("query.bias", None)  # of attention: one number a channel of the heads
        assert list(biases.values()) == [(5,)] and inner in (None, (4,)), name
        if isinstance(family.rep, Irreps):
            assert norm.scale.shape == (5, family.rep.max_frequency + 1), name
        else:
            assert isinstance(norm, nn.BatchNorm3d), name
            assert norm.weight.shape == norm.bias.shape == norm.running_mean.shape == (5,), name


def test_unet_axes():
    """A U-Net takes images `b c y x` and gives logits `b n_classes y x`."""
    net = UNet(FAMILIES["p4"], 3, 2, widths=(2, 4))
    assert net(torch.rand(2, 3, 8, 8)).shape == (2, 2, 8, 8)


def test_unet_sides():
    """A U-Net refuses sides that its poolings do not divide evenly, because quarter turns would no longer be exact."""
    net = UNet(FAMILIES["p4"], 1, 1, widths=(2, 2, 2))
    net(torch.rand(2, 1, 8, 8))
    with pytest.raises(ValueError):
        net(torch.rand(2, 1, 10, 10))


def test_equivariance_error():
    r"""The equivariance error is $\lVert f(gx) - g f(x)\rVert \,/\, \lVert g f(x)\rVert$, with the root of the sum of squares as norm."""
    left_column = lambda x: x * torch.tensor([1.0, 0.0])
    # f(gx) = [[2, 0], [1, 0]] and g f(x) = [[0, 0], [1, 3]]
    error = equivariance_error(left_column, HAND, 1, Trivial(C4), Trivial(C4))
    assert error == pytest.approx(((2**2 + 3**2) / (1**2 + 3**2)) ** 0.5)


def test_what_exact_means():
    """Exact means an error below $10^{-12}$ in double precision and below $10^{-5}$ in single precision."""
    assert EXACT == 1e-12 and EXACT_FLOAT32 == 1e-5
    rep, x = Regular(D4), random(1, 2, 8, 7, 7)
    layer = GroupConv(rep, 2, 2)
    assert max(symmetry_error(layer, x.float(), g, rep, rep) for g in D4.elements) < EXACT_FLOAT32
    assert max(symmetry_error(layer.double(), x, g, rep, rep) for g in D4.elements) < EXACT


def test_zero_map_is_refused():
    """A map whose output is zero everywhere is refused, because it commutes with everything."""
    with pytest.raises(ValueError, match="zero everywhere"):
        equivariance_error(lambda x: 0 * x, HAND, 1, Trivial(C4), Trivial(C4))


def test_scores():
    """Dice and IoU are computed for each image and then averaged. Two empty masks score 1."""
    found, truth = torch.zeros(2, 1, 2, 2, dtype=torch.bool), torch.zeros(2, 1, 2, 2, dtype=torch.bool)
    found[0, 0, 0], truth[0, 0, :, 0] = True, True  # a row and a column: 1 of 2 and 2 pixels in common
    assert dice(found, truth).tolist() == [0.5, 1]
    assert iou(found, truth).tolist() == pytest.approx([1 / 3, 1])


def test_scores_inside_the_disc():
    """Under rotation, masks are compared inside the inscribed disc only."""
    truth = torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    truth[..., 6:10, 4:12] = True
    with_corner = truth.clone()
    with_corner[..., 0, 0] = True
    segment = lambda x: with_corner if torch.equal(x, image) else rotate(truth.float(), 90) > 0
    image = with_corner.float()
    assert rotation_scores(segment, image, truth, [0, 90]).agreement.tolist() == [[1, 1]]


def test_axes_of_a_point_set():
    """A point set has points `b n space`, values `b n c` and a mask `b n` that is False at padding. Coordinates are right, up, and in space a third."""
    images = torch.zeros(2, 3, 4, 4)
    images[0, 0, 0, 3] = images[1, 0, 0, 3] = images[1, 0, 2, 0] = 1
    points, values, mask = image_points(images, ink=0.5)
    assert (points.shape, values.shape) == ((2, 2, 2), (2, 2, 3))
    assert mask.tolist() == [[True, False], [True, True]]
    assert points[0, 0].tolist() == [1.5, 1.5]  # the upper right pixel


def test_axes_of_lifted_features():
    """Lifted features have the axes `b v c`: the samples of a point stand next to each other on the axis `v`."""
    points = random(1, 3, 2)
    net = LieNet(SE2, 1, 1, samples=2).double()
    seen = []
    net.convs[0].register_forward_pre_hook(lambda layer, arguments: seen.append(arguments))
    net(points, random(1, 3, 1))
    ((f, near),) = seen
    assert f.shape == (1, 6, 32)
    shifts = SE2.exp(near.logs)[0, :, :, :2, 2].norm(dim=-1)
    twins = [near.index[0, v][shifts[v] < 1e-12].sort().values.tolist() for v in range(6)]
    assert twins == [[0, 1], [0, 1], [2, 3], [2, 3], [4, 5], [4, 5]]


def test_kernel_sees_the_neighbour_from_its_place():
    r"""The kernel is evaluated at $\log(v^{-1}u)$, the neighbour $u$ as seen from $v$. The angles stand last in a logarithm, in radians."""
    quarter = torch.tensor([0.0, 0, math.pi / 2])  # v looks up; u lies to the right of the origin
    elements = torch.stack([SE2.exp(quarter), SE2.exp(torch.tensor([3.0, 0, 0]))])[None]
    near = neighbourhood(SE2, elements, torch.ones(1, 2, dtype=torch.bool), neighbours=2)
    relative = SE2.exp(near.logs[0, 0, 1])
    torch.testing.assert_close(relative[:2, 2], torch.tensor([0.0, -3]))  # seen from v, u lies on the right
    torch.testing.assert_close(near.logs[0, 0, 1, 2], torch.tensor(-math.pi / 2))


def test_degrees_of_a_fiber():
    r"""A feature of degree $l$ has $2l + 1$ entries. A fiber holds its degrees in order, 0 first."""
    assert degrees(2).tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 2]


def test_order_of_the_harmonics():
    r"""The harmonics of degree 1 are $x$, $y$, $z$ in this order, times $\sqrt 3$."""
    direction = torch.tensor([0.6, 0.0, 0.8])
    torch.testing.assert_close(spherical_harmonics(direction, 1), math.sqrt(3) * direction)


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_parity_of_a_degree(degree):
    r"""The reflection $-I$ multiplies degree $l$ by $(-1)^l$."""
    expected = (-1) ** degree * torch.eye(2 * degree + 1)
    torch.testing.assert_close(harmonic_action(-torch.eye(3), degree), expected)


def test_rows_of_edges():
    r"""Edges have two rows: the points that receive, then the points that send."""
    torch.manual_seed(0)
    layer, x = HarmonicMessages(1, 1, edge_scalars=0), torch.zeros(2, 1, 4)
    x[1, 0, 0] = 1  # at point 1, which sends
    edges, nothing = torch.tensor([[0], [1]]), torch.zeros(1, 0)
    right, left = (layer(x, torch.tensor([[sign, 0.0, 0.0]]), nothing, edges) for sign in (1.0, -1.0))
    assert right[0, 0, 1:].norm() > 1e-4  # point 0 hears a vector along the edge
    torch.testing.assert_close(right[0, 0, 1:], -left[0, 0, 1:])
    assert torch.equal(right[1], left[1])  # point 1 hears nothing


def test_symbols_exist_in_code():
    group, g, h, rep = D4, 1, 4, Regular(D4)
    layer, x = GroupConv(rep, 1, 1), torch.randn(8, 4, 4)
    names = {"group": group, "g": g, "h": h, "rep": rep, "layer": layer, "x": x, "act": act}
    names |= {"harmonic_action": harmonic_action, "spherical_harmonics": spherical_harmonics}
    names |= {"R": torch.eye(3), "l": 1, "d": torch.ones(3)}
    names |= {"SE2": SE2, "a": torch.ones(3), "u": torch.eye(3)}
    symbols = PAGE.read_text("utf8").split("## Symbols")[1]
    snippets = [code for code in re.findall(r"`([^`]+)`", symbols) if code != "y x"]
    assert len(snippets) >= 10
    for snippet in snippets:
        assert eval(snippet, {}, names) is not None, snippet
