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
# # Exercises: an equivariant U-Net, and how to judge it
#
# You will assemble a block that serves every family of layers, match the parameters of two networks, and write the four
# functions on which an honest comparison rests: score, loss, split and interval. At the end two small networks are trained.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 85 minutes |
# | Builds on | [Networks on p4](book:04-p4), [Equivariant U-Nets for polyps](book:09-polyps) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails and the smallest input that it found. It looks only at
# what your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("block", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next.

# %% tags=["given"]
import torch
from torch import nn

from course_lib.checks import unet as checks
from course_lib.families import FAMILIES

# %% [markdown]
# ## What you need to know
#
# A `LayerFamily` is a box of parts. `family.lift(c_in, c_out)` reads an image, `family.conv(c_in, c_out)` goes from features
# to features, `family.norm(c)` and `family.nonlinearity(c)` stand between them. Features have the axes `b c fiber y x`; the
# fiber of an image has the size 1. Who builds a network from these parts alone need not know which group it is equivariant
# to.
#
# Pictures of one *group*, such as the frames of one video, show the same thing. They are no independent witnesses.

# %% [markdown]
# ## Question 1. A block from the parts of a family
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 15 min | the definition above |
#
# The first block of a U-Net reads the image: convolution, norm, nonlinearity, and the same once more. Assemble it, put the
# fixed numbers of `checks.fill` into its parameters, and return what it makes of an image. `fill` changes a layer, or an
# `nn.Sequential` of layers, and returns it.
#
# Before you write: which of the four parts differ between `FAMILIES["p4"]` and `FAMILIES["steerable-so2"]`? The next cell
# tells.

# %% tags=["given"]
for name in ("plain", "p4", "steerable-so2"):
    family = FAMILIES[name]
    parts = (family.lift(1, 2), family.conv(2, 2), family.norm(2), family.nonlinearity(2))
    print(f"{name:14s}", *(type(part).__name__ for part in parts))


# %% nbgrader={"grade": false, "grade_id": "block", "locked": false, "schema_version": 3, "solution": true, "task": false}
def double_conv(family, c_out, image):
    """What the first block of a U-Net makes of an image.

    Args:
        family: Name of a family, a key of FAMILIES.
        c_out: Channels behind either convolution.
        image: Tensor with the axes b c_in y x.

    Returns:
        Features with the axes b c_out fiber y x, of a block in training mode that is filled
        by checks.fill.
    """
    ### BEGIN SOLUTION
    parts = FAMILIES[family]
    layers = nn.Sequential(parts.lift(image.shape[1], c_out))
    layers.extend([parts.norm(c_out), parts.nonlinearity(c_out)])
    layers.append(parts.conv(c_out, c_out))
    layers.extend([parts.norm(c_out), parts.nonlinearity(c_out)])
    return checks.fill(layers)(image.unsqueeze(2))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "block-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.block(double_conv)
### BEGIN HIDDEN TESTS
checks.block(double_conv, seed=20261).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# All four differ. A network that exchanges the convolution and keeps its own batch norm and ReLU works for p4, and breaks
# with irreps: batch norm and ReLU look at single entries of a pair, and a turn mixes them. So a family is exchanged as a
# whole, or not at all.

# %% [markdown]
# ## Question 2. Equal parameters
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# A fair comparison needs networks of equal size. Take blocks of the form convolution, norm, nonlinearity, twice, from a width
# to the same width. **Your family is `"{{family}}"`.** Find the width at which its block has as nearly as possible the
# parameters of the plain block.
#
# Predict: a p4 layer has four times the numbers at every pixel. By what do you divide the width, by four or by two? And
# what about `"sre"`, whose kernels of 5 px have three weights?


# %% nbgrader={"grade": false, "grade_id": "width", "locked": false, "schema_version": 3, "solution": true, "task": false}
def matching_width(plain_width):
    """The width at which a block of the family "{{family}}" matches the parameters of a plain block.

    Args:
        plain_width: Channels of the block of FAMILIES["plain"]; at most 30.

    Returns:
        Channels, at least 1, at which the numbers of parameters are nearest; of two that are
        equally near, the smaller.
    """
    ### BEGIN SOLUTION
    family = "{{family}}"

    def count(name, width):
        parts = FAMILIES[name]
        half = (parts.conv(width, width), parts.norm(width), parts.nonlinearity(width))
        return 2 * sum(p.numel() for layer in half for p in layer.parameters())

    target, width = count("plain", plain_width), 1
    while count(family, width) < target:
        width = width + 1
    nearest = [max(1, width - 1), width]
    return min(nearest, key=lambda candidate: abs(count(family, candidate) - target))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "width-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.width(matching_width, family="{{family}}")
### BEGIN HIDDEN TESTS
checks.width(matching_width, family="{{family}}", seed=20262).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# By two: the parameters of a convolution grow with the square of the width, and the fiber of p4 multiplies them by four once.
# SRE goes the other way, by the root of 9/3. Matched parameters do not mean matched arithmetic: p4 of half the width has
# twice the numbers at each pixel, and four times the multiplications.

# %% [markdown]
# ## Question 3. Which Dice?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# The Dice score of two masks is twice their overlap, divided by the sum of both areas. For a set of images two numbers are in
# use: the mean of the images' scores, and the score of all pixels pooled into one large image. Write both. Two empty masks
# agree, and score 1.
#
# Before you write: one image has a polyp of 1000 px, found exactly, and one has a polyp of 10 px, missed without a false
# alarm. What are the two numbers?


# %% nbgrader={"grade": false, "grade_id": "dice", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dice_scores(found, truth):
    """Dice of a set of images, in two ways.

    Args:
        found: Masks of a network, with the axes n y x; 1 on the polyp and 0 elsewhere, in
            float64.
        truth: True masks of the same form.

    Returns:
        Mean over the images, and score of the pooled pixels: two numbers.
    """
    ### BEGIN SOLUTION

    def score(a, b):
        total = (a.sum() + b.sum()).item()
        return 2 * (a * b).sum().item() / total if total > 0 else 1.0

    scores = [score(found[i], truth[i]) for i in range(len(found))]
    return sum(scores) / len(scores), score(found, truth)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "dice-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.dice(dice_scores)
### BEGIN HIDDEN TESTS
checks.dice(dice_scores, seed=20263).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The mean is 0.5, the pooled score is $2000 / 2010 = 0.995$. Large polyps are easy, and pooling lets them speak for the small
# ones. Papers print both under one name, so say which it is.

# %% [markdown]
# ## Question 4. A loss that stands for the score
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★★ | 10 min | nothing |
#
# Masks are cut from probabilities $p$, and a cut has no gradient. So the loss uses the probabilities themselves. For an image
# with the true mask $m$ the *soft Dice* is
#
# $$\frac{2\sum p\,m + 1}{\sum p + \sum m + 1},$$
#
# with sums over its pixels; the loss is the mean over the images of 1 less it.
#
# Predict: what is the soft Dice of an image without polyp if the 1 is left out, whatever the network says? What could a
# network learn from it?


# %% nbgrader={"grade": false, "grade_id": "loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def soft_dice_loss(logits, masks):
    """Mean over the images of 1 less the soft Dice.

    Args:
        logits: Output of a network, with the axes b 1 y x.
        masks: True masks with the same axes; 1 on the polyp and 0 elsewhere.

    Returns:
        A number, or a tensor that holds one number.
    """
    ### BEGIN SOLUTION
    p = logits.sigmoid()
    overlap = (p * masks).sum(dim=(1, 2, 3))
    areas = (p + masks).sum(dim=(1, 2, 3))
    return (1 - (2 * overlap + 1) / (areas + 1)).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "loss-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.loss(soft_dice_loss)
### BEGIN HIDDEN TESTS
checks.loss(soft_dice_loss, seed=20264).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# It is 0, whatever the network says, so there is nothing to learn from an image without polyp. With the 1 the loss falls as
# the probabilities fall.

# %% [markdown]
# ## Question 5. A split without a leak
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# Deal images out to training and test set. A group stands on one side as a whole. The groups were shuffled already: take them
# in the given order into the test set, until it holds at least its share of the images. All others are for training.
#
# Before you write: a set of 100 frames holds one video of 60 frames, and it comes first in the order. How large is a test
# set with a share of 0.2?


# %% nbgrader={"grade": false, "grade_id": "split", "locked": false, "schema_version": 3, "solution": true, "task": false}
def group_split(groups, order, share):
    """Positions of the training and the test images.

    Args:
        groups: Tuple with the name of each image's group.
        order: Tuple with the name of each group, once, in a random order.
        share: Share of the images for the test set; above 0, below 1.

    Returns:
        Two tuples of positions, counted from 0 and rising: training, then test.
    """
    ### BEGIN SOLUTION
    test_groups, held = set(), 0
    for group in order:
        if held < share * len(groups):
            test_groups.add(group)
            held = held + groups.count(group)
    sides = ([], [])
    for position, group in enumerate(groups):
        sides[group in test_groups].append(position)
    return tuple(map(tuple, sides))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "split-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.split(group_split)
### BEGIN HIDDEN TESTS
checks.split(group_split, seed=20265).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Sixty images: the video is not cut. This rule is simple, and a large group that comes first spoils the sizes; the library's
# `three_way` lets a group join only if that brings the set nearer to its share. Both keep what matters. On one polyp set a
# split by images pays a cheat who copies the mask of the most similar training frame.

# %% [markdown]
# ## Question 6. Is the difference larger than chance?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★★ | 15 min | nothing |
#
# Two networks were scored on the same test images. How far would their mean difference move if other videos had been filmed?
# The bootstrap answers by drawing groups with replacement. The draws are given, so that all of us compute the same numbers.
# An image counts as often as its group was drawn, and each drawn image has the same weight.
#
# Predict: why is it wrong to draw the images for each network apart?


# %% nbgrader={"grade": false, "grade_id": "bootstrap", "locked": false, "schema_version": 3, "solution": true, "task": false}
def resampled_differences(ours, baseline, group, drawn):
    """Mean difference of two scores in each draw.

    Args:
        ours: Scores of the images, with the axis image.
        baseline: Scores of another network on the same images.
        group: Whole number of each image's group: 0, 1, 2, ...
        drawn: Tensor with the axes draw k: the k groups of each draw; groups may repeat.

    Returns:
        Tensor with the axis draw: mean of ours less baseline over the drawn images.
    """
    ### BEGIN SOLUTION
    difference = ours - baseline
    n_groups = drawn.shape[1]
    total = torch.stack([difference[group == g].sum() for g in range(n_groups)])
    size = torch.stack([(group == g).sum() for g in range(n_groups)])
    return total[drawn].sum(dim=1) / size[drawn].sum(dim=1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bootstrap-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.bootstrap(resampled_differences)
### BEGIN HIDDEN TESTS
checks.bootstrap(resampled_differences, seed=20266).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Hard images are hard for both networks. Drawn together, they leave the difference alone; drawn apart, they blow it up. The
# 2.5 % and the 97.5 % quantile of many draws are the ends of the interval.

# %% [markdown]
# ## And now together
#
# Nothing to hand in from here on. Two small U-Nets of about the same number of parameters learn synthetic polyps for a few
# seconds, split by scene. Then the test images are turned by 90°. **Predict** the two numbers of each line: which of them
# must be equal?

# %% tags=["given"]
from course_lib.data.splits import three_way
from course_lib.data.synthetic import synthetic_polyps
from course_lib.evaluation import dice
from course_lib.models.unet import UNet
from course_lib.tasks import segmentation_loss

pictures, _ = synthetic_polyps(n_scenes=50, n_frames=2, size=32)
train, _, test = three_way(pictures.groups, 0)
images, masks = pictures.images / 255, pictures.masks


# %% tags=["given"]
def trained(name, widths, epochs=8):
    """A U-Net of a family after a short training."""
    torch.manual_seed(0)
    network = UNet(FAMILIES[name], 3, 1, widths=widths)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(epochs):
        for batch in torch.tensor(train)[torch.randperm(len(train))].split(8):
            optimizer.zero_grad()
            segmentation_loss(network(images[batch]), masks[batch]).backward()
            optimizer.step()
    return network.eval()


# %% tags=["given"]
for name, widths in (("plain", (8, 16)), ("p4", (4, 8))):
    network = trained(name, widths)
    x, truth = images[test], masks[test] > 0
    with torch.no_grad():
        upright = dice(network(x) > 0, truth).mean()
        turned = dice(network(x.rot90(1, (-2, -1))) > 0, truth.rot90(1, (-2, -1))).mean()
    size = sum(p.numel() for p in network.parameters())
    print(f"{name:5s} {size} parameters, Dice upright {upright:.3f}, turned {turned:.3f}")

# %% [markdown]
# For p4 the two are equal after every training, by proof. Which network has the higher score, these numbers do not say: one
# seed, a handful of test scenes. You have written what it takes to find out.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
