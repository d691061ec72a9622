"""Answers to the unit on SE(2, N) as students write them: right in several ways, and wrong in typical ones.

Each wrong answer comes with a phrase of the message that is meant for it.
"""

import math

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

# Right answers, none of them written as in the solution


def matrix_by_scipy(size, angle_deg):
    """Turn every single bright pixel; a frame of zeros makes the border fade to zero."""
    columns = []
    for pixel in range(size**2):
        picture = np.zeros((size + 2, size + 2))
        picture[1 + pixel // size, 1 + pixel % size] = 1
        a, c = math.radians(angle_deg), (size + 1) / 2
        back = np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])  # of row, column
        offset = np.array([c, c]) - back @ np.array([c, c])
        turned = ndimage.affine_transform(picture, back, offset, order=1, mode="constant", cval=0.0)
        columns.append(turned[1:-1, 1:-1].ravel())
    return torch.from_numpy(np.stack(columns, axis=1))


def matrix_by_tents(size, angle_deg, *, sense=1, shift=0.0, border=False, nearest=False, radians=False):
    """Tents around the source points; the options are mistakes."""
    a = sense * (angle_deg if radians else math.radians(angle_deg))
    places = torch.arange(size, dtype=torch.float64)
    c = (size - 1) / 2 + shift
    y, x = (part.flatten() for part in torch.meshgrid(places - c, places - c, indexing="ij"))
    sources = [math.cos(a) * y + math.sin(a) * x + c, math.cos(a) * x - math.sin(a) * y + c]
    if nearest:
        sources = [part.round() for part in sources]
    if border:
        sources = [part.clamp(0, size - 1) for part in sources]
    tents = [F.relu(1 - (part[:, None] - places).abs()) for part in sources]
    return torch.einsum("ty,tx->tyx", *tents).flatten(1)


def disc(k, dtype=torch.float64):
    y, x = np.indices((k, k)) - (k - 1) / 2
    return torch.from_numpy(np.hypot(y, x) <= k / 2).to(dtype)


def bank_by_einsum(weight, turns):
    k, mask = weight.shape[-1], disc(weight.shape[-1]).flatten()
    matrices = mask[:, None] * turns * mask
    turned = torch.einsum("nts,ois->onit", matrices, weight.flatten(2))
    return turned.unflatten(-1, (k, k))


def bank_by_loop(weight, turns):
    out = torch.zeros(weight.shape[0], len(turns), *weight.shape[1:], dtype=weight.dtype)
    for h, matrix in enumerate(turns):
        for o in range(weight.shape[0]):
            for i in range(weight.shape[1]):
                w = (weight[o, i] * disc(weight.shape[-1])).reshape(-1)
                out[o, h, i] = (matrix @ w).reshape(weight.shape[2:]) * disc(weight.shape[-1])
    return out


def fiber_with(place, turn=lambda h, n: h):
    """Bank in which output h reads input j with the slice at the given place; None is zero."""

    def build(weight, turns):
        n = len(turns)
        rows = []
        for h in range(n):
            picked = [place(j, h, n) for j in range(n)]
            slices = [0 * weight[:, :, 0] if p is None else weight[:, :, p] for p in picked]
            rows.append(torch.einsum("ts,ocjs->ocjt", turns[turn(h, n)], torch.stack(slices, 2).flatten(3)))
        return torch.stack(rows, 1).reshape(weight.shape[0], n, *weight.shape[1:])

    return build


def fiber_by_roll(weight, turns):
    entries = [torch.roll(weight, h, dims=2).flatten(3) @ turn.T for h, turn in enumerate(turns)]
    return torch.stack([entry.reshape(weight.shape) for entry in entries], dim=1)


def pool_by_window(n, x):
    return F.max_pool3d(x[:, None], (n, 1, 1)).squeeze(1)


def pool_by_split(n, x):
    return torch.stack([part.max(dim=1).values for part in x.split(n, dim=1)], dim=1)


def orientations(limit, *, step=4, half=90):
    n = step
    while 2 * math.sin(math.radians(half / n)) > limit:
        n += step
    return n


def side(n, *, first=3, step=2, room=lambda k: int(disc(k).sum())):
    while room(first) < n:
        first += step
    return first


def design_by_search(limit, parameters):
    n = orientations(limit)
    k = side(n)
    c = 0
    while (c + 1) ** 2 * n * k**2 <= parameters:
        c += 1
    return n, k, c


def design_by_formula(limit, parameters):
    n = 4 * math.ceil(math.pi / 2 / math.asin(limit / 2) / 4)
    k = next(k for k in (3, 5, 7, 9, 11) if {3: 9, 5: 21, 7: 37, 9: 69, 11: 97}[k] >= n)
    return [n, k, int(np.sqrt(parameters / n) / k)]


RIGHT = {
    "sampling": [matrix_by_scipy, matrix_by_tents],
    "bank": [bank_by_einsum, bank_by_loop],
    "fiber": [fiber_with(lambda j, h, n: (j - h) % n), fiber_by_roll],
    "pool": [pool_by_window, pool_by_split],
    "design": [design_by_search, design_by_formula],
}


# Wrong answers


def normalised(size, angle_deg):
    matrix = matrix_by_tents(size, angle_deg)
    return matrix / matrix.sum(1, keepdim=True).clamp(min=1e-9)


def cut(weight, turns, before, after):
    mask = disc(weight.shape[-1])
    w = weight * mask if before else weight
    out = torch.stack([(w.flatten(2) @ turn.T).reshape(w.shape) for turn in turns], 1)
    return out * mask if after else out


def again(weight, turns):
    mask = disc(weight.shape[-1])
    entries = [(weight * mask).flatten(2)]
    for _ in turns[1:]:
        entries.append(entries[-1] @ turns[1].T)
    return torch.stack(entries, 1).unflatten(-1, mask.shape) * mask


def read_by_angle(weight, turns):
    n = len(turns)
    angles = torch.linspace(0, 2 * math.pi * (n - 1) / n, n, dtype=torch.float32)
    back = torch.remainder(-angles, 2 * math.pi)
    place = torch.remainder(back[:, None] + angles, 2 * math.pi) * (n / (2 * math.pi))
    share = (1 - (place.double()[..., None] - torch.arange(n)).abs()).clamp(min=0)
    read = torch.einsum("hji,ocis->ohcjs", share, weight.flatten(3))
    return torch.einsum("hts,ohcjs->ohcjt", turns, read).view(weight.shape[0], n, *weight.shape[1:])


def designed(limit, parameters, *, n=orientations, k=side, weights=lambda n, k: n * k**2, up=False):
    n = n(limit)
    k = k(n)
    c = math.sqrt(parameters / weights(n, k))
    return n, k, math.ceil(c) if up else math.floor(c)


def power_of_two(limit):
    n = 4
    while 2 * math.sin(math.pi / 2 / n) > limit:
        n *= 2
    return n


WRONG = {
    "sampling": [
        (lambda s, a: matrix_by_tents(s, -a), "clockwise"),
        (lambda s, a: matrix_by_tents(s, a).view(s, s, s, s).permute(1, 0, 3, 2).reshape(s * s, -1),
         "rows and columns have changed places"),
        (lambda s, a: matrix_by_tents(s, a).T, "transposed"),
        (lambda s, a: matrix_by_tents(s, a, shift=0.5), "half a pixel off"),
        (lambda s, a: matrix_by_tents(s, a, nearest=True), "nearest source"),
        (lambda s, a: matrix_by_tents(s, a, border=True), "repeat the border"),
        (normalised, "divide each row"),
        (lambda s, a: matrix_by_tents(s, a, radians=True), "radians"),
        (lambda s, a: torch.eye(s * s, dtype=torch.float64), "Nothing turns"),
        (lambda s, a: matrix_by_tents(s, a).to_sparse(), "ordinary tensor"),
        (lambda s, a: matrix_by_tents(s, a).float(), "Wrong type of numbers"),
        (lambda s, a: matrix_by_tents(s, a).view(s, s, s, s), "Wrong shape"),
    ],
    "bank": [
        (lambda w, turns: cut(w, turns, False, False), "There is no disc"),
        (lambda w, turns: cut(w, turns, True, False), "before the turn only"),
        (lambda w, turns: cut(w, turns, False, True), "after the turn only"),
        (again, "turned again"),
        (lambda w, turns: bank_by_einsum(w, turns.mT), "wrong side"),
        (lambda w, turns: bank_by_einsum(w, turns.roll(-1, 0).flip(0)), "clockwise"),
        (lambda w, turns: bank_by_einsum(w, turns[:1].expand_as(turns)), "nothing is turned"),
        (lambda w, turns: bank_by_loop(w, turns).transpose(0, 1).reshape(-1, len(turns), *w.shape[1:]),
         "reshape and view"),
        (lambda w, turns: bank_by_loop(w, turns).transpose(0, 1), "another order"),
        (lambda w, turns: bank_by_loop(w, turns) + 1, "Compare them"),
    ],
    "fiber": [
        (read_by_angle, "hair below 2 pi"),
        (fiber_with(lambda j, h, n: j - h if j >= h else None), "Nothing comes round"),
        (fiber_with(lambda j, h, n: max(j - h, 0)), "Places before 0"),
        (fiber_with(lambda j, h, n: (j + h) % n), "wrong way"),
        (fiber_with(lambda j, h, n: j), "does not move"),
        (fiber_with(lambda j, h, n: (j - h - 1) % n), "Off by one"),
        (fiber_with(lambda j, h, n: (j - h % 4) % n), "modulo 4"),
        (fiber_with(lambda j, h, n: (j - h) % n, lambda h, n: 0), "kernels do not turn"),
        (fiber_with(lambda j, h, n: (j - h) % n, lambda h, n: -h % n), "clockwise; the shift"),
        (lambda w, turns: fiber_by_roll(w, turns).permute(0, 3, 2, 1, 4, 5), "exchanged"),
        (lambda w, turns: fiber_by_roll(w, turns)[:, 0], "Wrong shape"),
        (lambda w, turns: w[:, :, len(turns)], "raised IndexError"),
    ],
    "pool": [
        (lambda n, x: x.unflatten(1, (n, -1)).amax(1), "mixed up"),
        (lambda n, x: x.unflatten(1, (-1, n)).mean(2), "mean over the fiber"),
        (lambda n, x: x.unflatten(1, (-1, n)).amin(2), "minimum"),
        (lambda n, x: x.unflatten(1, (-1, n)).sum(2), "sum over"),
        (lambda n, x: pool_by_window(n, x.abs()), "sign is lost"),
        (lambda n, x: x[:, ::n], "Only entry 0"),
        (lambda n, x: x.unflatten(1, (-1, n)).argmax(2).to(x), "argmax"),
        (lambda n, x: x.unflatten(1, (-1, n)).amax(2, keepdim=True), "Wrong shape"),
        (lambda n, x: x.unflatten(1, (-1, n)).max(2), "must return a tensor"),
    ],
    "design": [
        (lambda e, p: designed(e, p, n=lambda e: orientations(e, step=1)), "not a multiple of 4"),
        (lambda e, p: designed(e, p, n=lambda e: orientations(e, step=2)), "even N"),
        (lambda e, p: designed(e, p, n=lambda e: orientations(e, half=180)), "half way"),
        (lambda e, p: designed(e, p, n=power_of_two), "powers of two"),
        (lambda e, p: designed(e, p, k=lambda n: side(n, room=lambda k: k * k)), "pixels of the square"),
        (lambda e, p: designed(e, p, k=lambda n: 3), "3 x 3 pixels always"),
        (lambda e, p: designed(e, p, k=lambda n: side(n, step=1)), "no centre pixel"),
        (lambda e, p: designed(e, p, weights=lambda n, k: n * n * k * k), "count the bank"),
        (lambda e, p: designed(e, p, weights=lambda n, k: k * k), "has N slices"),
        (lambda e, p: designed(e, p, weights=lambda n, k: n * int(disc(k).sum())), "stores the square"),
        (lambda e, p: designed(e, p, up=True), "One channel too many"),
        (lambda e, p: (*design_by_search(e, p)[:2], p // (orientations(e) * side(orientations(e)) ** 2)),
         "square of the channels"),
        (lambda e, p: design_by_search(e, p)[:2], "must return 3 values"),
        (lambda e, p: (8, 5, 20), "Compare them"),
    ],
}  # fmt: skip
