"""Evaluation of functions: equivariance error, Dice and IoU, agreement under rotation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from course_lib.actions import act, rotate
from course_lib.filters import disc_mask
from course_lib.representations import Representation

ANGLES_DEG = tuple(range(0, 360, 15))
Images = Float[Tensor, "n c y x"]
Masks = Bool[Tensor, "n 1 y x"]
Segmenter = Callable[[Tensor], Tensor]  # images in [0, 1] to masks


@torch.no_grad()
def equivariance_error(
    f: Callable[[Tensor], Tensor], x: Tensor, g: int, rep_in: Representation, rep_out: Representation
) -> float:
    """Relative distance between both ways round: ‖f(g x) − g f(x)‖ / ‖g f(x)‖.

    Args:
        f: The map to be tested.
        x: Its input, with the axes ``... fiber y x``.
        g: Group element.
        rep_in: How the input's fiber transforms.
        rep_out: How the output's fiber transforms.

    Returns:
        0 if f commutes with g at x; about 1.4 if both ways are unrelated.

    Raises:
        ValueError: If an output is not finite, or is zero everywhere: the zero map
            commutes with everything and must not pass.

    Example:
        >>> from course_lib.groups import CyclicGroup
        >>> from course_lib.representations import Trivial
        >>> scalar, x = Trivial(CyclicGroup(4)), torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
        >>> equivariance_error(lambda x: x**2, x, 1, scalar, scalar)
        0.0
        >>> equivariance_error(lambda x: x * torch.tensor([1.0, 0.0]), x, 1, scalar, scalar) > 0.5
        True
    """
    expected = act(g, f(x), rep_out)
    found = f(act(g, x, rep_in))
    return relative_distance(found, expected)


def relative_distance(found: Tensor, expected: Tensor) -> float:
    """‖found − expected‖ / ‖expected‖.

    Raises:
        ValueError: If a value is not finite, or ``expected`` is zero everywhere.
    """
    if not (expected.isfinite().all() and found.isfinite().all()):
        raise ValueError("the output must be finite, got inf or nan; check the map and its input")
    norm = expected.norm()
    if norm == 0:
        raise ValueError(
            "the output must not be zero everywhere, for zero commutes with all; choose other weights or x"
        )
    return ((found - expected).norm() / norm).item()


def error_at_angle(
    f: Callable[[Tensor], Tensor],
    x: Float[Tensor, "*batch fiber y x"],
    angle_deg: float | int,
    rho_in: Float[Tensor, "fiber fiber"],
    rho_out: Float[Tensor, "fiber_out fiber_out"],
) -> float:
    """Equivariance error at any angle, with as little interpolation error as possible.

    Pictures are turned by splines of order 5, which on ``smooth_images`` cost less than
    0.001; bilinear turns would cost more than the error of a good layer.

    Args:
        f: The map to be tested.
        x: Its input, which should be smooth and fade inside the inscribed disc.
        angle_deg: Angle, counter-clockwise as displayed.
        rho_in: How the turn acts on the input's fiber.
        rho_out: How the turn acts on the output's fiber.

    Returns:
        ‖f(g x) − g f(x)‖ / ‖g f(x)‖.
    """

    def act(y: Tensor, rho: Tensor) -> Tensor:
        return torch.einsum("ij,...jyx->...iyx", rho.to(y), spline_rotate(y, angle_deg))

    with torch.no_grad():
        return relative_distance(f(act(x, rho_in)), act(f(x), rho_out))


def spline_rotate(x: Float[Tensor, "*batch y x"], angle_deg: float | int) -> Float[Tensor, "*batch y x"]:
    """Turn the last two axes with splines of order 5; for measuring, slow and not differentiable."""
    turned = ndimage.rotate(x.cpu().numpy(), angle_deg, axes=(-2, -1), reshape=False, order=5)
    return torch.from_numpy(turned).to(x)


def smooth_images(*shape: int, sigma_px: float = 2.5, seed: int = 0) -> Float[Tensor, "*batch y x"]:
    """Blurred noise in float64 that fades to zero inside the inscribed disc: nothing is lost by a turn.

    Args:
        shape: Any axes, the last two equal and at least 32 pixels.
        sigma_px: Width of the Gaussian blur; 2.5 is what the numbers of the book are measured with.
        seed: Seed of the noise.
    """
    side = shape[-1]
    if len(shape) < 2 or shape[-2] != side or side < 32:
        raise ValueError(f"the last two axes must be equal and at least 32 pixels, got {shape}")
    noise = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    blur = (0,) * (len(shape) - 2) + (sigma_px, sigma_px)
    blurred = torch.from_numpy(ndimage.gaussian_filter(noise.numpy(), blur, mode="wrap"))
    return blurred * fading_disc(side)


def fading_disc(side: int) -> Float[Tensor, "y x"]:
    """Window that is 1 in the middle and falls smoothly to 0, from 12 to 6 pixels before the frame.

    Args:
        side: Side in pixels.
    """
    offsets = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    inside = ((side / 2 - 6 - torch.hypot(offsets, offsets[:, None])) / 6).clamp(0, 1)
    return inside**2 * (3 - 2 * inside)


def dice(prediction: Masks, truth: Masks) -> Float[Tensor, " n"]:
    """Dice score of each image: twice the overlap over the sum of both areas.

    Two empty masks agree: their score is defined as 1.

    Example:
        >>> dice(torch.tensor([[[[True, True, False]]]]), torch.tensor([[[[False, True, True]]]]))
        tensor([0.5000])
    """
    overlap = (prediction & truth).flatten(1).sum(dim=1)
    total = prediction.flatten(1).sum(dim=1) + truth.flatten(1).sum(dim=1)
    return torch.where(total > 0, 2 * overlap / total.clamp(min=1), 1.0)


def iou(prediction: Masks, truth: Masks) -> Float[Tensor, " n"]:
    """Intersection over union of each image; 1 if both masks are empty.

    Example:
        >>> iou(torch.tensor([[[[True, True, False]]]]), torch.tensor([[[[False, True, True]]]]))
        tensor([0.3333])
    """
    overlap = (prediction & truth).flatten(1).sum(dim=1)
    union = (prediction | truth).flatten(1).sum(dim=1)
    return torch.where(union > 0, overlap / union.clamp(min=1), 1.0)


def empty_share(masks: Masks) -> float:
    """Share of masks without a pixel: constant answers must be visible beside every agreement."""
    return (~masks.flatten(1).any(dim=1)).float().mean().item()


def segmenter(model: Callable[[Tensor], Tensor], *, batch_size: int = 64) -> Segmenter:
    """Function from any number of images to masks: logits above 0.

    Args:
        model: Maps images ``b c y x`` in [0, 1] to logits ``b 1 y x``. If it is a module,
            batches are moved to its device.
        batch_size: Images at once.
    """
    parameters = model.parameters() if isinstance(model, torch.nn.Module) else iter(())
    device = next((parameter.device for parameter in parameters), torch.device("cpu"))

    @torch.no_grad()
    def segment(images: Images) -> Masks:
        return torch.cat([(model(batch.to(device)) > 0).cpu() for batch in images.split(batch_size)])

    return segment


class SymmetryAverage(torch.nn.Module):
    """Mean of a segmenter's answers to the 8 turned and mirrored images, each brought back.

    The mean is exactly equivariant to the symmetries of the square, whatever the model.
    Its output is the mean probability less one half: above 0 where the mask is.

    Args:
        model: Maps images ``b c y x`` to logits ``b 1 y x``.
    """

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: Images) -> Float[Tensor, "n 1 y x"]:
        total = torch.zeros_like(images[:, :1])
        for turns in range(4):
            turned = images.rot90(turns, (-2, -1))
            total += self.model(turned).sigmoid().rot90(-turns, (-2, -1))
            total += self.model(turned.flip(-1)).sigmoid().flip(-1).rot90(-turns, (-2, -1))
        return total / 8 - 0.5


@dataclass(frozen=True)
class RotationScores:
    """How a segmenter fares when its images are turned; everything inside the inscribed disc.

    Args:
        angles_deg: Angles, counter-clockwise as displayed.
        agreement: Dice of "mask of the turned image" with "turned mask of the image".
        dice: Dice of "mask of the turned image" with the turned truth.
        empty: Share of empty masks of the turned images.
    """

    angles_deg: tuple[int, ...]
    agreement: Float[Tensor, "n angle"]
    dice: Float[Tensor, "n angle"]
    empty: Float[Tensor, " angle"]


def rotation_scores(
    segment: Segmenter, images: Images, truth: Masks, angles_deg: Sequence[int] = ANGLES_DEG
) -> RotationScores:
    """Agreement and Dice of a segmenter over a range of angles.

    Multiples of 90 degrees are exact. At others the image is interpolated, and masks are
    interpolated and cut at one half; so even a perfect segmenter does not reach 1: see
    ``agreement_floor``. The corners of a turned image are black.

    Args:
        segment: Maps images to masks.
        images: Square images in [0, 1].
        truth: Their true masks.
        angles_deg: Angles, counter-clockwise as displayed.
    """
    disc = disc_mask(images.shape[-1])
    upright = segment(images)
    agreement, against_truth, empty = [], [], []
    for angle in angles_deg:
        found = segment(rotate(images, angle))
        agreement.append(dice(found & disc, turn_masks(upright, angle) & disc))
        against_truth.append(dice(found & disc, turn_masks(truth, angle) & disc))
        empty.append(empty_share(found))
    return RotationScores(
        tuple(angles_deg), torch.stack(agreement, 1), torch.stack(against_truth, 1), torch.tensor(empty)
    )


def turn_masks(masks: Masks, angle_deg: int | float) -> Masks:
    """Masks turned about the centre: exact at multiples of 90 degrees, else bilinear, cut at one half."""
    return rotate(masks.float(), angle_deg) >= 0.5


def agreement_floor(truth: Masks, angles_deg: Sequence[int] = ANGLES_DEG) -> Float[Tensor, "n angle"]:
    """Agreement of a segmenter without any equivariance error: what interpolation alone costs.

    The segmenter looks at one pixel at a time (at least one half?), so it commutes with
    every exact rotation. Its image is the true mask, smoothed by the weights 1, 2, 1 in
    both directions: an edge of finite width, as real images have.
    """
    binomial = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float32) / 4
    image = F.conv2d(truth.float(), torch.outer(binomial, binomial)[None, None], padding="same")
    return rotation_scores(lambda x: x >= 0.5, image, truth, angles_deg).agreement
