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
# # Exercises: SRE, one value a ring
#
# You will build a kernel that no turn can change, predict what a network of such kernels cannot see, compute the same
# layer with a fraction of the work, and mend a layer that lost its symmetry on the way.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 85 minutes |
# | Builds on | [Networks on p4](book:04-p4), [SRE](book:07-sre) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the element of the group, and the smallest input that
# it found. It looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("rings", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import torch
from torch.nn import functional as F

from course_lib.checks import sre as checks
from course_lib.filters import ring_masks


def masks_of(n_rings, rings="hard"):
    """Masks of a kernel of 2 n_rings - 1 pixels, with the axes ring y x, in float64."""
    return ring_masks(2 * n_rings - 1, rings=rings).double()


# %% [markdown]
# ## What you need to know
#
# A kernel of the odd side $k = 2h + 1$ has $R = h + 1$ rings of width $s = (h + \tfrac12)/(h + 1)$. Let $D(q)$ be the
# distance of the pixel $q$ from the central pixel. Then $q$ belongs to ring $\lfloor D(q)/s \rfloor$ if
# $D(q) < h + \tfrac12$, and to no ring otherwise. The mask $M_r$ is 1 on ring $r$ and 0 elsewhere.
#
# With one weight for each ring, the kernel is $w(q) = \sum_r w_r\, M_r(q)$. Convolution is meant as torch computes it:
# $(f \star w)(p) = \sum_q f(p + q)\, w(q)$, where $f$ is zero outside the image.

# %% [markdown]
# ## Question 1. Which ring?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | the definition above |
#
# Write the ring of every pixel of a kernel. Do not ask `ring_masks` here.
#
# Before you write: into which ring of a 5 × 5 kernel does the pixel fall that lies two to the right and one above the
# centre? And the corner?


# %% nbgrader={"grade": false, "grade_id": "rings", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ring_index(kernel_size):
    """The ring of every pixel.

    Args:
        kernel_size: Side of the kernel in pixels; odd.

    Returns:
        Float64 tensor with the axes y x: 0 at the centre, 1, 2, ... further out, and -1 for
        pixels that belong to no ring.
    """
    ### BEGIN SOLUTION
    h = kernel_size // 2
    offset = torch.arange(kernel_size, dtype=torch.float64) - h
    distance = torch.sqrt(offset[:, None] ** 2 + offset**2)
    width = (h + 0.5) / (h + 1)
    ring = torch.floor(distance / width)
    return torch.where(distance < h + 0.5, ring, -1.0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "rings-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.rings(ring_index)
### BEGIN HIDDEN TESTS
checks.rings(ring_index, seed=20261).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The distance of the first pixel is $\sqrt 5 = 2.24$, the width is $2.5/3 = 0.83$: ring 2. The corner lies at 2.83, beyond
# 2.5, and belongs to no ring. Rings of a whole pixel give the same table for 3 and 5 px; from 7 px on they differ.

# %% [markdown]
# ## Question 2. A kernel that no turn can change
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 10 min | the definition above |
#
# Build the kernel of a layer from its ring weights. `masks_of` gives the masks, hard ones as defined above or smooth
# ones, which overlap.
#
# Predict: how many different values can a 9 × 9 kernel with hard rings have?


# %% nbgrader={"grade": false, "grade_id": "kernel", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ring_kernel(weight, rings):
    """The kernel with one weight a ring.

    Args:
        weight: Tensor with the axes c_out c_in ring; the centre comes first.
        rings: "hard" or "smooth", to be handed to masks_of.

    Returns:
        Tensor with the axes c_out c_in y x.
    """
    ### BEGIN SOLUTION
    masks = masks_of(weight.shape[2], rings)
    return torch.einsum("oir,ryx->oiyx", weight, masks)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "kernel-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.kernel(ring_kernel)
### BEGIN HIDDEN TESTS
checks.kernel(ring_kernel, seed=20262).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Six: one a ring, and 0 in the corners. The symmetry of the layer lives in this one line. Looking up a single ring for each
# pixel works for hard rings only; a sum over the masks serves both kinds.

# %% [markdown]
# ## Question 3. Predict, then measure: what can it not see?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | nothing |
#
# A picture without any symmetry of its own is moved: `"turn"` turns it by 90° counter-clockwise, `"mirror"` exchanges left
# and right, `"flip"` exchanges up and down. Several moves happen one after the other. Three networks look at it:
# `"plain"`, `"p4"` with the maximum over the fiber, and `"sre"`. Each ends in the mean over all pixels.
#
# The next cell measures networks with random weights. **Write down your guess first:** in which of the nine places is the
# answer the same for the picture and for the moved one?

# %% tags=["given"]
for network in ("plain", "p4", "sre"):
    changes = [checks.measured_difference(network, (move,)) for move in ("turn", "mirror", "flip")]
    print(f"{network:5s}" + "".join(f"{change:10.1e}" for change in changes))

# %% [markdown]
# Now predict for any moves, without measuring: can some weights tell the picture from the moved one?


# %% nbgrader={"grade": false, "grade_id": "blind", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tells_apart(network, moves):
    """Whether a network can tell a picture from the moved picture.

    Args:
        network: "plain", "p4" or "sre".
        moves: Tuple of "turn", "mirror" and "flip", in their order; it may be empty.

    Returns:
        True or False.
    """
    ### BEGIN SOLUTION
    if network == "sre":
        return False
    reflections = moves.count("mirror") + moves.count("flip")
    if network == "p4":
        return reflections % 2 == 1
    picture = torch.arange(4).reshape(2, 2)
    end = picture
    for move in moves:
        end = torch.rot90(end) if move == "turn" else end.flip(1 if move == "mirror" else 0)
    return not torch.equal(end, picture)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "blind-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.blind(tells_apart)
### BEGIN HIDDEN TESTS
checks.blind(tells_apart, seed=20263).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Each network is blind to a group of moves. For the plain one it holds the identity alone, for p4 the four turns, for SRE all
# eight symmetries of the square: rings are their own mirror images, whether one wants it or not. The moves have to be put
# together first: a mirror and a flip are half a turn, and after two quarter turns more nothing has happened at all.

# %% [markdown]
# ## Question 4. Sum first, then multiply
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 3 | ★★★ | 25 min | the definition above |
#
# All pixels of a ring are multiplied by the same number, so one can add them first:
#
# $$(f \star w)_o(p) = \sum_c \sum_r w_{o,c,r}\, S_{c,r}(p), \qquad S_{c,r}(p) = \sum_{q\,\in\,\text{ring } r} f_c(p + q).$$
#
# Write both steps, with hard rings, and return both results. The sides stay as they are; outside the image there are zeros.
#
# Before you write: the ring sums of an image of ones. What is $S_{c,1}$ in the middle of the image, and what is it in a
# corner?


# %% nbgrader={"grade": false, "grade_id": "sums", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ring_sum_convolution(x, weight):
    """Convolution with a ring kernel in two steps.

    Args:
        x: Image with the axes b c_in y x.
        weight: Tensor with the axes c_out c_in ring.

    Returns:
        The ring sums with the axes b c_in ring y x, and the output with the axes b c_out y x.
    """
    ### BEGIN SOLUTION
    c_in, n_rings = weight.shape[1:]
    each = masks_of(n_rings).repeat(c_in, 1, 1).unsqueeze(1)
    sums = F.conv2d(x, each, padding=n_rings - 1, groups=c_in)
    sums = sums.unflatten(1, (c_in, n_rings))
    out = torch.einsum("ocr,bcryx->boyx", weight, sums)
    return sums, out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sums-check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checks.sums(ring_sum_convolution)
### BEGIN HIDDEN TESTS
checks.sums(ring_sum_convolution, seed=20264).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Ring 1 has eight pixels; in a corner five of them lie outside, so the sums are 8 and 3. The ring sums depend on the input
# alone and are shared by all output channels. With `groups=c_in` the output of `conv2d` has all rings of channel 0 first,
# then those of channel 1: that order must be kept when the axis is split.

# %% [markdown]
# ## Question 5. What does it save?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | nothing |
#
# **Your kernel has {{kernel_size}} x {{kernel_size}} pixels.** Count for a layer without bias: the parameters of a dense
# kernel and of a ring kernel, and the work at each pixel of the output. The work of the dense layer is one multiplication for each parameter; it does not know that corners are empty. The
# work of the ring layer is the additions of the ring sums, one for each pixel in a ring, and then the multiplications.
#
# **Write down your guess first:** 64 channels in and out, and 9 px. How many times less work?


# %% nbgrader={"grade": false, "grade_id": "cost", "locked": false, "schema_version": 3, "solution": true, "task": false}
def costs(c_in, c_out):
    """Parameters and work of both layers, with a kernel of {{kernel_size}} x {{kernel_size}} pixels.

    Args:
        c_in: Input channels.
        c_out: Output channels.

    Returns:
        Four whole numbers: parameters of the dense layer, parameters of the ring layer, work
        of the dense layer, work of the ring layer.
    """
    ### BEGIN SOLUTION
    kernel_size = {{kernel_size}}
    masks = ring_masks(kernel_size)
    n_rings, in_rings = len(masks), int(masks.sum())
    dense = c_out * c_in * kernel_size**2
    tied = c_out * c_in * n_rings
    return dense, tied, dense, c_in * in_rings + tied
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cost-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.cost(costs, kernel_size={{kernel_size}})
### BEGIN HIDDEN TESTS
checks.cost(costs, kernel_size={{kernel_size}}, seed=20265).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# 331776 against 24896 operations: 13 times less. Of the 81 pixels 69 lie in rings, and each channel is summed once, whatever
# the number of output channels. With few output channels the saving is small; with one it is hardly any.

# %% [markdown]
# ## Question 6. Find the bug: a layer that halves
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 15 min | nothing |
#
# A ResNet was converted: every kernel became a ring kernel, and the strides stayed where they were. All eight symmetries of
# the square keep a ring kernel. The network is not equivariant. Here is the layer.


# %% tags=["given"]
def broken_halve(x, kernel):
    """Convolution with stride 2; x is b c_in y x, kernel is c_out c_in k k with k odd."""
    return F.conv2d(x, kernel, stride=2, padding=kernel.shape[-1] // 2)


# %% [markdown]
# **Predict first:** at which of these sides is it exact?

# %% tags=["given"]
for size in (8, 9, 10, 11):
    print(f"{size:2d} px: error {checks.halving_error(broken_halve, size):.1e}")

# %% [markdown]
# Mend it. At the sides where it is exact, leave it as it is. At the others, take the mean over 2 × 2 pixels first, and then
# the kernel with stride 1 and zeros around.


# %% nbgrader={"grade": false, "grade_id": "halving", "locked": false, "schema_version": 3, "solution": true, "task": false}
def halve(x, kernel):
    """Convolution that halves the sides and commutes with the symmetries of the square.

    Args:
        x: Square image with the axes b c_in y x.
        kernel: Ring kernel with the axes c_out c_in k k; k is odd.

    Returns:
        Image with the axes b c_out y x; half of the side, rounded up.
    """
    ### BEGIN SOLUTION
    if x.shape[-1] % 2 == 1:
        return broken_halve(x, kernel)
    smaller = F.avg_pool2d(x, 2)
    return F.conv2d(smaller, kernel, padding="same")
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "halving-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.halving(halve)
### BEGIN HIDDEN TESTS
checks.halving(halve, seed=20266).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The kernel is innocent. A stride of 2 looks at the pixels 0, 2, 4, ...; on eight pixels the last of them is 6, so one border
# is looked at and the other is not. On nine pixels both are. Pairs are symmetric on eight pixels, and only there. For the same
# reason a kernel of an even side, which has no central pixel, cannot keep the size without a shift by half a pixel.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
