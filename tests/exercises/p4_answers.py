"""Answers to the p4 unit as students write them: right in several ways, and wrong in the typical ones.

Each wrong answer comes with a phrase of the message that is meant for it.
"""

import numpy as np
import torch
from torch.nn import functional as F

EPS = 1e-5


# Right answers, none of them written as in the solution


def action_by_index(r, x):
    r = r % 4
    turned = x
    for _ in range(r):
        turned = turned.transpose(-2, -1).flip(-2)
    return turned[:, :, [(h - r) % 4 for h in range(4)]]


def action_by_numpy(r, x):
    turned = np.rot90(x.numpy(), k=r, axes=(-2, -1))
    return torch.from_numpy(np.roll(turned, r, axis=2).copy())


def lifting_by_loop(weight):
    c_out, c_in, k, _ = weight.shape
    bank = torch.zeros(c_out, 4, c_in, k, k, dtype=weight.dtype)
    bank[:, 0] = weight
    for r in range(1, 4):
        for y in range(k):
            for x in range(k):
                bank[:, r, :, k - 1 - x, y] = bank[:, r - 1, :, y, x]
    return bank


def lifting_by_steps(weight):
    half = weight.flip(-1, -2)
    quarter = weight.mT.flip(-2)
    return torch.cat([w[:, None] for w in (weight, quarter, half, quarter.flip(-1, -2))], dim=1)


def group_by_action(weight):
    return torch.stack([action_by_index(r, weight) for r in range(4)], dim=1)


def group_by_loop(weight):
    bank = torch.empty(weight.shape[0], 4, *weight.shape[1:], dtype=weight.dtype)
    for r in range(4):
        for s in range(4):
            bank[:, r, :, (s + r) % 4] = torch.rot90(weight[:, :, s], r, (2, 3))
    return bank


def sizes_by_recursion(step, size, layers):
    if not layers:
        return True
    first, *rest = layers
    if first == "conv":
        return sizes_by_recursion(step, size, rest)
    if first == "up":
        return sizes_by_recursion(step, 2 * size, rest)
    if first == "pool":
        return size % step == 0 and sizes_by_recursion(step, size // step, rest)
    return size % step == 1 and sizes_by_recursion(step, (size + step - 1) // step, rest)


def sizes_by_numpy(step, size, layers):
    ok = np.bool_(True)
    for layer in layers:
        ok = ok & (size % step == {"pool": 0, "stride": 1}.get(layer, size % step))
        size = {"pool": size // step, "stride": -(-size // step), "up": size * 2}.get(layer, size)
    return ok


def norm_by_moments(x, mean, variance):
    m = mean.mean(1)
    v = (variance + mean**2).mean(1) - m**2
    return F.batch_norm(x.flatten(2), m, v, eps=EPS).reshape(x.shape)


def norm_by_loop(x, mean, variance):
    out = torch.empty_like(x)
    for c in range(x.shape[1]):
        m = mean[c].sum() / 4
        v = sum(variance[c, h] + (mean[c, h] - m) ** 2 for h in range(4)) / 4
        out[:, c] = (x[:, c] - m) / (v + EPS) ** 0.5
    return out


RIGHT = {
    "action": [action_by_index, action_by_numpy],
    "lifting": [lifting_by_loop, lifting_by_steps],
    "group": [group_by_action, group_by_loop],
    "sizes": [sizes_by_recursion, sizes_by_numpy],
    "norm": [norm_by_moments, norm_by_loop],
}


# Wrong answers


def bank(turned):
    """Bank of kernels with the given entry for each r."""
    return lambda weight: torch.stack([turned(weight, r) for r in range(4)], dim=1)


def lost_at_the_border(weight, r):
    shifted = [torch.zeros_like(weight[:, :, 0])] * r + [
        weight[:, :, s].rot90(r, (-2, -1)) for s in range(4 - r)
    ]
    return torch.stack(shifted, dim=2)


def halving(pool_fits, stride_fits, stride_rounds):
    """Rule of sizes with the given conditions and the given rounding of a stride."""

    def rule(step, size, layers):
        for layer in layers:
            if layer == "pool":
                if not pool_fits(size % step):
                    return False
                size = size // step
            elif layer == "stride":
                if not stride_fits(size % step):
                    return False
                size = stride_rounds(size, step)
            elif layer == "up":
                size = 2 * size
        return True

    return rule


def none_left(rest):
    return rest == 0


def one_left(rest):
    return rest == 1


def down(n, step):
    return n // step


def up(n, step):
    return -(-n // step)


def normalised(x, mean, variance):
    return (x - mean.view(-1, mean.shape[1] if mean.ndim > 1 else 1, 1, 1)) / (
        variance.view(-1, variance.shape[1] if variance.ndim > 1 else 1, 1, 1) + EPS
    ).sqrt()


WRONG = {
    "action": [
        (lambda r, x: torch.rot90(x, r, (-1, -2)).roll(r, 2), "clockwise"),
        (lambda r, x: torch.rot90(x, r, (-2, -1)), "fiber is not shifted"),
        (lambda r, x: x[:, :, [(h - r) % 4 for h in range(4)]], "pixels do not turn"),
        (lambda r, x: torch.rot90(x, r, (-2, -1))[:, :, [(h + r) % 4 for h in range(4)]], "wrong sense"),
        (lambda r, x: action_by_index(-r, x), "inverse element"),
        (lambda r, x: action_by_index(r + 1, x), "One quarter turn too many"),
        (lambda r, x: x, "Nothing moves"),
        (lambda r, x: torch.rot90(x, r, (2, 3)), "Wrong shape"),
        (lambda r, x: action_by_index(r, x).permute(0, 2, 1, 3, 4), "another order"),
        (lambda r, x: torch.rot90(x, r, (-2, -1)) if r in (0, 1, 2, 3) else None, "fiber is not shifted"),
        (lambda r, x: x[[1, 2, 3][r - 1]] if r else x, "raised IndexError"),
    ],
    "lifting": [
        (bank(lambda w, r: torch.rot90(w, -r, (-2, -1))), "clockwise"),
        (bank(lambda w, r: w), "never turned"),
        (bank(lambda w, r: torch.rot90(w, r + 1, (2, 3))), "Off by one"),
        (bank(lambda w, r: [w, w.flip(-1), w.flip(-2), w.flip(-1).flip(-2)][r]), "mirrored"),
        (bank(lambda w, r: w.transpose(2, 3).rot90(r, (2, 3))), "Transposing is a reflection"),
        (bank(lambda w, r: w.rot90(2 * r, (2, 3))), "180 degrees"),
        (lambda w: torch.stack([w.rot90(r, (2, 3)) for r in range(4)]), "another order"),
        (lambda w: torch.cat([w.rot90(r, (2, 3)) for r in range(4)]).view(-1, 4, *w.shape[1:]),
         "reshape and view"),
        (lambda w: torch.cat([w.rot90(r, (2, 3)) for r in range(4)]), "Wrong shape"),
        (lambda w: lifting_by_loop(w.float()), "Wrong type of numbers"),
        (lambda w: lifting_by_loop(w).tolist(), "must return a tensor, it returned list"),
        (lambda w: print(end=""), "returned None"),
        (lambda w: lifting_by_loop(w) / 0, "inf or nan"),
        (lambda w: lifting_by_loop(w) + 1, "Compare them"),
        (lambda w: lifting_by_loop(w) + torch.rand(()), "Called twice"),
    ],
    "group": [
        (bank(lambda w, r: w.rot90(r, (-2, -1))), "fiber is not shifted"),
        (bank(lambda w, r: w.rot90(r, (-2, -1)).roll(-r, 2)), "wrong sense"),
        (bank(lambda w, r: w.rot90(r, (-1, -2)).roll(r, 2)), "clockwise; the shift is right"),
        (bank(lambda w, r: action_by_index(-r, w)), "inverse element"),
        (bank(lambda w, r: w.roll(r, 2)), "do not turn"),
        (bank(lost_at_the_border), "does not wrap around"),
        (bank(lambda w, r: action_by_index(r + 1, w)), "Off by one"),
        (bank(lambda w, r: w.rot90(r, (-2, -1)).roll(r + 1, 2)), "Off by one"),
        (lambda w: group_by_loop(w).permute(0, 3, 2, 1, 4, 5), "exchanged"),
        (lambda w: torch.stack([action_by_index(r, w) for r in range(4)], dim=2), "another order"),
        (lambda w: torch.cat([action_by_index(r, w) for r in range(4)]).view(-1, 4, *w.shape[1:]),
         "reshape and view"),
        (bank(lambda w, r: w), "neither turned nor shifted"),
    ],
    "sizes": [
        (lambda step, size, layers: True, "always answer True"),
        (halving(one_left, none_left, up), "exchanged their sizes"),
        (lambda step, size, layers: all(sizes_by_recursion(step, size, [part]) for part in layers),
         "Only the size of the input"),
        (halving(none_left, none_left, down), "taken for a pooling"),
        (halving(none_left, one_left, down), "Off by one"),
        (halving(none_left, lambda rest: True, up), "stride is taken to be harmless"),
        (lambda step, size, layers: "up" not in layers and sizes_by_recursion(step, size, layers),
         "sees no border"),
        (lambda step, size, layers: size % step ** sum(part in ("pool", "stride") for part in layers) == 0,
         "power of the step"),
        (lambda step, size, layers: int(sizes_by_recursion(step, size, layers)),
         "must return True or False, it returned int"),
    ],
    "norm": [
        (normalised, "bug is still there"),
        (lambda x, m, v: normalised(x, m.mean(1), v.mean(1)), "spread of the four means"),
        (lambda x, m, v: normalised(x, m[:, 0], v[:, 0]), "orientation 0 alone"),
        (lambda x, m, v: normalised(x, m.mean(1), v.mean(1) + m.var(1)), "n - 1"),
        (lambda x, m, v: F.batch_norm(x.flatten(2), None, None, training=True, eps=EPS).view_as(x)
         if x.numel() > x.shape[1] else x, "statistics of x itself"),
        (lambda x, m, v: normalised(x, m.mean(1), v), "its own variance"),
        (lambda x, m, v: norm_by_loop(x, m, v).mean(2, keepdim=True), "Wrong shape"),
        (lambda x, m, v: (x - m.mean(1).view(-1, 1, 1, 1)) / (
            v.mean(1) + m.var(1, correction=0)).view(-1, 1, 1, 1).sqrt(), "EPS is missing"),
        (lambda x, m, v: normalised(x, m.mean(1), v.sqrt().mean(1) ** 2), "Standard deviations are averaged"),
        (lambda x, m, v: x.normalise(), "raised AttributeError"),
    ],
}  # fmt: skip
