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
# # Exercises: SE(2, N), more orientations by interpolation
#
# You will write the matrix that turns a kernel by any angle, keep the turned kernels on the disc, repair a layer
# that loses one slice of its weight and passes every test on $C_4$, pool over the fiber, and design a layer for a
# given budget.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 90 minutes |
# | Builds on | [p4](book:04-p4), [SE(2, N)](book:05-se2) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the element of the group, and the smallest input that
# it found. It looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("sampling", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import math

import torch

from course_lib.checks import se2 as checks

# %% [markdown]
# ## What you need to know
#
# The group $C_N$ has the elements $0, 1, \dots, N - 1$. Element $h$ turns by $360\,h/N$ degrees, counter-clockwise
# as displayed; row 0 of an array is at the top. Products are sums modulo $N$. A layer of SE(2, N) has one kernel
# for each element: its weight, turned by $h$. If $h$ is no quarter turn, the pixels of the turned kernel lie between
# those of the weight, and must be *interpolated*.

# %% [markdown]
# ## Question 1. A turn is a matrix
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 3 | ★★★ | 25 min | nothing |
#
# A grid of `size` times `size` pixels is written as a vector, row by row. Write the matrix that turns it by any
# angle about its centre. The value at a target pixel is taken from the point it came from, and that point lies
# between four source pixels. *Bilinear* interpolation takes their weighted mean: a source pixel at the distances
# $a$ in rows and $b$ in columns, both below 1, has the weight $(1 - a)(1 - b)$. Outside the grid everything is zero.
#
# Predict before you write: which sums do the rows have for 90°? And for 30°, in the middle and at a corner? How
# many numbers above 0 stand in one row at most?


# %% nbgrader={"grade": false, "grade_id": "sampling", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rotation_matrix(size, angle_deg):
    """Bilinear rotation of a square grid about its centre.

    Args:
        size: Side of the grid in pixels.
        angle_deg: Angle in degrees, counter-clockwise as displayed.

    Returns:
        Tensor with the axes target source, in float64; both have size * size entries, and
        pixels are counted row by row.
    """
    ### BEGIN SOLUTION
    centre, angle = (size - 1) / 2, math.radians(angle_deg)
    matrix = torch.zeros(size * size, size * size, dtype=torch.float64)
    for y in range(size):
        for x in range(size):
            right, up = x - centre, centre - y
            source_x = centre + math.cos(angle) * right + math.sin(angle) * up
            source_y = centre + math.sin(angle) * right - math.cos(angle) * up
            left, top = math.floor(source_x), math.floor(source_y)
            for row in (top, top + 1):
                for column in (left, left + 1):
                    if 0 <= row < size and 0 <= column < size:
                        share = (1 - abs(source_y - row)) * (1 - abs(source_x - column))
                        matrix[y * size + x, row * size + column] = share
    return matrix
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sampling-check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checks.sampling(rotation_matrix)
### BEGIN HIDDEN TESTS
checks.sampling(rotation_matrix, seed=20291).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# At 90° every row holds a single 1: the matrix is a permutation. At 30° rows of inner pixels sum to 1, so a constant
# stays what it is; rows near the corners sum to less, because a part of what they ask for lies outside. There are
# four numbers in a row at most. Note the way back: the target at $(\text{right}, \text{up})$ came from the point
# turned by $-\alpha$, and *up* is against the rows.

# %% [markdown]
# ## Question 2. The lifting kernels, on the disc
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing: the matrices are given |
#
# Now the matrices are given, one for each element of $C_N$, for the whole square. Write the bank of lifting kernels:
# entry $h$ is the weight, turned by $h$. Only the *inscribed disc* may act, the pixels whose centre is at most half a
# side away from the centre of the kernel. Cut the weight to the disc **before** the turn, and the result **again
# after** it.
#
# Predict before you write: why is cutting once not enough? Which kernel sizes do not need the disc at all?


# %% nbgrader={"grade": false, "grade_id": "bank", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lifting_bank(weight, turns):
    """The weight in all orientations, on the inscribed disc.

    Args:
        weight: Tensor with the axes c_out c_in k k.
        turns: One matrix for each element, with the axes n target source; both of the last
            have k * k entries.

    Returns:
        Tensor with the axes c_out n c_in k k.
    """
    ### BEGIN SOLUTION
    k = weight.shape[-1]
    offset = torch.arange(k, dtype=weight.dtype) - (k - 1) / 2
    disc = (torch.hypot(offset, offset[:, None]) <= k / 2).to(weight)
    source = (weight * disc).flatten(2)
    entries = [(source @ matrix.T).unflatten(2, (k, k)) * disc for matrix in turns]
    return torch.stack(entries, dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bank-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.bank(lifting_bank)
### BEGIN HIDDEN TESTS
checks.bank(lifting_bank, seed=20292).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Before the turn the disc stops weights of the corners from coming in. After it the disc stops the rim, which
# interpolation has blurred, from leaking out. Without both, the kernel at 45° is another one than the kernel at 0°,
# and not the same one turned. A kernel of 1 or 3 pixels lies in its disc as a whole.

# %% [markdown]
# ## Question 3. Find the bug: the wrap at $2\pi$
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 25 min | the definition below |
#
# From the second layer on, the input has a fiber with one entry for each element, and so has the weight. Output
# entry $h$ reads input entry $j$ with the slice $h^{-1} j$ of the weight, turned by $h$.
#
# The following routine is of the kind that a much-read notebook uses. A kernel is a function of position *and*
# angle, so the fiber is sampled at the angle of $j$ less the angle of $h$, interpolated between neighbours, with
# zeros outside the list. Its layer passes the test at 90° for $C_4$, in single precision. For $C_8$ it fails at 90°, "because of
# interpolation".


# %% tags=["given"]
def broken_bank(weight, turns):
    """Kernels of a group convolution; weight is c_out c_in n k k, turns n target source."""
    n = len(turns)
    angles = torch.linspace(0, 2 * math.pi * (n - 1) / n, n, dtype=torch.float32)
    back = torch.remainder(-angles, 2 * math.pi)
    place = torch.remainder(back[:, None] + angles, 2 * math.pi) * (n / (2 * math.pi))  # h, j
    share = (1 - (place.double()[..., None] - torch.arange(n)).abs()).clamp(min=0)  # h, j, slice
    read = torch.einsum("hji,ocis->ohcjs", share, weight.flatten(3))
    bank = torch.einsum("hts,ohcjs->ohcjt", turns, read)
    return bank.view(weight.shape[0], n, *weight.shape[1:])


for n in (4, 8):
    ones = torch.ones(1, 1, n, 1, 1, dtype=torch.float64)
    print(f"C_{n}, weights of 1 only:")
    print(broken_bank(ones, checks.turns_on_the_disc(n, 1)).view(n, n).round(decimals=3))

# %% [markdown]
# But a quarter turn interpolates nothing, whatever $N$ is. Which slice is lost, in which orientation, and why?
# Print `place`. What must $-\theta + \theta$ be, and what is it here?
#
# Then write the bank without angles. The matrices that you are given hold the disc already.


# %% nbgrader={"grade": false, "grade_id": "fiber", "locked": false, "schema_version": 3, "solution": true, "task": false}
def group_bank(weight, turns):
    """The weight of a group convolution in all orientations.

    Args:
        weight: Tensor with the axes c_out c_in n k k; the third axis is the fiber.
        turns: One matrix for each element, with the axes n target source; both of the last
            have k * k entries.

    Returns:
        Tensor with the axes c_out n c_in n k k; entry h of the second axis belongs to the
        turn h, and the fourth axis is the fiber of the input.
    """
    ### BEGIN SOLUTION
    c_out, c_in, n, k, _ = weight.shape
    result = torch.empty(c_out, n, c_in, n, k, k, dtype=weight.dtype)
    for h in range(n):
        for j in range(n):
            turned = weight[:, :, (j - h) % n].flatten(2) @ turns[h].T
            result[:, h, :, j] = turned.unflatten(2, (k, k))
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "fiber-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.fiber(group_bank)
### BEGIN HIDDEN TESTS
checks.fiber(group_bank, seed=20293).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# For $C_8$ it is the slice of the identity in orientation 2, the quarter turn. There $j = h$, and $-\theta + \theta$
# should be 0. But $-\theta$ was first brought to $2\pi - \theta$ and rounded, and the sum comes out a hair below
# $2\pi$. It is not brought back to 0, stands at place $N$ of a list that ends at $N - 1$, and is read as zero. The
# difference of two elements is a whole number modulo $N$: count it in whole numbers. And test quarter turns for
# every $N$ that 4 divides, not only for $N = 4$.

# %% [markdown]
# ## Question 4. Pooling over the fiber
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 10 min | nothing |
#
# Ordinary layers have no axis for the fiber. When a network is written out for deployment, channel and fiber are
# folded into one axis, `b (c fiber) y x`: first all entries of channel 0, then those of channel 1. **Your group is
# $C_{{{n}}}$.** Write the group pooling on this layout: the maximum over the fiber.
#
# Before you write: with 2 channels, which of the maps 0 to {{n.last}} belong to channel 1?


# %% nbgrader={"grade": false, "grade_id": "pool", "locked": false, "schema_version": 3, "solution": true, "task": false}
def group_pool(x):
    """Maximum over the fiber of C_{{n}}, on the folded layout.

    Args:
        x: Features with the axes b (c fiber) y x.

    Returns:
        Tensor with the axes b c y x.
    """
    ### BEGIN SOLUTION
    order = {{n}}
    b, folded, height, width = x.shape
    return x.reshape(b, folded // order, order, height, width).amax(dim=2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "pool-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.pool(group_pool, n={{n}})
### BEGIN HIDDEN TESTS
checks.pool(group_pool, n={{n}}, seed=20294).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Maps {{n}} to {{n.last}}. A turn of the image moves the entries of each channel round among themselves, and a maximum does not
# care about their order. Mix up channel and fiber, and the maximum runs over different channels: the result then
# depends on the orientation.

# %% [markdown]
# ## Question 5. Design a layer
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the rules below |
#
# You choose a group convolution with as many output as input channels. Three rules of the chapter decide:
#
# 1. Quarter turns must be elements, so 4 divides $N$. Half way between two elements an edge kernel has an error of
#    up to $2 \sin(90°/N)$. Take the **smallest** $N$ with an error of at most `limit`.
# 2. A kernel cannot carry more orientations than it has pixels. Take the **smallest** odd side $k \ge 3$ whose
#    inscribed disc holds at least $N$ pixels.
# 3. The layer stores $c \cdot c \cdot N \cdot k \cdot k$ weights, corners included. Take the **largest** number $c$
#    of channels for which this is at most `parameters`.
#
# Predict before you write: by how many orientations is an error of 10 % bought, and what happens to the number
# of channels if you halve the limit?


# %% nbgrader={"grade": false, "grade_id": "design", "locked": false, "schema_version": 3, "solution": true, "task": false}
def design(limit, parameters):
    """Orientations, kernel size and channels of a group convolution.

    Args:
        limit: Largest error between two orientations, from 0.05 to 1.
        parameters: Weights that the layer may have, 20000 or more.

    Returns:
        Three whole numbers: N, the side of the kernel in pixels, and the channels.
    """
    ### BEGIN SOLUTION
    order = 4
    while 2 * math.sin(math.pi / (2 * order)) > limit:
        order += 4

    def room(side):
        reach = range(1 - side, side, 2)  # twice the distance from the centre
        return sum(y * y + x * x <= side * side for y in reach for x in reach)

    side = next(side for side in range(3, 99, 2) if room(side) >= order)
    return order, side, math.isqrt(parameters // (order * side * side))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "design-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.design(design)
### BEGIN HIDDEN TESTS
checks.design(design, seed=20295).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# An error of 10 % needs 32 orientations, and then 7 pixels. To halve the limit is to double $N$, more or less, and
# that alone divides the channels by $\sqrt 2$; a larger kernel takes its share too. Mind what these rules promise.
# The arches are those of *smooth* edge kernels. With rough weights the interpolation errs more than that at the
# elements themselves, and twelve orientations are little better than eight.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
