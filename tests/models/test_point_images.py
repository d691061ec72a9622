"""Images as point sets: symmetries of the class scores, the engine from end to end, and odd images."""

import math

import pytest
import torch

from course_lib.config import Settings
from course_lib.data import synthetic_digits
from course_lib.ledger import read_entry, write_entry
from course_lib.lie_groups import SE2, SO2_SCALE, T3
from course_lib.models.point_images import BLOCK, INK, POINT_NETWORKS, PointImageNet
from course_lib.point_sets import image_points
from course_lib.scoring import make_entry
from course_lib.training import fit
from course_lib.weights import build_model, build_network, load_network
from tests.exactness import EXACT

each_network = pytest.mark.parametrize("name", POINT_NETWORKS)


def network(name):
    torch.manual_seed(0)
    return POINT_NETWORKS[name](1, 10, 8, 2).double()


def digits(count=3, side=28):
    """Blots in the middle of an empty frame, six pixels wide at each side."""
    images = torch.zeros(count, 1, side, side, dtype=torch.float64)
    inner = torch.rand(count, 1, side - 12, side - 12, generator=torch.Generator().manual_seed(0)).double()
    images[..., 6:-6, 6:-6] = inner * (inner > 0.6)
    return images


def change(one, other):
    """Relative difference of class scores, the part left out that all images share."""
    own = one - one.mean(dim=0)
    assert own.norm() > 1e-6, "equal scores prove nothing"
    return ((other - one).norm() / own.norm()).item()


@each_network
@torch.no_grad()
def test_only_the_promised_motions_leave_the_scores_as_they_are(name):
    net, images = network(name), digits()
    scores = net(images)
    moved = {"shift": images.roll((2 * BLOCK, -BLOCK), (-2, -1)), "turn": images.rot90(1, (-2, -1))}
    kept = {"lie-t2": {"shift"}, "lie-so2": {"turn"}, "lie-se2": {"shift", "turn"}}[name]
    for motion, other in moved.items():
        difference = change(scores, net(other))
        assert difference < EXACT if motion in kept else difference > 1e-3, motion


@torch.no_grad()
def test_points_turned_by_any_angle():
    points, values, mask = image_points(torch.nn.functional.avg_pool2d(digits(), BLOCK), ink=INK)
    angle = math.radians(31)
    torch.manual_seed(0)
    options = {"width": 8, "depth": 2, "radius": 1.6, "alpha": 0.3}
    many = PointImageNet(SE2, 1, 10, samples=16, neighbours=80, **options).double()
    found = {}
    for name, net, group, motion in (
        ("so2", network("lie-so2"), SO2_SCALE, [0.3, angle]),
        ("se2", network("lie-se2"), SE2, [1.0, -2.0, angle]),
        ("many", many, SE2, [1.0, -2.0, angle]),
        ("t2", network("lie-t2"), SE2, [0.0, 0.0, angle]),
    ):
        moved = group.act(group.exp(points.new_tensor(motion)), points)
        found[name] = change(net.net(points, values, mask), net.net(moved, values, mask))
    assert found["so2"] < EXACT < found["many"] < found["se2"] / 2 < found["se2"] < found["t2"], found


@each_network
def test_no_number_of_neighbours_cuts_a_radius_short(name):
    """Else equally far elements would not be treated alike. A digit has less ink than half its frame."""
    images = synthetic_digits.synthetic_digits().train.images[:40] / 255
    net = POINT_NETWORKS[name](1, 10, 4, 1).net
    points, _, mask = image_points(torch.nn.functional.avg_pool2d(images, BLOCK), ink=INK)
    points = torch.where(mask[..., None], points, points.new_tensor(net.group.base_point))
    u = net.group.lift(points, samples=net.samples, spacing="even").flatten(1, 2)
    logs = net.group.log(torch.einsum("bvij,bujk->bvuik", net.group.inverse(u), u))
    there = mask.repeat_interleave(net.samples, dim=1)
    inside = (net.group.distance(logs, alpha=net.alpha) <= net.radius) & there[:, None] & there[..., None]
    assert inside.sum(dim=-1).max() <= net.neighbours


def small(**changes):
    own = {"model": "points", "data": "synthetic-digits-upright", "split": "official", "family": "lie-so2"}
    return Settings.from_dict({"size": 28, "widths": (6, 6), "epochs": 1, **own, **changes})


def test_points_train_are_scored_and_kept_like_other_classifiers(tmp_path):
    chosen = small(augmentation="rotations")
    splits = synthetic_digits.synthetic_digits(turned=False)
    few = [part.subset(range(n)) for part, n in ((splits.train, 32), (splits.val, 20), (splits.test, 20))]
    splits = splits.__class__(*few, splits.name, splits.sha256, splits.licence)
    net = build_network(chosen)
    progress = fit(net, splits.train, splits.val, chosen, folder=tmp_path, accelerator="cpu")
    entry = make_entry(net, splits, chosen, progress, accelerator="cpu")
    assert read_entry(write_entry(tmp_path, entry)) == entry
    assert entry.name == "synthetic-digits-upright_official_lie-so2_28px_rotations_s0"
    turned = entry.classification.turned["plane"]
    assert turned.agreement[turned.angles_deg.index(90)] == 1
    again, settings = load_network(tmp_path / "best.safetensors")
    images = splits.test.images / 255
    assert settings == chosen and torch.equal(again(images), net(images))


@pytest.mark.parametrize(
    ("name", "image", "words"),
    [
        ("lie-t2", torch.zeros(1, 1, 8, 8), "image 0 has no pixel above ink"),
        ("lie-t2", torch.full((1, 1, 8, 8), math.nan), "pixels must be finite"),
        ("lie-t2", torch.ones(1, 3, 8, 8), r"input must be b 1 y x, got \(1, 3, 8, 8\)"),
        ("lie-t2", torch.ones(1, 1, 8, 7), "divisible by 2"),
        ("lie-so2", torch.ones(1, 1, 6, 8), r"divisible by 4 for points of SO\(2\) x R\+"),
    ],
)
def test_images_that_make_no_point_sets_are_refused(name, image, words):
    with pytest.raises(ValueError, match=words):
        POINT_NETWORKS[name](1, 2, 4, 1)(image)


def test_a_single_inked_pixel_is_a_set():
    image = torch.zeros(1, 1, 8, 8)
    image[0, 0, 1, 2] = 1
    assert all(build(1, 2, 4, 1)(image).isfinite().all() for build in POINT_NETWORKS.values())


def test_settings_and_data_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="one width, repeated"):
        small(widths=(4, 8))
    with pytest.raises(ValueError, match="must be one of lie-t2"):
        small(family="p4")
    with pytest.raises(ValueError, match="which has volumes"):
        build_network(small(data="synthetic-medmnist-3d"))
    with pytest.raises(ValueError, match="at points, not at pixels"):
        build_model(small())
    with pytest.raises(ValueError, match="must act on the plane"):
        PointImageNet(T3, 1, 2)
