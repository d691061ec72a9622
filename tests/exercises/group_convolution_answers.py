"""Answers to the unit on group convolution as students write them: right in several ways, and wrong.

Each wrong answer comes with a phrase of the message that is meant for it.
"""

from functools import cache

import numpy as np
import torch

# Right answers, none of them written as in the solution


def matrix(turns):
    return np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), turns % 4)


def into_grid(m, v):
    return tuple(int(x) for x in (np.asarray(v) + m // 2) % m - m // 2)


def motions_by_matrices(m, g, h):
    (t, R), (s, S) = g, h
    shift = np.array(t) + matrix(R) @ np.array(s)
    back = -matrix(R).T @ np.array(t)
    return (into_grid(m, shift), (R + S) % 4), (into_grid(m, back), (4 - R) % 4)


def motions_by_cases(m, g, h):
    (a, b), R = g
    c, d = h[0]
    c, d = [(c, d), (-d, c), (-c, -d), (d, -c)][R]
    e, f = [(-a, -b), (-b, a), (a, b), (b, -a)][R]
    half = m // 2
    product = [(a + c + half) % m - half, (b + d + half) % m - half], (R + h[1]) % 4
    return [product, ((((e + half) % m) - half, ((f + half) % m) - half), (3 * R) % 4)]


def layer_by_loop(k, moves):
    out = torch.empty(len(moves), len(k), dtype=k.dtype)
    for g, row in enumerate(moves):
        for x, place in enumerate(row):
            out[g, place] = k[x]
    return out


def layer_by_the_inverse_element(k, moves):
    points = range(len(k))
    undoing = [next(b for b in moves if all(b[row[x]] == x for x in points)) for row in moves]
    return torch.stack([k[list(row)] for row in undoing])


def average_by_loop(A, moves_out, moves_in):
    total = 0
    for rows, columns in zip(moves_out, moves_in, strict=True):
        total = total + A[list(rows)][:, list(columns)]
    return total / len(moves_out)


def average_by_orbits(A, moves_out, moves_in):
    out = torch.empty_like(A)
    for y in range(A.shape[0]):
        for x in range(A.shape[1]):
            orbit = {(o[y], i[x]) for o, i in zip(moves_out, moves_in, strict=True)}
            out[y, x] = sum(A[pair] for pair in sorted(orbit)) / len(orbit)
    return out


def weights_by_orbits(moves_out, moves_in):
    both = list(zip(moves_out, moves_in, strict=True))
    return len(
        {
            frozenset((o[y], i[x]) for o, i in both)
            for y in range(len(moves_out[0]))
            for x in range(len(moves_in[0]))
        }
    )


def fixed(moves):
    return (np.array(moves) == np.arange(len(moves[0]))).sum(axis=1)


def weights_by_numpy(moves_out, moves_in):
    return round((fixed(moves_out) * fixed(moves_in)).mean())


def kernel_by_loop(k, y0, moves_out, moves_in):
    found, count = torch.zeros_like(k), 0
    for out, into in zip(moves_out, moves_in, strict=True):
        if out[y0] == y0:
            found += k[list(into)]
            count += 1
    return found / count


def kernel_by_the_average(k, y0, moves_out, moves_in):
    A = torch.zeros(len(moves_out[0]), len(k), dtype=k.dtype)
    A[y0] = k * len(A)
    return average_by_loop(A, moves_out, moves_in)[y0]


def kernel_for(k, R, S):
    return torch.rot90(k[(S - R) % 4], R, (0, 1))


def convolve_by_shifts(f, k, kernel=kernel_for):
    m = f.shape[-1]
    out = torch.zeros_like(f)
    for R in range(4):
        for S in range(4):
            turned = kernel(k, R, S)
            for row in range(m):
                for column in range(m):
                    back = (m // 2 - row, m // 2 - column)
                    out[R] += turned[row, column] * f[S].roll(back, (0, 1))
    return out


def convolve_by_fourier(f, k, kernel=kernel_for):
    m = f.shape[-1]
    spectrum = torch.fft.fft2(f)
    out = torch.zeros_like(f)
    for R in range(4):
        for S in range(4):
            at_corner = kernel(k, R, S).roll((-(m // 2), -(m // 2)), (0, 1))
            out[R] += torch.fft.ifft2(spectrum[S] * torch.fft.fft2(at_corner).conj()).real
    return out


RIGHT = {
    "motions": [motions_by_matrices, motions_by_cases],
    "layer": [layer_by_loop, layer_by_the_inverse_element],
    "average": [average_by_loop, average_by_orbits],
    "weights": [weights_by_orbits, weights_by_numpy],
    "kernel": [kernel_by_loop, kernel_by_the_average],
    "convolve": [convolve_by_shifts, convolve_by_fourier],
}


# Wrong answers


def motions_with(product=None, inverse=None, grid=into_grid, add=lambda R, S: (R + S) % 4):
    def answer(m, g, h):
        (t, R), (s, S) = (np.array(g[0]), g[1]), (np.array(h[0]), h[1])
        there = product(t, R, s, S) if product else t + matrix(R) @ s
        back = inverse(t, R) if inverse else -matrix(-R) @ t
        return (grid(m, there), add(R, S)), (grid(m, back), add(0, -R))

    return answer


def moved(move):
    """Mean of a matrix that is moved somehow by each element."""
    return lambda A, out, inn: torch.stack(
        [move(A, list(o), list(i)) for o, i in zip(out, inn, strict=True)]
    ).mean(0)


def undone(row):
    return [row.index(x) for x in range(len(row))]


def over(chosen, pool=lambda x: x.mean(0)):
    """Kernel pooled over the elements of a choice."""
    return lambda k, y0, out, inn: pool(
        torch.stack([k[list(inn[h])] for h in range(len(out)) if chosen(h, y0, out, inn)])
    )


def stays(h, y0, out, inn):
    return out[h][y0] == y0


def with_kernel(kernel):
    return lambda f, k: convolve_by_shifts(f, k, kernel)


def by_motions(formula):
    """Layer by the definition, with the motion at which the kernel is read."""

    @cache
    def places(m):
        line = range(-(m // 2), m // 2 + 1)
        pixels = [(right, -down) for down in line for right in line]
        group = [(p, R) for R in range(4) for p in pixels]
        number = {g: n for n, g in enumerate(group)}
        return torch.tensor([[number[formula(m, g, h)] for h in group] for g in group])

    return lambda f, k: (k.flatten()[places(f.shape[-1])] @ f.flatten()).view_as(f)


def product(m, g, h):
    return motions_by_matrices(m, g, h)[0]


def inverse(m, g):
    return motions_by_matrices(m, g, g)[1]


def zeros_outside(f, k):
    m = f.shape[-1]
    bank = torch.stack([torch.stack([kernel_for(k, R, S) for S in range(4)]) for R in range(4)])
    return torch.nn.functional.conv2d(f[None], bank, padding=m // 2)[0]


WRONG = {
    "motions": [
        (motions_with(lambda t, R, s, S: t + s), "g also turns what h has shifted"),
        (motions_with(lambda t, R, s, S: t + s, lambda t, R: -t), "direct product"),
        (lambda m, g, h: (product(m, h, g), inverse(m, g)), "wrong way round"),
        (motions_with(lambda t, R, s, S: t + matrix(-R) @ s), "turns clockwise"),
        (motions_with(lambda t, R, s, S: matrix(R) @ (t + s)), "both shifts are turned"),
        (motions_with(inverse=lambda t, R: -t), "in the old axes"),
        (motions_with(inverse=lambda t, R: -matrix(R) @ t), "turned, but on"),
        (motions_with(inverse=lambda t, R: matrix(-R) @ t), "keeps its sign"),
        (motions_with(grid=lambda m, v: tuple(v.tolist())), "Nothing wraps around"),
        (motions_with(grid=lambda m, v: tuple((v % m).tolist())), "wrap to 0 ... m - 1"),
        (motions_with(add=lambda R, S: R + S), "The turns do not wrap"),
        (lambda m, g, h: (product(m, g, h), (inverse(m, g)[0], g[1])), "two quarter turns on"),
        (product, "Compare them"),
        (lambda m, g, h: {"product": product(m, g, h)}, "must return a tuple"),
    ],
    "layer": [
        (lambda k, moves: k[torch.tensor(moves)], "inverse is missing"),
        (lambda k, moves: k.expand(len(moves), -1), "No row is moved"),
        (lambda k, moves: k[torch.tensor([[-x % len(k) for x in row] for row in moves])],
         "not the inverse of a move"),
        (lambda k, moves: k[torch.tensor(
            [[places.index(x) for places in zip(*moves, strict=True)] for x in range(len(k))])],
         "sought in the column"),
        (lambda k, moves: layer_by_loop(k, moves).T, "Rows and columns are exchanged"),
        (lambda k, moves: layer_by_loop(k, moves) / len(moves), "divided by the number of elements"),
        (lambda k, moves: layer_by_loop(k, moves) / len(k), "divided by the number of points"),
        (lambda k, moves: torch.stack([k[undone(row)][undone(row)] for row in moves]), "moved twice"),
        (lambda k, moves: layer_by_loop(k, moves).int(), "Wrong type of numbers"),
        (lambda k, moves: layer_by_loop(k, moves).sum(0), "Wrong shape"),
    ],
    "average": [
        (lambda A, out, inn: A, "Nothing is averaged"),
        (moved(lambda A, o, i: A[:, i]), "Only the input is moved"),
        (moved(lambda A, o, i: A[o]), "Only the output is moved"),
        (lambda A, out, inn: moved(lambda B, o, i: B[o])(
            moved(lambda B, o, i: B[:, i])(A, out, inn), out, inn), "nothing to do with each other"),
        (moved(lambda A, o, i: A[o][:, undone(i)]), "the other by its inverse"),
        (lambda A, out, inn: average_by_loop(A, out, inn) * len(out), "This is the sum"),
        (lambda A, out, inn: average_by_loop(A, out, inn) * len(out) / A.shape[1], "number of points"),
        (lambda A, out, inn: (average_by_loop(A, out, inn) * len(out) - A) / (len(out) - 1),
         "identity is left out"),
        (lambda A, out, inn: torch.stack(
            [A[list(o)][:, list(i)] for o, i in zip(out, inn, strict=True)]).amax(0), "maximum"),
        (lambda A, out, inn: average_by_loop(A, out, inn).T, "Wrong shape"),
    ],
    "weights": [
        (lambda out, inn: len(out[0]) * len(inn[0]), "all entries of the matrix"),
        (lambda out, inn: len(inn[0]), "size of a free kernel"),
        (lambda out, inn: int(fixed(out).mean() * fixed(inn).mean()), "The means of both counts"),
        (lambda out, inn: int((fixed(out) * fixed(inn)).sum()), "not divided"),
        (lambda out, inn: len(out[0]) * len(inn[0]) // len(out), "as if no element but the identity"),
        (lambda out, inn: weights_by_numpy(inn, inn), "counted twice"),
        (lambda out, inn: (weights_by_numpy(out, inn) * len(out) - len(out[0]) * len(inn[0])) // len(out),
         "The identity is left out"),
        (lambda out, inn: float(weights_by_numpy(out, inn)), "must return a whole number"),
    ],
    "kernel": [
        (lambda k, y0, out, inn: k, "stabiliser is forgotten"),
        (over(lambda h, y0, out, inn: True), "over the whole group"),
        (over(lambda h, y0, out, inn: out[h][0] == 0), "stabiliser of point 0"),
        (over(lambda h, y0, out, inn: inn[h][y0 % len(inn[0])] == y0 % len(inn[0])), "taken in the input"),
        (over(stays, lambda x: x.sum(0)), "sum over the stabiliser"),
        (over(stays, lambda x: x.amax(0)), "The maximum meets"),
        (lambda k, y0, out, inn: kernel_by_loop(k, y0, out, inn).mean(), "must return a tensor"),
        (lambda k, y0, out, inn: over(
            lambda h, y0, out, inn: stays(h, y0, out, inn) and list(inn[h]) != sorted(inn[h]))(
                k, y0, out, inn)
         if sum(row[y0] == y0 for row in out) > 1 else k, "left out of the mean"),
    ],
    "convolve": [
        (with_kernel(lambda k, R, S: k[(S - R) % 4]), "bug is still there"),
        (with_kernel(lambda k, R, S: k[S].rot90(R)), "no longer move on"),
        (with_kernel(lambda k, R, S: k[(S - R) % 4].rot90(-R)), "wrong sense"),
        (with_kernel(lambda k, R, S: k[(S + R) % 4].rot90(R)), "move on backwards"),
        (with_kernel(lambda k, R, S: k[(S + R) % 4].rot90(-R)), "Both go backwards"),
        (with_kernel(lambda k, R, S: k[(S - R) % 4].rot90(S - R)), "All four slices"),
        (by_motions(lambda m, g, h: product(m, g, inverse(m, h))), "inverse at the wrong place"),
        (by_motions(lambda m, g, h: product(m, h, inverse(m, g))), "multiplication from the right"),
        (by_motions(lambda m, g, h: product(m, inverse(m, h), g)), "textbook's convolution"),
        (zeros_outside, "stand zeros"),
        (lambda f, k: convolve_by_fourier(f, k) / 4, "become a mean"),
        (lambda f, k: convolve_by_fourier(f, k)[None], "Wrong shape"),
    ],
}  # fmt: skip
