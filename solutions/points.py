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
# # Exercises: points in space, and attention
#
# You will send vectors from point to point, take the product of two vectors apart, count the paths of a steerable
# layer, and repair a layer that passes a test with a rotation. Then you leave convolutions: you give attention an
# encoding that turns with it, and find out what an invariance costs.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 90 minutes |
# | Builds on | [E(n)-steerable networks](book:13-en), [Outlook](book:15-outlook) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails, the element of the group, and the smallest input that
# it found. It looks only at what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("messages", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import math

import torch

from course_lib.checks import points as checks

# %% [markdown]
# ## What you need to know
#
# Points have the coordinates x, y, z. A rotation or reflection of space is an orthogonal matrix $R$; it moves the
# point $p$ to $R p$. What a point carries is of some *degree* $l$, with $2l + 1$ entries:
#
# | degree | name | entries | how it moves |
# |---|---|---|---|
# | 0 | scalar | 1 | it stays |
# | 1 | vector | 3 | $v \mapsto R v$ |
# | 2 | traceless symmetric matrix | 5 free numbers | $M \mapsto R M R^T$ |
#
# And so on. The *spherical harmonics* of degree $l$ are functions of a direction, and move in the same way. Under
# the inversion $p \mapsto -p$ everything of degree $l$ is multiplied by $(-1)^l$.
#
# A layer $f$ is *equivariant* if $f(g x) = g\, f(x)$ for every motion $g$.

# %% [markdown]
# ## Question 1. One round of messages
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# Points carry scalars $s_j$. Point $i$ receives from each other point the direction to it, times its scalar, times
# a weight that falls with the distance $r_{ij}$ and is 0 from the radius $R$ on:
#
# $$v_i = \sum_{j \ne i} \max\left(0,\ 1 - \frac{r_{ij}}{R}\right) s_j\, \frac{p_j - p_i}{r_{ij}}.$$
#
# Two points at the same place have no direction; they send nothing to each other.
#
# Predict before you write: three points stand in a row, equally far apart, with equal scalars. What does the one in
# the middle receive? And could it receive a vector that is perpendicular to the row?


# %% nbgrader={"grade": false, "grade_id": "messages", "locked": false, "schema_version": 3, "solution": true, "task": false}
def vector_messages(points, scalars, radius):
    """The vector that each point receives from all others.

    Args:
        points: Tensor with the axes point 3, in float64; two points may coincide.
        scalars: Tensor with the axis point, in float64.
        radius: The distance R from which on the weight is 0, a number.

    Returns:
        Tensor with the axes point 3.
    """
    ### BEGIN SOLUTION
    steps = points[None] - points[:, None]  # row i, column j: from i to j
    length = steps.norm(dim=-1)
    weight = (1 - length / radius).clamp(min=0) * scalars
    direction = steps / torch.where(length > 0, length, 1.0)[..., None]
    return torch.einsum("ij,ijd->id", weight, direction)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "messages-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.messages(vector_messages)
### BEGIN HIDDEN TESTS
checks.messages(vector_messages, seed=20371).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Nothing: the two messages cancel. And never a perpendicular one: a rotation about the row moves no point, so it must
# not move the answer either. Equivariance alone says so, whatever the layer computes. The diagonal of the table needs
# no care of its own, since its steps are 0.

# %% [markdown]
# ## Question 2. The product of two vectors
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | the table above |
#
# Two vectors $a$ and $b$ have nine products $a_j b_k$. Put them in a matrix, $a_j b_k$ in row $j$ and column $k$. If
# both vectors turn, this matrix $M$ becomes $R M R^T$. It is the sum of three parts that turn each for itself:
#
# - degree 0: a multiple of the identity,
# - degree 1: a matrix that changes its sign when it is transposed,
# - degree 2: a symmetric matrix with the trace 0.
#
# Write the three parts.
#
# Predict before you write: a mirror carries $(x, y, z)$ to $(-x, y, z)$. The vectors are $a = (1, 0, 0)$ and
# $b = (0, 1, 0)$; their cross product is $(0, 0, 1)$. What is it after the mirror? What would a vector do?


# %% nbgrader={"grade": false, "grade_id": "parts", "locked": false, "schema_version": 3, "solution": true, "task": false}
def product_parts(a, b):
    """The parts of degree 0, 1 and 2 of the product of two vectors.

    Args:
        a: Tensor with the axes pair 3, in float64.
        b: Tensor with the axes pair 3, in float64.

    Returns:
        Tensor with the axes pair degree row column, of the shape (pairs, 3, 3, 3); the sum over
        the degrees has a_j b_k in row j and column k.
    """
    ### BEGIN SOLUTION
    product = a[:, :, None] * b[:, None, :]
    flipped = product.transpose(1, 2)
    trace = (a * b).sum(dim=1)[:, None, None]
    scalar = trace / 3 * torch.eye(3, dtype=a.dtype)
    return torch.stack([scalar, (product - flipped) / 2, (product + flipped) / 2 - scalar], dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "parts-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.parts(product_parts)
### BEGIN HIDDEN TESTS
checks.parts(product_parts, seed=20372).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The mirror makes $a$ to $(-1, 0, 0)$ and leaves $b$, so the cross product becomes $(0, 0, -1)$. A vector $(0, 0, 1)$
# would have stayed. The part of degree 1 holds the cross product; it turns like a vector, and a mirror changes its
# sign once more. A network that is to respect mirrors must not add it to a vector. In numbers: 1 + 3 + 5 = 9.

# %% [markdown]
# ## Question 3. Count the profiles
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | the table above |
#
# A message is a product: the sender's feature of one degree times the spherical harmonics of degree $k$ of the
# direction, and of that the part of some degree $m$. Not every product has such a part. The next cell finds by trial
# which do: it looks for products that random rotations leave alone, and asks whether they survive the inversion
# $p \mapsto -p$ too.
#
# **Write down your guess first:** by which harmonics can a vector become a vector?

# %% tags=["given"]
for first, out in ((0, 1), (1, 1), (1, 2), (2, 2)):
    ways = {
        mirrors: [k for k in range(3) if checks.measured_products(first, k, out, mirrors=mirrors)]
        for mirrors in (False, True)
    }
    print(f"degree {first} to {out}, by harmonics up to degree 2: {ways[False]}, with inversion {ways[True]}")

# %% [markdown]
# Each path that respects rotations *and* inversion gets a learned radial profile of its own: a function of the
# distance. **Your features have degree {{degree}}**, with {{degree.entries}} entries. How many profiles lead from
# degree {{degree}} to degree $m$, if the layer has the harmonics of the degrees 0 to `highest`?


# %% nbgrader={"grade": false, "grade_id": "profiles", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_profiles(m, highest):
    """How many radial profiles lead from features of degree {{degree}} to degree m.

    Args:
        m: Degree of the product, from 0 on.
        highest: Highest degree of the spherical harmonics, from 0 on.

    Returns:
        A whole number, perhaps 0.
    """
    ### BEGIN SOLUTION
    degree = {{degree}}
    least, most = abs(degree - m), min(degree + m, highest)
    return max(0, (most - least) // 2 + 1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "profiles-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.profiles(count_profiles, degree={{degree}})
### BEGIN HIDDEN TESTS
checks.profiles(count_profiles, degree={{degree}}, seed=20373).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# From vector to vector by degree 0, which only scales, and by degree 2, which scales differently along the direction
# and across it. Degree 1 is the cross product: allowed for rotations, forbidden by mirrors. In general $k$ runs from
# $|l - m|$ to $l + m$, and mirrors leave every second one, beginning with the first.

# %% [markdown]
# ## Question 4. Find the bugs: a layer that passes with a rotation
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | nothing |
#
# Features have the axes `point channel 4`: entry 0 of the fiber is a scalar, entries 1 to 3 are a vector. Here is a
# layer as one would write it for images: mix the channels, add a bias, normalise over the points, ReLU. Its author
# tested it with a rotation by 120 degrees about the axis (1, 1, 1), and saw nothing but rounding. The next cell
# repeats this, and tests three more.


# %% tags=["given"]
def broken_layer(x, scalar_mix, vector_mix, bias):
    """Mix, bias, normalise, ReLU; the mixes are c_out c_in, the bias is c_out."""
    scalars = x[..., 0] @ scalar_mix.T + bias
    vectors = torch.einsum("oi,pid->pod", vector_mix, x[..., 1:]) + bias[:, None]
    vectors = vectors / vectors.square().mean(dim=0).sqrt()
    return torch.cat([scalars[..., None], vectors], dim=-1).relu()


for angle, axis in ((120, (1, 1, 1)), (180, (0, 0, 1)), (90, (0, 0, 1)), (45, (0, 0, 1))):
    print(f"{angle:3d} degrees about {axis}: gap {checks.measured_gap(broken_layer, angle, axis):.0e}")

# %% [markdown]
# There are three bugs, all in what happens to vectors. Repair them:
#
# - The bias goes to the scalars alone.
# - The vectors of a channel are divided by one number, the root of the mean over the points of their squared length.
# - Instead of ReLU, each vector is then multiplied by the sigmoid of the scalar of its channel, as it is before ReLU.
#
# The scalars stay as they are. Predict before you write: why did the first test pass?


# %% nbgrader={"grade": false, "grade_id": "layer", "locked": false, "schema_version": 3, "solution": true, "task": false}
def vector_layer(x, scalar_mix, vector_mix, bias):
    """The repaired layer.

    Args:
        x: Features with the axes point channel 4, in float64.
        scalar_mix: Matrix c_out c_in, for the scalars.
        vector_mix: Matrix c_out c_in, for the vectors.
        bias: Tensor with the axis c_out.

    Returns:
        Features with the axes point c_out 4.
    """
    ### BEGIN SOLUTION
    still = x[..., 0] @ scalar_mix.T + bias
    arrows = torch.einsum("oi,pid->pod", vector_mix, x[..., 1:])
    square = arrows.square().sum(dim=-1, keepdim=True)
    arrows = arrows / square.mean(dim=0).sqrt() * torch.sigmoid(still)[..., None]
    return torch.cat([torch.relu(still)[..., None], arrows], dim=-1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "layer-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.layer(vector_layer)
### BEGIN HIDDEN TESTS
checks.layer(vector_layer, seed=20374).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The rotation about (1, 1, 1) carries x to y, y to z and z to x. Whatever is done to the entries one by one does not
# care about their names. So test with a rotation that mixes entries: random ones do. A vector may be multiplied by
# a number that does not turn, and that number may come from lengths, scalars, or products of two vectors.

# %% [markdown]
# ## Question 5. Attention that knows where things are
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 20 min | nothing |
#
# Now in the plane. Places $p$ carry regular features of $C_n$: one entry for each direction $r$, at the angle
# $2\pi r / n$. Attention compares the query at the place $p$ in the direction $r$ with all keys, at $q$ and $s$. Its
# weights are
#
# $$\mathrm{softmax}_{q,\,s}\left(\frac{\langle Q_{p,r}, K_{q,s}\rangle}{\sqrt c}
# + e\bigl(R_r^{-1}(q - p),\ s - r\bigr)\right).$$
#
# The *encoding* $e$ is learned and says where the key lies, seen from the query. It takes the step from $p$ to $q$,
# turned back by the angle of $r$, and the angle between the directions: what remains of $g^{-1} h$ for the elements
# $g = (p, r)$ and $h = (q, s)$. Here it is `checks.encoding(right, up, angle)`, for tensors that fit together by
# broadcasting; the angle is in radians, and a full turn more changes nothing.
#
# Scores and steps are prepared. Coordinates are right and up, and angles count counter-clockwise.
#
# Predict before you write: if the step were not turned back, which test would notice, a shift of all places or a turn?
# And would a test of equivariance notice if $e$ got the step from $q$ to $p$?


# %% nbgrader={"grade": false, "grade_id": "attention", "locked": false, "schema_version": 3, "solution": true, "task": false}
def group_attention(points, queries, keys, values):
    """Attention over places and directions, with relative encoding.

    Args:
        points: Places, a tensor with the axes place 2, in float64: right and up.
        queries: Tensor with the axes place direction channel; direction r has the angle
            2 pi r / n, and n is the number of directions.
        keys: The same axes.
        values: The same axes.

    Returns:
        For each place and direction the weighted sum of the values, with the same axes.
    """
    n, c = queries.shape[1:]
    angles = 2 * math.pi * torch.arange(n, dtype=points.dtype) / n
    scores = torch.einsum("prc,qsc->prqs", queries, keys) / math.sqrt(c)
    right, up = (points[None] - points[:, None]).unbind(dim=-1)  # row p, column q: from p to q
    ### BEGIN SOLUTION
    right, up = right[:, None, :, None], up[:, None, :, None]  # axes p r q s
    cos, sin = angles.cos()[:, None, None], angles.sin()[:, None, None]
    between = (angles - angles[:, None])[:, None, :]
    scores = scores + checks.encoding(cos * right + sin * up, cos * up - sin * right, between)
    weights = torch.softmax(scores.flatten(2), dim=2).view_as(scores)
    return torch.einsum("prqs,qsc->prc", weights, values)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "attention-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.attention(group_attention)
### BEGIN HIDDEN TESTS
checks.attention(group_attention, seed=20375).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# A turn: a step does not change when all places are shifted. The other mistake is equivariant, so only numbers worked
# out by hand can find it; so is a softmax over the places alone. Nothing here is a convolution, and no weight is tied
# to a kernel. What makes the layer equivariant is that all it looks at, scores and encoding, depends on $g^{-1}h$ and
# on the features alone.

# %% [markdown]
# ## Question 6. When symmetry hurts
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# A classifier that is invariant to quarter turns gives an image and its turned copies the same answer. If their labels
# differ, it must be wrong somewhere, however well it is trained. How much does that cost?
#
# Given are images and their labels, all there is: count on these alone. How many can the best of all classifiers get
# right? And how many the best of those that quarter turns do not change? A classifier is a function of the image, and
# of nothing else.
#
# Predict before you write: a set has 60 different images of a 6, and 40 of a 9. Each 9 is another one of these 6s, turned
# by 180 degrees. What are the two numbers?


# %% nbgrader={"grade": false, "grade_id": "price", "locked": false, "schema_version": 3, "solution": true, "task": false}
def price_of_symmetry(images, labels):
    """How many images the best classifiers get right, without and with invariance to quarter turns.

    Args:
        images: Whole numbers, a tensor with the axes image y x; images are square.
        labels: Tuple of texts, one for each image.

    Returns:
        Two whole numbers: right at best without any symmetry, and for a classifier that
        quarter turns do not change.
    """
    ### BEGIN SOLUTION
    free, invariant = {}, {}
    for image, label in zip(images, labels, strict=True):
        turned = [str(image.rot90(r).tolist()) for r in range(4)]
        for boxes, name in ((free, turned[0]), (invariant, min(turned))):
            boxes.setdefault(name, []).append(label)
    return tuple(sum(max(map(box.count, box)) for box in boxes.values()) for boxes in (free, invariant))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "price-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.price(price_of_symmetry)
### BEGIN HIDDEN TESTS
checks.price(price_of_symmetry, seed=20376).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# 100 and 60: of each pair of a 6 and its 9 one is lost, and the other twenty 6s can be right. Such a count needs no
# training, and can be made before a symmetry is chosen. Among real images no two are equal, turned or not. There the
# question is how often a turned image *could* have been one of another class.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
