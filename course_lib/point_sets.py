"""Point sets: coordinates, values and masks, their checks, and images taken as point sets."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def checked_mask(
    points: Float[Tensor, "#b n space"],
    values: Float[Tensor, "b n c"],
    mask: Bool[Tensor, "#b n"] | None,
    *,
    space: int,
) -> Bool[Tensor, "#b n"]:
    """The mask of a batch of point sets, once everything about them has been checked.

    Sets of different sizes are padded to the same n; the mask is False at the padding.
    What stands there does not matter, not even if it is no number.

    Args:
        points: Coordinates; a batch of 1 means that all sets have the same points.
        values: One vector for each point.
        mask: True where there is a point; None if all are.
        space: Coordinates of a point.

    Raises:
        ValueError: If shapes do not fit, a set is empty or wholly masked, or a coordinate
            or value of a point is not finite.
    """
    if points.ndim != 3 or points.shape[-1] != space:
        raise ValueError(
            f"points must have the axes b n {space}, got {tuple(points.shape)}; add the axis of the batch"
        )
    if points.shape[1] == 0:
        raise ValueError("a set must hold one point or more, got an empty one; leave it out of the batch")
    if values.ndim != 3 or values.shape[1] != points.shape[1] or points.shape[0] not in (1, values.shape[0]):
        raise ValueError(
            f"values must have the axes b n c with b n as in the points {tuple(points.shape)}, "
            f"got {tuple(values.shape)}"
        )
    if mask is None:
        mask = torch.ones(points.shape[:2], dtype=torch.bool, device=points.device)
    if mask.dtype != torch.bool or mask.shape != points.shape[:2]:
        raise ValueError(
            f"mask must be boolean with the axes b n of the points, {tuple(points.shape[:2])}; "
            f"got {mask.dtype} with {tuple(mask.shape)}"
        )
    if not mask.any(dim=1).all():
        empty = int((~mask.any(dim=1)).nonzero()[0])
        raise ValueError(f"set {empty} is masked out wholly; leave it out of the batch")
    for name, numbers in (("coordinates", points), ("values", values)):
        if not (numbers.isfinite().all(dim=-1) | ~mask).all():
            raise ValueError(f"{name} must be finite where the mask is True, got nan or inf; mask them out")
    return mask


def image_points(
    images: Float[Tensor, "b c y x"], *, ink: float | int | None = None
) -> tuple[Float[Tensor, "#b n 2"], Float[Tensor, "b n c"], Bool[Tensor, "#b n"]]:
    """Images as point sets: each pixel is a point, and its channels are the point's values.

    Args:
        images: Any size.
        ink: If given, only pixels with a channel above it become points, and the sets
            are padded to the largest.

    Returns:
        Coordinates of the pixel centres in pixels, right and up from the centre of the
        image; values; and mask. Without ``ink`` all images have the same points, in a
        batch of 1.

    Raises:
        ValueError: If an image has no pixel above ``ink``.
    """
    height, width = images.shape[-2:]
    up = (height - 1) / 2 - torch.arange(height).to(images)
    right = torch.arange(width).to(images) - (width - 1) / 2
    points = torch.stack([right.expand(height, width), up[:, None].expand(height, width)], -1).view(1, -1, 2)
    values = images.flatten(2).mT
    if ink is None:
        return points, values, torch.ones(points.shape[:2], dtype=torch.bool, device=images.device)
    kept = (values > ink).any(dim=-1)
    if not kept.any(dim=1).all():
        empty = int((~kept.any(dim=1)).nonzero()[0])
        raise ValueError(f"image {empty} has no pixel above ink = {ink}, so it is an empty set; leave it out")
    order = kept.int().argsort(dim=1, descending=True, stable=True)[:, : int(kept.sum(dim=1).max())]
    mask = kept.gather(1, order)
    values = values.gather(1, order[..., None].expand(-1, -1, values.shape[-1])) * mask[..., None]
    return points[0, order] * mask[..., None], values, mask
