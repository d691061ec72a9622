"""Question on when symmetry hurts: what an invariant classifier can reach at best."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator

import torch
from torch import Tensor

from course_lib.actions import act
from course_lib.checks.calling import Call
from course_lib.checks.drawing import integer
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.groups import CyclicGroup, DihedralGroup, PlanarGroup
from course_lib.representations import Trivial

Case = tuple[Tensor, tuple[str, ...]]
Classes = Callable[[Tensor], list[Hashable]]


def _numbers(image: Tensor) -> tuple[int, ...]:
    return tuple(image.flatten().tolist())


def orbits(images: Tensor, group: PlanarGroup) -> list[Hashable]:
    """For each image the set of all images that the group makes of it."""
    turned = [act(g, images[:, None].double(), Trivial(group))[:, 0].long() for g in group.elements]
    return [frozenset(map(_numbers, copies)) for copies in torch.stack(turned, dim=1)]


def exact(images: Tensor) -> list[Hashable]:
    """The images themselves."""
    return [_numbers(image) for image in images]


def quarter_turns(images: Tensor) -> list[Hashable]:
    """Orbits under quarter turns."""
    return orbits(images, CyclicGroup(4))


def tallies(images: Tensor, labels: tuple[str, ...], classes: Classes) -> list[Counter[str]]:
    """How often each label occurs among the images that a classifier must treat alike."""
    found: dict[Hashable, Counter[str]] = {}
    for key, label in zip(classes(images), labels, strict=True):
        found.setdefault(key, Counter())[label] += 1
    return list(found.values())


def most_right(images: Tensor, labels: tuple[str, ...], classes: Classes) -> int:
    """Images that the best of all classifiers gets right that treat some of them alike."""
    return sum(max(tally.values()) for tally in tallies(images, labels, classes))


def price_of_symmetry(images: Tensor, labels: tuple[str, ...]) -> tuple[int, int]:
    """Images right at best: for any classifier, and for one that quarter turns do not change."""
    return most_right(images, labels, exact), most_right(images, labels, quarter_turns)


SIX = ((0, 1, 1), (0, 1, 1), (0, 1, 0))
SHAPES = (
    ((1, 0), (0, 0)),
    ((1, 1), (0, 0)),
    ((1, 0), (0, 1)),
    ((1, 0), (1, 1)),
    ((1, 2), (4, 3)),
    ((1, 4), (2, 3)),  # the mirror image of the one before
)


def _small(*numbers: int) -> Tensor:
    """Images: the units of a number say which shape, its tens by how many quarter turns."""
    return torch.stack([torch.tensor(SHAPES[n % 10]).rot90(n // 10) for n in numbers])


def _cases(generator: torch.Generator) -> Iterator[Case]:
    yield _small(0), ("a",)
    for pair in ((0, 0), (0, 10), (0, 20), (1, 2), (4, 5)):
        yield _small(*pair), ("a", "b")
    yield _small(0, 10, 20), ("a", "b", "b")
    yield _small(0, 0, 0), ("a", "a", "b")
    yield _small(0, 30, 1), ("a", "a", "b")
    yield _small(2, 12, 2, 32), ("a", "b", "a", "b")
    yield _small(4, 5, 14, 15), ("a", "b", "a", "b")
    six = torch.tensor(SIX)
    yield torch.stack([six, six.rot90(2), six, six.rot90(1)]), ("6", "9", "6", "6")
    for n in (8, 14, 24):
        labels = "".join("abc"[integer(generator, 0, 2)] for _ in range(n))
        numbers = [10 * integer(generator, 0, 3) + integer(generator, 0, 5) for _ in range(n)]
        yield _small(*numbers), tuple(labels)


def _finding(call: Call, case: Case) -> Finding:
    images, labels = case
    free, invariant = call(images.clone(), labels)
    if invariant > free:
        return Finding("who must treat more images alike gets at most as many right")
    if tuple(call(images.clone(), ("a",) * len(labels))) != (len(labels),) * 2:
        return Finding("if all labels are equal, every image can be right, with and without symmetry")
    if call(images.clone(), labels)[0] != price_of_symmetry(images, labels)[0]:
        return Finding(
            "of equal images with different labels, those with the most frequent label can be right"
        )
    for g in (1, 2, 3):
        turned = images.clone()
        turned[0] = turned[0].rot90(g)
        if call(turned, labels)[1] != invariant:
            return Finding(
                "turning one image changes nothing for an invariant classifier", f"{90 * g} degrees, image 0"
            )
    return Finding("an orbit contributes as many images as its most frequent label has")


def _rule(
    free: Callable[[Tensor, tuple[str, ...]], int] = lambda x, y: most_right(x, y, exact),
    invariant: Callable[[Tensor, tuple[str, ...]], int] = lambda x, y: most_right(x, y, quarter_turns),
) -> Callable[[Tensor, tuple[str, ...]], tuple[int, int]]:
    """Both numbers, one of them by another rule."""
    return lambda images, labels: (free(images, labels), invariant(images, labels))


def _half_turns(images: Tensor) -> list[Hashable]:
    return orbits(images, CyclicGroup(2))


def _with_mirrors(images: Tensor) -> list[Hashable]:
    return orbits(images, DihedralGroup(4))


def _sorted_pixels(images: Tensor) -> list[Hashable]:
    return [tuple(sorted(_numbers(image))) for image in images]


def _pure(images: Tensor, labels: tuple[str, ...], full: bool) -> int:
    """Orbits of one label only: how many, or how many images are in them."""
    pure = [tally for tally in tallies(images, labels, quarter_turns) if len(tally) == 1]
    return sum(tally.total() for tally in pure) if full else len(pure)


def _commonest(images: Tensor, labels: tuple[str, ...]) -> int:
    return max(Counter(labels).values())


PRICE = Question(
    name="price",
    function="price_of_symmetry",
    arguments=("images", "labels"),
    axes=(),
    cases=_cases,
    reference=price_of_symmetry,
    mistakes=(
        Mistake(
            "Both numbers are those of a classifier without symmetry. An invariant one must give turned "
            "copies the same answer.",
            _rule(invariant=lambda x, y: most_right(x, y, exact)),
        ),
        Mistake(
            "Both numbers are those of an invariant classifier. One without symmetry may tell turned copies "
            "apart.",
            _rule(free=lambda x, y: most_right(x, y, quarter_turns)),
        ),
        Mistake(
            "The order is wrong: first without symmetry, then with it.",
            lambda x, y: price_of_symmetry(x, y)[::-1],
        ),
        Mistake(
            "A classifier without symmetry is not always right: equal images can have different labels.",
            _rule(free=lambda x, y: len(y)),
        ),
        Mistake(
            "Mirror images are treated alike too. The classifier is invariant to turns only.",
            _rule(invariant=lambda x, y: most_right(x, y, _with_mirrors)),
        ),
        Mistake(
            "Only half turns are treated alike. Quarter turns change nothing either.",
            _rule(invariant=lambda x, y: most_right(x, y, _half_turns)),
        ),
        Mistake(
            "Images with the same pixels in any order are treated alike. A turn keeps neighbours together.",
            _rule(invariant=lambda x, y: most_right(x, y, _sorted_pixels)),
        ),
        Mistake(
            "The invariant classifier gives all images the same answer. It may tell different orbits apart.",
            _rule(invariant=_commonest),
        ),
        Mistake(
            "Mixed orbits count as lost. In each of them the images with the most frequent label are right.",
            _rule(invariant=lambda x, y: _pure(x, y, full=True)),
        ),
        Mistake(
            "You count orbits. Wanted is the number of images.",
            _rule(invariant=lambda x, y: _pure(x, y, full=False)),
        ),
        Mistake(
            "You count orbits, the mixed ones too. Wanted is the number of images.",
            _rule(invariant=lambda x, y: len(tallies(x, y, quarter_turns))),
        ),
        Mistake(
            "You count the images that must be wrong. Wanted are those that can be right.",
            lambda x, y: tuple(len(y) - n for n in price_of_symmetry(x, y)),
        ),
    ),
    finding=_finding,
    hints=(
        "A classifier is a function: equal inputs get equal answers. For which images does an invariant one "
        "have only one answer to give?",
        "Sort the images into boxes, so that those that must get the same answer share a box. Which answer "
        "is best for a box?",
        "For the boxes under turns each image needs a name that all its four turned copies share: of the "
        "four lists of pixels take, say, the smallest.",
    ),
)
