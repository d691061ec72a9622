"""Questions on turned test images: accuracy over the angles, and the disc."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian, integer
from course_lib.checks.medmnist_scores import number_of
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.classification import correct
from course_lib.filters import disc_mask


def _angles_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, tuple[int, ...]]]:
    ranges = [(0,), (0, 180), (0, 180, 360), (0, 90, 180, 270, 360), (-90, 0, 90, 180, 270), (360, 120, 240)]
    ranges += [tuple(range(0, 361, 10)), tuple(range(-180, 181, 30)), (0, 45, 360, 405, 720)]
    for angles in ranges:
        for n in (2, 2, integer(generator, 7, 12)):
            labels = torch.randint(3, (n,), generator=generator)
            at = {angle % 360: torch.randint(3, (n,), generator=generator) for angle in angles}
            at[angles[0] % 360] = torch.where(torch.arange(n) % 3 < 2, labels, at[angles[0] % 360])
            yield torch.stack([at[angle % 360] for angle in angles]), labels, angles


def _angles_reference(answers: Tensor, labels: Tensor, angles_deg: tuple[int, ...]) -> float:
    rows = {angle % 360: row for row, angle in enumerate(angles_deg)}
    votes = torch.nn.functional.one_hot(answers[list(rows.values())], int(answers.max()) + 1)
    return sum(correct(vote, labels).double().mean().item() for vote in votes.double()) / len(rows)


def _angles_finding(call: Call, case: tuple[Tensor, Tensor, tuple[int, ...]]) -> Finding:
    answers, labels, angles = case
    if not same(number_of(call(labels.expand_as(answers).clone(), labels.clone(), angles)), 1.0):
        return Finding("a network that is right at every angle has an accuracy of 1")
    again, more = torch.cat([answers, answers[:1]]), (*angles, angles[0] + 360)
    if not same(
        number_of(call(again, labels.clone(), more)), number_of(call(answers.clone(), labels.clone(), angles))
    ):
        return Finding("to measure the first angle once more, a full turn later, changes nothing")
    return Finding("every direction counts once, and every image once")


Scored = Callable[[Tensor, Tensor, tuple[int, ...]], float]


def _mean_over(keep: Callable[[tuple[int, ...]], list[int]], *, of_labels: bool = True) -> Scored:
    """Mean over the rows that are kept; 0 if there are none."""

    def score(answers: Tensor, labels: Tensor, angles_deg: tuple[int, ...]) -> float:
        rows = keep(angles_deg)
        right = answers[rows] == (labels if of_labels else answers[0])
        return right.double().mean().item() if rows else 0.0

    return score


def _once(angles: tuple[int, ...]) -> list[int]:
    return list({angle % 360: row for row, angle in enumerate(angles)}.values())


def _worst(answers: Tensor, labels: Tensor, angles_deg: tuple[int, ...]) -> float:
    return (answers == labels).double().mean(dim=1).min().item()


def _everywhere(answers: Tensor, labels: Tensor, angles_deg: tuple[int, ...]) -> float:
    return (answers == labels).all(dim=0).double().mean().item()


ANGLES = Question(
    name="angles",
    function="turned_accuracy",
    arguments=("answers", "labels", "angles_deg"),
    axes=(),
    cases=_angles_cases,
    reference=_angles_reference,
    mistakes=(
        Mistake(
            "0 and 360 degrees are one direction, and it counts twice. The network was trained "
            "on upright images.",
            _mean_over(lambda angles: list(range(len(angles)))),
        ),
        Mistake(
            "The upright images are left out. They are one direction like the others.",
            _mean_over(lambda angles: [r for r in _once(angles) if angles[r] % 360]),
        ),
        Mistake(
            "The last angle is dropped always. Drop it only if its direction has been measured before.",
            _mean_over(lambda angles: list(range(max(1, len(angles) - 1)))),
        ),
        Mistake(
            "Only the number 360 is taken for 0. Other angles come round as well.",
            _mean_over(
                lambda angles: [r for r, angle in enumerate(angles) if angle != 360 or 0 not in angles]
            ),
        ),
        Mistake(
            "This is the agreement with the first angle, not with the labels. A constant answer agrees too.",
            _mean_over(_once, of_labels=False),
        ),
        Mistake("This is the accuracy at the worst angle, not the mean over the angles.", _worst),
        Mistake("You count the images that are right at every angle. Take the mean over both.", _everywhere),
        Mistake(
            "This is the accuracy at the first angle only.",
            _mean_over(lambda angles: [0]),
        ),
    ),
    finding=_angles_finding,
    hints=(
        "Which of the given angles show the same picture?",
        "Two angles are the same direction if they differ by full turns. The remainder tells.",
        "Choose one row for each direction, compare it with the labels, and take the mean of what is left.",
    ),
)


def _disc_cases(generator: torch.Generator) -> Iterator[tuple[Tensor]]:
    for size in (1, 2, 3, 4, 5, 6, 7, 8, 12):
        yield (counting(1, 1, size, size),)
    for size in (integer(generator, 13, 20), 28):
        yield (gaussian(generator, 3, 2, size, size),)


def _disc_finding(call: Call, case: tuple[Tensor]) -> Finding:
    (x,) = case
    kept = call(torch.ones_like(x)) != 0
    if not torch.equal(kept, kept.rot90(1, (-2, -1))):
        return Finding("the disc looks the same after a quarter turn", "90 degrees")
    if not torch.equal(kept, kept.flip(-1)):
        return Finding("the disc is its own mirror image", "a flip")
    return Finding("a pixel stays if its centre is at most size / 2 from the centre of the picture")


def _kept(inside: Callable[[Tensor, Tensor, int], Tensor]) -> Callable[[Tensor], Tensor]:
    """Images kept where a condition on the distances to the centre holds, in columns and in rows."""

    def keep(x: Tensor) -> Tensor:
        size = x.shape[-1]
        offset = torch.arange(size) - (size - 1) / 2
        return x * inside(offset[:, None], offset, size)

    return keep


def _circle(radius: Callable[[int], float], shift: float = 0.0) -> Callable[[Tensor], Tensor]:
    return _kept(lambda y, x, size: (y + shift) ** 2 + (x + shift) ** 2 <= radius(size) ** 2)


DISC = Question(
    name="disc",
    function="inside_disc",
    arguments=("images",),
    axes=("n", "c", "y", "x"),
    cases=_disc_cases,
    reference=lambda images: images * disc_mask(images.shape[-1]),
    mistakes=(
        Mistake("Nothing is masked: the corners are still there.", lambda x: x),
        Mistake(
            "The centre lies half a pixel too far to the lower right: the pixels of a row are numbered from "
            "0 to size - 1.",
            _circle(lambda size: size / 2, shift=-0.5),
        ),
        Mistake(
            "The radius is half a pixel too small: the disc touches the edges of the picture, not the "
            "centres of its outermost pixels.",
            _circle(lambda size: (size - 1) / 2),
        ),
        Mistake(
            "The radius is rounded down. At odd sizes the disc is too small.", _circle(lambda size: size // 2)
        ),
        Mistake(
            "This is the disc around the square. It masks nothing or too little: the inscribed disc has the "
            "radius size / 2.",
            _circle(lambda size: size / 2 + 0.5),
        ),
        Mistake("The inside is masked, and the corners are kept.", lambda x: x * ~disc_mask(x.shape[-1])),
        Mistake(
            "This is a diamond: steps in both directions are added. A distance adds their squares.",
            _kept(lambda y, x, size: y.abs() + x.abs() <= size / 2),
        ),
        Mistake(
            "The squared distance is compared with the radius, without its square.",
            _kept(lambda y, x, size: y**2 + x**2 <= size / 2),
        ),
    ),
    finding=_disc_finding,
    hints=(
        "Where is the centre of a picture of 4 pixels? Not on a pixel.",
        "The pixel with number i has its centre at i - (size - 1) / 2 from the middle.",
        "Make a column and a row of these distances; broadcasting gives the squared distance of each pixel. "
        "Multiplying by a condition sets the rest to zero.",
    ),
)
