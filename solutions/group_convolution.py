# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises: from convolution to group convolution
#
# You will compute with turns and shifts together, write a layer as one matrix, force any matrix to be equivariant
# and count what is left of its freedom. At the end you repair a layer that passed all the tests of its author.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 85 minutes |
# | Builds on | [Groups and actions](book:02-groups-and-actions), [From convolution to group convolution](book:03-group-convolution) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the element of the group, and the smallest input that
# it found. It looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("motions", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import torch
from torch.nn import functional as F

from course_lib.checks import group_convolution as checks

# %% [markdown]
# ## What you need to know
#
# **Motions.** A *motion* of a grid of $m \times m$ pixels is a pair $(t, R)$: turn by $R$ quarter turns,
# counter-clockwise as displayed, then shift by $t$. The number $m$ is odd, and the edges are joined: what leaves on
# one side comes back on the other. A pixel is a pair $(\text{right}, \text{up})$ of whole numbers from
# $-\lfloor m/2 \rfloor$ to $\lfloor m/2 \rfloor$, and the pixel $(0, 0)$ is the centre. There are $4 m^2$ motions.
#
# **Tables.** Questions 2 to 5 are about any finite group. Its elements and the points that it moves are numbered from
# 0, and a table says where each point goes: `moves[g][x]` is the number of the point $gx$. Which number the identity
# has you cannot know; the elements come in any order. Two examples, the three turns of a triangle and the two elements
# of a mirror:

# %% tags=["given"]
TURNS_OF_A_TRIANGLE = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
MIRROR = ((1, 0, 2), (0, 1, 2))  # changes two points and leaves the third; then the identity

# %% [markdown]
# An element acts on functions by $(g f)(x) = f(g^{-1} x)$. The *group convolution* of a function $f$ and a kernel $k$
# on the same points is the function on the group
#
# $$(f \star k)(g) = \sum_x f(x)\, k(g^{-1} x).$$

# %% [markdown]
# ## Question 1. Product and inverse of motions
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the definition of motions |
#
# A motion takes the pixel $p$ to $t + R p$. Find the product of two motions, and the inverse of the first. **Your grid
# has {{m}} x {{m}} pixels**, and its edges are joined.
#
# Before you write: $g$ is a quarter turn and then a shift by one pixel to the right. Where does its inverse shift?


# %% nbgrader={"grade": false, "grade_id": "motions", "locked": false, "schema_version": 3, "solution": true, "task": false}
def product_and_inverse(g, h):
    """Product gh, and inverse of g, of two motions of the {{m}} x {{m}} grid with joined edges.

    Args:
        g: Motion ((right, up), R), with R from 0 to 3, right and up from -{{m.half}} to {{m.half}}.
        h: Another one.

    Returns:
        Pair of motions in the same form: gh, which is first h and then g; and g^-1.
    """

    ### BEGIN SOLUTION
    m = {{m}}

    def turned(turns, p):
        for _ in range(turns):
            p = (-p[1], p[0])
        return p

    def wrapped(p):
        half = m // 2
        return tuple((value + half) % m - half for value in p)

    (t, R), (s, S) = g, h
    right, up = turned(R, s)
    shift = wrapped((t[0] + right, t[1] + up))
    back = -R % 4
    shift_back = wrapped(turned(back, (-t[0], -t[1])))
    return (shift, (R + S) % 4), (shift_back, back)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "motions-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.motions(product_and_inverse, m={{m}})
### BEGIN HIDDEN TESTS
checks.motions(product_and_inverse, m={{m}}, seed=30261).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The motion $g$ takes the centre one pixel to the right. Its inverse turns first, clockwise, and that takes this pixel
# to the one below the centre. So it must shift one pixel *up*, and not to the left. In short:
# $(t, R)(s, S) = (t + R s, R S)$ and $(t, R)^{-1} = (-R^{-1} t, R^{-1})$.

# %% [markdown]
# ## Question 2. A layer is one matrix
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the definition of the convolution |
#
# A group convolution is linear, so it is a matrix: one row for each element of the group, one column for each point.
# Write this matrix for a given kernel, so that `layer_matrix(k, moves) @ f` is $f \star k$.
#
# Predict: the triangle above, and the kernel $(5, 0, 0)$. In which column is the 5 in the row of the turn that takes
# 0 to 1?


# %% nbgrader={"grade": false, "grade_id": "layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def layer_matrix(k, moves):
    """Matrix of the group convolution with the kernel k.

    Args:
        k: Tensor with the axis x, a number for each point.
        moves: Table of the action, moves[g][x] is gx.

    Returns:
        Tensor with the axes g x; its entry is k(g^-1 x).
    """
    ### BEGIN SOLUTION
    back = torch.tensor(moves).argsort(dim=1)
    return k[back]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "layer-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.layer(layer_matrix)
### BEGIN HIDDEN TESTS
checks.layer(layer_matrix, seed=30262).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# In column 1: row $g$ is the moved kernel $g k$, and the 5 goes where $g$ takes the point 0. To sort the permutation
# in a row is to undo it, so `argsort` gives the table of $g^{-1}x$. One can also search the table for the element
# that undoes $g$; that is slower, but it is what the formula says.

# %% [markdown]
# ## Question 3. Make it equivariant
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the definition of tables |
#
# A matrix $A$ takes functions on some points, the input, to functions on other points, the output. The group moves
# both. The map is equivariant if $A(gy, gx) = A(y, x)$ for all elements and all points. Make any matrix equivariant by
# taking the mean over the group,
#
# $$(PA)(y, x) = \frac{1}{|G|} \sum_{g \in G} A(g^{-1} y,\; g^{-1} x).$$
#
# Before you write: would the result be another one with $g$ in place of $g^{-1}$, on both sides? And on one side only?


# %% nbgrader={"grade": false, "grade_id": "average", "locked": false, "schema_version": 3, "solution": true, "task": false}
def average(A, moves_out, moves_in):
    """The equivariant map that is nearest to a linear map.

    Args:
        A: Tensor with the axes y x, points of the output and of the input.
        moves_out: Table of the action on the output, moves_out[g][y] is gy.
        moves_in: The same for the input, with the elements in the same order.

    Returns:
        Tensor with the axes y x.
    """
    ### BEGIN SOLUTION
    rows = torch.tensor(moves_out)[:, :, None]
    columns = torch.tensor(moves_in)[:, None, :]
    return A[rows, columns].mean(dim=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "average-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.average(average)
### BEGIN HIDDEN TESTS
checks.average(average, seed=30263).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# On both sides it makes no difference: $g^{-1}$ runs through the group when $g$ does, so both are the same sum in
# another order. On one side only it does: then row and column move by different elements, and the mean does not even
# leave an equivariant matrix alone.

# %% [markdown]
# ## Question 4. Count the free weights
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | the definition of tables |
#
# How many numbers of an equivariant matrix can still be chosen? You need no matrix for it. For each element, count the
# points of the output that it leaves alone, and those of the input. The rest is one multiplication and one mean.
#
# Guess first: images of 3 x 3 pixels with joined edges, in and out, under all shifts and quarter turns. How many of
# the 81 weights are free?


# %% nbgrader={"grade": false, "grade_id": "weights", "locked": false, "schema_version": 3, "solution": true, "task": false}
def free_weights(moves_out, moves_in):
    """Dimension of the space of equivariant linear maps.

    Args:
        moves_out: Table of the action on the output, moves_out[g][y] is gy.
        moves_in: The same for the input, with the elements in the same order.

    Returns:
        A whole number.
    """

    ### BEGIN SOLUTION
    def fixed(row):
        return sum(place == x for x, place in enumerate(row))

    total = sum(fixed(out) * fixed(into) for out, into in zip(moves_out, moves_in, strict=True))
    return total // len(moves_in)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "weights-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.weights(free_weights)
### BEGIN HIDDEN TESTS
checks.weights(free_weights, seed=30264).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Three: the centre of the kernel, its four edges, its four corners. In the formula the identity counts
# $9 \cdot 9 = 81$. No shift leaves a pixel alone. Each turn, with any shift, leaves one (the equation $p = t + Rp$ has
# one solution, since 2 has an inverse modulo 3): $27 \cdot 1$. That makes $108 / 36 = 3$.

# %% [markdown]
# ## Question 5. The stabiliser's demand
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | the definition of tables |
#
# If the output is not the group but, say, an image, then several elements lead from one output point $y_0$ to another,
# and all must give the same number there. So the kernel, which is the row of $y_0$, must satisfy
# $k(hx) = k(x)$ for every $h$ with $h y_0 = y_0$. Take any kernel, and make the nearest one that does: the mean of
# $k(hx)$ over these $h$.
#
# Before you write: is $h y_0 = y_0$ a question to the table of the output or to that of the input?


# %% nbgrader={"grade": false, "grade_id": "kernel", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fair_kernel(k, y0, moves_out, moves_in):
    """The nearest kernel that meets the constraint of the stabiliser.

    Args:
        k: Tensor with the axis x, a number for each point of the input.
        y0: Number of the output point whose row the kernel is.
        moves_out: Table of the action on the output.
        moves_in: The same for the input, with the elements in the same order.

    Returns:
        Tensor with the axis x.
    """
    ### BEGIN SOLUTION
    stabiliser = [h for h, row in enumerate(moves_out) if row[y0] == y0]
    return k[torch.tensor(moves_in)[stabiliser]].mean(dim=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "kernel-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.kernel(fair_kernel)
### BEGIN HIDDEN TESTS
checks.kernel(fair_kernel, seed=30265).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# To the table of the output: $y_0$ is an output point. The elements found there then move the *input*. If only the
# identity leaves $y_0$ alone, as on the group itself, the kernel stays as free as it was: that is what lifting is for.

# %% [markdown]
# ## Question 6. Find the bug: the tests were green
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | the definition of motions |
#
# Here is a group convolution on the motions of a grid, as one might find it in a repository. Feature and kernel have
# the axes turn, row, column; the kernel's centre is its middle pixel. The layer shall compute
# $\sum_h f(h)\, k(g^{-1} h)$ for every motion $g$.

# %% tags=["given"]


def broken_convolve(f, k):
    """Group convolution of turns and shifts; the edges are joined."""
    half = f.shape[-1] // 2
    kernels = torch.stack([k.roll(turn, dims=0) for turn in range(4)])
    joined = F.pad(f[None], (half, half, half, half), mode="circular")
    return F.conv2d(joined, kernels)[0]


# %% [markdown]
# Its author tested it with all shifts of 5 x 5 pixels, and with all turns of a picture of one pixel. Everything was
# equal to the last digit. `checks.measured_gap(layer, m, g)` measures the largest difference between both ways round,
# for a random feature and kernel. **Predict** the three lines before you run the cell.

# %% tags=["given"]
trials = {
    "a shift": (5, ((2, 1), 0)),
    "a turn, one pixel": (1, ((0, 0), 1)),
    "a turn, 5 x 5": (5, ((0, 0), 1)),
}
for trial, (side, g) in trials.items():
    print(f"{trial:18s} {checks.measured_gap(broken_convolve, side, g):.0e}")

# %% [markdown]
# What do the author's tests never see? Repair the layer.


# %% nbgrader={"grade": false, "grade_id": "convolve", "locked": false, "schema_version": 3, "solution": true, "task": false}
def convolve(f, k):
    """Group convolution on the motions of a grid with joined edges.

    Args:
        f: Feature with the axes turn y x, 4 x m x m with odd m; rows count downwards.
        k: Kernel with the same axes; its middle pixel is the centre.

    Returns:
        Tensor with the axes turn y x.
    """
    ### BEGIN SOLUTION
    m = f.shape[-1]
    bank = torch.stack([torch.rot90(k, R, dims=(1, 2)).roll(R, dims=0) for R in range(4)])
    padded = F.pad(f.unsqueeze(0), 4 * (m // 2,), mode="circular")
    return F.conv2d(padded, bank).squeeze(0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "convolve-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.convolve(convolve)
### BEGIN HIDDEN TESTS
checks.convolve(convolve, seed=30266).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The two tests never see a turn and a shift *together*. The broken layer reads $k(q - t, S - R)$: it is an exact group
# convolution, of the direct product, in which turns leave shifts alone. Both $4 m^2$-element groups agree on shifts
# alone and on turns of one pixel. The right formula has $R^{-1}(q - t)$, a turned kernel. The lesson: test a layer at
# elements that do not commute, on real images turned by an independent function, and not with the layer's own tables.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
