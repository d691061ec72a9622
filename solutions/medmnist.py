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
# # Exercises: an investigation on MedMNIST
#
# A paper says that its network beats another one on turned images. You will write the parts that decide whether to
# believe it: the scores, the choice of the epoch, the interval of a difference, and the verdict. Then you design an
# experiment of your own.
#
# | | |
# |---|---|
# | Points | 10 |
# | Time | about 75 minutes |
# | Builds on | [Polyp results](book:10-polyp-results), [MedMNIST with SRE](book:11-medmnist), [Rotated digits](book:12-rotated-digits) |
#
# **How it works.** Each question asks for one function. Replace the line `raise NotImplementedError(...)` with
# your code, run the cell, then run the check below it. A check says *not attempted*, *wrong* or *right*. If an
# answer is wrong, the check names the property that fails and the smallest input that it found. It looks only at what
# your function returns, so write it in any way you like.
#
# **Hints.** Three for each question, from gentle to strong: run `checks.hint("auc", 1)` in a cell of your own.
#
# **Handing in.** Only the answer cells are graded, each with fresh random cases. A helper function of yours must
# therefore stand in an answer cell. All questions can be solved alone: a wrong answer to one costs nothing in the
# next. The last part, *Design the experiment*, is read by people, not by a machine. It takes about 30 minutes more,
# and its points do not belong to the ten.

# %% tags=["given"]
import torch

from course_lib.checks import medmnist as checks

# %% [markdown]
# ## What you need to know
#
# A *run* is one training: one method, one seed. *Validation* images choose between epochs, *test* images are asked
# once, at the end. Angles are in degrees, counter-clockwise. Turned images are scored inside the inscribed disc, since
# the corners of a square leave the picture when it turns.

# %% [markdown]
# ## Question 1. AUC by pairs
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# Take one image with label 1 and one with label 0. The classifier orders the pair rightly if the first one has the
# higher score. The AUC is the share of all such pairs that are in order; equal scores count one half.
#
# Before you write: a network gives every image the score 0.7, and 73 % of the labels are 1. What are its accuracy and
# its AUC?


# %% nbgrader={"grade": false, "grade_id": "auc", "locked": false, "schema_version": 3, "solution": true, "task": false}
def auc_by_pairs(scores, labels):
    """Area under the ROC curve, as a share of pairs.

    Args:
        scores: Tuple of numbers, one for each image; high means label 1.
        labels: Tuple of 0 and 1, at least one of each.

    Returns:
        A number from 0 to 1.
    """
    ### BEGIN SOLUTION
    s = torch.tensor(scores, dtype=torch.float64)
    is_one = torch.tensor(labels) == 1
    difference = s[is_one][:, None] - s[~is_one]
    return ((difference > 0).double() + 0.5 * (difference == 0)).mean().item()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "auc-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.auc(auc_by_pairs)
### BEGIN HIDDEN TESTS
checks.auc(auc_by_pairs, seed=31261).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The accuracy is 0.73, the AUC 0.5: every pair is a tie. The accuracy of a lazy answer can look good, its AUC cannot.
# Without the rule for ties it would be 0 or 1, depending on how the comparison is written.

# %% [markdown]
# ## Question 2. Accuracy over the angles
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 10 min | nothing |
#
# The test images were turned by a list of angles, and a network has answered at each of them. Find its mean accuracy
# over the directions, where each direction counts once however often it was measured: 0, 360 and 720 degrees are one.
# Answers at the same direction are the same.
#
# Predict: upright, a network is right on 90 % of the images, and on 50 % at 90, 180 and 270 degrees. How many points
# does it gain if the list ends with 360?


# %% nbgrader={"grade": false, "grade_id": "angles", "locked": false, "schema_version": 3, "solution": true, "task": false}
def turned_accuracy(answers, labels, angles_deg):
    """Mean accuracy over the directions.

    Args:
        answers: Whole numbers with the axes angle image, the class that was found.
        labels: Whole numbers with the axis image, the true class.
        angles_deg: Tuple of the angles in degrees, in any order; whole numbers.

    Returns:
        A number from 0 to 1.
    """
    ### BEGIN SOLUTION
    first = {}
    for row, angle in enumerate(angles_deg):
        first.setdefault(angle % 360, row)
    right = answers[list(first.values())] == labels
    return right.double().mean().item()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "angles-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.angles(turned_accuracy)
### BEGIN HIDDEN TESTS
checks.angles(turned_accuracy, seed=31262).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# From 60 % to 66 %: six points, from a list of angles. With steps of 10 degrees the effect is smaller, about one
# point. It is always in favour of the network that is best upright.

# %% [markdown]
# ## Question 3. The disc
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 10 min | nothing |
#
# Set everything outside the inscribed disc to zero: a pixel stays if its centre is at most half the side away from the
# centre of the picture.
#
# Before you write: where is the centre of a picture of 28 pixels? On which pixel?


# %% nbgrader={"grade": false, "grade_id": "disc", "locked": false, "schema_version": 3, "solution": true, "task": false}
def inside_disc(images):
    """Images with zeros outside the inscribed disc.

    Args:
        images: Square images with the axes n c y x.

    Returns:
        Tensor with the same axes.
    """
    ### BEGIN SOLUTION
    size = images.shape[-1]
    offset = torch.arange(size) - (size - 1) / 2
    squared = offset[:, None] ** 2 + offset**2
    return images * (squared <= (size / 2) ** 2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "disc-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.disc(inside_disc)
### BEGIN HIDDEN TESTS
checks.disc(inside_disc, seed=31263).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Between pixels 13 and 14, at 13.5: on no pixel. A mask with its centre at 14 is not symmetric. It moves when the
# picture turns, and an exact network then seems to err.

# %% [markdown]
# ## Question 4. Find the bug: who chose the epoch?
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 2 | ★★ | 15 min | nothing |
#
# This is how a repository makes the number in its table, from the logs of several runs.

# %% tags=["given"]


def accuracy_in_the_table(val, test):
    """Accuracy of the best epoch; both logs have the axes run epoch."""
    best = test.mean(dim=0).max()
    return best.item()


# %% [markdown]
# How much does it flatter? The next cell simulates networks that have learned all they will: every epoch has a true
# accuracy of 85 %. **Write down two guesses before you run it**, for 156 and for 10,000 test images.

# %% tags=["given"]
generator = torch.Generator().manual_seed(0)
for n_images in (156, 10_000):
    logs = torch.rand(2, 3, 50, n_images, generator=generator) < 0.85
    val, test = logs.double().mean(dim=3)
    print(f"{n_images:6d} test images: {accuracy_in_the_table(val, test):.3f} in the table, 0.850 in truth")

# %% [markdown]
# Write the honest number: each run is stopped at the epoch where *its own* validation score is highest (the earlier
# one, if two are equal), and the test scores at these epochs are averaged over the runs.


# %% nbgrader={"grade": false, "grade_id": "epoch", "locked": false, "schema_version": 3, "solution": true, "task": false}
def reported_accuracy(val, test):
    """Mean test score of the runs, each at the epoch that its validation chose.

    Args:
        val: Validation scores with the axes run epoch; higher is better.
        test: Test scores with the same axes.

    Returns:
        A number.
    """
    ### BEGIN SOLUTION
    chosen = val.argmax(dim=1, keepdim=True)
    return test.gather(1, chosen).mean().item()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "epoch-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
checks.epoch(reported_accuracy)
### BEGIN HIDDEN TESTS
checks.epoch(reported_accuracy, seed=31264).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# The maximum of fifty noisy numbers is too high, and the more so the noisier they are: few test images, few runs, a
# training that jumps. Choosing for each run apart flatters more than choosing for their mean. `argmax` takes the first
# of equal values.

# %% [markdown]
# ## Question 5. The interval of a paired difference
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 3 | ★★★ | 20 min | nothing |
#
# Two methods were tested on the same images. Would the difference of their accuracies survive another choice of
# images? The bootstrap draws as many images as there are, with replacement, many times, and looks how the mean
# difference varies. The draws are given. The runs are kept here: first take the mean over the runs of each method.
# **Your interval shall hold {{level}} %** of what the draws show.
#
# Before you write: must both methods see the same draws? What would happen to the interval of a method's difference
# from itself if they did not?


# %% nbgrader={"grade": false, "grade_id": "interval", "locked": false, "schema_version": 3, "solution": true, "task": false}
def paired_interval(first, second, drawn):
    """Mean of first minus second, with its {{level}} % bootstrap interval.

    Args:
        first: 1 where an image is classified rightly, 0 elsewhere, axes run image.
        second: The same for the other method; it may have another number of runs.
        drawn: Whole numbers with the axes draw image: the images of each draw.

    Returns:
        Tuple of three numbers: the mean over all images and runs, and the {{level.low}} % and
        {{level.high}} % quantiles of the drawn means, interpolated as torch.quantile does.
    """
    ### BEGIN SOLUTION
    gain = first.mean(dim=0) - second.mean(dim=0)
    means = gain[drawn].mean(dim=1)
    tail = (1 - {{level}} / 100) / 2
    low, high = torch.quantile(means, torch.tensor([tail, 1 - tail], dtype=means.dtype)).tolist()
    return gain.mean().item(), low, high
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "interval-check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
checks.interval(paired_interval, level={{level}})
### BEGIN HIDDEN TESTS
checks.interval(paired_interval, level={{level}}, seed=31265).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# With the same draws a method differs from itself by exactly 0, always. With draws of their own the interval would be
# about as wide as that of two strangers, only because some images are harder than others. The chapters' bootstrap
# draws the runs as well, and whole groups of images where frames belong together; its intervals are wider.

# %% [markdown]
# ## Question 6. The verdict
#
# | Points | Difficulty | Time | Builds on |
# |---|---|---|---|
# | 1 | ★ | 5 min | the rules of chapter 10 |
#
# A claim says that a difference is above zero. You have its 95 % interval. Judge by the rules of the course, and return
# one of four texts:
#
# - `"not testable here"`: fewer than 3 runs on a side, or fewer than 10 independent groups of images;
# - `"confirmed"`: the whole interval is above zero;
# - `"refuted"`: the whole interval is below zero;
# - `"not confirmed"`: zero is in the interval, its ends included.
#
# Predict: 2 runs, 156 images, and an interval from +6 to +11 points. What is the verdict, and would you bet on it?


# %% nbgrader={"grade": false, "grade_id": "verdict", "locked": false, "schema_version": 3, "solution": true, "task": false}
def judge(low, high, runs, groups):
    """What an interval says of the claim that a difference is above zero.

    Args:
        low: Lower end of the 95 % interval.
        high: Upper end.
        runs: Number of runs of the side that has fewer.
        groups: Number of independent groups of images.

    Returns:
        One of the four texts.
    """
    ### BEGIN SOLUTION
    if runs < 3 or groups < 10:
        return "not testable here"
    if low > 0:
        return "confirmed"
    if high < 0:
        return "refuted"
    return "not confirmed"
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "verdict-check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
checks.verdict(judge)
### BEGIN HIDDEN TESTS
checks.verdict(judge, seed=31266).require()
### END HIDDEN TESTS

# %% [markdown] tags=["solution"]
# Not testable here: from two runs nobody can tell how much runs differ. You may still bet that the difference is real.
# A bet and a verdict are two things, and a rule that was fixed before is worth something only if it is kept.

# %% [markdown] nbgrader={"grade": false, "grade_id": "design", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": true}
# ## Design the experiment
#
# *No machine checks this part. A person reads it and gives up to 10 points, which do not belong to the ten points
# above. About 30 minutes; one page, in a text cell of your own below this one.*
#
# A colleague claims: **"On small medical images, a network that is equivariant to quarter turns needs only half of the
# training images."** Design the experiment that could prove your colleague wrong. Write it so that somebody else can
# run it without asking you anything, and so that nobody can change the question after seeing the numbers.
#
# Say
#
# 1. which one number decides, for which data set, and why there;
# 2. which networks are trained, on which shares of the data, and who the strongest rival is;
# 3. what is equal for all of them, and what cannot be equal;
# 4. who chooses epochs and settings, and how often the test images are asked;
# 5. how many runs, and which difference a test set of this size can show at all (estimate it);
# 6. how the interval is made, and what result would be called confirmed, refuted, and neither;
# 7. one way in which your design could still deceive you.

# %% [markdown] tags=["solution"]
# **Rubric for lecturers.** The first half of a row's points is for saying it, the second for a reason or a number that
# fits this claim. Other good designs deserve full points; a long list of everything that might matter does not.
#
# | Criterion | Points |
# |---|---|
# | One deciding number, fixed before: for instance AUC of the equivariant network on half the data minus AUC of the plain one on all, paired over test images. A set whose labels do not depend on pose, with a test set that is large enough. | 2 |
# | The strongest rival is there: the plain network trained on turned images; better still also one with averaged predictions. Several shares of the data, drawn in the same way for all. | 2 |
# | Fairness: the same resolution, steps or epochs (and which, since half the data are half the steps), search for settings. Says that parameters and arithmetic cannot both be equal, and reports both. | 1 |
# | Validation chooses, also when data are few (validation is not cut, or is cut for all). The test set is asked once. | 1 |
# | Three runs or more, with another draw of the training images each time. An estimate of what can be seen: the standard error is about $\sqrt{p(1-p)/n}$, so 3 points on 156 images and 1.5 on 624. | 2 |
# | Interval from a paired bootstrap over images (and runs). "Needs only half" is a claim of *no loss*: so a margin has to be named, and the interval must lie above minus this margin. Zero inside the interval is no proof of equality. | 1 |
# | One honest weakness: one data set, one architecture, seeds are not draws of data, duplicates across the split, several comparisons. | 1 |
#
# The commonest fault is the last but one row: to find no significant difference, and to call the claim confirmed.

# %% [markdown]
# ## Done?
#
# Restart the kernel and run all cells once more before you hand in: an answer may depend on a cell that you have
# deleted since.
