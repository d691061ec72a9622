"""Questions on the U-Net: a split that keeps groups whole, and a bootstrap that draws groups."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding

Names = tuple[str, ...]
Split = tuple[tuple[int, ...], tuple[int, ...]]


def _split_cases(generator: torch.Generator) -> Iterator[tuple[Names, Names, float]]:
    yield ("a", "b"), ("b", "a"), 0.5
    yield ("a", "a", "b", "c"), ("c", "a", "b"), 0.25
    yield ("a", "a", "b", "c"), ("a", "c", "b"), 0.25
    yield ("a", "b", "a", "c", "b", "c"), ("b", "a", "c"), 0.5
    yield ("d", "a", "a", "b", "a", "c"), ("a", "b", "c", "d"), 0.5
    for share in (0.2, 0.3, 0.55):
        names = "abcdefg"[: integer(generator, 4, 7)]
        groups = (*names, *(names[integer(generator, 0, len(names) - 1)] for _ in range(14)))
        shuffled = torch.randperm(len(groups), generator=generator).tolist()
        order = tuple(names[i] for i in torch.randperm(len(names), generator=generator).tolist())
        yield tuple(groups[i] for i in shuffled), order, share


def _split_reference(groups: Names, order: Names, share: float) -> Split:
    place = np.array([order.index(name) for name in groups])
    counts = np.bincount(place, minlength=len(order))
    drawn = int(np.argmax(np.cumsum(counts) >= share * len(groups))) + 1
    return tuple(np.flatnonzero(place >= drawn).tolist()), tuple(np.flatnonzero(place < drawn).tolist())


def _split_finding(call: Call, case: tuple[Names, Names, float]) -> Finding:
    groups, _, share = case
    train, test = call(*case)
    try:
        both = {groups[i] for i in train} & {groups[i] for i in test}
    except (TypeError, IndexError):
        return Finding("each side is a tuple of positions, counted from 0")
    if both:
        return Finding("no group stands on two sides", f"group {min(both)}")
    if sorted((*train, *test)) != list(range(len(groups))):
        return Finding("every image stands on one side, and only once")
    if len(test) < share * len(groups) - 1e-9:
        return Finding("the test set holds at least its share of the images")
    return Finding("no group joins the test set after it holds its share; positions are in rising order")


def _by_groups(
    enough: Callable[[int, int, Names, Names, float], bool], *, ordered: bool = True
) -> Callable[[Names, Names, float], Split]:
    """Groups join the test set until a condition on its images and groups holds."""

    def split(groups: Names, order: Names, share: float) -> Split:
        chosen: list[str] = []
        for name in order if ordered else sorted(order):
            size = sum(group in chosen for group in groups)
            if enough(size, groups.count(name), (*chosen,), groups, share):
                break
            chosen.append(name)
        test = tuple(i for i, group in enumerate(groups) if group in chosen)
        return tuple(i for i in range(len(groups)) if i not in test), test

    return split


def _cut(groups: Names, order: Names, share: float) -> Split:
    """The images in the order of their groups, cut at the share: it may run through a group."""
    images = sorted(range(len(groups)), key=lambda i: order.index(groups[i]))
    size = int(np.ceil(share * len(groups) - 1e-9))
    return tuple(sorted(images[size:])), tuple(sorted(images[:size]))


SPLIT = Question(
    name="split",
    function="group_split",
    arguments=("groups", "order", "share"),
    axes=(),
    cases=_split_cases,
    reference=_split_reference,
    mistakes=(
        Mistake(
            "Training and test set are exchanged.",
            lambda g, order, share: _split_reference(g, order, share)[::-1],
        ),
        Mistake(
            "The images are dealt out one by one: frames of one sequence stand on both sides.",
            lambda g, order, share: (
                tuple(range(int(np.ceil(share * len(g) - 1e-9)), len(g))),
                tuple(range(int(np.ceil(share * len(g) - 1e-9)))),
            ),
        ),
        Mistake(
            "The last group is cut to fit the share: half of a sequence in the test set is a leak.", _cut
        ),
        Mistake(
            "The share is taken of the groups, not of the images; groups differ in size.",
            _by_groups(lambda size, more, chosen, groups, share: len(chosen) >= share * len(set(groups))),
        ),
        Mistake(
            "The test set ends before it holds its share: the group that fills it belongs to it.",
            _by_groups(lambda size, more, chosen, groups, share: size + more > share * len(groups)),
        ),
        Mistake(
            "One group too many: a test set that holds exactly its share is full.",
            _by_groups(lambda size, more, chosen, groups, share: size > share * len(groups)),
        ),
        Mistake(
            "The groups join in the order of the alphabet; the given order was drawn at random.",
            _by_groups(lambda size, more, chosen, groups, share: size >= share * len(groups), ordered=False),
        ),
        Mistake(
            "The names of the groups are returned; positions of the images were asked for.",
            lambda g, order, share: tuple(
                tuple(dict.fromkeys(g[i] for i in side)) for side in _split_reference(g, order, share)
            ),
        ),
        Mistake(
            "The test images stand in the order in which their groups were drawn; positions must rise.",
            lambda g, order, share: (
                _split_reference(g, order, share)[0],
                tuple(sorted(_split_reference(g, order, share)[1], key=lambda i: (order.index(g[i]), i))),
            ),
        ),
    ),
    finding=_split_finding,
    hints=(
        "Decide for groups, not for images. Which groups belong to the test set?",
        "Go through the order and keep count of the images that the test set holds. When is it full?",
        "In the end go once through all images in their order, and look up the group of each.",
    ),
)


def _bootstrap_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    many = (4, 1, 7, 2, *(integer(generator, 1, 5) for _ in range(integer(generator, 0, 3))))
    for sizes, draws in (((1,), 1), ((1, 1), 2), ((1, 2), 3), ((3, 1, 2), 5), (many, 40)):
        group = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        group = group[torch.randperm(len(group), generator=generator)]
        ours, baseline = (gaussian(generator, len(group)).sigmoid() for _ in range(2))
        drawn = torch.randint(0, len(sizes), (draws, len(sizes)), generator=generator)
        if draws > 2:
            drawn[0], drawn[1] = torch.arange(len(sizes)), 0  # all groups once, and one group alone
        yield ours, baseline, group, drawn


def _bootstrap_reference(ours: Tensor, baseline: Tensor, group: Tensor, drawn: Tensor) -> Tensor:
    n_groups = drawn.shape[1]
    times = torch.nn.functional.one_hot(drawn, n_groups).sum(1).double()  # draw group
    member = torch.nn.functional.one_hot(group, n_groups).double()
    return times @ (member.T @ (ours - baseline)) / (times @ member.sum(0))


def _bootstrap_finding(call: Call, case: tuple[Tensor, Tensor, Tensor, Tensor]) -> Finding:
    ours, baseline, group, drawn = case
    once = torch.arange(drawn.shape[1]).view(1, -1)
    if not same(call(ours.clone(), baseline.clone(), group.clone(), once), (ours - baseline).mean().view(1)):
        return Finding("if every group is drawn once, the result is the mean difference over all images")
    first = torch.zeros_like(once)
    if not same(
        call(ours.clone(), baseline.clone(), group.clone(), first),
        (ours - baseline)[group == 0].mean().view(1),
    ):
        return Finding(
            "if group 0 alone is drawn, the result is the mean difference over its images", "group 0"
        )
    return Finding("a group that is drawn twice counts twice, with all its images")


def _looped(mean: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The given mean for each draw."""
    return lambda ours, baseline, group, drawn: torch.stack(
        [mean(ours, baseline, group, row) for row in drawn]
    )


def _images(group: Tensor, row: Tensor) -> Tensor:
    return torch.cat([torch.nonzero(group == g).flatten() for g in row])


BOOTSTRAP = Question(
    name="bootstrap",
    function="resampled_differences",
    arguments=("ours", "baseline", "group", "drawn"),
    axes=("draw",),
    cases=_bootstrap_cases,
    reference=_bootstrap_reference,
    mistakes=(
        Mistake(
            "The sign is wrong: the difference is ours less baseline.",
            lambda a, b, group, drawn: _bootstrap_reference(b, a, group, drawn),
        ),
        Mistake(
            "Ours alone: the baseline is not subtracted.",
            lambda a, b, group, drawn: _bootstrap_reference(a, 0 * b, group, drawn),
        ),
        Mistake(
            "Every group has the same weight: the means of the groups are averaged. Groups of many "
            "images count "
            "for more.",
            _looped(lambda a, b, group, row: torch.stack([(a - b)[group == g].mean() for g in row]).mean()),
        ),
        Mistake(
            "A group that is drawn twice counts once. Drawing with replacement means that it counts twice.",
            _looped(lambda a, b, group, row: (a - b)[torch.isin(group, row)].mean()),
        ),
        Mistake(
            "Divided by the number of all images, not by the number of those that were drawn.",
            _looped(lambda a, b, group, row: (a - b)[_images(group, row)].sum() / len(group)),
        ),
        Mistake(
            "Divided by the number of groups, not by the number of images that were drawn.",
            _looped(lambda a, b, group, row: (a - b)[_images(group, row)].sum() / len(row)),
        ),
        Mistake(
            "The drawn numbers are taken for images. They name groups, and a group has several images.",
            _looped(lambda a, b, group, row: (a - b)[row].mean()),
        ),
        Mistake(
            "Only ours is resampled: images are paired, so both sides see the same draw.",
            _looped(lambda a, b, group, row: a[_images(group, row)].mean() - b.mean()),
        ),
        Mistake(
            "All draws give the same mean over all images: nothing is resampled.",
            _looped(lambda a, b, group, row: (a - b).mean()),
        ),
        Mistake(
            "The median of the differences is taken; the mean was asked for.",
            _looped(lambda a, b, group, row: (a - b)[_images(group, row)].median()),
        ),
    ),
    finding=_bootstrap_finding,
    hints=(
        "Images are paired, so take the difference of each image first. Then there is one list to resample.",
        "For one draw: collect the images of each group that was drawn, and collect a group twice "
        "that was drawn "
        "twice. Then the mean.",
        "Without a loop over images: the sum and the number of images of each group are enough. "
        "Add them up over "
        "the groups of a draw, and divide at the end.",
    ),
)
