"""Answers to the unit on measuring as students write them: right in several ways, and wrong in typical ones.

Each wrong answer comes with a phrase of the message that is meant for it.
"""

import math

import numpy as np
import torch

# Right answers, none of them written as in the solution


SOURCES = {  # of the four entries after a quarter turn: where each comes from, and its sign
    "regular": ([3, 0, 1, 2], [1, 1, 1, 1]),
    "alternating": ([3, 0, 1, 2], [-1, -1, -1, -1]),
    "arrows": ([1, 0, 3, 2], [-1, 1, -1, 1]),
    "irreps": ([0, 1, 3, 2], [1, -1, -1, 1]),
    "pairs": ([1, 0, 3, 2], [1, 1, 1, 1]),
}


def moved(feature, y, g):
    places, signs = SOURCES[feature]
    for _ in range(g % 4):
        y = y.transpose(-2, -1).flip(-2)[:, :, places] * torch.tensor(signs)[:, None, None]
    return y


def error_by_loops(feature, found, output, g):
    expected = moved(feature, output, g).flatten().tolist()
    above = sum((a - b) ** 2 for a, b in zip(found.flatten().tolist(), expected, strict=True))
    below = sum(b**2 for b in expected)
    return [below > 0, math.sqrt(above / below) if below else 0.0]


def error_by_moving_back(feature, found, output, g):
    size = torch.linalg.vector_norm(output)
    if size == 0:
        return False, 0
    return True, torch.linalg.vector_norm(moved(feature, found, -g) - output) / size


def disc(n):
    return torch.tensor(
        [[math.dist((y, x), ((n - 1) / 2,) * 2) <= n / 2 for x in range(n)] for y in range(n)]
    )


def region_by_multiplying(found, expected):
    mask = disc(found.shape[-1]).double()
    return (((found - expected) * mask).norm() / (expected * mask).norm()).item()


def region_by_numpy(found, expected):
    n = found.shape[-1]
    y, x = np.indices((n, n)) - (n - 1) / 2
    mask = 4 * (y**2 + x**2) <= n**2
    above, below = (found - expected).numpy()[..., mask], expected.numpy()[..., mask]
    return np.sqrt((above**2).sum() / (below**2).sum())


def dice(a, b):
    total = (a.sum() + b.sum()).item()
    return 2 * (a * b).sum().item() / total if total else 1.0


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def agreement_by_loop(found, expected, truth):
    return (
        mean(map(dice, found, expected)),
        mean(map(dice, found, truth)),
        mean(float(not mask.any()) for mask in found),
    )


def agreement_by_sets(found, expected, truth):
    def pixels(mask):
        return {tuple(place) for place in mask.nonzero().tolist()}

    def score(a, b):
        return 2 * len(a & b) / (len(a) + len(b)) if a | b else 1

    sets = [(pixels(f), pixels(e), pixels(t)) for f, e, t in zip(found, expected, truth, strict=True)]
    return [mean(score(f, e) for f, e, t in sets), mean(score(f, t) for f, e, t in sets),
            mean(not f for f, e, t in sets)]  # fmt: skip


def report_by_remainders(angle_deg, error32, error64, floor):
    quarter, rest = divmod(angle_deg, 90)
    if rest:
        return "seen" if error64 / 2 > floor else "unseen"
    if quarter % 4 == 0:
        return "nothing"
    return "fault" if error64 >= 1e-12 else "exact"


def report_by_cosine(angle_deg, error32, error64, floor):
    c = round(math.cos(math.radians(angle_deg)), 9)
    if c == 1:
        return "nothing"
    if c in (0, -1):
        return ["fault", "exact"][error64 < 1e-12]
    return ["unseen", "seen"][error64 > 2 * floor]


def repair_by_subtraction(found, expected, empty):
    constant = empty[None, :, None, None]
    return region_by_multiplying(found - constant, expected - constant)


def repair_by_channels(found, expected, empty):
    inside = disc(found.shape[-1])
    above = below = 0.0
    for c in range(found.shape[1]):
        a, b = found[:, c, inside], expected[:, c, inside]
        above += (a - b).square().sum().item()
        below += (b - empty[c]).square().sum().item()
    return (above / below) ** 0.5


RIGHT = {
    "error": [error_by_loops, error_by_moving_back],
    "region": [region_by_multiplying, region_by_numpy],
    "agreement": [agreement_by_loop, agreement_by_sets],
    "report": [report_by_remainders, report_by_cosine],
    "repair": [repair_by_subtraction, repair_by_channels],
}


# Wrong answers


def error_as(ratio, move=moved):
    """Error with another ratio of found and expected, or another action."""

    def error(feature, found, output, g):
        return (True, float(ratio(found, move(feature, output, g)))) if output.any() else (False, 0.0)

    return error


def padded(small):
    return lambda feature, found, output, g: (
        True,
        ((found - moved(feature, output, g)).norm() / (output.norm() + small)).item(),
    )


def relative(a, b):
    return (a - b).norm() / b.norm()


def region_with(above, below=None):
    def error(found, expected):
        n = found.shape[-1]
        return ((found - expected) * above(n)).norm() / (expected * (below or above)(n)).norm().clamp(
            min=1e-30
        )

    return error


def square(n):
    return torch.ones(n, n)


def round_about(centre, radius):
    """Disc with another centre and radius, for each side."""

    def mask(n):
        offset = torch.arange(n) - centre(n)
        return (offset**2 + offset[:, None] ** 2).sqrt() <= radius(n)

    return mask


def diamond(n):
    offset = (torch.arange(n) - (n - 1) / 2).abs()
    return offset + offset[:, None] <= n / 2


def scored(score):
    def scores(found, expected, truth):
        return mean(map(score, found, expected)), mean(map(score, found, truth)), mean(map(is_empty, found))

    return scores


def is_empty(mask):
    return float(mask.sum() == 0)


def iou(a, b):
    return (a * b).sum().item() / max((a + b - a * b).sum().item(), 1) if (a + b).any() else 1.0


def left_out(a, b):
    kept = [dice(p, q) for p, q in zip(a, b, strict=True) if (p + q).any()]
    return mean(kept) if kept else 0.0


def pooled(found, expected, truth):
    return dice(found, expected), dice(found, truth), mean(map(is_empty, found))


def reported(angle_deg, error, floor, *, rounding=1e-12, factor=2, quarters=None, full=(0, 360)):
    if angle_deg in full:
        return "nothing"
    if angle_deg % 90 == 0 if quarters is None else angle_deg in quarters:
        return "exact" if error < rounding else "fault"
    return "seen" if error > factor * floor else "unseen"


def instead(word, other):
    """Verdict with one word in place of another between the quarter turns."""

    def verdict(angle_deg, error32, error64, floor):
        found = report_by_remainders(angle_deg, error32, error64, floor)
        return other if found == word else found

    return verdict


def repaired_but(cancels=False, constant=False, whole=False):
    def error(found, expected, empty):
        inside = disc(found.shape[-1])
        above = (found - expected)[..., inside]
        above = above.mean(1) if cancels else above
        below = expected if constant else expected - empty.view(-1, 1, 1)
        return (above.norm() / (below if whole else below[..., inside]).norm()).item()

    return error


def repair_by_mean(found, expected, empty):
    inside = disc(found.shape[-1])
    signal = expected[..., inside]
    return (found - expected)[..., inside].norm() / (signal - signal.mean(-1, keepdim=True)).norm().clamp(
        min=1e-30
    )


WRONG = {
    "error": [
        (error_as(relative, lambda feature, y, g: y), "not whether it is equivariant"),
        (error_as(relative, lambda feature, y, g: y.rot90(g, (3, 4))), "fiber stays as it is"),
        (error_as(relative, lambda feature, y, g: moved(feature, y, -g)), "inverse element"),
        (padded(1e-9), "must be refused"),
        (padded(1e-8), "must be refused"),
        (error_as(lambda a, b: (a - b).square().sum() / b.square().sum()), "root is missing"),
        (error_as(lambda a, b: (a - b).norm()), "not relative"),
        (error_as(lambda a, b: mean(relative(p, q).item() for p, q in zip(a, b, strict=True))),
         "single images are averaged"),
        (error_as(lambda a, b: relative(b, a) if a.any() else 0), "under test"),
        (error_as(lambda a, b: (a - b).norm() / (a.norm() + b.norm())), "never exceed 1"),
        (error_as(lambda a, b: abs((a - b).sum()) / b.norm()), "cancel"),
        (error_as(lambda a, b: (a - b).abs().max() / b.abs().max()), "largest pixel"),
        (lambda f, found, output, g: error_by_loops(f, found, output, g)[1],
         "must return a tuple, it returned"),
        (lambda f, found, output, g: (True, relative(found, moved(f, output, g)).item()), "division by 0"),
        (lambda f, found, output, g: (True, 0.25), "Compare them"),
    ],
    "region": [
        (region_with(square), "corners count too"),
        (region_with(disc, square), "looks smaller than it is"),
        (region_with(square, disc), "counted in the whole square"),
        (region_with(round_about(lambda n: n / 2, lambda n: n / 2)), "half a pixel off"),
        (region_with(round_about(lambda n: (n - 1) / 2, lambda n: n // 2)), "half a pixel too small"),
        (region_with(round_about(lambda n: (n - 1) / 2, lambda n: (n - 1) / 2)), "outermost pixel only"),
        (region_with(diamond), "diamond"),
        (lambda found, expected: region_by_numpy(found, expected) ** 2, "root is missing"),
        (lambda found, expected: mean(region_by_numpy(a, b) for a, b in zip(found, expected, strict=True)),
         "single images are averaged"),
        (lambda found, expected: (found - expected)[..., disc(found.shape[-1])], "must return a number"),
        (lambda found, expected: float("inf"), "division by 0"),
    ],
    "agreement": [
        (scored(iou), "intersection over union"),
        (scored(lambda a, b: 2 * (a * b).sum().item() / max((a + b).sum().item(), 1)), "Yours is 0"),
        (pooled, "pixels of all images are pooled"),
        (scored(lambda a, b: (a == b).double().mean().item()), "background then decides"),
        (scored(lambda a, b: dice(a, b) / 2 if (a + b).any() else 1.0), "overlap must count twice"),
        (lambda f, e, t: [agreement_by_loop(f, e, t)[1], agreement_by_loop(f, e, t)[0],
                          agreement_by_loop(f, e, t)[2]], "are exchanged"),
        (lambda f, e, t: (left_out(f, e), left_out(f, t), mean(map(is_empty, f))), "are left out"),
        (lambda f, e, t: (mean(map(dice, f, e)), mean(map(dice, e, t)), mean(map(is_empty, f))),
         "compares the wrong masks"),
        (lambda f, e, t: (*agreement_by_loop(f, e, t)[:2], mean(map(is_empty, t))),
         "empty masks of the truth"),
        (lambda f, e, t: (*agreement_by_loop(f, e, t)[:2], 1 - f.mean().item()),
         "pixels that are not marked"),
        (lambda f, e, t: agreement_by_loop(f, e, t)[:2], "must return 3 values"),
        (lambda f, e, t: agreement_by_loop(f & e, e, t), "raised"),
    ],
    "report": [
        (lambda a, e32, e64, floor: reported(a, e32, floor, rounding=1e-6), "hides behind rounding"),
        (lambda a, e32, e64, floor: reported(a, e32, floor), "which it cannot give"),
        (lambda a, e32, e64, floor: reported(a, e64, floor, rounding=1e-6), "rounding of float32"),
        (lambda a, e32, e64, floor: reported(a, e64, floor, quarters=()), "like any other angle"),
        (lambda a, e32, e64, floor: reported(a, e64, floor, quarters=(90,)), "think of 180"),
        (lambda a, e32, e64, floor: reported(a, e64, floor, quarters=(90, 180, 270)), "may be negative"),
        (lambda a, e32, e64, floor: reported(a, e64, floor, full=()), "that says nothing"),
        (lambda a, e32, e64, floor: reported(a, e64, floor, full=(0,)), "360 degrees is a full turn"),
        (lambda a, e32, e64, floor: reported(a, e64, floor, factor=1), "more than twice"),
        (instead("seen", "fault"), "is no fault"),
        (instead("unseen", "exact"), "cannot see so far"),
        (lambda a, e32, e64, floor: e64 < floor, "must return a text, it returned bool"),
        (lambda a, e32, e64, floor: "believe it", "Compare them"),
    ],
    "repair": [
        (repaired_but(True, True, True), "All three"),
        (repaired_but(True, True), "one is in the denominator"),
        (repaired_but(True, whole=True), "both norms see different"),
        (repaired_but(constant=True, whole=True), "both in the denominator"),
        (repaired_but(True), "before they are squared"),
        (repaired_but(constant=True), "an empty one included"),
        (repaired_but(whole=True), "output in the whole square"),
        (lambda f, e, empty: repaired_but()(f, e - empty.view(-1, 1, 1), 0 * empty), "now they differ"),
        (lambda f, e, empty: repaired_but()(f - empty.view(-1, 1, 1), e, empty), "now they differ"),
        (repair_by_mean, "answer to an empty image"),
        (lambda f, e, empty: mean(repaired_but()(a[None], b[None], empty) for a, b in zip(f, e, strict=True)),
         "single images are averaged"),
        (lambda f, e, empty: f - e, "must return a number"),
        (lambda f, e, empty: 0.3, "Compare them"),
    ],
}  # fmt: skip
