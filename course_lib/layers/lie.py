"""LieConv: convolution of functions on a Lie group, known at some of its elements only."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.lie_groups import LieGroup, Motions, Spacing
from course_lib.point_sets import checked_mask


@dataclass(frozen=True)
class Neighbourhood:
    """For each element v the elements u that its convolution sees; found once, used by all layers.

    Args:
        index: Which elements u, nearest first.
        logs: log(v^-1 u), where the kernel is evaluated.
        mask: Whether a pair counts: both are there, and u is near enough.
    """

    index: Int[Tensor, "b v k"]
    logs: Float[Tensor, "b v k dim"]
    mask: Bool[Tensor, "b v k"]


def neighbourhood(
    group: LieGroup,
    elements: Float[Tensor, "b v d d"],
    mask: Bool[Tensor, "b v"],
    *,
    neighbours: int,
    radius: float | int = math.inf,
    alpha: float | int = 1.0,
    samples: int = 1,
) -> Neighbourhood:
    """The nearest elements of each element, itself among them.

    All depends on v^-1 u alone, so it does not change if all elements are moved from the
    left. On a grid many elements are equally far; which of them ``neighbours`` leaves out
    is then arbitrary, and a ``radius`` is the better bound. It saves time too: motions that
    carry the base point farther than ``radius`` need no logarithm, for no walk is shorter
    than the straight line.

    Args:
        group: Group of the elements.
        elements: Group elements.
        mask: True where there is an element.
        neighbours: Largest number of elements in a neighbourhood.
        radius: Largest distance of a neighbour.
        alpha: Length of one radian, see ``LieGroup.distance``.
        samples: Each so many elements in a row carry the base point to the same place.

    Raises:
        ValueError: If ``neighbours`` is below 1, or ``radius`` or ``alpha`` is negative.

    Source:
        Finzi et al. 2020, arXiv:2002.12880. There a random part of all elements within the
        radius is taken; here the nearest.
    """
    if neighbours < 1 or not radius >= 0 or not alpha >= 0:
        raise ValueError(
            "neighbours must be 1 or more, radius and alpha 0 or more; "
            f"got {neighbours}, {radius} and {alpha}"
        )
    back, there, seen, within = group.inverse(elements), elements[:, None], mask[:, None], None
    if isinstance(group, Motions) and math.isfinite(radius):
        batch = torch.arange(len(elements), device=elements.device)[:, None, None]
        within = _within(elements[:, ::samples, :-1, -1], mask[:, ::samples], radius, samples)
        there, seen = elements[batch, within], mask[batch, within]
    logs = group.log(torch.einsum("bvij,bvujk->bvuik", back, there.expand(-1, back.shape[1], -1, -1, -1)))
    distance = group.distance(logs.detach(), alpha=alpha).masked_fill(~seen, math.inf)
    near, index = distance.topk(min(neighbours, distance.shape[-1]), largest=False)
    chosen = logs.gather(2, index[..., None].expand(*index.shape, logs.shape[-1]))
    counts = (near <= radius) & near.isfinite() & mask[..., None]
    return Neighbourhood(index if within is None else within.gather(2, index), chosen, counts)


def _within(
    places: Float[Tensor, "b n space"], mask: Bool[Tensor, "b n"], radius: float | int, samples: int
) -> Int[Tensor, "b v candidates"]:
    """For each element the elements at the nearest places; none within the radius is left out."""
    # Without this mode, products of matrices would blur small distances in single precision.
    apart = torch.cdist(places, places, compute_mode="donot_use_mm_for_euclid_dist")
    apart = apart.masked_fill(~mask[:, None], math.inf)
    most = int((apart <= radius * (1 + 1e-5)).sum(dim=-1).max())
    nearest = samples * apart.topk(most, largest=False).indices
    near = nearest[..., None] + torch.arange(samples, device=places.device)
    return near.flatten(2).repeat_interleave(samples, dim=1)


class LieConv(nn.Module):
    """Convolution on a Lie group: (f * k)(v) = mean over the neighbours u of k(log(v^-1 u)) f(u).

    The kernel is the sum over m of k_m(log) W_m: the numbers k_m come from a small
    network, the matrices W_m are weights. So the network is evaluated once for a pair,
    however many channels there are.

    Args:
        group: Group of the elements.
        c_in: Input channels.
        c_out: Output channels.
        hidden: Width of the kernel's network, which has two hidden layers.
        profiles: How many functions k_m there are.

    Source:
        Finzi et al. 2020, arXiv:2002.12880; the sum over m is theirs too, after PointConv.
    """

    def __init__(self, group: LieGroup, c_in: int, c_out: int, *, hidden: int = 16, profiles: int = 16):
        super().__init__()
        self.group = group
        self.c_in = c_in
        self.kernel = nn.Sequential(
            nn.Linear(group.dim, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, profiles),
        )
        self.mix = nn.Linear(profiles * c_in, c_out)

    def forward(self, f: Float[Tensor, "b v c_in"], near: Neighbourhood) -> Float[Tensor, "b v c_out"]:
        """The convolution at all elements; 0 at those that are masked out.

        Raises:
            ValueError: If the features do not fit the neighbourhood or the layer.
        """
        sets, elements = near.index.shape[:2]
        if f.ndim != 3 or f.shape[1:] != (elements, self.c_in) or sets not in (1, f.shape[0]):
            raise ValueError(
                f"features must have the axes b v c with v = {elements} and c = {self.c_in}, got "
                f"{tuple(f.shape)}; lift them with the points"
            )
        batch = torch.arange(f.shape[0], device=f.device)[:, None, None]
        seen = f[batch, near.index]
        count = near.mask.sum(dim=-1, keepdim=True).clamp(min=1)
        profile = self.kernel(near.logs) * (near.mask.to(f) / count)[..., None]
        mixed = self.mix(torch.einsum("bvkm,bvkc->bvmc", profile, seen).flatten(2))
        return mixed * near.mask.any(dim=-1, keepdim=True)


class LieNet(nn.Module):
    """Residual network of LieConv layers on point sets: one answer a set, or one a point.

    The points are lifted to the group, convolved there, and averaged over the group: over
    the samples of each point, and for one answer a set over the points too. The answer of
    a set is invariant, that of a point moves with it: exactly for shifts and
    SO(2) x R+, for SE(2) and SE(3) up to the error of the samples.

    Args:
        group: Group that acts on the points.
        c_in: Values of a point.
        c_out: Numbers in an answer.
        width: Channels of the layers.
        depth: Number of LieConv layers.
        readout: ``"set"`` or ``"points"``.
        samples: Group elements a point, see ``LieGroup.lift``.
        spacing: How they are drawn.
        neighbours: Largest number of group elements in a neighbourhood; let it grow with
            ``samples``, or the neighbourhood shrinks.
        radius: Largest distance of a neighbour.
        alpha: Length of one radian in that distance.

    Raises:
        ValueError: If ``readout`` is unknown.

    Source:
        After Finzi et al. 2020, arXiv:2002.12880; smaller: no subsampling between layers,
        and layer norm over the channels in place of batch norm.
    """

    def __init__(
        self,
        group: LieGroup,
        c_in: int,
        c_out: int,
        *,
        width: int = 32,
        depth: int = 3,
        readout: Literal["set", "points"] = "set",
        samples: int = 1,
        spacing: Spacing = "random",
        neighbours: int = 32,
        radius: float | int = math.inf,
        alpha: float | int = 1.0,
    ):
        super().__init__()
        if readout not in ("set", "points"):
            raise ValueError(f"readout must be 'set' or 'points', got {readout!r}")
        self.group = group
        self.readout = readout
        self.samples = samples
        self.spacing: Spacing = spacing
        self.neighbours, self.radius, self.alpha = neighbours, radius, alpha
        self.embed = nn.Linear(c_in, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.convs = nn.ModuleList(LieConv(group, width, width) for _ in range(depth))
        self.head = nn.Linear(width, c_out)

    def forward(
        self,
        points: Float[Tensor, "#b n space"],
        values: Float[Tensor, "b n c_in"],
        mask: Bool[Tensor, "#b n"] | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "b *n c_out"]:
        """Answers for point sets; for points that are masked out, 0.

        Args:
            points: Coordinates; a batch of 1 means that all sets have the same points.
            values: One vector for each point.
            mask: True where there is a point; None if all are.
            generator: Source of the random elements, by default torch's own.

        Raises:
            ValueError: If the sets are malformed, see ``point_sets.checked_mask``.
        """
        mask = checked_mask(points, values, mask, space=self.group.space)
        base = points.new_tensor(self.group.base_point)
        points = torch.where(mask[..., None], points, base)
        values = torch.where(mask[..., None], values, 0.0)
        lifted = self.group.lift(points, samples=self.samples, spacing=self.spacing, generator=generator)
        near = neighbourhood(
            self.group,
            lifted.flatten(1, 2),
            mask.repeat_interleave(self.samples, dim=1),
            neighbours=self.neighbours,
            radius=self.radius,
            alpha=self.alpha,
            samples=self.samples,
        )
        f = self.embed(values).repeat_interleave(self.samples, dim=1)
        for norm, conv in zip(self.norms, self.convs, strict=True):
            f = f + F.silu(conv(norm(f), near))
        f = f.unflatten(1, (-1, self.samples)).mean(dim=2)
        if self.readout == "set":
            return self.head(masked_mean(f, mask))
        return self.head(f) * mask[..., None]


def masked_mean(f: Float[Tensor, "b n c"], mask: Bool[Tensor, "#b n"]) -> Float[Tensor, "b c"]:
    """Mean over the points that are there."""
    return (f * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
