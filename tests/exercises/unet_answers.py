"""Answers to the U-Net unit as students write them: right in several ways, and wrong in the typical ones."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.checks.unet import fill
from course_lib.families import FAMILIES

# Right answers, none of them written as in the solution


def block_by_loop(family, c_out, image):
    family, c_in, x = FAMILIES[family], image.shape[1], image[:, :, None]
    layers = nn.ModuleList()
    for number in range(2):
        layers.append(family.conv(c_in, c_out) if number else family.lift(c_in, c_out))
        layers.append(family.norm(c_out))
        layers.append(family.nonlinearity(c_out))
        c_in = c_out
    for layer in fill(layers):
        x = layer(x)
    return x


def block_by_halves(family, c_out, image):
    parts = FAMILIES[family]

    def rest():
        return nn.Sequential(parts.norm(c_out), parts.nonlinearity(c_out))

    first = nn.Sequential(parts.lift(image.shape[1], c_out), rest())
    second = nn.Sequential(parts.conv(c_out, c_out), rest())
    return fill(second)(fill(first)(image.unsqueeze(2))).detach()


def counted(family, width):
    parts = FAMILIES[family]
    layers = nn.Sequential(parts.conv(width, width), parts.norm(width), parts.nonlinearity(width))
    return 2 * sum(p.numel() for p in layers.parameters())


def width_by_parabola(family, plain_width):
    target = counted("plain", plain_width)
    one, two = counted(family, 1), counted(family, 2)
    a, b = two / 2 - one, 2 * one - two / 2
    root = (-b + math.sqrt(b * b + 4 * a * target)) / (2 * a)
    low = max(1, math.floor(root))
    return low if target - (a * low**2 + b * low) <= a * (low + 1) ** 2 + b * (low + 1) - target else low + 1


def width_by_formula(family, plain_width):
    fiber, taps = {"p4": (4, 9), "p4m": (8, 9), "se2-8": (8, 25), "se2-12": (12, 25), "sre": (1, 3)}[family]
    w = np.arange(1, 3 * plain_width + 2)
    counts = 2 * (fiber * taps * w**2 + 3 * w)
    return w[np.abs(counts - 2 * (9 * plain_width**2 + 3 * plain_width)).argmin()]


def dice_by_loop(found, truth):
    def score(a, b):
        total = a.sum() + b.sum()
        return (2 * (a * b).sum() / total).item() if total > 0 else 1.0

    return sum(score(a, b) for a, b in zip(found, truth, strict=True)) / len(found), score(found, truth)


def dice_by_numpy(found, truth):
    a, b = found.numpy() > 0, truth.numpy() > 0
    both, total = (a & b).sum((1, 2)), a.sum((1, 2)) + b.sum((1, 2))
    each = np.where(total == 0, 1, 2 * both / np.maximum(total, 1))
    return [each.mean(), 2 * both.sum() / total.sum() if total.sum() else 1]


def loss_by_einsum(logits, masks):
    p, m = torch.sigmoid(logits).flatten(1), masks.flatten(1)
    return torch.mean(1 - (2 * torch.einsum("bi,bi->b", p, m) + 1) / (p.sum(1) + m.sum(1) + 1))


def loss_by_loop(logits, masks):
    total = 0.0
    for x, m in zip(logits, masks, strict=True):
        p = 1 / (1 + torch.exp(-x))
        total += 1 - (2 * (p * m).sum() + 1) / (p.sum() + m.sum() + 1)
    return total.item() / len(logits)


def split_by_loop(groups, order, share):
    chosen, size = set(), 0
    for name in order:
        if size >= share * len(groups):
            break
        chosen.add(name)
        size += groups.count(name)
    train = tuple(i for i, name in enumerate(groups) if name not in chosen)
    return train, tuple(i for i, name in enumerate(groups) if name in chosen)


def split_by_numpy(groups, order, share):
    names, k = np.array(groups), 0
    while np.isin(names, order[:k]).mean() < share:
        k += 1
    inside = np.isin(names, order[:k])
    return [list(np.flatnonzero(~inside)), list(np.flatnonzero(inside))]


def bootstrap_by_loop(ours, baseline, group, drawn):
    means = []
    for row in drawn.tolist():
        values = [
            d
            for g in row
            for d, own in zip((ours - baseline).tolist(), group.tolist(), strict=True)
            if own == g
        ]
        means.append(sum(values) / len(values))
    return torch.tensor(means, dtype=torch.float64)


def bootstrap_by_bincount(ours, baseline, group, drawn):
    n = drawn.shape[1]
    sums = torch.bincount(group, weights=ours - baseline, minlength=n)
    sizes = torch.bincount(group, minlength=n)
    return sums[drawn].sum(1) / sizes[drawn].sum(1)


RIGHT = {
    "block": [block_by_loop, block_by_halves],
    "width": [width_by_parabola, width_by_formula],
    "dice": [dice_by_loop, dice_by_numpy],
    "loss": [loss_by_einsum, loss_by_loop],
    "split": [split_by_loop, split_by_numpy],
    "bootstrap": [bootstrap_by_loop, bootstrap_by_bincount],
}


# Wrong answers


def block_of(parts):
    def block(family, c_out, image):
        f = FAMILIES[family]
        return fill(nn.Sequential(f.lift(image.shape[1], c_out), *parts(f, c_out)))(image[:, :, None])

    return block


def widths_where(choose):
    """Width chosen from those whose block is not larger, and from all."""

    def width(family, plain_width):
        below = [
            w
            for w in range(1, 3 * plain_width + 3)
            if counted_fast(family, w) <= counted_fast("plain", plain_width)
        ]
        return choose(max(below, default=0))

    return width


def counted_fast(family, width):
    fiber, taps = {
        "plain": (1, 9),
        "p4": (4, 9),
        "p4m": (8, 9),
        "se2-8": (8, 25),
        "se2-12": (12, 25),
        "sre": (1, 3),
    }[family]
    return 2 * (fiber * taps * width**2 + 3 * width)


def pooled(found, truth):
    return dice_by_loop(found, truth)[1]


def mean_with(score):
    return lambda found, truth: (float(score(found, truth).mean()), pooled(found, truth))


def quotient(found, truth, extra=0.0):
    return (2 * (found * truth).sum((1, 2)) + extra) / ((found + truth).sum((1, 2)) + extra)


def soft(p=torch.sigmoid, dims=(1, 2, 3), extra=1.0, power=1):
    def loss(logits, masks):
        q = p(logits)
        below = (q**power).sum(dims) + masks.sum(dims) + extra
        return (1 - (2 * (q * masks).sum(dims) + extra) / below).mean()

    return loss


def split_while(go_on):
    """Groups are taken as long as a condition on the count of images, the next group and the rest holds."""

    def split(groups, order, share):
        chosen = []
        for name in order:
            size = sum(groups.count(c) for c in chosen)
            if not go_on(size, groups.count(name), len(chosen), groups, share):
                break
            chosen.append(name)
        test = tuple(i for i in range(len(groups)) if groups[i] in chosen)
        return tuple(i for i in range(len(groups)) if groups[i] not in chosen), test

    return split


def cut_anywhere(groups, order, share):
    images = sorted(range(len(groups)), key=lambda i: order.index(groups[i]))
    n = math.ceil(share * len(groups) - 1e-9)
    return tuple(sorted(images[n:])), tuple(sorted(images[:n]))


def each_draw(mean):
    def resampled(ours, baseline, group, drawn):
        return torch.stack([mean(ours, baseline, group, row) for row in drawn])

    return resampled


def images_of(group, row):
    return torch.cat([torch.where(group == g)[0] for g in row])


WRONG = {
    "block": [
        (block_of(lambda f, c: [f.norm(c), f.nonlinearity(c)]), "One convolution only"),
        (block_of(lambda f, c: [f.nonlinearity(c), f.conv(c, c), f.nonlinearity(c)]), "norms are missing"),
        (block_of(lambda f, c: [f.norm(c), f.nonlinearity(c), f.conv(c, c), f.norm(c)]), "no nonlinearity"),
        (block_of(lambda f, c: [f.conv(c, c), f.norm(c), f.nonlinearity(c)]), "Nothing stands between"),
        (block_of(lambda f, c: [f.nonlinearity(c), f.norm(c), f.conv(c, c), f.nonlinearity(c), f.norm(c)]),
         "comes before the norm"),
        (block_of(lambda f, c: [nn.BatchNorm3d(c), nn.ReLU(), f.conv(c, c), nn.BatchNorm3d(c), nn.ReLU()]),
         "Batch norm and ReLU are written down"),
        (block_of(lambda f, c: [f.norm(c), nn.ReLU(), f.conv(c, c), f.norm(c), nn.ReLU()]),
         "ReLU is written"),
        (block_of(lambda f, c: [f.norm(c), f.nonlinearity(c), f.lift(c, c), f.norm(c), f.nonlinearity(c)]),
         "raised ValueError"),
        (lambda family, c, image: block_by_loop(family, c, image)[:, :, 0], "Wrong shape"),
    ],
    "width": [
        (lambda family, w: w, "stays as it is"),
        (lambda family, w: max(1, w // 2), "a rule for p4"),
        (lambda family, w: max(1, w // FAMILIES[family].rep.dim), "grow with the square"),
        (lambda family, w: max(1, round(w / FAMILIES[family].rep.dim ** 0.5)), "root of the fiber"),
        (widths_where(lambda w: max(w, 1)), "does not exceed"),
        (widths_where(lambda w: w + 1), "that exceeds"),
        (lambda family, w: width_by_formula(family, w) - 1, "One too few"),
        (lambda family, w: float(width_by_parabola(family, w)), "must return a whole number"),
    ],
    "dice": [
        (lambda found, truth: dice_by_loop(found, truth)[::-1], "wrong order"),
        (lambda found, truth: (pooled(found, truth),) * 2, "Both are pooled"),
        (lambda found, truth: (dice_by_loop(found, truth)[0],) * 2, "Both are the mean"),
        (mean_with(lambda a, b: quotient(a, b).nan_to_num(0)), "scores 0; it is right"),
        (mean_with(lambda a, b: quotient(a, b)[(a + b).sum((1, 2)) > 0]), "left out of the mean"),
        (mean_with(lambda a, b: quotient(a, b, 1.0)), "added above and below"),
        (mean_with(lambda a, b: torch.where(b.sum((1, 2)) > 0, quotient(a, b), 1)), "whatever is found"),
        (mean_with(quotient), "division by 0"),
        (lambda found, truth: dice_by_loop(found, truth)[0], "must return a tuple"),
    ],
    "loss": [
        (soft(p=lambda x: x), "logits are used as they are"),
        (soft(p=lambda x: (x > 0).double()), "cut at one half"),
        (soft(p=lambda x: torch.sigmoid(torch.sigmoid(x))), "applied twice"),
        (soft(dims=(0, 1, 2, 3)), "All images are pooled"),
        (soft(extra=0.0), "added 1 is missing"),
        (soft(extra=1e-6), "made smaller"),
        (soft(power=2), "are squared"),
        (lambda x, m: 1 - soft()(x, m), "This is the score"),
        (lambda x, m: F.binary_cross_entropy_with_logits(x, m), "Compare them"),
        (lambda x, m: torch.stack([loss_by_einsum(x[[i]], m[[i]]) for i in range(len(x))] * 2),
         "must return a number, it returned Tensor"),
    ],
    "split": [
        (lambda g, order, share: split_by_loop(g, order, share)[::-1], "exchanged"),
        (cut_anywhere, "cut to fit the share"),
        (split_while(lambda size, more, n, groups, share: n < share * len(set(groups))), "not of the images"),
        (split_while(lambda size, more, n, groups, share: size + more <= share * len(groups)), "ends before"),
        (split_while(lambda size, more, n, groups, share: size <= share * len(groups)), "One group too many"),
        (lambda g, order, share: split_by_loop(g, sorted(order), share), "order of the alphabet"),
        (lambda g, order, share: split_by_loop(g, order, share)[1][:1], "must return 2 values"),
        (lambda g, order, share: list(split_by_loop(g, order, share)[1]) * 9, "must return 2 values"),
    ],
    "bootstrap": [
        (lambda a, b, group, drawn: bootstrap_by_loop(b, a, group, drawn), "sign is wrong"),
        (lambda a, b, group, drawn: bootstrap_by_loop(a, 0 * b, group, drawn), "Ours alone"),
        (each_draw(lambda a, b, group, row: sum((a - b)[group == g].mean() for g in row) / len(row)),
         "means of the groups are averaged"),
        (each_draw(lambda a, b, group, row: (a - b)[images_of(group, row.unique())].mean()), "counts once"),
        (each_draw(lambda a, b, group, row: (a - b)[images_of(group, row)].sum() / len(a)), "of all images"),
        (each_draw(lambda a, b, group, row: (a - b)[row].mean()), "taken for images"),
        (each_draw(lambda a, b, group, row: a[images_of(group, row)].mean() - b.mean()), "Only ours"),
        (each_draw(lambda a, b, group, row: (a - b)[images_of(group, row)].median()), "median"),
        (lambda a, b, group, drawn: bootstrap_by_loop(a, b, group, drawn).mean(), "must return a tensor"),
        (lambda a, b, group, drawn: bootstrap_by_loop(a, b, group, drawn)[:, None], "Wrong shape"),
    ],
}  # fmt: skip
