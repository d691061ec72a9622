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
# # Exercises: networks on p4
#
# You will build the layers of a p4 network with your own hands: the action on features, the two kinds of
# kernels, and a norm that respects the group. And you will predict at which sizes such a network is exact.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 85 minutes |
# | Builds on | [Groups and actions](book:02-groups-and-actions), [p4](book:04-p4) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the element of the group, and the smallest input that
# it found. It looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("action", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import torch

from course_lib.checks import p4 as checks

# %% [markdown]
# ## What you need to know
#
# The group $C_4$ has the elements 0, 1, 2, 3. Element $r$ turns by $r$ quarter turns, counter-clockwise as
# displayed. Products are sums modulo 4, and the inverse of $r$ is $-r$ modulo 4.
#
# *Regular features* have the axes `b c fiber y x`. The fiber has four entries, one for each direction. An element
# acts on a feature field $f$ by
#
# $$(g f)(p) = \rho(g)\, f(g^{-1} p),$$
#
# where $\rho(g)$ moves entry $h$ of the fiber to entry $gh$. Two things happen at once: the pixels turn, and the
# four directions change their places. A layer $L$ is *equivariant* if $L(g f) = g\, L(f)$ for every element $g$.

# %% [markdown]
# ## Question 1. The action on features
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 10 min | the definition above |
#
# Write the action of $C_4$ on regular features. Use only functions of torch that move numbers, such as
# `torch.rot90` and `torch.roll`: nothing is multiplied, and nothing is interpolated.
#
# Before you write: a field has the value 1 at its top left pixel in direction 0, and 0 elsewhere. Where is the 1
# after one quarter turn, and in which direction?


# %% nbgrader={"grade": false, "grade_id": "action", "locked": false, "schema_version": 3, "solution": true, "task": false}
def act_on_features(r, x):
    """Act on regular features with r quarter turns counter-clockwise.

    Args:
        r: Any integer; 4 is the identity again, and -1 is the same element as 3.
        x: Features with the axes b c 4 y x.

    Returns:
        Features with the axes b c 4 y x; rows and columns are exchanged if r is odd.
    """
    ### BEGIN SOLUTION
    turned = torch.rot90(x, r, dims=(-2, -1))
    return torch.roll(turned, r, dims=2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "action-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.action(act_on_features)
### BEGIN HIDDEN TESTS
checks.action(act_on_features, seed=20261).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The 1 moves to the bottom left pixel and to direction 1. `torch.roll` by a positive number moves entries to
# larger indices and brings the last ones round to the front, which is what $h \mapsto h + r$ modulo 4 says. Pixels
# and fiber are different axes, so the order of the two steps does not matter.

# %% [markdown]
# ## Question 2. The lifting kernels
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | question 1 |
#
# The first layer of a p4 network takes a scalar image and looks at it with four turned copies of one weight. Write
# the bank of kernels: entry $r$ of the new axis is the weight under element $r$.
#
# Predict before you run the check: what happens to the output if all four copies turn the other way round? Is the
# layer still equivariant under the action of question 1?


# %% nbgrader={"grade": false, "grade_id": "lifting", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lifting_kernels(weight):
    """The weight in all four directions.

    Args:
        weight: Tensor with the axes c_out c_in k k.

    Returns:
        Tensor with the axes c_out 4 c_in k k; entry r of the second axis is the weight
        after r quarter turns counter-clockwise.
    """
    ### BEGIN SOLUTION
    copies = [torch.rot90(weight, r, dims=(-2, -1)) for r in range(4)]
    return torch.stack(copies, dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "lifting-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.lifting(lifting_kernels)
### BEGIN HIDDEN TESTS
checks.lifting(lifting_kernels, seed=20262).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# If the copies turn clockwise, the output's directions run backwards. Such a layer is equivariant too, but under
# another action: the fiber shifts by $-r$. Mixed with layers that follow our convention, the network is not
# equivariant at all. This is why the sense of rotation is fixed once.

# %% [markdown]
# ## Question 3. The kernels of the group convolution
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 3 | ★★★ | 25 min | questions 1 and 2 |
#
# From the second layer on, the input has directions of its own. A kernel now looks at `c_in 4 y x` numbers, and
# the bank holds the weight under each element of the group. Mind what an element does to such a weight.
#
# Before you write: the weight looks at direction 0 only, and finds edges there. Element 1 turns the kernel. At
# which direction of the input must the turned kernel look?


# %% nbgrader={"grade": false, "grade_id": "group", "locked": false, "schema_version": 3, "solution": true, "task": false}
def group_kernels(weight):
    """The weight of a group convolution in all four directions.

    Args:
        weight: Tensor with the axes c_out c_in 4 k k; the third axis is the fiber of the
            input.

    Returns:
        Tensor with the axes c_out 4 c_in 4 k k; entry r of the second axis is the weight
        under element r.
    """
    ### BEGIN SOLUTION
    orbit = []
    for r in range(4):
        turned_weight = torch.rot90(weight, r, dims=(-2, -1))
        orbit.append(torch.roll(turned_weight, r, dims=-3))
    return torch.stack(orbit, dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "group-check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checks.group(group_kernels)
### BEGIN HIDDEN TESTS
checks.group(group_kernels, seed=20263).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The turned kernel must look at direction 1: turned edges are found in the next direction. So the weight is acted
# on exactly as a feature field is. The common mistake is to turn the pixels alone; the kernels then look right one
# by one, and the layer fails for every element but the identity.

# %% [markdown]
# ## Question 4. Predict, then measure: exact sizes
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# With the kernels right, a network can still lose its exactness on the pixel grid. Take p4 networks made of four
# kinds of layers: `"conv"`, a 3 x 3 group convolution with padding 1; `"stride"`, the same with **stride {{step}}**;
# `"pool"`, the **{{step}} x {{step}} maximum with stride {{step}}**, which drops the pixels that are left over; and
# `"up"`, bilinear upsampling by 2.
#
# The next cell measures the largest relative equivariance error over the quarter turns, with random input and
# weights. **Write down your guess first:** which of the sizes {{step.least}} to {{step.most}} are exact for a pooling,
# and which for a stride?

# %% tags=["given"]
for size in range({{step.least}}, {{step.most}} + 1):
    pool, stride = (checks.measured_error(size, [part], step={{step}}) for part in ("pool", "stride"))
    print(f"{size} x {size} pixels:  pool {pool:7.1e}   stride {stride:7.1e}")

# %% [markdown]
# Now find the rule for a whole network. Your function is called with sizes up to a million, so it must predict and
# not measure.


# %% nbgrader={"grade": false, "grade_id": "sizes", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stays_exact(size, layers):
    """Whether a p4 network commutes exactly with quarter turns at a given size.

    Pooling and stride go by steps of {{step}} pixels.

    Args:
        size: Side of the square input in pixels; large enough for all layers.
        layers: Kinds of the layers in their order, such as ("conv", "pool", "conv").

    Returns:
        True or False.
    """
    ### BEGIN SOLUTION
    step = {{step}}
    for layer in layers:
        if layer == "pool":
            if size % step != 0:
                return False
            size = size // step
        if layer == "stride":
            if (size - 1) % step != 0:
                return False
            size = (size - 1) // step + 1
        if layer == "up":
            size = 2 * size
    return True
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sizes-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.sizes(stays_exact, step={{step}})
### BEGIN HIDDEN TESTS
checks.sizes(stays_exact, step={{step}}, seed=20264).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Pooling cuts a row into parts of {{step}} pixels; if the size is no multiple of {{step}}, pixels are left over at one
# border, and a turn brings them to another. A stride of {{step}} looks at pixel 0 and every {{step}} pixels further on;
# these lie symmetrically only if the last one is the last pixel of the row, so if the size is 1 more than a multiple of
# {{step}}. Each layer is judged at the size that reaches it.

# %% [markdown]
# ## Question 5. Find the bug: a norm that forgets the group
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | the definition of the action |
#
# Somebody folded the axes `c fiber` into one and put a batch norm behind it. The network trained well. In
# training its equivariance test passed. In use it fails. Here is the norm as it runs in use, with the statistics
# that it stored in training, one mean and one variance for each channel *and direction*.

# %% tags=["given"]
EPS = 1e-5


def broken_norm(x, mean, variance):
    """Batch norm in use; x is b c 4 y x, mean and variance are c 4."""
    mean = mean[:, :, None, None]
    variance = variance[:, :, None, None]
    return (x - mean) / torch.sqrt(variance + EPS)


# %% [markdown]
# Why did the test pass in training, where the statistics were taken from the batch itself? Find out which
# elements of the group fail in use.
#
# Then repair the network without training it again: from the stored statistics compute those that a norm would
# have stored if the four directions had shared theirs, and apply them. All four directions saw equally many
# pixels. A variance here is the mean squared distance from the mean.


# %% nbgrader={"grade": false, "grade_id": "norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
def shared_norm(x, mean, variance):
    """Batch norm in use, with statistics that the four directions share.

    Args:
        x: Features with the axes b c 4 y x.
        mean: Stored means with the axes c 4.
        variance: Stored variances with the axes c 4.

    Returns:
        Normalised features with the axes b c 4 y x; EPS stands under the square root, as
        in the broken norm.
    """
    ### BEGIN SOLUTION
    shared_mean = mean.mean(dim=1)[:, None, None, None]
    within = variance.mean(dim=1)
    between = mean.var(dim=1, correction=0)
    shared_variance = (within + between)[:, None, None, None]
    return (x - shared_mean) / torch.sqrt(shared_variance + EPS)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "norm-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.norm(shared_norm)
### BEGIN HIDDEN TESTS
checks.norm(shared_norm, seed=20265).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# In training the whole test batch is turned, so the statistics of its directions change places with the
# directions. Stored statistics stay where they are, and every element but the identity fails. The variance of the
# four maps together is the mean of their variances plus the variance of their means.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
