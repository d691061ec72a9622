"""Answers to the unit on points as students write them: right in several ways, and wrong in typical ones.

Each wrong answer comes with a phrase of the message that is meant for it. Where a value is drawn for each
student, it is the first argument.
"""

import math
from collections import Counter, defaultdict

import numpy as np
import torch

from course_lib.checks import points as checks

# Right answers, none of them written as in the solution


def messages_by_loops(points, scalars, radius):
    out = torch.zeros_like(points)
    for i, p in enumerate(points):
        for j, q in enumerate(points):
            r = math.dist(p, q)
            if 0 < r < radius:
                out[i] += (1 / r - 1 / radius) * scalars[j] * (q - p)
    return out


def messages_by_edges(points, scalars, radius):
    receiving, sending = torch.triu_indices(len(points), len(points), 1)
    receiving, sending = torch.cat([receiving, sending]), torch.cat([sending, receiving])
    step = points[sending] - points[receiving]
    r = step.square().sum(1).sqrt()
    sent = torch.nn.functional.normalize(step, dim=1) * (scalars[sending] * (1 - r / radius).relu())[:, None]
    return torch.zeros_like(points).index_add(0, receiving, sent)


def parts_by_loops(a, b):
    out = torch.zeros(len(a), 3, 3, 3, dtype=a.dtype)
    for n, (u, v) in enumerate(zip(a, b, strict=True)):
        for j in range(3):
            for k in range(3):
                out[n, 0, j, k] = (j == k) * (u @ v) / 3
                out[n, 1, j, k] = (u[j] * v[k] - u[k] * v[j]) / 2
                out[n, 2, j, k] = (u[j] * v[k] + u[k] * v[j]) / 2 - out[n, 0, j, k]
    return out


def parts_by_cross_product(a, b):
    m = torch.einsum("pj,pk->pjk", a, b)
    w = torch.linalg.cross(a, b) / 2
    odd = torch.zeros_like(m)
    odd[:, 0, 1], odd[:, 1, 2], odd[:, 2, 0] = w[:, 2], w[:, 0], w[:, 1]
    odd = odd - odd.mT
    trace = m.diagonal(dim1=1, dim2=2).mean(dim=1)
    zero = torch.diag_embed(trace[:, None].expand(-1, 3))
    return torch.stack([zero, odd, m - odd - zero], dim=1)


def profiles_by_listing(degree, m, highest):
    found = 0
    for k in range(highest + 1):
        a, b, c = sorted((degree, k, m))
        found += a + b >= c and (-1) ** (a + b + c) == 1
    return found


def profiles_by_range(degree, m, highest):
    allowed = range(abs(m - degree), m + degree + 1, 2)
    return len([k for k in allowed if k <= highest])


def layer_by_loops(x, scalar_mix, vector_mix, bias):
    points, c_out = len(x), len(bias)
    out = torch.zeros(points, c_out, 4, dtype=x.dtype)
    for o in range(c_out):
        s = sum(scalar_mix[o, i] * x[:, i, 0] for i in range(x.shape[1])) + bias[o]
        v = sum(vector_mix[o, i] * x[:, i, 1:] for i in range(x.shape[1]))
        v = v / math.sqrt((v**2).sum() / points) / (1 + torch.exp(-s))[:, None]
        out[:, o, 0], out[:, o, 1:] = s.clamp(min=0), v
    return out


def layer_by_matrices(x, scalar_mix, vector_mix, bias):
    mixes = torch.stack([scalar_mix, vector_mix, vector_mix, vector_mix])
    mixed = torch.einsum("doi,pid->pod", mixes, x)
    s, v = mixed[..., 0] + bias, mixed[..., 1:]
    rms = torch.linalg.vector_norm(v, dim=(0, 2), keepdim=True) / len(x) ** 0.5
    return torch.cat([torch.relu(s).unsqueeze(-1), s.sigmoid().unsqueeze(-1) * (v / rms)], dim=-1)


def attention_by_loops(points, queries, keys, values):
    places, n, c = queries.shape
    out = torch.zeros_like(values)
    for p in range(places):
        for r in range(n):
            scores = torch.zeros(places, n, dtype=points.dtype)
            for q in range(places):
                for s in range(n):
                    step = torch.view_as_complex(points[q] - points[p])
                    step = step * torch.polar(*points.new_tensor([1, -2 * math.pi * r / n]))
                    angle = points.new_tensor(2 * math.pi * ((s - r) % n) / n)
                    scores[q, s] = checks.encoding(step.real, step.imag, angle)
                    scores[q, s] += queries[p, r] @ keys[q, s] / c**0.5
            weights = scores.exp() / scores.exp().sum()
            out[p, r] = (weights[..., None] * values).sum(dim=(0, 1))
    return out


def attention_by_elements(points, queries, keys, values):
    places, n, c = queries.shape
    angle = (torch.arange(n).double() * 2 * math.pi / n).repeat(places)  # of element (place, direction)
    x, y = points.repeat_interleave(n, dim=0).unbind(1)
    dx, dy = x - x[:, None], y - y[:, None]
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    seen = checks.encoding(cos * dx + sin * dy, cos * dy - sin * dx, angle - angle[:, None])
    q, k, v = (t.flatten(0, 1) for t in (queries, keys, values))
    return torch.softmax(q @ k.T * c**-0.5 + seen, dim=1).matmul(v).view_as(values)


def turns_of(image):
    pixels = image.numpy()
    return [np.rot90(pixels, r).tolist() for r in range(4)]


def price_by_pairs(images, labels):
    """Boxes by comparing each image with all before it."""

    def right(alike):
        boxes = []
        for image, label in zip(images, labels, strict=True):
            box = next((box for box in boxes if alike(box[0], image)), None)
            if box is None:
                box = (image, Counter())
                boxes.append(box)
            box[1][label] += 1
        return sum(max(tally.values()) for _, tally in boxes)

    return right(torch.equal), right(lambda a, b: b.tolist() in turns_of(a))


def price_by_names(images, labels):
    answers = []
    for name in (lambda image: image.tolist(), lambda image: sorted(turns_of(image))):
        box = defaultdict(lambda: defaultdict(int))
        for image, label in zip(images, labels, strict=True):
            box[str(name(image))][label] += 1
        answers.append(sum(max(tally.values()) for tally in box.values()))
    return answers


RIGHT = {
    "messages": [messages_by_loops, messages_by_edges],
    "parts": [parts_by_loops, parts_by_cross_product],
    "profiles": [profiles_by_listing, profiles_by_range],
    "layer": [layer_by_loops, layer_by_matrices],
    "attention": [attention_by_loops, attention_by_elements],
    "price": [price_by_pairs, price_by_names],
}


# Wrong answers


def by_steps(term, total=lambda terms, near: terms.sum(1)):
    """Messages from a rule for step, distance, scalars of sender and receiver, and radius."""

    def messages(points, scalars, radius):
        step = points - points[:, None]
        r = step.square().sum(-1, keepdim=True).sqrt()
        own, other = scalars[:, None, None], scalars[None, :, None]
        terms = term(step, r + (r == 0), own, other, radius)
        return total(terms, (r < radius).sum(1) - 1)

    return messages


def right_term(d, r, own, other, R):
    return (1 - r / R).relu() * other * d / r


def messages_absolute(points, scalars, radius):
    r = torch.cdist(points, points)[..., None]
    weight = (1 - r / radius).relu() * (r > 0) * scalars[None, :, None]
    return (weight * torch.nn.functional.normalize(points, dim=1)).sum(dim=1)


def parts_from(change):
    """Parts from the product, its transpose, and its trace times the identity."""

    def parts(a, b):
        m = torch.einsum("pj,pk->pjk", a, b)
        t = m.diagonal(dim1=1, dim2=2).sum(1)[:, None, None] * torch.eye(3).double()
        return torch.stack(change(m, m.mT, t), dim=1)

    return parts


def parts_of_the_diagonal(a, b):
    m = torch.einsum("pj,pk->pjk", a, b)
    diagonal = m * torch.eye(3).double()
    return torch.stack([diagonal, (m - m.mT) / 2, (m + m.mT) / 2 - diagonal], dim=1)


def parts_with_cross_product(a, b):
    good = parts_by_loops(a, b)
    good[:, 1] *= -2
    return good


def layer_from(divisor, gate, *, bias_on_vectors=False, last=torch.relu):
    """Layer from the divisor of the vectors and from what happens to them then."""

    def layer(x, scalar_mix, vector_mix, bias):
        s = torch.einsum("oi,pi->po", scalar_mix, x[..., 0]) + bias
        v = torch.einsum("oi,pid->pod", vector_mix, x[..., 1:])
        v = v + bias[:, None] if bias_on_vectors else v
        v = gate(v / divisor(v), s[..., None])
        return torch.cat([last(s)[..., None], v], dim=-1)

    return layer


def by_length(v):
    return (v**2).sum(-1).mean(0).sqrt()[:, None]


def by_entry(v):
    return (v**2).mean(0).sqrt()


def opened(v, s):
    return v * torch.sigmoid(s)


def cut(v, s):
    return v.relu()


def attend(*, step=1, turn=-1, by_key=False, angle=lambda r, s: s - r, dims=(2, 3), add=True):
    """Attention with another sense of step, turn and angle, another softmax, and perhaps no encoding."""

    def attention(points, queries, keys, values):
        n, c = queries.shape[1:]
        a = torch.arange(n).double() * 2 * math.pi / n
        r, s = a[:, None, None], a[None, None, :]
        looks = turn * (s if by_key else r)
        right, up = (step * (points - points[:, None]))[:, None, :, None].unbind(-1)
        cos, sin = looks.cos(), looks.sin()
        seen = checks.encoding(cos * right - sin * up, sin * right + cos * up, angle(r, s))
        scores = torch.einsum("prc,qsc->prqs", queries, keys) / c**0.5 + add * seen
        weights = scores.exp() / scores.exp().sum(dims, keepdim=True) if dims else scores
        return torch.einsum("prqs,qsc->prc", weights, values)

    return attention


def right_with(images, labels, name, value=lambda tally: max(tally.values())):
    box = defaultdict(Counter)
    for image, label in zip(images, labels, strict=True):
        box[str(name(image))][label] += 1
    return sum(map(value, box.values()))


def same_image(image):
    return image.tolist()


def orbit(image):
    return sorted(turns_of(image))


def price_from(free, invariant):
    return lambda images, labels: (free(images, labels), invariant(images, labels))


def freely(images, labels):
    return right_with(images, labels, same_image)


def invariantly(images, labels):
    return right_with(images, labels, orbit)


def half_turns(image):
    return sorted(turns_of(image)[::2])


def with_mirrors(image):
    return sorted(turns_of(image) + turns_of(image.fliplr()))


WRONG = {
    "messages": [
        (lambda p, s, R: -messages_by_loops(p, s, R), "wrong sign"),
        (by_steps(right_term, lambda terms, near: terms.sum(0)), "what each point sends"),
        (by_steps(lambda d, r, own, other, R: right_term(d, r, own, own, R)), "the one who receives is used"),
        (lambda p, s, R: messages_by_loops(p, torch.ones_like(s), R), "The scalars are ignored"),
        (
            by_steps(lambda d, r, own, other, R: r * right_term(d, r, own, other, R)),
            "not divided by its length",
        ),
        (by_steps(lambda d, r, own, other, R: (1 - r / R) * other * d / r), "your weight becomes negative"),
        (by_steps(lambda d, r, own, other, R: (r < R) * other * d / r), "have the weight 1"),
        (by_steps(right_term, lambda terms, near: terms.mean(1)), "the mean over all points"),
        (
            by_steps(right_term, lambda terms, near: terms.sum(1) / near.clamp(min=1)),
            "mean over the neighbours",
        ),
        (messages_absolute, "from the origin to the sender"),
        (lambda p, s, R: messages_by_loops(p, s, R) / 0, "inf or nan"),
    ],
    "parts": [
        (parts_from(lambda m, n, t: (t / 3, (m - n) / 2, (m + n) / 2)), "still has a trace"),
        (
            parts_from(lambda m, n, t: (t, (m - n) / 2, (m + n) / 2 - t)),
            "three times the trace",
        ),
        (parts_from(lambda m, n, t: (t, (m - n) / 2, (m + n) / 2 - t / 3)), "the other two are right"),
        (parts_of_the_diagonal, "You took the diagonal"),
        (lambda a, b: parts_by_loops(b, a), "rows belong to a"),
        (parts_from(lambda m, n, t: (t / 3, m - n, m + n - t / 3)), "The halves are missing: a matrix"),
        (parts_with_cross_product, "the cross product itself"),
        (lambda a, b: parts_by_loops(a, b).flip(1), "degree 0 comes first"),
        (lambda a, b: parts_by_loops(a, b)[:, [0, 2, 1]], "a vector in disguise"),
        (lambda a, b: parts_by_loops(a, b).sum(1), "Wrong shape"),
    ],
    "profiles": [
        (lambda d, m, h: len(range(abs(d - m), min(d + m, h) + 1)), "Mirrors are forgotten"),
        (lambda d, m, h: min(d, m) + 1, "The bound `highest` is ignored"),
        (lambda d, m, h: len(range(abs(d - m), min(d + m + 1, h), 2)), "one degree too few"),
        (lambda d, m, h: len(range((d + m) % 2, min(d + m, h) + 1, 2)), "The lower bound is missing"),
        (lambda d, m, h: len(range(abs(d - m), h + 1, 2)), "The upper bound is missing"),
        (lambda d, m, h: len(range(abs(d - m), min(d + m, h + 1), 2)), "The largest harmonic is left out"),
        (lambda d, m, h: len({abs(d - m), d + m} & set(range(h + 1))), "Only the two ends"),
        (
            lambda d, m, h: sum(2 * k + 1 for k in range(abs(d - m), min(d + m, h) + 1, 2)),
            "The entries of the harmonics are counted",
        ),
        (lambda d, m, h: h + 1, "Every harmonic is counted"),
        (lambda d, m, h: profiles_by_range(d, m, h) > 0, "must return a whole number"),
    ],
    "layer": [
        (layer_from(by_entry, cut, bias_on_vectors=True), "All three bugs"),
        (layer_from(by_length, opened, bias_on_vectors=True), "a constant vector"),
        (layer_from(by_entry, opened), "stretched differently"),
        (layer_from(by_length, cut), "whatever points backwards"),
        (layer_from(by_entry, cut), "two bugs are left: division and ReLU"),
        (layer_from(lambda v: (v**2).mean((0, 2))[:, None].sqrt(), opened), "by the root of 3"),
        (layer_from(lambda v: v.norm(dim=2, keepdim=True), opened), "by its own length"),
        (layer_from(lambda v: (v**2).sum(2).mean().sqrt(), opened), "One divisor for all channels"),
        (layer_from(lambda v: 1, opened), "not divided any more"),
        (layer_from(by_length, lambda v, s: v), "the gate is missing"),
        (layer_from(by_length, lambda v, s: v * s.relu().sigmoid()), "sees the scalars after ReLU"),
        (layer_from(by_length, lambda v, s: v * v.sigmoid()), "one number for the whole vector"),
        (layer_from(by_length, opened, last=lambda s: s), "have lost their ReLU"),
    ],
    "attention": [
        (attend(turn=0), "The step is not turned back"),
        (attend(turn=1), "turned the wrong way"),
        (attend(by_key=True), "turned back by the key's direction"),
        (attend(step=-1), "The step goes from the key"),
        (attend(angle=lambda r, s: r - s), "The angle goes from the key"),
        (attend(angle=lambda r, s: s), "the key's direction alone"),
        (attend(dims=(2,)), "over places alone"),
        (attend(dims=(3,)), "over directions alone"),
        (attend(dims=(0, 1)), "over the queries"),
        (attend(dims=()), "There is no softmax"),
        (attend(add=False), "The encoding is missing"),
    ],
    "price": [
        (price_from(freely, freely), "without symmetry. An invariant one"),
        (price_from(invariantly, invariantly), "may tell turned copies apart"),
        (price_from(invariantly, freely), "The order is wrong"),
        (price_from(lambda x, y: len(y), invariantly), "equal images can have different labels"),
        (price_from(freely, lambda x, y: right_with(x, y, with_mirrors)), "Mirror images"),
        (
            price_from(freely, lambda x, y: right_with(x, y, lambda i: sorted(turns_of(i)[::2]))),
            "Only half turns",
        ),
        (price_from(freely, lambda x, y: max(map(y.count, y))), "the same answer. It may"),
        (
            price_from(freely, lambda x, y: right_with(x, y, orbit, lambda t: t.total() * (len(t) == 1))),
            "Mixed orbits count as lost",
        ),
        (price_from(freely, lambda x, y: right_with(x, y, orbit, lambda t: 1)), "the mixed ones too"),
        (lambda x, y: (len(y) - freely(x, y), len(y) - invariantly(x, y)), "must be wrong"),
        (invariantly, "must return a tuple"),
    ],
}
