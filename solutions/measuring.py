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
# # Exercises: measuring equivariance
#
# You will write the equivariance error and count it in the right region, score masks so that nobody is fooled, and
# say what a reported number allows one to believe. At the end you will repair a routine that calls an ordinary
# convolution equivariant.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 85 minutes |
# | Builds on | [p4](book:04-p4), [Measuring equivariance](book:08-measuring) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the element of the group, and the smallest input that
# it found. It looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("error", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import torch

from course_lib.checks import measuring as checks

# %% [markdown]
# ## What you need to know
#
# A map $\Phi$ is equivariant if $\Phi(g x) = g\, \Phi(x)$. The *equivariance error* says how far both ways are
# apart, measured by the size of the answer:
#
# $$\frac{\lVert \Phi(g x) - g\,\Phi(x) \rVert}{\lVert g\,\Phi(x) \rVert}.$$
#
# The norm is the root of the sum of squares over **all** axes: images, channels, fiber and pixels. There is one
# division, at the end.
#
# A measurement has a *floor*: turn the pictures there and back without any map, and see what is left. At quarter
# turns pixels only move, and the floor is 0. At other angles they are interpolated.

# %% [markdown]
# ## Question 1. The equivariance error
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the formula above |
#
# Here $g$ is an element of $C_4$, a turn by $g$ quarter turns counter-clockwise. The outputs are features with the
# axes `b c 4 y x`. **Your feature type is "{{feature}}"**: an element turns the pixels, and it acts on the fiber like
# this: {{feature.rule}}. Given are $\Phi(g x)$ and $\Phi(x)$. The second must still be moved.
#
# The map that answers zero to everything commutes with everything. Such a measurement must be **refused**, so
# your function returns two values.
#
# Predict before you write: a map turns out to answer $1.5\, g\,\Phi(x)$ to $g x$. What is its error? And what is
# the error of a map whose two answers have nothing to do with each other, but have the same size?


# %% nbgrader={"grade": false, "grade_id": "error", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relative_error(found, output, g):
    """The equivariance error of a map from its outputs, features of the type "{{feature}}".

    Args:
        found: Output for the moved input, with the axes b c 4 y x; y and x are equal.
        output: Output for the input itself, with the same axes.
        g: Quarter turns, 0 to 3.

    Returns:
        Two values: True and the error; or False and 0.0, if ``output`` is zero everywhere.
    """
    ### BEGIN SOLUTION
    quarter = torch.tensor({{feature.quarter}}, dtype=torch.float64)
    rho = torch.linalg.matrix_power(quarter, g)
    expected = torch.einsum("hj,bcjyx->bchyx", rho, torch.rot90(output, g, dims=(-2, -1)))
    size = expected.norm()
    if size == 0:
        return False, 0.0
    return True, ((found - expected).norm() / size).item()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "error-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.error(relative_error, feature="{{feature}}")
### BEGIN HIDDEN TESTS
checks.error(relative_error, feature="{{feature}}", seed=20281).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# An answer that is half too large has the error 0.5. Two unrelated answers of the same size are at right angles,
# more or less, so their distance is $\sqrt 2$ times their size: an error of about 1.4. So an error is not a
# percentage that ends at 1. A small number in the denominator, such as `1e-9`, avoids the division by zero and
# makes it worse: the zero map then passes every test.

# %% [markdown]
# ## Question 2. Where the error is counted
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# When a square picture is turned, its corners leave the frame and black comes in. So an error is counted in the
# *inscribed disc*: the pixels whose centre has a distance of at most half the side from the centre of the picture.
#
# Predict before you write: how many of the 9 pixels of a $3 \times 3$ picture belong to the disc? And of the 16
# pixels of a $4 \times 4$ picture? If only the difference were cut to the disc, and not what it is divided by, would
# errors come out too small or too large?


# %% nbgrader={"grade": false, "grade_id": "region", "locked": false, "schema_version": 3, "solution": true, "task": false}
def error_in_disc(found, expected):
    """Relative error, counted in the inscribed disc.

    Args:
        found: Output for the turned input, with the axes n c y x; y and x are equal.
        expected: Turned output, with the same axes.

    Returns:
        Norm of the difference, divided by the norm of ``expected``; a number.
    """
    ### BEGIN SOLUTION
    side = found.shape[-1]
    offset = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    inside = torch.hypot(offset, offset[:, None]) <= side / 2
    difference = (found - expected)[..., inside]
    return (difference.norm() / expected[..., inside].norm()).item()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "region-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.region(error_in_disc)
### BEGIN HIDDEN TESTS
checks.region(error_in_disc, seed=20282).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# All 9 of 9: the corners are 1.41 px from the centre, and the disc reaches to 1.5. Of 16 pixels 12 are left, since
# the corners are 2.12 px away. The centre is at $(n - 1)/2$, not at $n/2$: pixels are counted from 0, and pixel 0
# must be as far from the centre as the last one. Cutting the difference alone makes every error too small.

# %% [markdown]
# ## Question 3. Agreement, and what must stand beside it
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 20 min | nothing |
#
# A segmentation ends in masks of zeros and ones. Its *agreement* is the Dice score of the mask of the turned image
# with the turned mask of the image: twice the overlap, over the sum of both areas. Two empty masks agree, their
# score is 1.
#
# Beside it belong two more numbers, the Dice score of the mask of the turned image with the turned *truth*, and
# the share of images in which the method marks nothing at all.
#
# Predict first: what are the three numbers of a method that never marks anything? And which agreement does an
# *ideal* method reach that looks at each pixel by itself, if the mask has 30 pixels? The next cell measures it on
# round masks, turned by 30 degrees.

# %% tags=["given"]
for radius in (3, 6, 12, 24):
    area, floor = checks.floor_of_a_disc(radius)
    print(f"a mask of {area:4d} px: an ideal method reaches {floor:.3f}")


# %% nbgrader={"grade": false, "grade_id": "agreement", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mask_scores(found, expected, truth):
    """Agreement, Dice and share of empty masks; means over images.

    Args:
        found: Masks of the turned images, with the axes n y x, of zeros and ones in float64.
        expected: Turned masks of the images.
        truth: Turned true masks.

    Returns:
        Three numbers: mean agreement, mean Dice, and the share of images whose mask in
        ``found`` is empty.
    """

    ### BEGIN SOLUTION
    def dice(a, b):
        overlap = (a * b).sum(dim=(1, 2))
        both = a.sum(dim=(1, 2)) + b.sum(dim=(1, 2))
        return torch.where(both == 0, 1.0, 2 * overlap / both.clamp(min=1)).mean().item()

    empty = (found.amax(dim=(1, 2)) == 0).double().mean().item()
    return dice(found, expected), dice(found, truth), empty
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "agreement-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.agreement(mask_scores)
### BEGIN HIDDEN TESTS
checks.agreement(mask_scores, seed=20283).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Who never marks anything has an agreement of 1, a Dice of 0 and a share of empty masks of 1. Only together do the
# three numbers tell. And even the ideal method does not reach 1: at the border of a mask pixels must choose a
# side. A small mask has much border for its area. So an agreement belongs beside its floor, and masks of
# different size must not be thrown together.

# %% [markdown]
# ## Question 4. Which number may be believed?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# Papers and colleagues report errors. You get four numbers: the angle, the error measured in float32, the same in
# float64, and the floor of the measurement at that angle. Say what may be believed, in one word:
#
# - `"nothing"`: the turn is the identity, and every map would have passed;
# - at all other quarter turns: `"exact"` if only rounding is left, below $10^{-12}$ in float64, else `"fault"`;
# - at all other angles: `"seen"` if the error is more than twice the floor, else `"unseen"`.
#
# Predict before you write: two layers have the errors $2 \cdot 10^{-7}$ and $3 \cdot 10^{-6}$ at 90°, measured in
# float32. Which of them has a fault? And what do you learn from an error of exactly 0 at 30°?


# %% nbgrader={"grade": false, "grade_id": "report", "locked": false, "schema_version": 3, "solution": true, "task": false}
def verdict(angle_deg, error32, error64, floor):
    """What a reported error allows one to believe.

    Args:
        angle_deg: Angle of the turn in whole degrees; it may be negative or above 360.
        error32: Equivariance error, measured in float32.
        error64: The same in float64.
        floor: Error of turning the pictures there and back, in float64.

    Returns:
        One of the texts "nothing", "exact", "fault", "seen", "unseen".
    """
    ### BEGIN SOLUTION
    if angle_deg % 360 == 0:
        return "nothing"
    if angle_deg % 90 == 0:
        return "exact" if error64 < 1e-12 else "fault"
    return "seen" if error64 > 2 * floor else "unseen"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "report-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.report(verdict)
### BEGIN HIDDEN TESTS
checks.report(verdict, seed=20284).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# From float32 alone one cannot say. The first may be a layer with one number wrong by a millionth, and the second
# a deep network in which rounding has added up. Repeat both in float64: rounding falls by nine digits, a fault
# stays. An error of 0 at 30° is below every floor and shows nothing. The identity has it, since both ways turn the
# same picture in the same way; a test that compares a thing with itself has it too.

# %% [markdown]
# ## Question 5. Find the bug: an ordinary convolution that passes
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | the formula above |
#
# The next cell measures an ordinary convolution with random weights, at a quarter turn. Its true error is about
# one third. The routine finds half a percent. It comes with a good excuse for every line.


# %% tags=["given"]
def broken_error(found, expected, empty):
    """Relative error in the inscribed disc; n c y x, and one number a channel for the empty image."""
    n = expected.shape[-1]
    row = torch.arange(n) - (n - 1) / 2
    disc = row**2 + row[:, None] ** 2 <= (n / 2) ** 2
    distance = (found - expected).mean(dim=1)  # one map is easier to look at
    distance = distance[..., disc]  # corners leave the frame
    scale = expected.norm()  # the output as it is
    return (distance.norm() / scale).item()


print(f"an ordinary convolution: {broken_error(*checks.plain_outputs()):.4f}")

# %% [markdown]
# The third argument is new, and the routine does not use it: what the map says to an *empty* image, one number for
# each channel. Whoever says the same thing always is never caught in a contradiction.
#
# There are three faults. Find them, and write the routine that measures $\lVert \Phi(g x) - g\,\Phi(x) \rVert$ by
# $\lVert g\,\Phi(x) - \Phi(0) \rVert$, both in the disc and over all images and channels together.
#
# Predict before you repair: which of the three faults alone makes the error smallest here?


# %% nbgrader={"grade": false, "grade_id": "repair", "locked": false, "schema_version": 3, "solution": true, "task": false}
def repaired_error(found, expected, empty):
    """Relative error in the inscribed disc, without the constant part of the output.

    Args:
        found: Output for the turned input, with the axes n c y x; y and x are equal.
        expected: Turned output, with the same axes.
        empty: Output for an empty image, with the axis c: one number for each channel.

    Returns:
        A number.
    """
    ### BEGIN SOLUTION
    side = found.shape[-1]
    axis = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    inside = torch.hypot(axis, axis[:, None]) <= side / 2
    signal = expected - empty.view(1, -1, 1, 1)
    return ((found - expected)[..., inside].norm() / signal[..., inside].norm()).item()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "repair-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.repair(repaired_error)
### BEGIN HIDDEN TESTS
checks.repair(repaired_error, seed=20285).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The mean over channels lets differences of opposite sign cancel, and one map in place of eight is shorter too.
# The constant part of the output makes the denominator as large as one likes. And the two norms see different
# pixels. Here the first fault alone gives 0.04 and the second 0.05, instead of 0.34; the third does nothing, since
# without its constant the output is dark in the corners. With a constant it is not. The cure for all such routines
# is one line: run them on an ordinary convolution, which must fail.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
