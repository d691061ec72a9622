"""Answers to the LieConv unit as students write them: right in several ways, and wrong in typical ones.

Each wrong answer comes with a phrase of the message that is meant for it.
"""

import cmath
import math

import numpy as np
import torch

from course_lib.checks import lieconv as checks

# Right answers, none of them written as in the solution


def exp_by_series(right, up, angle):
    hat = torch.tensor([[0, -angle, right], [angle, 0, up], [0, 0, 0]], dtype=torch.float64)
    term, total = torch.eye(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    for k in range(1, 60):
        term = term @ hat / k
        total = total + term
    return total


def exp_by_complex_numbers(right, up, angle):
    turn = cmath.exp(1j * angle)
    factor = (turn - 1) / (1j * angle) if abs(angle) > 1e-5 else 1 + 0.5j * angle
    shift = factor * complex(right, up)
    rows = [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag], [0, 0, 1]]
    return torch.tensor(rows, dtype=torch.float64)


def log_by_complex_numbers(cos, sin, right, up):
    angle = math.pi if abs(sin) < 1e-12 and cos < 0 else cmath.phase(complex(cos, sin))
    if abs(angle) < 1e-3:
        factor = 1 - 0.5j * angle - angle**2 / 12
    else:
        factor = 1j * angle / (cmath.exp(1j * angle) - 1)
    v = factor * complex(right, up)
    return v.real, v.imag, angle


def log_by_solving(cos, sin, right, up):
    angle = np.arctan2(sin, cos)
    if angle < -math.pi + 1e-12:
        angle = np.pi
    s, c = np.sinc(angle / np.pi), angle / 2 * np.sinc(angle / 2 / np.pi) ** 2
    return [*np.linalg.solve([[s, -c], [c, s]], [right, up]), angle]


def lift_by_loops(points, angles):
    rows = [
        [
            [[math.cos(t), -math.sin(t), x], [math.sin(t), math.cos(t), y], [0.0, 0.0, 1.0]]
            for t in angles.tolist()
        ]
        for x, y in points.tolist()
    ]
    return torch.tensor(rows, dtype=torch.float64)


def lift_by_products(points, angles):
    eye = torch.eye(3, dtype=torch.float64)
    shifts = eye.repeat(len(points), 1, 1, 1)
    shifts[:, 0, :2, 2] = points
    turns = eye.repeat(len(angles), 1, 1)
    quarter = torch.tensor([[0.0, -1.0], [1, 0]], dtype=torch.float64)
    turns[:, :2, :2] = torch.matrix_exp(angles[:, None, None] * quarter)
    return shifts @ turns


def mean_by_loops(points, values, mask, radius, neighbours):
    out = torch.zeros_like(values)
    for v in range(len(mask)):
        if mask[v]:
            found = sorted((math.dist(points[v], points[u]), u) for u in range(len(mask)) if mask[u])
            near = [u for distance, u in found[:neighbours] if distance <= radius]
            out[v] = torch.stack([values[u] for u in near]).mean(dim=0)
    return out


def mean_of_the_kept(points, values, mask, radius, neighbours):
    kept = torch.tensor(mask).nonzero()[:, 0]
    p, f = points[kept], values[kept]
    distance = (p[:, None] - p).square().sum(-1).sqrt()
    rank = distance.argsort(dim=1).argsort(dim=1)
    seen = ((distance <= radius) & (rank < neighbours)).double()
    return torch.zeros_like(values).index_copy(0, kept, (seen / seen.sum(1, keepdim=True)) @ f)


def layer_by_loops(poses, f, mask):
    u = checks.matrices(poses)
    out = torch.zeros_like(f)
    there = [i for i in range(len(mask)) if mask[i]]
    for v in there:
        terms = [checks.kernel(checks.log(torch.linalg.solve(u[v], u[w]))) * f[w] for w in there]
        out[v] = sum(terms) / len(there)
    return out


def layer_of_the_kept(poses, f, mask):
    kept = torch.tensor(mask)
    angle = poses[kept, 2]
    away = torch.view_as_complex(poses[kept, :2].contiguous())
    back = torch.polar(torch.ones_like(angle), -angle)[:, None]
    place = torch.view_as_real(back * (away - away[:, None]))
    relative = torch.cat([place, (angle - angle[:, None])[..., None]], dim=-1)
    weights = checks.kernel(checks.log(checks.matrices(relative.flatten(0, 1)))).view_as(back * away)
    out = torch.zeros_like(f)
    out[kept] = (weights * f[kept]).mean(dim=1)
    return out


def samples_by_counting(samples, error, target):
    low, high = 0, 10**30
    while high - low > 1:
        middle = (low + high) // 2
        if 2 * middle * target**2 >= samples * error**2:
            high = middle
        else:
            low = middle
    return high


def samples_by_rest(samples, error, target):
    quotient, rest = divmod(samples * error * error, 2 * target * target)
    return quotient + (rest > 0)


RIGHT = {
    "exponential": [exp_by_series, exp_by_complex_numbers],
    "logarithm": [log_by_complex_numbers, log_by_solving],
    "lifting": [lift_by_loops, lift_by_products],
    "neighbours": [mean_by_loops, mean_of_the_kept],
    "convolve": [layer_by_loops, layer_of_the_kept],
    "samples": [samples_by_counting, samples_by_rest],
}


# Wrong answers


def element(cos, sin, x, y):
    return torch.tensor([[cos, -sin, x], [sin, cos, y], [0, 0, 1]], dtype=torch.float64)


def exp_without_v(right, up, angle):
    return element(math.cos(angle), math.sin(angle), right, up)


def exp_turned(right, up, angle):
    cos, sin = math.cos(angle), math.sin(angle)
    return element(cos, sin, cos * right - sin * up, sin * right + cos * up)


def exp_bent(right, up, angle):
    u = exp_by_complex_numbers(right, up, -angle)
    return element(math.cos(angle), math.sin(angle), u[0, 2], u[1, 2])


def exp_clockwise(right, up, angle):
    u = exp_by_complex_numbers(right, up, angle)
    return element(math.cos(angle), -math.sin(angle), u[0, 2], u[1, 2])


def exp_not_divided(right, up, angle):
    if angle == 0:
        return element(1, 0, right, up)
    s, c = math.sin(angle), 1 - math.cos(angle)
    return element(math.cos(angle), s, s * right - c * up, c * right + s * up)


def exp_two_terms(right, up, angle):
    return torch.tensor([[1, -angle, right], [angle, 1, up], [0, 0, 1]], dtype=torch.float64)


def exp_of_the_algebra(right, up, angle):
    u = exp_by_complex_numbers(right, up, angle)
    u[2] = 0
    return u


def log_raw(cos, sin, right, up):
    return log_at(math.atan2(sin, cos), right, up)


def log_at(angle, right, up):
    h = 1 - angle**2 / 12 if abs(angle) < 1e-4 else angle / 2 / math.tan(angle / 2)
    return h * right + angle / 2 * up, h * up - angle / 2 * right, angle


def log_arc_cosine(cos, sin, right, up):
    return log_at(math.acos(np.clip(cos, -1, 1)), right, up)


def log_full_circle(cos, sin, right, up):
    angle = math.atan2(sin, cos)
    return log_at(angle + 2 * math.pi if angle < 0 else angle, right, up)


def log_same_shift(cos, sin, right, up):
    return right, up, log_by_solving(cos, sin, right, up)[2]


def log_times_v(cos, sin, right, up):
    angle = float(log_by_solving(cos, sin, right, up)[2])
    u = exp_by_complex_numbers(right, up, angle)
    return u[0, 2].item(), u[1, 2].item(), angle


def log_other_side(cos, sin, right, up):
    x, y, angle = log_by_complex_numbers(cos, sin, right, -up)
    return x, -y, angle


def log_without_h(cos, sin, right, up):
    angle = float(log_by_solving(cos, sin, right, up)[2])
    return right + angle / 2 * up, up - angle / 2 * right, angle


def log_divides_by_zero(cos, sin, right, up):
    angle = math.atan2(sin, cos)
    h = angle / 2 / math.tan(angle / 2)
    return h * right + angle / 2 * up, h * up - angle / 2 * right, angle


def lift_turned(points, angles):
    u = lift_by_products(points, angles)
    u[..., :2, 2:] = u[..., :2, :2] @ points[:, None, :, None]
    return u


def lift_with(change):
    return lambda points, angles: change(lift_by_loops(points, angles))


def lift_away(points, angles):
    return lift_by_loops(-points, angles)


def lift_clockwise(points, angles):
    return lift_by_loops(points, -angles)


def lift_without_angles(points, angles):
    return lift_by_loops(points, 0 * angles)


def lift_samples_first(points, angles):
    return lift_by_loops(points, angles).transpose(0, 1)


def lift_in_degrees(points, angles):
    return lift_by_loops(points, angles / 180 * math.pi)


def local(usable, seen, divide, answers):
    """Local mean from its steps."""

    def mean(points, values, mask, radius, neighbours):
        there = torch.tensor(mask)
        distance = (points[:, None] - points).norm(dim=-1)
        masked = distance.masked_fill(~usable(there), math.inf)
        rank = masked.argsort(dim=1).argsort(dim=1)
        chosen = seen(distance, rank, radius, neighbours) & (
            there if not usable(there).all() else usable(there)
        )
        if not answers:
            chosen = chosen & there[:, None]
        count = divide(chosen.sum(1, keepdim=True), neighbours, there)
        return chosen.double() @ values / count.clamp(min=1)

    return mean


def only_there(there):
    return there


def everything(there):
    return there | True


def near(distance, rank, radius, neighbours):
    return (distance <= radius) & (rank < neighbours)


def by_count(count, neighbours, there):
    return count


def mean_masked_late(points, values, mask, radius, neighbours):
    there = torch.tensor(mask)
    distance, index = (points[:, None] - points).norm(dim=-1).topk(min(neighbours, len(mask)), largest=False)
    seen = ((distance <= radius) & there[index] & there[:, None]).double()
    return (seen[..., None] * values[index]).sum(1) / seen.sum(1, keepdim=True).clamp(min=1)


def mean_of_the_others(points, values, mask, radius, neighbours):
    there = torch.tensor(mask)
    distance = (points[:, None] - points).norm(dim=-1).masked_fill(~there, math.inf)
    rank = distance.fill_diagonal_(math.inf).argsort(dim=1).argsort(dim=1)
    seen = ((distance <= radius) & (rank < neighbours) & there[:, None]).double()
    return seen @ values / seen.sum(1, keepdim=True).clamp(min=1)


def layer(relative, *, values, counted, answers):
    def lie(poses, f, mask):
        there = torch.tensor(mask).double()
        u = checks.matrices(poses)
        weights = checks.kernel(checks.log(relative(u[:, None], u[None])))
        total = (weights * f * (there if values else 1)).sum(dim=1)
        return total / (there.sum() if counted else len(there)) * (there if answers else 1)

    return lie


def right_layer(relative):
    return layer(relative, values=True, counted=True, answers=True)


def good(v, u):
    return torch.linalg.inv(v) @ u


def bad(v, u):
    return u @ torch.linalg.inv(v)


def layer_of_differences(poses, f, mask):
    there = torch.tensor(mask).double()
    a = checks.log(checks.matrices(poses))
    weights = checks.kernel(a[None] - a[:, None])
    return (weights * f * there).sum(1) / there.sum() * there


def root_law(samples, error, target):
    return math.ceil(samples * error / (2 * target))


WRONG = {
    "exponential": [
        (exp_without_v, "the way is curved"),
        (exp_turned, "turned by the whole angle"),
        (exp_bent, "bends to the wrong side"),
        (exp_clockwise, "The rotation is clockwise"),
        (exp_not_divided, "not divided by the angle"),
        (exp_two_terms, "first two terms of the series"),
        (exp_of_the_algebra, "The last row must be 0 0 1"),
        (lambda right, up, angle: exp_by_series(right, up, math.radians(angle)), "taken as degrees"),
        (lambda right, up, angle: exp_by_series(right, up, angle)[:2], "Wrong shape"),
    ],
    "logarithm": [
        (log_arc_cosine, "arc cosine does not know"),
        (log_full_circle, "run from 0 to 2 pi"),
        (log_raw, "the sign of a rounding error decides"),
        (log_same_shift, "handed on as it is"),
        (log_times_v, "multiplied by V"),
        (log_other_side, "with the sign of the angle exchanged"),
        (log_without_h, "h is taken as 1"),
        (log_divides_by_zero, "ZeroDivisionError"),
        (lambda *u: torch.tensor(log_by_complex_numbers(*u)), "must return a tuple"),
    ],
    "lifting": [
        (lift_turned, "turns the point too"),
        (lift_with(torch.linalg.inv), "inverse elements"),
        (lift_with(lambda u: u.mT), "transposed"),
        (lift_away, "point with a minus"),
        (lift_clockwise, "clockwise"),
        (lift_without_angles, "angles are ignored"),
        (lambda points, angles: lift_by_loops(0 * points, angles), "points are ignored"),
        (lift_in_degrees, "taken as degrees"),
        (lift_samples_first, "right axes in another order"),
    ],
    "neighbours": [
        (local(everything, near, by_count, False), "Padding is averaged too"),
        (mean_masked_late, "takes places among the nearest"),
        (local(only_there, near, lambda c, n, t: torch.full_like(c, n), False), "divide by `neighbours`"),
        (local(only_there, near, lambda c, n, t: 0 * c + t.sum(), False), "all points that are there"),
        (local(only_there, near, lambda c, n, t: torch.full_like(c, len(t)), False), "padding among them"),
        (local(only_there, near, lambda c, n, t: torch.ones_like(c), False), "This is the sum"),
        (mean_of_the_others, "its own neighbourhood"),
        (local(only_there, lambda d, k, r, n: (d < r) & (k < n), by_count, False), "`radius` exactly"),
        (local(only_there, lambda d, k, r, n: k < n, by_count, False), "radius is ignored"),
        (local(only_there, lambda d, k, r, n: d <= r, by_count, False), "bound `neighbours` is ignored"),
        (local(only_there, near, by_count, True), "Padding has an answer"),
    ],
    "convolve": [
        (layer(bad, values=False, counted=False, answers=False), "Both bugs"),
        (right_layer(bad), "look at what becomes of u v^-1"),
        (layer(good, values=False, counted=False, answers=False), "padding still belongs to the mean"),
        (layer(good, values=True, counted=False, answers=True), "still counted in the mean"),
        (layer(good, values=True, counted=True, answers=False), "Padding has an answer"),
        (right_layer(lambda v, u: torch.linalg.inv(u) @ v), "reflected kernel"),
        (right_layer(lambda v, u: v @ torch.linalg.inv(u)), "inverse belongs to the other element"),
        (right_layer(lambda v, u: v @ u), "no inverse any more"),
        (layer_of_differences, "only if the group is commutative"),
    ],
    "samples": [
        (lambda n, e, t: -(-n * e**2 // t**2), "difference of two answers for the error of one"),
        (root_law, "fall like 1/n"),
        (lambda n, e, t: -(-2 * n * e**2 // t**2), "on the wrong side"),
        (lambda n, e, t: max(1, -(-n * t**2 // (2 * e**2))), "exchanged"),
        (lambda n, e, t: n * e**2 // (2 * t**2), "0 samples give no answer"),
        (lambda n, e, t: max(1, n * e**2 // (2 * t**2)), "not quite enough"),
        (lambda n, e, t: n * e**2 // (2 * t**2) + 1, "One too many"),
        (lambda n, e, t: max(n, -(-n * e**2 // (2 * t**2))), "Fewer samples than were measured"),
        (lambda n, e, t: n * e**2 / (2 * t**2), "must return a whole number"),
    ],
}
