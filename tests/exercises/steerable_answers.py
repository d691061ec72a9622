"""Answers to the steerable unit as students write them: right in several ways, wrong in the typical ones."""

import math

import numpy as np
import torch
from torch.nn import functional as F

# Right answers, none of them written as in the solution


def offsets(size):
    return torch.arange(size, dtype=torch.float64) - size // 2


def wave_by_powers(m, size):
    out = torch.zeros(2, size, size, dtype=torch.float64)
    half = size // 2
    for row in range(size):
        for column in range(size):
            z = complex(column - half, half - row)
            value = (z / abs(z)) ** m if z else complex(m == 0)
            out[0, row, column], out[1, row, column] = value.real, value.imag
    return out


def wave_by_numpy(m, size):
    y, x = np.mgrid[size // 2 : -(size // 2) - 1 : -1, -(size // 2) : size // 2 + 1]
    out = np.exp(1j * m * np.angle(x + 1j * y)) * ((x != 0) | (y != 0) | (m == 0))
    return torch.from_numpy(np.stack([out.real, out.imag]))


def rings_by_loop(n_rings, sigma, size):
    half = size // 2
    value = [
        [[math.exp(-((math.hypot(y - half, x - half) - j) ** 2) / 2 / sigma**2) for x in range(size)]
         for y in range(size)]
        for j in range(n_rings)
    ]  # fmt: skip
    return torch.tensor(value, dtype=torch.float64)


def rings_by_einsum(n_rings, sigma, size):
    o = offsets(size)
    distance = (o.square()[:, None] + o.square()).sqrt()
    j = torch.arange(n_rings)
    return torch.exp(-0.5 * ((distance[None] - j[:, None, None]) / sigma).square())


def steer_by_matrix(weight, angle_deg):
    out = torch.empty_like(weight)
    for m in range(len(weight)):
        a = math.radians(-m * angle_deg)
        out[m, :, 0] = math.cos(a) * weight[m, :, 0] - math.sin(a) * weight[m, :, 1]
        out[m, :, 1] = math.sin(a) * weight[m, :, 0] + math.cos(a) * weight[m, :, 1]
    return out


def steer_by_numpy(weight, angle_deg):
    z = weight.numpy()[..., 0] + 1j * weight.numpy()[..., 1]
    z = z * np.exp(-1j * np.deg2rad(angle_deg)) ** np.arange(len(z))[:, None]
    return torch.from_numpy(np.stack([z.real, z.imag], axis=-1))


def paths_by_cases(m_in, m_out, n):
    if m_in == 0 or m_out == 0:
        return n == max(m_in, m_out)
    return (m_in - m_out) ** 2 == n**2 or m_in + m_out == n


def paths_by_numpy(m_in, m_out, n):
    return np.any(np.abs([m_out - m_in, m_out + m_in]) == n)


def band_by_formula(kernel_size):
    n = kernel_size // 2
    return (n if n > 1 else 0), 1 + sum(2 * (j + 1) + 1 for j in range(1, n))


def band_by_list(kernel_size):
    limits = [0, *range(2, kernel_size // 2 + 1)]
    return limits[-1], np.sum(2 * np.array(limits) + 1)


def norm_by_hypot(x, threshold):
    length = torch.hypot(x[:, :, 0], x[:, :, 1])
    new = F.relu(length - threshold[None, :, None, None])
    factor = torch.where(length > 0, new / length.clamp(min=1e-200), 0.0)
    return x * factor[:, :, None]


def norm_by_normalize(x, threshold):
    length = torch.linalg.vector_norm(x, dim=2, keepdim=True)
    return F.normalize(x, dim=2) * (length - threshold.view(1, -1, 1, 1, 1)).clamp_min(0)


RIGHT = {
    "wave": [wave_by_powers, wave_by_numpy],
    "rings": [rings_by_loop, rings_by_einsum],
    "steer": [steer_by_matrix, steer_by_numpy],
    "paths": [paths_by_cases, paths_by_numpy],
    "band": [band_by_formula, band_by_list],
    "norm": [norm_by_hypot, norm_by_normalize],
}


# Wrong answers


def wave_of(angle, blank=True):
    """Cosine and sine of m times an angle; the centre is blanked for m above 0."""

    def wave(m, size):
        phi = angle(offsets(size)[:, None].expand(size, size), offsets(size).expand(size, size)) * m
        out = torch.stack([torch.cos(phi), torch.sin(phi)])
        if blank and m > 0:
            out[:, size // 2, size // 2] = 0
        return out

    return wave


def up_is_up(rows, columns):
    return torch.atan2(-rows, columns)


def rings_of(distance, profile):
    def rings(n_rings, sigma, size):
        r = distance(offsets(size)[:, None], offsets(size))
        return torch.stack([profile(r, j, sigma) for j in range(n_rings)])

    return rings


def bell(r, j, sigma):
    return torch.exp(-((r - j) ** 2) / (2 * sigma**2))


def steer_with(phase):
    def steer(weight, angle_deg):
        z = torch.view_as_complex(weight)
        rows = [z[m] * np.exp(1j * phase(m, angle_deg)) for m in range(len(z))]
        return torch.view_as_real(torch.stack(rows))

    return steer


def band_of(limits, weights):
    def band(kernel_size):
        found = limits(kernel_size // 2)
        return max(found), sum(weights(n) for n in found)

    return band


def right_limits(n_rings):
    return [0, *range(2, n_rings + 1)]


def real_weights(n):
    return 2 * n + 1


def with_factor(factor):
    def scaled(x, threshold):
        length = x.norm(dim=2, keepdim=True)
        return x * factor(length, threshold.view(1, -1, 1, 1, 1)).nan_to_num(0, 0, 0)

    return scaled


WRONG = {
    "wave": [
        (wave_of(torch.atan2), "y axis points down: rows"),
        (wave_of(torch.atan2, blank=False), "Mend one after the other"),
        (wave_of(up_is_up, blank=False), "it has no angle"),
        (wave_of(lambda rows, columns: torch.atan2(columns, -rows)), "from the top and clockwise"),
        (lambda m, size: wave_by_powers(m + 1, size), "off by one"),
        (lambda m, size: wave_by_powers(m, size).flip(0), "wrong order"),
        (lambda m, size: wave_by_powers(min(m, 1), size), "every m gives the wave"),
        (lambda m, size: wave_by_powers(m, size) * (offsets(size).abs() + offsets(size).abs()[:, None] > 0),
         "centre is zero for m = 0 too"),
        (lambda m, size: wave_by_powers(m, size).float(), "Wrong type of numbers"),
        (lambda m, size: wave_by_powers(m, size)[0], "Wrong shape"),
        (lambda m, size: torch.complex(*wave_by_powers(m, size)), "Wrong shape"),
    ],
    "rings": [
        (lambda n, s, size: rings_by_loop(n + 1, s, size)[1:], "start at radius 1"),
        (rings_of(torch.hypot, lambda r, j, s: torch.exp(-((r - j) ** 2) / s**2)), "factor 2"),
        (rings_of(torch.hypot, lambda r, j, s: torch.exp(-((r - j) ** 2) / 2 / s)), "sigma is not squared"),
        (rings_of(lambda y, x: y**2 + x**2, bell), "is the root missing"),
        (rings_of(lambda y, x: torch.max(y.abs(), x.abs()), bell), "are squares"),
        (rings_of(lambda y, x: y.abs() + x.abs(), bell), "stand on a corner"),
        (rings_of(torch.hypot, lambda r, j, s: bell(r, j, s) / (s * (2 * math.pi) ** 0.5)),
         "probability density"),
        (rings_of(torch.hypot, lambda r, j, s: 1 / bell(r, j, s)), "minus sign"),
        (lambda n, s, size: rings_by_loop(n, s, size).movedim(0, 2), "another order"),
    ],
    "steer": [
        (steer_with(lambda m, a: m * math.radians(a)), "turns clockwise"),
        (steer_with(lambda m, a: -m * a), "Degrees are taken for radians"),
        (steer_with(lambda m, a: -math.radians(a)), "All frequencies get the same phase"),
        (steer_with(lambda m, a: -math.radians(a) if m else 0), "All frequencies above 0"),
        (steer_with(lambda m, a: -(m + 1) * math.radians(a)), "off by one"),
        (lambda w, a: w, "Nothing turns"),
        (lambda w, a: w * torch.cos(math.radians(a) * torch.arange(len(w)).double())[:, None, None],
         "by the cosine"),
        (lambda w, a: torch.view_as_complex(w), "Wrong shape"),
        (lambda w, a: steer_by_matrix(w, a).transpose(0, 1).contiguous() if w.shape[0] != w.shape[1] else w,
         "another order"),
        (lambda w, a: w @ torch.eye(3).double(), "raised RuntimeError"),
    ],
    "paths": [
        (lambda m, k, n: n == abs(k - m), "Only the difference"),
        (lambda m, k, n: n == k + m, "Only the sum"),
        (lambda m, k, n: n in (m, k), "frequencies of the features"),
        (lambda m, k, n: n in (k - m, k + m), "negative frequency is lost"),
        (lambda m, k, n: n in (m - k, k + m), "negative frequency is lost"),
        (lambda m, k, n: abs(k - m) <= n <= k + m, "two ends"),
        (lambda m, k, n: n <= k + m, "a free kernel"),
        (lambda m, k, n: bool(n) and paths_by_cases(m, k, n), "Frequency 0 is refused"),
        (lambda m, k, n: (n - m - k) % 2 == 0 and abs(k - m) <= n <= k + m, "by steps of two"),
        (lambda m, k, n: True, "always answer True"),
        (lambda m, k, n: (abs(k - m), k + m), "must return True or False, it returned tuple"),
    ],
    "band": [
        (band_of(lambda n: right_limits(n + 1), real_weights), "One ring too many"),
        (band_of(lambda n: range(2, n + 2), real_weights), "counted from radius 1"),
        (band_of(lambda n: range(1, n + 1), real_weights), "Ring 0 is a dot"),
        (band_of(lambda n: [math.floor(math.pi * j) for j in range(n)], real_weights), "rule of sampling"),
        (band_of(right_limits, lambda n: 2 * (n + 1)), "one real weight, not two"),
        (band_of(right_limits, lambda n: n + 1), "a cosine and a sine"),
        (band_of(right_limits, lambda n: 4 * n + 2), "counted apart"),
        (band_of(right_limits, lambda n: 2 * n), "constant of each ring is missing"),
        (lambda k: band_by_formula(k)[::-1], "Compare them"),
        (lambda k: band_by_formula(k)[0], "must return a tuple"),
    ],
    "norm": [
        (lambda x, t: F.relu(x), "bug is still there"),
        (lambda x, t: F.relu(x - t.view(1, -1, 1, 1, 1)), "with a bias"),
        (lambda x, t: torch.sign(x) * F.relu(x.abs() - t[:, None, None, None]), "shortened on its own"),
        (with_factor(lambda length, t: (length - t) / length), "turn round"),
        (with_factor(lambda length, t: F.relu(length - t)), "keeps its old length"),
        (with_factor(lambda length, t: length > t), "Long arrows are kept"),
        (with_factor(lambda length, t: (length + t) / length), "arrows grow"),
        (with_factor(lambda length, t: F.relu(length.square() - t) / length.square()), "root is missing"),
        (lambda x, t: x * F.relu(1 - t.view(-1, 1, 1, 1) / x.norm(dim=(1, 2), keepdim=True)),
         "each channel has an arrow"),
        (lambda x, t: x / x.norm(dim=2)[:, :, None] * F.relu(x.norm(dim=2) - t[:, None, None])[:, :, None],
         "inf or nan"),
        (lambda x, t: F.relu(x.norm(dim=2) - t[:, None, None]), "Wrong shape"),
    ],
}  # fmt: skip
