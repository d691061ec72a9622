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
# # Exercises: steerable filters
#
# You will build a kernel that turns by multiplication, find out which waves it may contain, and mend a
# nonlinearity that does not turn with its feature.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 85 minutes |
# | Builds on | [Groups and actions](book:02-groups-and-actions), [Steerable filters](book:06-steerable) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the turn, and the smallest input that it found. It
# looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("wave", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import math

import torch

from course_lib.checks import steerable as checks


def offsets(size):
    """Columns of a kernel, counted from its centre; in px, in float64."""
    return torch.arange(size, dtype=torch.float64) - size // 2


# %% [markdown]
# ## What you need to know
#
# Polar coordinates have their origin at the centre of the kernel: $r$ is the distance in pixels, $\varphi$ the angle
# counter-clockwise from the right. So $x$ points to the right and $y$ points *up*, while the first row of an array is
# the top one.
#
# A real *steerable kernel* is the real part of
#
# $$\psi(r, \varphi) = \sum_{n \ge 0}\sum_{j} w_{nj}\; e^{i n \varphi}\; e^{-(r - j)^2 / 2\sigma^2},$$
#
# with complex weights $w_{nj}$. The turn $g$ by $\theta$ gives the kernel $(g\psi)(r, \varphi) = \psi(r, \varphi - \theta)$.
#
# A *feature of frequency* $m \ge 1$ is a pair of numbers at each pixel. The turn by $\theta$ turns the pair by
# $m\theta$. Frequency 0 is a scalar: one number that does not change.

# %% [markdown]
# ## Question 1. A circular harmonic on pixels
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the definitions above |
#
# Sample the wave $e^{i m \varphi}$ at the pixels of a kernel.
#
# Before you write: which value must the wave have at the centre, which no turn moves? Think of $m = 0$ and of
# $m = 1$ apart.


# %% nbgrader={"grade": false, "grade_id": "wave", "locked": false, "schema_version": 3, "solution": true, "task": false}
def circular_harmonic(m, size):
    """The wave exp(i m phi), sampled.

    Args:
        m: Frequency, 0 or more.
        size: Side of the kernel in pixels; odd.

    Returns:
        Float64 tensor with the axes 2 y x: real part, then imaginary part. Where a turn
        demands that the wave be zero, it is zero.
    """
    ### BEGIN SOLUTION
    x = offsets(size).expand(size, size)
    y = -x.T
    phi = torch.atan2(y, x)
    sampled = torch.stack([torch.cos(m * phi), torch.sin(m * phi)])
    if m > 0:
        sampled[:, size // 2, size // 2] = 0
    return sampled
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "wave-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.wave(circular_harmonic)
### BEGIN HIDDEN TESTS
checks.wave(circular_harmonic, seed=20261).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# A turn by $\theta$ multiplies the wave by $e^{-im\theta}$ and leaves the centre where it is. A number that is equal to
# $e^{-im\theta}$ times itself for every $\theta$ is zero, unless $m = 0$. The function `atan2` does not know this: it
# calls the angle of the centre 0. The wrong $y$ axis is the other trap. It conjugates the wave, so the kernel turns
# clockwise later, and the error shows far from its cause.

# %% [markdown]
# ## Question 2. Rings
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 10 min | nothing |
#
# Write the radial part: for each radius $j = 0, 1, 2, \dots$ the ring $e^{-(r - j)^2 / 2\sigma^2}$.
#
# Predict: what does a turn of the kernel by 90° do to a ring, and what does a turn by 17° do to it?


# %% nbgrader={"grade": false, "grade_id": "rings", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gaussian_rings(n_rings, sigma, size):
    """Rings around the centre of a kernel.

    Args:
        n_rings: Number of rings; their radii are 0, 1, ..., n_rings - 1 pixels.
        sigma: Width of each ring in pixels.
        size: Side of the kernel in pixels; odd.

    Returns:
        Float64 tensor with the axes ring y x.
    """
    ### BEGIN SOLUTION
    x = offsets(size)
    r = torch.sqrt(x[:, None] ** 2 + x**2)
    j = torch.arange(n_rings)[:, None, None]
    return torch.exp(-((r - j) ** 2) / (2 * sigma**2))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "rings-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.rings(gaussian_rings)
### BEGIN HIDDEN TESTS
checks.rings(gaussian_rings, seed=20262).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# A ring depends on the distance alone, so no turn changes it: as a function not even the turn by 17°. All that a turn
# does to a steerable kernel happens in the angular part.

# %% [markdown]
# ## Question 3. Turn a kernel without touching a pixel
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the definition of the steerable kernel |
#
# A kernel is given by its weights. Give the weights of the turned kernel. Complex numbers are handed over as pairs:
# the last axis holds the real and the imaginary part, as `torch.view_as_real` makes it.
#
# Before you write: $w_{20}$ is the only weight, and the kernel is turned by 180°. What is its new weight?


# %% nbgrader={"grade": false, "grade_id": "steer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def steer(weight, angle_deg):
    """Weights of the turned kernel.

    Args:
        weight: Tensor with the axes frequency ring 2; the frequencies are 0, 1, 2, ...
        angle_deg: Any angle in degrees, counter-clockwise.

    Returns:
        Tensor with the same axes.
    """
    ### BEGIN SOLUTION
    w = torch.view_as_complex(weight)
    n = torch.arange(len(w), dtype=torch.float64)[:, None]
    phase = torch.exp(-1j * n * math.radians(angle_deg))
    return torch.view_as_real(phase * w)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "steer-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.steer(steer)
### BEGIN HIDDEN TESTS
checks.steer(steer, seed=20263).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The new weight is $w_{20}$ itself: a wave with two lobes comes back after half a turn. In general
# $e^{in(\varphi - \theta)} = e^{-in\theta}\,e^{in\varphi}$, so each weight gets the factor $e^{-in\theta}$. The minus sign
# comes from the inverse: to turn a function to the left, look it up to the right.

# %% [markdown]
# ## Question 4. Which waves lead from one feature to another?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the definition of the features |
#
# A convolution maps a feature of frequency $m_{\text{in}}$ to one of frequency $m_{\text{out}}$. It commutes with every
# turn if and only if $k(g p) = \rho_{\text{out}}(g)\, k(p)\, \rho_{\text{in}}(g)^{-1}$. **Your input is of frequency
# $m_{\text{in}} = {{m_in}}$.** Which angular frequencies may its real kernel contain?
#
# Predict: a gradient maps a gray picture to arrows, $m = 0$ to $m = 1$. Which wave is in its kernels? And which waves
# may map arrows to arrows?


# %% nbgrader={"grade": false, "grade_id": "paths", "locked": false, "schema_version": 3, "solution": true, "task": false}
def may_contain(m_out, n):
    """Whether a kernel from a feature of frequency {{m_in}} to another may contain a frequency.

    Args:
        m_out: Frequency of the output, 0 or more.
        n: Angular frequency, 0 or more: cos(n phi) and sin(n phi).

    Returns:
        True or False.
    """
    ### BEGIN SOLUTION
    m_in = {{m_in}}
    return n in (abs(m_out - m_in), m_out + m_in)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "paths-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.paths(may_contain, m_in={{m_in}})
### BEGIN HIDDEN TESTS
checks.paths(may_contain, m_in={{m_in}}, seed=20264).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# A gradient needs frequency 1: its two kernels are a cosine and a sine. From arrows to arrows lead 0 and 2. Read the pair
# as a complex number $z$. A real map of $z$ is $\alpha z + \beta \bar z$. A turn multiplies $z$ by $e^{im_{\text{in}}\theta}$
# and $\bar z$ by $e^{-im_{\text{in}}\theta}$, and the output must gain $e^{im_{\text{out}}\theta}$. So $\alpha$ has the
# frequency $m_{\text{out}} - m_{\text{in}}$, and $\beta$ has $m_{\text{out}} + m_{\text{in}}$. A scalar is its own
# conjugate, so one wave is left there.

# %% [markdown]
# ## Question 5. How much fits into a kernel?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | nothing |
#
# A ring of few pixels cannot carry many lobes. The course has measured what it can: ring $j \ge 1$ keeps the frequencies
# from 0 to $j + 1$. And a kernel of $k$ px has the rings $j = 0, 1, \dots$, in number $\lfloor k / 2 \rfloor$; the next
# one would be cut off by the frame. What about ring 0, you know from the centre.
#
# **Write down your guess first:** how many real weights has a real kernel of 7 px, which has 49 pixels?


# %% nbgrader={"grade": false, "grade_id": "band", "locked": false, "schema_version": 3, "solution": true, "task": false}
def room_in_kernel(kernel_size):
    """What a real steerable kernel can hold.

    Args:
        kernel_size: Side in pixels; odd, at least 3.

    Returns:
        The largest frequency on any ring, and the number of real weights on all rings
        together.
    """
    ### BEGIN SOLUTION
    limits = [0]
    for ring in range(1, kernel_size // 2):
        limits.append(ring + 1)
    weights = sum(1 + 2 * limit for limit in limits)
    return limits[-1], weights
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "band-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.band(room_in_kernel)
### BEGIN HIDDEN TESTS
checks.band(room_in_kernel, seed=20265).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Thirteen: 1 on ring 0, 5 on ring 1, 7 on ring 2. The constant needs one real number, each higher frequency a cosine and a
# sine; the weights at $-n$ are conjugates and bring nothing new. The kernel gave up three quarters of its freedom, and
# what it gave up is what a pixel grid cannot turn.

# %% [markdown]
# ## Question 6. Find the bug: a nonlinearity that does not turn
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | the definition of the features |
#
# A network has features of frequency 1, arrows with the axes `b c 2 y x`. Its convolutions are perfect. Between them
# stands what always stands there.


# %% tags=["given"]
def broken_nonlinearity(x):
    """ReLU, as in any network; x is b c 2 y x."""
    return x.relu()


# %% [markdown]
# The next cell turns random arrows, once before this layer and once behind it, and compares. **Predict first:** will the
# error be zero at 90°, where all numbers stay as they are and only change places and signs? At 180°?

# %% tags=["given"]
for angle in (17, 90, 180, 360):
    print(f"{angle:3d} degrees: relative error {checks.relu_error(angle):.1g}")

# %% [markdown]
# Write a nonlinearity that commutes with every turn: it shortens each arrow by a threshold of its channel and keeps the
# direction. An arrow that is shorter than the threshold becomes zero.


# %% nbgrader={"grade": false, "grade_id": "norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
def norm_nonlinearity(x, threshold):
    """Shortens arrows.

    Args:
        x: Features with the axes b c 2 y x; some arrows may have the length 0.
        threshold: Tensor with the axis c; 0 or more.

    Returns:
        Features with the axes b c 2 y x.
    """
    ### BEGIN SOLUTION
    length = torch.sqrt((x**2).sum(dim=2, keepdim=True))
    shorter = torch.relu(length - threshold[:, None, None, None])
    return x * shorter / length.clamp(min=1e-12)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "norm-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.norm(norm_nonlinearity)
### BEGIN HIDDEN TESTS
checks.norm(norm_nonlinearity, seed=20266).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# ReLU cuts the left half and the lower half of the plane of arrows. A turn by any angle but the full one moves these
# halves, so it fails at 90° and at 180° too: it is the signs that ReLU looks at. The length of an arrow is what no turn
# changes, and a factor made from it commutes with all of them. The gated nonlinearity of the chapter works for the same
# reason: its factor is made from a scalar.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
