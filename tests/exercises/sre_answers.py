"""Answers to the SRE unit as students write them: right in several ways, and wrong in the typical ones."""

import math

import numpy as np
import torch
from torch.nn import functional as F

from course_lib.filters import ring_masks

# Right answers, none of them written as in the solution


def rings_by_loop(kernel_size):
    h = kernel_size // 2
    ring = torch.full((kernel_size, kernel_size), -1, dtype=torch.float64)
    for y in range(-h, h + 1):
        for x in range(-h, h + 1):
            d = math.sqrt(y * y + x * x)
            if d < h + 0.5:
                ring[y + h, x + h] = d / ((h + 0.5) / (h + 1)) // 1
    return ring


def rings_by_thresholds(kernel_size):
    h = kernel_size // 2
    y, x = np.mgrid[-h : h + 1, -h : h + 1]
    borders = np.arange(1, h + 1) * (h + 0.5) / (h + 1)
    ring = np.searchsorted(borders, np.hypot(y, x), side="right").astype(float)
    return torch.from_numpy(np.where(np.hypot(y, x) < h + 0.5, ring, -1))


def masks_of(n_rings, rings="hard"):
    return ring_masks(2 * n_rings - 1, rings=rings).double()


def kernel_by_product(weight, rings):
    masks = masks_of(weight.shape[-1], rings)
    return (weight @ masks.flatten(1)).unflatten(2, masks.shape[1:])


def kernel_by_loop(weight, rings):
    return sum(weight[:, :, r, None, None] * mask for r, mask in enumerate(masks_of(weight.shape[-1], rings)))


def tells_apart_by_doing(network, moves):
    if network == "sre":
        return False
    picture = np.arange(9).reshape(3, 3)
    result = picture
    for move in moves:
        result = {"turn": np.rot90, "mirror": np.fliplr, "flip": np.flipud}[move](result)
    turns = 1 if network == "plain" else 4
    return not any(np.array_equal(result, np.rot90(picture, k)) for k in range(turns))


def tells_apart_by_group(network, moves):
    r, s = 0, 0  # first mirror s times, then turn r times
    for move in moves:
        if move == "turn":
            r = r + 1
        elif move == "mirror":
            r, s = -r, s + 1
        else:
            r, s = 2 - r, s + 1
    reflected, turned = s % 2 == 1, r % 4 != 0
    return {"plain": reflected or turned, "p4": reflected, "sre": False}[network]


def sums_by_groups(x, weight):
    c, n = x.shape[1], weight.shape[2]
    masks = masks_of(n).repeat(c, 1, 1)[:, None]
    sums = F.conv2d(x, masks, padding=n - 1, groups=c)
    out = F.conv2d(sums, weight.reshape(len(weight), -1, 1, 1))
    return sums.reshape(len(x), c, n, *x.shape[2:]), out


def sums_by_shifts(x, weight):
    n = weight.shape[2]
    ring, h = rings_by_loop(2 * n - 1), n - 1
    padded = F.pad(x, (h, h, h, h))
    sums = torch.zeros(*x.shape[:2], n, *x.shape[2:], dtype=x.dtype)
    for dy in range(2 * n - 1):
        for dx in range(2 * n - 1):
            if ring[dy, dx] >= 0:
                part = padded[:, :, dy : dy + x.shape[2], dx : dx + x.shape[3]]
                sums[:, :, int(ring[dy, dx])] += part
    return [sums, torch.tensordot(weight, sums, dims=([1, 2], [1, 2])).transpose(0, 1)]


def cost_by_rings(kernel_size, c_in, c_out):
    taps = int((rings_by_loop(kernel_size) >= 0).sum())
    n = (kernel_size + 1) // 2
    dense = c_in * c_out * kernel_size**2
    return dense, c_in * c_out * n, dense, c_in * (taps + n * c_out)


def cost_by_layers(kernel_size, c_in, c_out):
    conv = torch.nn.Conv2d(c_in, c_out, kernel_size, bias=False)
    n = sum(p.numel() for p in conv.parameters())
    masks = ring_masks(kernel_size)
    tied = c_in * c_out * len(masks)
    return [n, tied, n, c_in * masks.sum().int() + tied]


def halve_by_reshape(x, kernel):
    k, n = kernel.shape[-1], x.shape[-1]
    if n % 2 == 1:
        return F.conv2d(x, kernel, padding=k // 2)[..., ::2, ::2]
    quarters = x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]
    return F.conv2d(quarters / 4, kernel, padding=k // 2)


def halve_by_interpolation(x, kernel):
    pad, even = kernel.shape[-1] // 2, x.shape[-1] % 2 == 0
    if even:
        x = F.interpolate(x, scale_factor=0.5, mode="bilinear")
    return F.conv2d(x, kernel, padding=pad, stride=1 if even else 2)


RIGHT = {
    "rings": [rings_by_loop, rings_by_thresholds],
    "kernel": [kernel_by_product, kernel_by_loop],
    "blind": [tells_apart_by_doing, tells_apart_by_group],
    "sums": [sums_by_groups, sums_by_shifts],
    "cost": [cost_by_rings, cost_by_layers],
    "halving": [halve_by_reshape, halve_by_interpolation],
}


# Wrong answers


def rings_of(rule, outside=lambda d, h: d >= h + 0.5, distance=np.hypot):
    def rings(kernel_size):
        h = kernel_size // 2
        y, x = np.mgrid[-h : h + 1, -h : h + 1].astype(float)
        d = distance(y, x)
        return torch.from_numpy(np.where(outside(d, h), -1.0, rule(d, h)))

    return rings


def right_rule(d, h):
    return np.floor(d / ((h + 0.5) / (h + 1)))


def kernel_with(masks, weights=lambda w: w):
    return lambda w, rings: torch.einsum("oir,ryx->oiyx", weights(w), masks(masks_of(w.shape[-1], rings)))


def blind_rule(**rules):
    return lambda network, moves: rules.get(network, lambda m: tells_apart_by_group(network, m))(moves)


def reflections(moves):
    return moves.count("mirror") + moves.count("flip")


def sums_with(change_masks=lambda m: m, mode="constant", weights=lambda w: w):
    def sums(x, weight):
        n = weight.shape[2]
        masks = change_masks(masks_of(n)).repeat(x.shape[1], 1, 1)[:, None]
        if mode != "constant" and min(x.shape[2:]) <= n - 1:
            mode_here = "constant"
        else:
            mode_here = mode
        padded = F.pad(x, (n - 1,) * 4, mode=mode_here)
        s = F.conv2d(padded, masks, groups=x.shape[1]).unflatten(1, (x.shape[1], n))
        return s, torch.einsum("ocr,bcryx->boyx", weights(weight), s)

    return sums


def mixed_up(x, weight):
    s, _ = sums_by_groups(x, weight)
    s = s.transpose(1, 2).reshape(s.shape)
    return s, torch.einsum("ocr,bcryx->boyx", weight, s)


def counted(dense=None, tied=None, work=None):
    def costs(k, c_in, c_out):
        right = cost_by_rings(k, c_in, c_out)
        n, taps = k // 2 + 1, int(ring_masks(k).sum())
        names = {"i": c_in, "o": c_out, "k": k, "n": n, "taps": taps}
        rules = (dense, tied, dense, work)
        return tuple(eval(rule, names) if rule else value for rule, value in zip(rules, right, strict=True))

    return costs


def at_even(layer):
    def halve(x, kernel):
        if x.shape[-1] % 2:
            return F.conv2d(x, kernel, stride=2, padding=kernel.shape[-1] // 2)
        return layer(x, kernel)

    return halve


def same_size(x, kernel):
    return F.conv2d(x, kernel, padding=kernel.shape[-1] // 2)


WRONG = {
    "rings": [
        (rings_of(lambda d, h: np.floor(d)), "one pixel wide"),
        (rings_of(lambda d, h: np.round(d)), "to whole pixels"),
        (rings_of(lambda d, h: np.floor(d * (h + 0.5) / (h + 1))), "Multiplied by the width"),
        (rings_of(right_rule, lambda d, h: d < 0), "corners are kept"),
        (rings_of(lambda d, h: right_rule(d, h).clip(max=h), lambda d, h: d < 0), "put into the last ring"),
        (rings_of(right_rule, lambda d, h: d > h), "disc is too small"),
        (rings_of(right_rule, distance=lambda y, x: y**2 + x**2), "is the root missing"),
        (rings_of(right_rule, distance=lambda y, x: np.maximum(abs(y), abs(x))), "are squares"),
        (lambda k: rings_by_loop(k) + 1, "counted from 1"),
        (lambda k: rings_by_loop(k).long(), "Wrong type of numbers"),
    ],
    "kernel": [
        (kernel_with(lambda m: m / m.sum((1, 2))[:, None, None]), "divided by the number of pixels"),
        (kernel_with(lambda m: m, lambda w: w.flip(2)), "in reverse"),
        (lambda w, rings: kernel_by_product(w, "hard"), "whatever was asked for"),
        (kernel_with(lambda m: m.cumsum(0)), "rings are discs"),
        (kernel_with(lambda m: m * (m == m.max(0).values)), "strongest ring alone"),
        (lambda w, rings: kernel_by_product(w, rings).transpose(0, 1).contiguous(), "another order"),
        (lambda w, rings: kernel_by_product(w.float(), rings), "raised RuntimeError"),
    ],
    "blind": [
        (lambda network, moves: True, "always answer True"),
        (lambda network, moves: False, "always answer False"),
        (blind_rule(plain=bool), "Some of them cancel"),
        (blind_rule(sre=lambda moves: reflections(moves) % 2 == 1), "SRE is taken for p4"),
        (blind_rule(sre=lambda moves: tells_apart_by_group("plain", moves)), "SRE is taken for a plain"),
        (blind_rule(p4=lambda moves: False), "p4 is taken for SRE"),
        (blind_rule(p4=lambda moves: tells_apart_by_doing("plain", moves)), "p4 is taken for a plain"),
        (blind_rule(p4=lambda moves: reflections(moves) > 0), "Two reflections together"),
        (lambda network, moves: int(tells_apart_by_group(network, moves)), "must return True or False"),
    ],
    "sums": [
        (sums_with(lambda m: m / m.sum((1, 2), keepdim=True)), "means over the rings"),
        (sums_with(mode="circular"), "wrapped around"),
        (sums_with(mode="replicate"), "repeated outwards"),
        (sums_with(lambda m: m.cumsum(0)), "sums over discs"),
        (sums_with(weights=lambda w: w.flip(2)), "order is reversed"),
        (sums_with(lambda m: masks_of(len(m), "smooth")), "Smooth rings are used"),
        (mixed_up, "stand in the wrong places"),
        (sums_with(weights=lambda w: w / w.shape[1]), "sum over the input channels is a mean"),
        (lambda x, w: sums_by_groups(x, w)[1], "must return a tuple"),
        (lambda x, w: (sums_by_groups(x, w)[0].flatten(1, 2), sums_by_groups(x, w)[1]), "Compare them"),
    ],
    "cost": [
        (counted(tied="i * o * (n - 1)", work="i * (taps + (n - 1) * o)"), "One ring is missing"),
        (counted(dense="i * o * k * k + o", tied="i * o * n + o"), "bias is counted"),
        (counted(tied="i * o * taps"), "not one a pixel"),
        (counted(work="i * (k * k + n * o)"), "All pixels of the square"),
        (counted(work="i * o * (taps + n)"), "once for each output channel"),
        (counted(work="i * o * n"), "additions of the ring sums"),
        (counted(work="i * taps"), "matrix product that follows"),
        (counted(work="i * (taps + o)"), "not only c_in"),
        (counted(dense="i * o * taps"), "also in the corners"),
        (lambda k, i, o: cost_by_rings(k, i, o)[:3], "must return 4 values"),
    ],
    "halving": [
        (lambda x, k: F.conv2d(x, k, padding=k.shape[-1] // 2, stride=2), "bug is still there"),
        (at_even(lambda x, k: same_size(x[:, :, ::2, ::2], k)), "by another name"),
        (lambda x, k: same_size(F.avg_pool2d(x, 2, ceil_mode=True), k), "leave one row over"),
        (at_even(lambda x, k: F.avg_pool2d(same_size(x, k), 2)), "four times the work"),
        (at_even(lambda x, k: same_size(F.max_pool2d(x, 2), k)), "maximum of the 2 x 2"),
        (at_even(lambda x, k: same_size(F.avg_pool2d(x, 2), k) * 4), "sum of the 2 x 2"),
        (at_even(lambda x, k: same_size(F.avg_pool2d(x, 3, 2, 1), k)), "mean over 3 x 3"),
        (lambda x, k: same_size(F.avg_pool2d(x, 2), k), "Wrong shape"),
        (lambda x, k: same_size(x, k), "Wrong shape"),
    ],
}  # fmt: skip
