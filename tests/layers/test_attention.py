"""Group self-attention: exact symmetry, weights, the sense of the encoding, borders, clear refusals."""

import math

import pytest
import torch

from course_lib.families import FAMILIES
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.layers.attention import GroupAttention, local_attention
from course_lib.layers.regular import GroupConv
from course_lib.representations import Irreps, Regular, Trivial
from tests.exactness import EXACT, EXACT_FLOAT32, exact_elements, symmetry_error

C4 = CyclicGroup(4)
GROUPS = [C4, DihedralGroup(4), CyclicGroup(8), CyclicGroup(12)]


def layer(group=C4, rep=Regular, c_in=3, c_out=4, **options):
    torch.manual_seed(0)
    return GroupAttention(rep(group), c_in, c_out, **options).double()


def features(rep, channels=3, sides=(6, 7), dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, channels, rep.dim, *sides, dtype=dtype, generator=generator)


def identity_maps(attention):
    """Values and the last map pass on what they get."""
    with torch.no_grad():
        for part in (attention.value, attention.mix):
            part.weight.zero_()[:, :, 0, 0, 0] = torch.eye(len(part.weight))
    return attention


@pytest.mark.parametrize("rep", [Trivial, Regular])
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_every_grid_symmetry_is_exact(group, rep):
    attention = layer(group, rep, disc=group.n != 4)
    torch.nn.init.normal_(attention.mix.bias)
    for g, sides in zip(exact_elements(group), [(5, 5), (4, 6), (4, 4), (3, 4)] * 2, strict=False):
        x = features(rep(group), sides=sides)
        assert symmetry_error(attention, x, g, rep(group), Regular(group)) < EXACT


def test_wide_neighbourhoods_and_float32_are_exact_too():
    for group, disc in ((C4, False), (CyclicGroup(8), True)):
        attention, rep = layer(group, kernel_size=5, disc=disc), Regular(group)
        g = group.n // 4
        assert symmetry_error(attention, features(rep), g, rep, rep) < EXACT
        assert symmetry_error(attention.float(), features(rep).float(), g, rep, rep) < EXACT_FLOAT32


@pytest.mark.parametrize(
    "wrong",
    [
        lambda e: e[:, :, :1].expand_as(e),  # all poses see the neighbours in the frame of the grid
        lambda e: torch.stack([e[:, :, g].roll(-g, dims=2) for g in range(4)], dim=2),  # h for g^-1 h
        lambda e: e.transpose(-1, -2),
        lambda e: e.flip(-1),
    ],
    ids=["not turned", "poses not relative", "transposed", "mirrored"],
)
def test_other_encodings_break_it(wrong, monkeypatch):
    attention = layer()
    broken = wrong(attention.encoding())
    x = features(Regular(C4))
    assert symmetry_error(attention, x, 1, Regular(C4), Regular(C4)) < EXACT
    monkeypatch.setattr(attention, "encoding", lambda: broken)
    assert symmetry_error(attention, x, 1, Regular(C4), Regular(C4)) > 0.1


def test_the_sense_of_the_encoding_by_hand():
    # The identity looks one pixel to the right, at the entry a quarter turn ahead. So the
    # pose turned by a quarter looks one pixel up, at the entry of the half turn; and so on.
    attention = identity_maps(layer(c_in=1, c_out=1, heads=1, bias=False))
    with torch.no_grad():
        attention.query.weight.zero_()[:, :, 0] = 1
        attention.query.bias.zero_()
        attention.key.weight.zero_()
        attention.position.zero_()[0, 0, 1, 5] = 1e3  # pose, pixel of the 3 x 3 neighbours
    pixels = torch.arange(1.0, 10, dtype=torch.float64).view(1, 1, 1, 3, 3)
    x = pixels + 10 * torch.arange(4).view(1, 1, 4, 1, 1)
    right, up, left, down = attention(x)[0, 0, :, 1, 1].tolist()
    assert (right, up, left, down) == pytest.approx((16, 22, 34, 8))


def test_with_equal_logits_the_output_is_the_mean_over_the_neighbours_in_the_image():
    attention = identity_maps(layer(c_in=2, c_out=2, bias=False))
    torch.nn.init.zeros_(attention.query.weight)
    torch.nn.init.zeros_(attention.query.bias)
    x = features(Regular(C4), 2, sides=(4, 5))
    out = attention(x)
    torch.testing.assert_close(out[0, 1, 3, 0, 0], x[0, 1, :, :2, :2].mean())
    torch.testing.assert_close(out[0, 1, 2, 3, 2], x[0, 1, :, 2:, 1:4].mean())
    torch.testing.assert_close(out[1, 0, 0, 2, 2], x[1, 0, :, 1:4, 1:4].mean())


def test_the_output_as_a_sum_over_single_neighbours():
    """The formula of the docstring, written out for one output."""
    attention = layer(c_out=4, heads=2)
    x = features(Regular(C4))
    q, k, v = (part(x)[0].unflatten(0, (2, 2)) for part in (attention.query, attention.key, attention.value))
    e, (g, row, column) = attention.encoding(), (3, 5, 2)  # a pixel at the lower border
    heads = []
    for head in range(2):
        pairs = [(u, h) for u in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1)) for h in range(4)]
        keys = [k[head, :, h, row + a, column + b] + e[head, :, g, h, 1 + a, 1 + b] for (a, b), h in pairs]
        weights = (torch.stack(keys) @ q[head, :, g, row, column] / math.sqrt(2)).softmax(dim=0)
        heads.append(weights @ torch.stack([v[head, :, h, row + a, column + b] for (a, b), h in pairs]))
    found = local_attention(*(part[None] for part in (q, k, v)), e, disc=False)
    torch.testing.assert_close(found[0, :, :, g, row, column], torch.stack(heads))


@pytest.mark.parametrize("disc", [False, True])
def test_weights_sum_to_1_and_stop_at_the_border(disc):
    attention = layer(kernel_size=5, disc=disc)
    weights = attention.weights(features(Regular(C4)))
    assert weights.shape == (2, 2, 4, 6, 7, 4, 5, 5)
    torch.testing.assert_close(weights.sum(dim=(-3, -2, -1)), torch.ones(2, 2, 4, 6, 7).double())
    corner, middle = weights[:, :, :, 0, 0], weights[:, :, :, 3, 3]
    assert (
        (corner[..., :2, :] == 0).all() and (corner[..., :2] == 0).all() and (corner[..., 2:4, 2:4] > 0).all()
    )
    assert (middle > 0).all() != disc
    assert ((middle[..., 0, 0] == 0).all(), (middle[..., 0, 1] > 0).all()) == (disc, True)


def test_heads_may_change_places():
    attention, other = (layer(c_out=6, heads=3) for _ in range(2))
    order = torch.tensor([4, 5, 0, 1, 2, 3])  # two channels a head
    with torch.no_grad():
        for part in (other.query, other.key, other.value):
            part.weight.copy_(part.weight[order])
        other.query.bias.copy_(other.query.bias[order])
        other.position.copy_(other.position[order])
        other.mix.weight.copy_(other.mix.weight[:, order])
    x = features(Regular(C4))
    torch.testing.assert_close(attention(x), other(x))
    torch.testing.assert_close(attention.weights(x)[:, [2, 0, 1]], other.weights(x))


def test_heads_differ_from_one_head():
    x = features(Regular(C4))
    many, one = layer(heads=2), layer(heads=1)
    assert not torch.allclose(many(x), one(x))
    assert many.encoding().shape == (2, 2, 4, 4, 3, 3) and one.encoding().shape == (1, 4, 4, 4, 3, 3)
    assert layer(c_out=1, heads=2)(x).shape == (2, 1, 4, 6, 7)


def test_between_quarter_turns_the_encoding_of_c8_is_interpolated():
    attention = layer(CyclicGroup(8), c_out=1, heads=1, kernel_size=5, disc=True)
    with torch.no_grad():
        attention.position.zero_()[0, 0, 0, 14] = 1  # two pixels to the right
    turned = attention.encoding()[0, 0, 1, 1]  # by 45 degrees: between two pixels of the diagonal
    right, up = math.sqrt(2), math.sqrt(2)
    column, row = 2 + right, 2 - up
    assert turned.sum() <= 1 + EXACT
    assert turned.nonzero().double().mean(dim=0).tolist() == pytest.approx([row, column], abs=0.5)


def test_plain_copy_equals_the_layer():
    attention = layer(DihedralGroup(4), kernel_size=5, disc=True)
    x = features(attention.query.rep_in)
    torch.testing.assert_close(attention.to_plain()(x.flatten(1, 2)), attention(x).flatten(1, 2))


def test_gradients_are_right():
    attention = layer(c_in=1, c_out=2)
    x = features(Regular(C4), 1, sides=(2, 3)).requires_grad_()
    names = [name for name, _ in attention.named_parameters()]

    def function(x, *values):
        return torch.func.functional_call(attention, dict(zip(names, values, strict=True)), (x,))

    assert torch.autograd.gradcheck(function, (x, *attention.parameters()), fast_mode=True)


def test_autocast_turns_the_encoding_in_full_precision():
    attention, x = layer().float(), features(Regular(C4)).float()
    with torch.autocast("cpu", torch.bfloat16):
        out, encoding = attention(x), attention.encoding()
    out.float().sum().backward()
    assert encoding.dtype == torch.float32 and out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), attention(x), rtol=0, atol=0.1)


def test_the_family_mixes_pixels_alone_by_convolution():
    family = FAMILIES["p4-attention"]
    assert isinstance(family.mix(2, 3), GroupConv)
    assert isinstance(family.conv(2, 3), GroupAttention)
    assert isinstance(family.lift(1, 2), GroupConv) and family.lift(1, 2).kernel().shape[-1] == 3


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="kernel_size must be odd.*got 4"):
        GroupAttention(Regular(C4), 1, 1, kernel_size=4)
    with pytest.raises(ValueError, match="heads must be at least 1, got 0"):
        GroupAttention(Regular(C4), 1, 1, heads=0)
    with pytest.raises(ValueError, match="at least 1 channel, got 0"):
        GroupAttention(Regular(C4), 0, 1)
    with pytest.raises(ValueError, match="must permute the fiber"):
        GroupAttention(Irreps(CyclicGroup(12), 2), 1, 1)
    for call in (layer(), layer().weights):
        with pytest.raises(ValueError, match=r"input must be b 3 4 y x .*got \(1, 3, 1, 5, 5\); lift"):
            call(torch.zeros(1, 3, 1, 5, 5).double())
