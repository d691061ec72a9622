"""Questions on the U-Net: the Dice score of a set of images, and the loss that stands for it."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.evaluation import iou
from course_lib.tasks import segmentation_loss


def _dice_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    one = torch.tensor([[[1.0, 1, 0]]], dtype=torch.float64)
    other = torch.tensor([[[0.0, 1, 1]]], dtype=torch.float64)
    yield one, other
    yield torch.cat([one, one]), torch.cat([other, one])
    yield torch.cat([one, 0 * one]), torch.cat([other, 0 * one])  # both empty
    yield torch.cat([one, 0 * one, one]), torch.cat([other, other, 0 * one])
    for size in (3, 6):
        shape = (integer(generator, 4, 6), size, size)
        sizes = torch.arange(1, shape[0] + 1).view(-1, 1, 1) / 2 - 1.5
        found, truth = ((gaussian(generator, *shape) < sizes).double() for _ in range(2))
        found[1] = truth[1] = 0
        yield found, truth


def _dice_reference(found: Tensor, truth: Tensor) -> tuple[float, float]:
    masks = found.bool(), truth.bool()
    scores = [_exact(*pair) for pair in zip(*masks, strict=True)]
    return sum(scores) / len(scores), _exact(*masks)


def _exact(found: Tensor, truth: Tensor) -> float:
    total = int(found.sum() + truth.sum())
    return 2 * int((found & truth).sum()) / total if total else 1.0


def _dice_finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    mean, pooled = call(*(part.clone() for part in case))
    right_mean, right_pooled = _dice_reference(*case)
    if not same(float(mean), right_mean):
        return Finding("the mean is taken over the scores of the images; two empty masks score 1")
    if not same(float(pooled), right_pooled):
        return Finding("pooled: all images are one large image")
    return Finding("mean and pooled score are two different numbers")


def _scores(found: Tensor, truth: Tensor, *, empty: float = 1.0, smooth: float = 0.0) -> Tensor:
    overlap = (found * truth).sum((1, 2))
    total = found.sum((1, 2)) + truth.sum((1, 2))
    return torch.where(total + smooth > 0, (2 * overlap + smooth) / (total + smooth).clamp(min=1e-300), empty)


def _pooled(found: Tensor, truth: Tensor) -> float:
    return _exact(found.bool(), truth.bool())


def _mean_of(scores: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], tuple[float, float]]:
    return lambda found, truth: (scores(found, truth).mean().item(), _pooled(found, truth))


def _without_empty(found: Tensor, truth: Tensor) -> tuple[float, float]:
    keep = (found + truth).sum((1, 2)) > 0
    return _scores(found, truth)[keep].mean().item(), _pooled(found, truth)


def _iou(found: Tensor, truth: Tensor) -> tuple[float, float]:
    masks = found.bool().unsqueeze(1), truth.bool().unsqueeze(1)
    pooled = _pooled(found, truth)
    return iou(*masks).double().mean().item(), pooled / (2 - pooled)


DICE = Question(
    name="dice",
    function="dice_scores",
    arguments=("found", "truth"),
    axes=(),
    cases=_dice_cases,
    reference=_dice_reference,
    mistakes=(
        Mistake(
            "The two numbers stand in the wrong order.",
            lambda found, truth: _dice_reference(found, truth)[::-1],
        ),
        Mistake(
            "Both are the mean over images.", lambda found, truth: (_dice_reference(found, truth)[0],) * 2
        ),
        Mistake("Both are pooled over all pixels.", lambda found, truth: (_pooled(found, truth),) * 2),
        Mistake(
            "An image without polyp on which none is found scores 0; it is right and must score 1.",
            _mean_of(lambda found, truth: _scores(found, truth, empty=0.0)),
        ),
        Mistake(
            "Images without polyp are left out of the mean; they count, with 1 if none is found.",
            _without_empty,
        ),
        Mistake(
            "A pixel is added above and below the line, as in a loss. A score needs no such help.",
            _mean_of(lambda found, truth: _scores(found, truth, smooth=1.0)),
        ),
        Mistake(
            "An image without polyp scores 1 whatever is found in it.",
            _mean_of(lambda found, truth: torch.where(truth.sum((1, 2)) == 0, 1.0, _scores(found, truth))),
        ),
        Mistake(
            "This is intersection over union; Dice counts the overlap twice, above and below the line.", _iou
        ),
        Mistake(
            "The factor 2 is missing: a perfect mask must score 1.",
            lambda found, truth: (
                _scores(found, truth, empty=2.0).mean().item() / 2,
                _pooled(found, truth) / (2 if (found + truth).any() else 1),
            ),
        ),
        Mistake(
            "This is the share of right pixels. Background is most of an image, and easy.",
            lambda found, truth: ((found == truth).double().mean().item(),) * 2,
        ),
    ),
    finding=_dice_finding,
    hints=(
        "Masks hold zeros and ones, so their product is the overlap and a sum is an area.",
        "For the mean: sums over y and x only, one score for each image. For the pooled score: sums over "
        "everything.",
        "Where both areas are zero the quotient is not a number. Decide by the sum of the areas, with "
        "torch.where or an if, and mind that the pooled score can meet this too.",
    ),
)


def _loss_cases(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for b, size in ((1, 1), (1, 2), (2, 2), (integer(generator, 3, 6), integer(generator, 3, 6))):
        logits = 2 * gaussian(generator, b, 1, size, size)
        yield logits, (gaussian(generator, b, 1, size, size) > 0).double()
    yield 3 * gaussian(generator, 2, 1, 3, 3), torch.zeros(2, 1, 3, 3, dtype=torch.float64)


def _loss_reference(logits: Tensor, masks: Tensor) -> float:
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, masks)
    return (segmentation_loss(logits, masks) - entropy).item()


def _loss_finding(call: Call, case: tuple[Tensor, Tensor]) -> Finding:
    logits, masks = case
    sure = 100 * (2 * masks - 1)
    if abs(float(call(sure, masks.clone()))) > 1e-6:
        return Finding("a network that is sure and right everywhere has the loss 0")
    return Finding("the loss is the mean over the images of 1 - (2 sum p m + 1) / (sum p + sum m + 1)")


def _soft(
    p: Callable[[Tensor], Tensor] = torch.sigmoid,
    over: tuple[int, ...] = (1, 2, 3),
    smooth: float = 1.0,
    power: int = 1,
) -> Callable[[Tensor, Tensor], float]:
    """Soft Dice loss of other probabilities, sums, help or powers; the defaults are right."""

    def loss(logits: Tensor, masks: Tensor) -> float:
        probability = p(logits)
        overlap = (probability * masks).sum(over)
        total = (probability**power + masks).sum(over)
        return (1 - (2 * overlap + smooth) / (total + smooth)).mean().item()

    return loss


LOSS = Question(
    name="loss",
    function="soft_dice_loss",
    arguments=("logits", "masks"),
    axes=(),
    cases=_loss_cases,
    reference=_loss_reference,
    mistakes=(
        Mistake(
            "The logits are used as they are. What turns a logit into a probability?", _soft(lambda x: x)
        ),
        Mistake(
            "The probabilities are cut at one half. Such a loss is flat almost everywhere: nothing "
            "is learned.",
            _soft(lambda x: (x > 0).double()),
        ),
        Mistake("The sigmoid is applied twice.", _soft(lambda x: x.sigmoid().sigmoid())),
        Mistake("All images are pooled: large polyps drown the small ones.", _soft(over=(0, 1, 2, 3))),
        Mistake(
            "The added 1 is missing: without it an image without polyp has no gradient.", _soft(smooth=0.0)
        ),
        Mistake("The added 1 is made smaller; here it is one pixel.", _soft(smooth=1e-6)),
        Mistake(
            "The probabilities below the line are squared. That is another loss of the literature.",
            _soft(power=2),
        ),
        Mistake("This is the score; the loss is 1 less the score.", lambda x, m: 1 - _soft()(x, m)),
        Mistake(
            "The losses of the images are added up; take their mean.", lambda x, m: len(x) * _soft()(x, m)
        ),
        Mistake("The sign is wrong: a loss that falls as the mask gets worse.", lambda x, m: -_soft()(x, m)),
    ),
    finding=_loss_finding,
    hints=(
        "Take the Dice score, and put probabilities in the place of the mask that was found.",
        "Three sums for each image: over p m, over p, and over m. The batch is not summed over.",
        "One pixel is added above and below the line. Then the score of each image, and the mean "
        "of 1 less it.",
    ),
)
