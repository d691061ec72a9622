"""Evaluation: numbers by hand, references, and the traps of measuring equivariance."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance

from course_lib.evaluation import (
    agreement_floor,
    dice,
    empty_share,
    equivariance_error,
    error_at_angle,
    iou,
    rotation_scores,
    segmenter,
    smooth_images,
    spline_rotate,
    turn_masks,
)
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.representations import Regular, Trivial

C4 = Trivial(CyclicGroup(4))
QUARTER_TURNS = (0, 90, 180, 270)


def square(top: int, left: int, side: int = 4, size: int = 16) -> torch.Tensor:
    mask = torch.zeros(1, 1, size, size, dtype=torch.bool)
    mask[..., top : top + side, left : left + side] = True
    return mask


def disc(radius: float, size: int, *, right: float = 0, down: float = 0) -> torch.Tensor:
    offset = torch.arange(size) - (size - 1) / 2
    return ((offset - right) ** 2 + (offset[:, None] - down) ** 2 <= radius**2)[None, None]


def test_scores_of_half_overlapping_squares():
    one, other = square(4, 4), square(4, 6)  # areas 16 and 16, overlap 8
    assert dice(one, other).item() == pytest.approx(2 * 8 / (16 + 16))
    assert iou(one, other).item() == pytest.approx(8 / 24)


def test_scores_of_empty_masks():
    empty, one = torch.zeros(1, 1, 16, 16, dtype=torch.bool), square(4, 4)
    assert dice(empty, empty).item() == iou(empty, empty).item() == 1
    assert dice(empty, one).item() == iou(empty, one).item() == 0
    assert empty_share(torch.cat([empty, one, one, one])) == 0.25


@given(seed=st.integers(0, 2**16), share=st.floats(0.05, 0.9))
def test_scores_equal_those_of_scipy(seed, share):
    torch.manual_seed(seed)
    found, truth = torch.rand(5, 1, 8, 8) < share, torch.rand(5, 1, 8, 8) < share
    truth[:, :, 0, 0] = True  # scipy defines the empty case otherwise
    pairs = [(a.flatten().numpy(), b.flatten().numpy()) for a, b in zip(found, truth, strict=True)]
    assert dice(found, truth).tolist() == pytest.approx([1 - distance.dice(a, b) for a, b in pairs])
    assert iou(found, truth).tolist() == pytest.approx([1 - distance.jaccard(a, b) for a, b in pairs])


def test_equivariance_error_by_hand():
    # f keeps the left pixel of a row: f(g x) = (0, ...) and g f(x) are worked out on paper.
    x = torch.tensor([[[3.0, 0.0], [0.0, 4.0]]], dtype=torch.float64)
    left = torch.tensor([1.0, 0.0], dtype=torch.float64)
    # g x = [[0, 4], [3, 0]]; f(g x) = [[0, 0], [3, 0]]; f(x) = [[3, 0], [0, 0]]; g f(x) = [[0, 0], [3, 0]]
    assert equivariance_error(lambda x: x * left, x, 1, C4, C4) == 0
    # g = half turn: g x = [[4, 0], [0, 3]]; f(g x) = [[4, 0], [0, 0]]; g f(x) = [[0, 0], [0, 3]]: 5 / 3
    assert equivariance_error(lambda x: x * left, x, 2, C4, C4) == pytest.approx(5 / 3)


@pytest.mark.parametrize("group", [CyclicGroup(4), CyclicGroup(8), DihedralGroup(4)], ids=str)
def test_pointwise_map_has_no_equivariance_error_and_a_shift_has(group):
    torch.manual_seed(0)
    rep = Regular(group)
    x = torch.rand(2, 3, rep.dim, 9, 9, dtype=torch.float64)
    for g in group.elements:
        if group.is_grid_symmetry(g):
            assert equivariance_error(torch.exp, x, g, rep, rep) < 1e-12
    assert equivariance_error(lambda x: x.roll(1, -1), x, 1, rep, rep) > 0.05
    assert equivariance_error(lambda x: x.flip(-3), x, 1, rep, rep) > 0.05


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (torch.zeros_like, "zero everywhere"),
        (lambda x: x / 0, "finite"),
        (lambda x: x * math.nan, "finite"),
        (lambda x: torch.where(x[..., :1, :1] == 2, math.inf, x), "finite"),
    ],
)
def test_useless_output_cannot_pass(f, reason):
    x = torch.tensor([[[1.0, 2.0], [0.0, 4.0]]])
    with pytest.raises(ValueError, match=reason):
        equivariance_error(f, x, 1, C4, C4)


def test_agreement_of_a_pointwise_segmenter_is_exact_at_quarter_turns():
    torch.manual_seed(1)
    images = torch.rand(3, 3, 32, 32)
    truth = disc(9, 32, right=3).expand(3, 1, 32, 32)
    scores = rotation_scores(lambda x: x.mean(1, keepdim=True) > 0.5, images, truth, QUARTER_TURNS)
    assert (scores.agreement == 1).all()


def test_agreement_of_a_direction_sensitive_segmenter_is_below_one():
    torch.manual_seed(1)
    images = torch.rand(3, 3, 32, 32)
    truth = disc(9, 32).expand(3, 1, 32, 32)
    scores = rotation_scores(
        lambda x: x.mean(1, keepdim=True).roll(1, -1) > 0.5, images, truth, QUARTER_TURNS
    )
    assert (scores.agreement[:, 0] == 1).all()
    assert (scores.agreement[:, 1:] < 0.9).all()


def test_agreement_and_truth_turn_in_the_same_sense():
    # An off-centre object and a segmenter that finds it wherever it is: Dice stays near 1 at every angle.
    truth = disc(7, 64, right=14, down=-6)
    images = truth.float().expand(1, 3, 64, 64)
    scores = rotation_scores(lambda x: x[:, :1] >= 0.5, images, truth, (30, 90, 200))
    assert (scores.dice > 0.95).all()
    assert (scores.agreement > 0.95).all()


def test_only_the_inscribed_disc_counts():
    truth = disc(6, 32)

    def with_marked_corner(x):
        mask = x[:, :1] >= 0.5
        mask[..., :3, :3] = True  # always the same corner, outside the disc
        return mask

    scores = rotation_scores(with_marked_corner, truth.float().expand(1, 3, 32, 32), truth, QUARTER_TURNS)
    assert (scores.agreement == 1).all()
    assert (scores.dice == 1).all()


def test_constant_segmenter_agrees_perfectly_and_is_seen():
    truth = disc(6, 32)
    images = truth.float().expand(1, 3, 32, 32)
    nothing = rotation_scores(lambda x: torch.zeros_like(x[:, :1]).bool(), images, truth)
    assert (nothing.agreement == 1).all()
    assert (nothing.dice == 0).all()
    assert (nothing.empty == 1).all()


def test_floor_is_exact_at_quarter_turns_and_below_one_between():
    floor = agreement_floor(disc(9, 32, right=4, down=3))
    angles = list(range(0, 360, 15))
    assert all(floor[0, angles.index(a)] == 1 for a in QUARTER_TURNS)
    assert all(floor[0, i] < 1 for i, a in enumerate(angles) if a % 90)
    assert torch.allclose(floor[:, 1:6], floor[:, 7:12], atol=0.01)


# Known for nearest-neighbour masks of these areas: .973, .985. Masks that
# are interpolated and cut at one half lose less, never more.
@pytest.mark.parametrize(("area", "known"), [(221, 0.973), (1000, 0.985)])
def test_floor_is_close_to_the_known_one(area, known):
    offset = torch.arange(96) - 47.5
    ellipse = (offset - 10.3) ** 2 / 1.6 + (offset[:, None] + 5.7) ** 2 * 1.6 <= area / math.pi
    between = [15, 45]
    floor = agreement_floor(ellipse[None, None], between).mean().item()
    assert known - 0.003 < floor < 1
    assert 1 - floor > 0.2 * (1 - known)


def test_floor_grows_with_the_object():
    small, large = (agreement_floor(disc(radius, 64, right=2.5), [30, 45]).mean() for radius in (4, 20))
    assert small < large < 1


def test_turned_masks_by_hand():
    corner = square(0, 0, side=2, size=6)
    assert torch.equal(turn_masks(corner, 90), square(4, 0, side=2, size=6))  # top left goes to bottom left
    centred = square(2, 2, side=2, size=6)
    assert torch.equal(turn_masks(centred, 45)[0, 0, 2:4, 2:4], torch.ones(2, 2, dtype=torch.bool))


def test_segmenter_works_in_batches_and_without_gradient():
    model = torch.nn.Conv2d(3, 1, 1)
    images = torch.rand(7, 3, 8, 8)
    assert torch.equal(segmenter(model, batch_size=3)(images), model(images) > 0)


def test_spline_rotate_turns_counter_clockwise_and_loses_little():
    x = smooth_images(2, 48, 48)
    torch.testing.assert_close(spline_rotate(x, 90), x.rot90(1, (-2, -1)), rtol=1e-6, atol=1e-6)
    back = spline_rotate(spline_rotate(x, 30), -30)
    assert 1e-5 < (back - x).norm() / x.norm() < 2e-3


def test_error_at_angle_sees_a_fiber_that_does_not_follow():
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    angle = math.degrees(math.acos(0.6))
    x = smooth_images(1, 2, 48, 48)
    assert error_at_angle(lambda y: 2 * y, x, angle, turn, turn) < 1e-12
    assert error_at_angle(lambda y: 2 * y, x, angle, turn, turn.T) > 0.5


def test_smooth_images_fade_inside_the_disc_and_need_room():
    x = smooth_images(3, 40, 40)
    assert x[:, 0].abs().max() == 0 < x.std()
    with pytest.raises(ValueError, match="equal and at least 32 pixels"):
        smooth_images(2, 40, 32)


def test_error_at_angle_refuses_the_zero_map():
    one = torch.eye(1)
    with pytest.raises(ValueError, match="must not be zero everywhere"):
        error_at_angle(lambda x: 0 * x, smooth_images(1, 32, 32), 30, one, one)
