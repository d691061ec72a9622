"""Answers to the unit on MedMNIST as students write them: right in several ways, and wrong.

Each wrong answer comes with a phrase of the message that is meant for it.
"""

import numpy as np
import torch
from scipy.stats import mannwhitneyu, norm

# Right answers, none of them written as in the solution


def auc_by_loops(scores, labels):
    right = pairs = 0
    for a, is_in in zip(scores, labels, strict=True):
        for b, is_in_too in zip(scores, labels, strict=True):
            if is_in and not is_in_too:
                pairs += 1
                right += (a > b) + (a == b) / 2
    return right / pairs


def auc_by_scipy(scores, labels):
    s, t = np.array(scores), np.array(labels, dtype=bool)
    return mannwhitneyu(s[t], s[~t]).statistic / (t.sum() * (~t).sum())


def angles_by_weights(answers, labels, angles_deg):
    at = [angle % 360 for angle in angles_deg]
    weights = torch.tensor([1 / at.count(angle) for angle in at], dtype=torch.float64)
    accuracy = (answers == labels).double().mean(dim=1)
    return (weights @ accuracy / weights.sum()).item()


def angles_by_numpy(answers, labels, angles_deg):
    _, rows = np.unique(np.mod(angles_deg, 360), return_index=True)
    return (answers.numpy()[rows] == labels.numpy()).mean()


def disc_by_loop(images):
    out = images.clone()
    size = images.shape[-1]
    for y in range(size):
        for x in range(size):
            if (2 * y - size + 1) ** 2 + (2 * x - size + 1) ** 2 > size**2:
                out[:, :, y, x] = 0
    return out


def disc_by_grid(images):
    line = torch.linspace(-1, 1, images.shape[-1] * 2 + 1, dtype=torch.float64)[1::2]
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.where(torch.hypot(y, x) <= 1, images, 0.0)


def epoch_by_numpy(val, test):
    return np.mean([t[np.argmax(v)] for v, t in zip(val.numpy(), test.numpy(), strict=True)])


def epoch_by_loop(val, test):
    total = 0.0
    for run in range(val.shape[0]):
        best = 0
        for epoch in range(val.shape[1]):
            if val[run, epoch] > val[run, best]:
                best = epoch
        total += test[run, best]
    return total / val.shape[0]


def interval_by_numpy(level, first, second, drawn):
    a, b = first.numpy().mean(0), second.numpy().mean(0)
    means = a[drawn.numpy()].mean(1) - b[drawn.numpy()].mean(1)
    return [a.mean() - b.mean(), *np.percentile(means, [50 - level / 2, 50 + level / 2])]


def interval_by_loop(level, first, second, drawn):
    means = torch.stack([first[:, images].mean() - second[:, images].mean() for images in drawn])
    share = level / 100
    return first.mean() - second.mean(), means.quantile((1 - share) / 2), means.quantile((1 + share) / 2)


def verdict_by_match(low, high, runs, groups):
    match (runs >= 3 and groups >= 10, low > 0, high < 0):
        case (False, _, _):
            return "not testable here"
        case (_, True, _):
            return "confirmed"
        case (_, _, True):
            return "refuted"
    return "not confirmed"


def verdict_in_one_line(low, high, runs, groups):
    if min(runs / 3, groups / 10) < 1:
        return "not testable here"
    side = np.sign(low) if low * high > 0 else 0
    return {1: "confirmed", -1: "refuted"}.get(int(side), "not confirmed")


RIGHT = {
    "auc": [auc_by_loops, auc_by_scipy],
    "angles": [angles_by_weights, angles_by_numpy],
    "disc": [disc_by_loop, disc_by_grid],
    "epoch": [epoch_by_numpy, epoch_by_loop],
    "interval": [interval_by_numpy, interval_by_loop],
    "verdict": [verdict_by_match, verdict_in_one_line],
}


# Wrong answers


def differences(scores, labels):
    s, t = torch.tensor(scores, dtype=torch.float64), torch.tensor(labels).bool()
    return s[t][:, None] - s[~t]


def accuracy(answers, labels, rows):
    return (answers[rows] == labels).double().mean().item()


def without_upright(answers, labels, angles_deg):
    rows = list({angle % 360: row for row, angle in enumerate(angles_deg) if angle % 360}.values())
    return accuracy(answers, labels, rows) if rows else 0.0


def disc_with(radius, middle=lambda n: (n - 1) / 2):
    def mask(images):
        n = images.shape[-1]
        line = torch.arange(n) - middle(n)
        return images * ((line**2 + line[:, None] ** 2).sqrt() <= radius(n))

    return mask


def last_of_equals(val, test):
    best = [max(range(len(row)), key=lambda e, row=row: (row[e], e)) for row in val.tolist()]
    return test[range(len(test)), best].mean().item()


def kind_to_itself(val, test):
    best = [
        max(range(len(v)), key=lambda e, v=v, t=t: (v[e], t[e]))
        for v, t in zip(val.tolist(), test.tolist(), strict=True)
    ]
    return test[range(len(test)), best].mean().item()


def ends(means, gain, tail):
    return gain.mean().item(), means.quantile(tail).item(), means.quantile(1 - tail).item()


def tail_of(level):
    return 0.5 - level / 200


def gains(first, second):
    return first.mean(0) - second.mean(0)


def resampled(first, second, drawn):
    return gains(first, second)[drawn].mean(1)


def unpaired(level, first, second, drawn):
    means = first.mean(0)[drawn].mean(1) - second.mean(0)[drawn.flip(0)].mean(1)
    return ends(means, gains(first, second), tail_of(level))


def normal(level, first, second, drawn):
    m, sd = gains(first, second).mean().item(), resampled(first, second, drawn).std().item()
    width = norm.ppf(1 - tail_of(level))
    return m, m - width * sd, m + width * sd


def apart(level, first, second, drawn):
    a, b, tail = first.mean(0)[drawn].mean(1), second.mean(0)[drawn].mean(1), tail_of(level)
    low, high = a.quantile(tail) - b.quantile(1 - tail), a.quantile(1 - tail) - b.quantile(tail)
    return gains(first, second).mean().item(), low.item(), high.item()


def verdict_if(enough, low_side, high_side):
    return lambda low, high, runs, groups: (
        "not testable here" if not enough(runs, groups)
        else "confirmed" if low_side(low, high)
        else "refuted" if high_side(low, high) else "not confirmed"
    )  # fmt: skip


def both(runs, groups):
    return runs >= 3 and groups >= 10


def above(low, high):
    return low > 0


def below(low, high):
    return high < 0


WRONG = {
    "auc": [
        (lambda s, t: (differences(s, t) > 0).double().mean(), "A tie counts as wrong"),
        (lambda s, t: (differences(s, t) >= 0).double().mean(), "A tie counts as right"),
        (lambda s, t: (lambda d: (d > 0).sum() / (d != 0).sum().clamp(min=1).double())(differences(s, t)),
         "Ties are left out"),
        (lambda s, t: 1 - auc_by_loops(s, t), "The order is reversed"),
        (lambda s, t: auc_by_loops(s, t) * sum(t) * (len(t) - sum(t)) / len(t) ** 2, "square of the number"),
        (lambda s, t: auc_by_loops(s, t) * sum(t) * (len(t) - sum(t)) / (len(t) * (len(t) - 1) / 2),
         "those within a class"),
        (lambda s, t: ((torch.tensor(s) > 0.5) == torch.tensor(t)).double().mean(),
         "accuracy with a threshold"),
        (lambda s, t: differences(s, t), "must return a number"),
        (lambda s, t: sum(s) / 0, "raised ZeroDivisionError"),
    ],
    "angles": [
        (lambda a, t, angles: accuracy(a, t, slice(None)), "it counts twice"),
        (without_upright, "upright images are left out"),
        (lambda a, t, angles: accuracy(a, t, slice(0, max(1, len(angles) - 1))), "last angle is dropped"),
        (lambda a, t, angles: accuracy(a, t, [r for r, x in enumerate(angles)
                                               if x != 360 or 0 not in angles]),
         "Only the number 360"),
        (lambda a, t, angles: angles_by_weights(a, a[0], angles), "agreement with the first angle"),
        (lambda a, t, angles: min(accuracy(a, t, [r]) for r in range(len(a))), "worst angle"),
        (lambda a, t, angles: (a == t).all(0).double().mean(), "right at every angle"),
        (lambda a, t, angles: accuracy(a, t, [0]), "first angle only"),
        (lambda a, t, angles: (a == t).double().mean(1), "must return a number"),
    ],
    "disc": [
        (lambda images: images, "Nothing is masked"),
        (disc_with(lambda n: n / 2, lambda n: n / 2), "half a pixel too far"),
        (disc_with(lambda n: (n - 1) / 2), "half a pixel too small"),
        (disc_with(lambda n: n // 2), "rounded down"),
        (disc_with(lambda n: (n + 1) / 2), "around the square"),
        (lambda images: images - disc_by_loop(images), "The inside is masked"),
        (disc_with(lambda n: (n / 2) ** 0.5), "without its square"),
        (lambda images: disc_by_loop(images)[:, 0], "Wrong shape"),
        (lambda images: disc_by_loop(images) != 0, "Wrong type of numbers"),
    ],
    "epoch": [
        (lambda val, test: test.mean(dim=0).max(), "bug is still there"),
        (lambda val, test: test.max(dim=1).values.mean(), "flatters even more"),
        (lambda val, test: test[:, val.mean(dim=0).argmax()].mean(), "one epoch for all runs"),
        (last_of_equals, "the later epoch is taken"),
        (kind_to_itself, "better test score is taken"),
        (lambda val, test: test.gather(1, val.argmax(1, keepdim=True)).max(), "Only the best run"),
        (lambda val, test: test.gather(1, val.argmin(1, keepdim=True)).mean(), "lowest validation score"),
        (lambda val, test: test[:, -1].mean(), "The last epoch"),
        (lambda val, test: val.max(1).values.mean(), "validation score of the chosen epoch"),
        (lambda val, test: test[val.argmax(1)].mean(), "raised IndexError"),
    ],
    "interval": [
        (unpaired, "not paired"),
        (lambda level, a, b, drawn: ends(a.mean(0)[drawn].mean(1) - b.mean(), gains(a, b), tail_of(level)),
         "Only the first method"),
        (apart, "intervals of their own"),
        (lambda level, a, b, drawn: interval_by_numpy(level, b, a, drawn), "second minus first"),
        (lambda level, a, b, drawn: ends(gains(a, b), gains(a, b), tail_of(level)),
         "quantiles over the images"),
        (lambda level, a, b, drawn: ends(resampled(a, b, drawn), gains(a, b), 2 * tail_of(level)),
         "both sides together"),
        (lambda level, a, b, drawn: ends(resampled(a, b, drawn), gains(a, b), 0), "lowest and the highest"),
        (normal, "normal approximation"),
        (lambda level, a, b, drawn: interval_by_numpy(level, a[:1], b[:1], drawn), "Only the first run"),
        (lambda level, a, b, drawn: interval_by_numpy(level, a, b, drawn)[1:], "must return 3 values"),
    ],
    "verdict": [
        (verdict_if(both, lambda low, high: low + high > 0, lambda low, high: True), "The mean decides"),
        (verdict_if(both, above, lambda low, high: True), "does not refute"),
        (verdict_if(both, lambda low, high: low >= 0, lambda low, high: high <= 0),
         "ends at zero holds zero"),
        (verdict_if(both, below, above), "exchanged"),
        (verdict_if(lambda runs, groups: True, above, below), "never asked"),
        (verdict_if(lambda runs, groups: runs >= 3, above, below), "number of groups is not asked"),
        (verdict_if(lambda runs, groups: groups >= 10, above, below), "number of runs is not asked"),
        (verdict_if(lambda runs, groups: runs >= 3 or groups >= 10, above, below), "Either is enough"),
        (verdict_if(lambda runs, groups: runs > 3 and groups > 10, above, below), "Off by one"),
        (lambda low, high, runs, groups: low > 0, "must return a text"),
    ],
}  # fmt: skip
