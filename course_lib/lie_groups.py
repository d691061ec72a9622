"""Lie groups of the plane and of space: exponential, logarithm, lifting of points, distance."""

import math
from abc import ABC, abstractmethod
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib import rotations

Spacing = Literal["random", "offset", "even"]
Source = torch.Generator | None
Element = Float[Tensor, "*n d d"]
Log = Float[Tensor, "*n dim"]
Points = Float[Tensor, "*n space"]


class LieGroup(ABC):
    """Lie group whose elements are square matrices that move points; products are matrix products.

    The logarithm of an element is a vector of ``dim`` numbers, the last ``n_angles`` of
    them angles in radians. Lifted elements carry ``base_point`` to the given points.
    """

    name: str
    space: int
    dim: int
    n_angles: int
    base_point: tuple[float, ...]

    @abstractmethod
    def hat(self, a: Log) -> Element:
        """Matrix of the Lie algebra with the coordinates a; its matrix exponential is ``exp(a)``."""

    @abstractmethod
    def exp(self, a: Log) -> Element:
        """Element with the logarithm a."""

    @abstractmethod
    def log(self, u: Element) -> Log:
        """Coordinates a with ``exp(a) = u`` and the smallest angle, at most pi.

        At the branch cut, a rotation by pi, two signs would do. Within rounding of it the
        plane takes +pi, and space the axis whose first entry other than 0 is positive.
        """

    @abstractmethod
    def inverse(self, u: Element) -> Element:
        """Element that undoes u."""

    @abstractmethod
    def act(self, u: Float[Tensor, "*#n d d"], p: Float[Tensor, "*#n space"]) -> Float[Tensor, "*#n space"]:
        """The moved point u p."""

    @abstractmethod
    def carrier(self, points: Points) -> Element:
        """One element for each point that carries the base point to it."""

    def product(self, u: Float[Tensor, "*#n d d"], v: Float[Tensor, "*#n d d"]) -> Float[Tensor, "*#n d d"]:
        """Element uv: first v, then u."""
        return u @ v

    def stabiliser(
        self, points: Points, samples: int, spacing: Spacing, generator: Source
    ) -> Float[Tensor, "*n samples d d"]:
        """For each point some elements that keep the base point. Here the identity is the only one."""
        if samples != 1:
            raise ValueError(f"samples must be 1 for {self}, whose stabiliser is trivial; got {samples}")
        return self.exp(points.new_zeros(*points.shape[:-1], 1, self.dim))

    def lift(
        self, points: Points, *, samples: int = 1, spacing: Spacing = "random", generator: Source = None
    ) -> Float[Tensor, "*n samples d d"]:
        """Elements that carry the base point to each point: the carrier, times the stabiliser.

        Args:
            points: Coordinates, finite.
            samples: Elements a point; above 1 for SE(2) and SE(3) only.
            spacing: How rotations are drawn: ``"random"``, uniform and independent;
                ``"offset"``, equally spaced from a random first angle of each point;
                ``"even"``, equally spaced and the same at all points. SE(3) knows
                ``"random"`` only.
            generator: Source of the random numbers, by default torch's own.

        Raises:
            ValueError: If an argument does not fit, or no element reaches a point.

        Source:
            Finzi et al. 2020, arXiv:2002.12880. Their code draws SE(2) as ``"offset"``.
        """
        if points.ndim < 1 or points.shape[-1] != self.space:
            raise ValueError(
                f"{self} needs points with a last axis of {self.space}, got {tuple(points.shape)}"
            )
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples}")
        if spacing not in get_args(Spacing):
            raise ValueError(f"spacing must be one of {', '.join(get_args(Spacing))}; got {spacing!r}")
        kept = self.stabiliser(points, samples, spacing, generator)
        return self.product(self.carrier(points).unsqueeze(-3), kept)

    def distance(self, a: Log, *, alpha: float | int = 1.0) -> Float[Tensor, "*n"]:
        """Length of a logarithm: the root of the sum of squares, where angles count alpha times.

        The distance of u and v is that of log(v^-1 u): it is symmetric, and nothing
        changes if both are moved by the same element.

        Args:
            a: Logarithms.
            alpha: Length of one radian, in the unit of the other coordinates.

        Source:
            Finzi et al. add the lengths of both parts, weighted by alpha and 1 - alpha.
        """
        weight = [1.0] * (self.dim - self.n_angles) + [float(alpha)] * self.n_angles
        return torch.linalg.vector_norm(a * a.new_tensor(weight), dim=-1)

    def __repr__(self) -> str:
        return self.name


class Motions(LieGroup):
    """Motions p -> R p + t of the plane or of space, as matrices with the rows (R, t) and (0, 1).

    Args:
        space: 2 for the plane, 3 for space.

    Raises:
        ValueError: If ``space`` is neither.
    """

    def __init__(self, space: int):
        if space not in (2, 3):
            raise ValueError(f"space must be 2, the plane, or 3; got {space}")
        self.space = space
        self.base_point = (0.0,) * space

    def inverse(self, u: Element) -> Element:
        back = u[..., :-1, :-1].mT
        return _rows(back, -(back @ u[..., :-1, -1:])[..., 0])

    def act(self, u: Float[Tensor, "*#n d d"], p: Float[Tensor, "*#n space"]) -> Float[Tensor, "*#n space"]:
        return (u[..., :-1, :-1] @ p[..., None])[..., 0] + u[..., :-1, -1]

    def carrier(self, points: Points) -> Element:
        return _rows(torch.eye(self.space).to(points), points)


class Translations(Motions):
    """T(2) and T(3), all shifts. The logarithm is the shift itself.

    Args:
        space: 2 for the plane, 3 for space.
    """

    n_angles = 0

    def __init__(self, space: int):
        super().__init__(space)
        self.name, self.dim = f"T({space})", space

    def hat(self, a: Log) -> Element:
        return _rows(a.new_zeros(self.space, self.space), a, corner=0)

    def exp(self, a: Log) -> Element:
        return self.carrier(a)

    def log(self, u: Element) -> Log:
        return u[..., :-1, -1]


class PlaneMotions(Motions):
    """SE(2), shifts and rotations of the plane. Logarithm: two lengths, one angle."""

    name, dim, n_angles = "SE(2)", 3, 1

    def __init__(self):
        super().__init__(2)

    def hat(self, a: Log) -> Element:
        return _rows(a[..., 2, None, None] * _quarter(a), a[..., :2], corner=0)

    def exp(self, a: Log) -> Element:
        angle = a[..., 2, None, None]
        x = angle.square()
        along = rotations.sinc(x) * torch.eye(2).to(a) + angle * rotations.cosc(x) * _quarter(a)
        return _rows(rotations.plane_rotation(a[..., 2]), (along @ a[..., :2, None])[..., 0])

    def log(self, u: Element) -> Log:
        angle = rotations.plane_angle(u[..., :2, :2])[..., None, None]
        x = angle.square()
        back = (1 - x * rotations.cotc(x)) * torch.eye(2).to(u) - angle / 2 * _quarter(u)
        return torch.cat([(back @ u[..., :2, 2:])[..., 0], angle[..., 0]], dim=-1)

    def stabiliser(
        self, points: Points, samples: int, spacing: Spacing, generator: Source
    ) -> Float[Tensor, "*n samples d d"]:
        """Rotations about the origin."""
        place = torch.arange(samples).to(points) / samples
        if spacing == "even":
            part = place.expand(*points.shape[:-1], samples)
        elif spacing == "offset":
            part = place + _drawn(torch.rand, (*points.shape[:-1], 1), points, generator)
        else:
            part = _drawn(torch.rand, (*points.shape[:-1], samples), points, generator)
        turns = rotations.plane_rotation(2 * math.pi * part)
        return _rows(turns, turns.new_zeros(*turns.shape[:-1]))


class SpaceMotions(Motions):
    """SE(3), shifts and rotations of space. Logarithm: three lengths, then axis times angle."""

    name, dim, n_angles = "SE(3)", 6, 3

    def __init__(self):
        super().__init__(3)

    def hat(self, a: Log) -> Element:
        return _rows(rotations.cross_matrix(a[..., 3:]), a[..., :3], corner=0)

    def exp(self, a: Log) -> Element:
        w = a[..., 3:]
        x, k = w.square().sum(-1)[..., None, None], rotations.cross_matrix(w)
        along = torch.eye(3).to(a) + rotations.cosc(x) * k + rotations.sincc(x) * (k @ k)
        return _rows(rotations.space_rotation(w), (along @ a[..., :3, None])[..., 0])

    def log(self, u: Element) -> Log:
        w = rotations.rotation_vector(u[..., :3, :3])
        x, k = w.square().sum(-1)[..., None, None], rotations.cross_matrix(w)
        back = torch.eye(3).to(u) - k / 2 + rotations.cotc(x) * (k @ k)
        return torch.cat([(back @ u[..., :3, 3:])[..., 0], w], dim=-1)

    def stabiliser(
        self, points: Points, samples: int, spacing: Spacing, generator: Source
    ) -> Float[Tensor, "*n samples d d"]:
        """Rotations about the origin, uniform over all of them."""
        if spacing != "random":
            raise ValueError(
                f"spacing must be 'random' for SE(3), whose rotations have no even grid; got {spacing!r}"
            )
        normal = _drawn(torch.randn, (*points.shape[:-1], samples, 4), points, generator)
        return _rows(rotations.from_quaternion(normal), normal[..., :3] * 0)


class RotationScaling(LieGroup):
    """SO(2) x R+, rotations of the plane times scalings about the origin, as matrices e^s R.

    Logarithm: s, the logarithm of the scale, and the angle. The base point is (1, 0);
    exactly one element carries it to a point, and none to the origin.
    """

    name, space, dim, n_angles = "SO(2) x R+", 2, 2, 1
    base_point = (1.0, 0.0)

    def hat(self, a: Log) -> Element:
        return a[..., 0, None, None] * torch.eye(2).to(a) + a[..., 1, None, None] * _quarter(a)

    def exp(self, a: Log) -> Element:
        return a[..., 0, None, None].exp() * rotations.plane_rotation(a[..., 1])

    def log(self, u: Element) -> Log:
        scale = torch.hypot(u[..., 0, 0], u[..., 1, 0])
        return torch.stack([scale.log(), rotations.plane_angle(u)], dim=-1)

    def inverse(self, u: Element) -> Element:
        return u.mT / u[..., :1].square().sum(-2, keepdim=True)

    def act(self, u: Float[Tensor, "*#n d d"], p: Float[Tensor, "*#n space"]) -> Float[Tensor, "*#n space"]:
        return (u @ p[..., None])[..., 0]

    def carrier(self, points: Points) -> Element:
        if (points == 0).all(-1).any():
            raise ValueError("SO(2) x R+ carries (1, 0) to no point at the origin; move it or mask it out")
        return torch.stack([points, points @ _quarter(points).mT], dim=-1)


def _rows(turn: Tensor, shift: Tensor, corner: int = 1) -> Tensor:
    """Matrix with the rows (turn, shift) and (0, corner)."""
    d = shift.shape[-1]
    upper = torch.cat([turn.expand(*shift.shape, d), shift[..., None]], dim=-1)
    lower = torch.eye(d + 1)[-1:].to(shift) * corner
    return torch.cat([upper, lower.expand(*shift.shape[:-1], 1, d + 1)], dim=-2)


def _quarter(like: Tensor) -> Tensor:
    """Quarter turn counter-clockwise, the generator of all rotations of the plane."""
    return like.new_tensor([[0.0, -1.0], [1.0, 0.0]])


def _drawn(draw, shape: tuple[int, ...], like: Tensor, generator: Source) -> Tensor:
    """Random numbers, drawn where the generator lives, in the type and place of another tensor."""
    device = like.device if generator is None else generator.device
    return draw(shape, generator=generator, dtype=like.dtype, device=device).to(like.device)


T2, T3, SE2, SE3 = Translations(2), Translations(3), PlaneMotions(), SpaceMotions()
SO2_SCALE = RotationScaling()
LIE_GROUPS: dict[str, LieGroup] = {group.name: group for group in (T2, SO2_SCALE, SE2, T3, SE3)}
