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
# # Exercises: LieConv
#
# You will write the parts of a convolution on a continuous group: exponential and logarithm of SE(2), lifting, and a
# mean over neighbours that leaves padding out. Then you will repair a layer that passes a test with shifts, and say
# how many samples an error needs.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 90 minutes |
# | Builds on | [Groups and actions](book:02-groups-and-actions), [LieConv](book:14-lieconv) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the element of the group, and the smallest input that
# it found. It looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("lifting", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import math

import torch

from course_lib.checks import lieconv as checks

# %% [markdown]
# ## What you need to know
#
# The group SE(2) holds the motions $p \mapsto R p + t$ of the plane: a rotation $R$, counter-clockwise by an angle
# $\theta$ in radians, then a shift $t$. As a matrix, and with the matrix of its logarithm $a = (v, \theta)$,
#
# $$u = \begin{pmatrix} R & t \\ 0 & 1 \end{pmatrix}, \qquad
# \hat a = \begin{pmatrix} 0 & -\theta & v_1 \\ \theta & 0 & v_2 \\ 0 & 0 & 0 \end{pmatrix}, \qquad
# u = \exp(\hat a) = I + \hat a + \tfrac12 \hat a^2 + \dots$$
#
# Products are matrix products: $u v$ acts as first $v$, then $u$. Coordinates are right and up.
#
# The rotation in $\exp(\hat a)$ is the one by $\theta$. The shift is $t = V v$ with
#
# $$V = \begin{pmatrix} s & -c \\ c & s \end{pmatrix}, \qquad s = \frac{\sin\theta}{\theta}, \qquad
# c = \frac{1 - \cos\theta}{\theta},$$
#
# the mean of all rotations from 0 to $\theta$: whoever walks with the velocity $v$ and turns while walking ends
# there after one unit of time.

# %% [markdown]
# ## Question 1. Complete the line: the exponential
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 10 min | the formulas above |
#
# All is prepared, also for the angle 0; the shift is missing.
#
# Predict before you write: you walk with the velocity $(1, 0)$, to the right, and turn by $\pi$ on the way. Do you
# end to the right of the start, or above it?


# %% nbgrader={"grade": false, "grade_id": "exponential", "locked": false, "schema_version": 3, "solution": true, "task": false}
def exp_se2(right, up, angle):
    """The element of SE(2) with the logarithm (right, up, angle).

    Args:
        right: First entry of the velocity v, a number.
        up: Its second entry.
        angle: The angle in radians; any number, also 0 or more than pi.

    Returns:
        Matrix with the axes row column, 3 by 3, in float64.
    """
    cos, sin = math.cos(angle), math.sin(angle)
    s = sin / angle if angle else 1.0
    c = 2 * math.sin(angle / 2) ** 2 / angle if angle else 0.0
    ### BEGIN SOLUTION
    x, y = s * right - c * up, c * right + s * up
    return torch.tensor([[cos, -sin, x], [sin, cos, y], [0, 0, 1]], dtype=torch.float64)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "exponential-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.exponential(exp_se2)
### BEGIN HIDDEN TESTS
checks.exponential(exp_se2, seed=20361).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Above it. For $\theta = \pi$ the number $s$ is 0 and $c$ is $2/\pi$, so the shift is $(0, 2/\pi)$: half a circle
# of length 1, with its diameter upwards. The fraction $(1 - \cos\theta)/\theta$ loses its digits near 0, where the
# cosine is 1; the equal $2\sin^2(\theta/2)/\theta$ does not.

# %% [markdown]
# ## Question 2. The logarithm and its cut
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | the formulas above |
#
# Now backwards. Of all angles that give the same rotation, the logarithm takes the one above $-\pi$ and up to $\pi$.
# The velocity is $v = V^{-1} t$, with
#
# $$V^{-1} = \begin{pmatrix} h & \theta/2 \\ -\theta/2 & h \end{pmatrix}, \qquad
# h = \frac{\theta/2}{\tan(\theta/2)} = 1 - \frac{\theta^2}{12} - \dots$$
#
# A turn by $\pi$ is also one by $-\pi$, and there the logarithm jumps: that is the *branch cut*. Computed numbers
# never hit it exactly, so rounding would choose the sign. Decide it yourself: where the cosine is negative and
# the sine less than $10^{-12}$ away from 0, the angle is $+\pi$.
#
# Predict before you write: which angle does `math.atan2(-0.0, -1.0)` give, and which `math.atan2(0.0, -1.0)`?


# %% nbgrader={"grade": false, "grade_id": "logarithm", "locked": false, "schema_version": 3, "solution": true, "task": false}
def log_se2(cos, sin, right, up):
    """Logarithm of the motion with a given rotation and shift.

    Args:
        cos: Cosine of the rotation's angle, a number.
        sin: Its sine.
        right: First entry of the shift.
        up: Its second entry.

    Returns:
        Three numbers: both entries of the velocity v, and the angle in radians.
    """
    ### BEGIN SOLUTION
    angle = math.pi if cos < 0 and abs(sin) < 1e-12 else math.atan2(sin, cos)
    half = angle / 2
    h = 1 - angle**2 / 12 if abs(angle) < 1e-4 else half / math.tan(half)
    return h * right + half * up, h * up - half * right, angle
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "logarithm-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.logarithm(log_se2)
### BEGIN HIDDEN TESTS
checks.logarithm(log_se2, seed=20362).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# $-\pi$ and $+\pi$: even the zero has a sign. At the cut the velocity jumps too, and with it every kernel that is
# evaluated there. It is one point of the circle, and random angles do not meet it. Equally spaced ones do: with an
# even number of samples, two of them always differ by exactly $\pi$.

# %% [markdown]
# ## Question 3. Lifting
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the formulas above |
#
# A layer on a group wants group elements, and the data are points. *Lifting* takes to each point elements that
# carry the origin there: $u\,0 = p$. There is one for each rotation, since a rotation about the origin keeps the
# origin. Those rotations are the *stabiliser* of the origin.
#
# Given are the angles of some rotations, the same for all points. Write for every point the element of each angle.
#
# Predict before you write: must the rotation act before the shift, or after it?


# %% nbgrader={"grade": false, "grade_id": "lifting", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lift_points(points, angles):
    """Elements of SE(2) that carry the origin to each point.

    Args:
        points: Tensor with the axes point 2, right and up, in float64.
        angles: Tensor with the axis sample, in radians, in float64.

    Returns:
        Tensor with the axes point sample 3 3; its first two columns are rotated by the
        angle, whatever the point.
    """
    ### BEGIN SOLUTION
    elements = torch.zeros(len(points), len(angles), 3, 3, dtype=points.dtype)
    elements[..., 0, 0] = elements[..., 1, 1] = angles.cos()
    elements[..., 1, 0] = angles.sin()
    elements[..., 0, 1] = -angles.sin()
    elements[..., :2, 2] = points[:, None]
    elements[..., 2, 2] = 1
    return elements
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "lifting-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.lifting(lift_points)
### BEGIN HIDDEN TESTS
checks.lifting(lift_points, seed=20363).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Before it: the rotation keeps the origin, and the shift then carries it to the point. The other way round the shift
# comes first, and the rotation turns the point away. As a product it is shift times rotation, and the matrix can be
# written down without a product.

# %% [markdown]
# ## Question 4. The mean over a neighbourhood, with a mask
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# The integral over the group becomes a mean over neighbours. Sets of different sizes lie in one array: they are
# padded to the same length, and a mask says which points are there.
#
# The neighbourhood of a point are the points that are there, itself among them, at a distance of at most `radius`;
# if these are more than `neighbours`, only the nearest so many. Write the mean of the values over each
# neighbourhood. What stands at padding must not matter, and the answer there is 0.
#
# Predict before you write: a point is alone in its neighbourhood. Which mean does it get? And which one would it get
# if the sum were divided by `neighbours`?


# %% nbgrader={"grade": false, "grade_id": "neighbours", "locked": false, "schema_version": 3, "solution": true, "task": false}
def local_mean(points, values, mask, radius, neighbours):
    """Mean of the values over the neighbourhood of each point.

    Args:
        points: Tensor with the axes point 2, in float64; no two distances are equal.
        values: Tensor with the axes point channel, in float64.
        mask: Tuple of truth values, one for each point: True where there is a point.
        radius: Largest distance of a neighbour; a point at this distance still counts.
        neighbours: Largest number of points in a neighbourhood.

    Returns:
        Tensor with the axes point channel; 0 where the mask is False.
    """
    ### BEGIN SOLUTION
    there = torch.tensor(mask)
    distance = (points[:, None] - points[None]).norm(dim=-1)
    distance[:, ~there] = float("inf")
    near, index = distance.sort(dim=1)
    near, index = near[:, :neighbours], index[:, :neighbours]
    seen = (near <= radius).double() * there[:, None]
    total = torch.einsum("nk,nkc->nc", seen, values[index])
    return total / seen.sum(dim=1, keepdim=True).clamp(min=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "neighbours-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.neighbours(local_mean)
### BEGIN HIDDEN TESTS
checks.neighbours(local_mean, seed=20364).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Its own value. Divided by `neighbours`, the answer would be small where points are rare: the layer would measure
# how crowded a place is. Padding must leave before the nearest are chosen. Otherwise it takes places away from points
# that are there, and the answer depends on how far the array was padded.

# %% [markdown]
# ## Question 5. Find the bugs: a layer that passes with shifts
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | the formulas above |
#
# A LieConv layer answers at the element $v$ with the mean over all elements $u$ of $k(\log(v^{-1}u))\, f(u)$. Move
# all elements by $g$, and nothing changes: $(g v)^{-1} g u = v^{-1} u$.
#
# Here is a layer for small sets, without a bound on the neighbourhood. Its author lifted with the angle 0, shifted
# all points, and saw that the answers stay. The next cell repeats this test, and makes three more. Elements are given
# as *poses*: right, up, angle. `checks.matrices` makes the matrices, `checks.log` their logarithms, and
# `checks.kernel` is the trained kernel.


# %% tags=["given"]
def broken_layer(poses, f, mask):
    """Mean over all u of kernel times feature, for each element."""
    elements = checks.matrices(poses)
    inverse = torch.linalg.inv(elements)
    relative = elements[None, :] @ inverse[:, None]  # row v, column u
    return (checks.kernel(checks.log(relative)) * f).mean(dim=1)


shift, turn = (1.0, 2.0, 0.0), (0.0, 0.0, 1.0)
print(f"angle 0, shifted        {checks.measured_gap(broken_layer, shift, angles=False):.0e}")
print(f"random angles, shifted  {checks.measured_gap(broken_layer, shift):.0e}")
print(f"random angles, turned   {checks.measured_gap(broken_layer, turn):.0e}")
print(f"angle 0, two padded     {checks.measured_gap(broken_layer, shift, angles=False, padding=2):.0e}")

# %% [markdown]
# There are two bugs. Repair both.
#
# Predict before you repair: a student replaces `relative` by $u^{-1} v$. Do the three gaps without padding vanish? Is
# the layer right?


# %% nbgrader={"grade": false, "grade_id": "convolve", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lie_convolve(poses, f, mask):
    """LieConv on a small set: mean over the elements u that are there of kernel(log(v^-1 u)) f(u).

    Args:
        poses: Tensor with the axes element 3: right, up and angle, in float64.
        f: Tensor with the axis element, in float64.
        mask: Tuple of truth values: True where there is an element.

    Returns:
        Tensor with the axis element; 0 where the mask is False.
    """
    ### BEGIN SOLUTION
    there = torch.tensor(mask).double()
    u = checks.matrices(poses)
    relative = torch.linalg.inv(u)[:, None] @ u[None, :]
    weights = checks.kernel(checks.log(relative)) * there
    return there * (weights * f).sum(dim=1) / there.sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "convolve-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.convolve(lie_convolve)
### BEGIN HIDDEN TESTS
checks.convolve(lie_convolve, seed=20365).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The gaps vanish, and the layer is still not the one that was trained: $u^{-1} v$ is the inverse of $v^{-1} u$, so its
# logarithm has the other sign, and the kernel is reflected. An equivariance test cannot see it; a number worked out
# by hand can. The product $u v^{-1}$ does not lose $g$: $g u (g v)^{-1} = g\, u v^{-1} g^{-1}$. For shifts
# alone $g$ commutes with everything, and the test passes.

# %% [markdown]
# ## Question 6. Design: how many samples?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | nothing |
#
# The mean over $n$ random rotations is a Monte Carlo estimate of an integral. Its expected error falls like
# $1/\sqrt n$. To measure it, people lift the same set twice with fresh rotations, and compare the two answers, as
# the next cell does. But the exact answer is not among the two: both are off, independently of each other.
#
# **Write down your guess first:** from 8 to 32 samples, how much smaller does the first column become? And the second
# one, where the same number of rotations is equally spaced?

# %% tags=["given"]
for n in (2, 8, 32):
    even = checks.measured_error(n, spacing="even")
    print(f"{n:2d} samples   random {checks.measured_error(n):.3f}   equally spaced {even:.0e}")

# %% [markdown]
# Now design: two answers of **{{samples}} random rotations** each were found to differ by `error`. How many random
# rotations does *one* answer need, so that its expected distance from the exact one is at most `target`?


# %% nbgrader={"grade": false, "grade_id": "samples", "locked": false, "schema_version": 3, "solution": true, "task": false}
def samples_needed(error, target):
    """How many random rotations bring one answer's expected error down to the target.

    Args:
        error: Difference of the two measured answers, of {{samples}} rotations each, in thousandths; a
            whole number above 0.
        target: Wanted distance of one answer from the exact one in thousandths, a whole
            number above 0.

    Returns:
        The smallest whole number that is enough, at least 1; exact, so compute it with
        whole numbers.
    """
    ### BEGIN SOLUTION
    samples = {{samples}}
    return -(-samples * error**2 // (2 * target**2))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "samples-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.samples(samples_needed, samples={{samples}})
### BEGIN HIDDEN TESTS
checks.samples(samples_needed, samples={{samples}}, seed=20366).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Four times as many samples halve the error, more or less: the measured numbers scatter too. Two independent errors of
# size $s$ stand at a right angle, more or less, so their difference is $\sqrt 2\, s$, and its square is $2 s^2$. The
# equally spaced rotations do far better here: a smooth function on the circle is summed by equal steps with an error
# that falls faster than every power of $1/n$. In space there is no such grid of rotations.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
