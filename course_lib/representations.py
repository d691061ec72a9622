"""Representations: how a group element mixes the numbers that stand at one pixel."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.groups import PlanarGroup


@dataclass(frozen=True)
class Representation(ABC):
    """Map rho from group elements to matrices with rho(g) rho(h) = rho(gh).

    Args:
        group: The group that is represented.
    """

    group: PlanarGroup

    @property
    @abstractmethod
    def dim(self) -> int:
        """Size of the fiber, the vector on which rho(g) acts."""

    @abstractmethod
    def matrix(self, g: int) -> Float[Tensor, "dim dim"]:
        """Matrix rho(g), in float64."""

    @abstractmethod
    def invariant_vector(self) -> Float[Tensor, " dim"]:
        """Vector v with rho(g) v = v for every g, in float64: what a bias may add to the fiber."""

    @abstractmethod
    def apply(self, g: int, x: Float[Tensor, "*batch fiber y x"]) -> Float[Tensor, "*batch fiber y x"]:
        """Multiply the fiber at every pixel by rho(g); pixels stay where they are.

        Raises:
            ValueError: If the fiber axis does not fit the representation.
        """


@dataclass(frozen=True)
class Trivial(Representation):
    """Scalars: rho(g) = 1. Gray values, colour channels and masks are of this type.

    Any number of scalars may stand on the fiber axis, so the channels of an image do.
    """

    @property
    def dim(self) -> int:
        return 1

    def matrix(self, g: int) -> Float[Tensor, "dim dim"]:
        self.group.check(g)
        return torch.ones(1, 1, dtype=torch.float64)

    def invariant_vector(self) -> Float[Tensor, " dim"]:
        return torch.ones(1, dtype=torch.float64)

    def apply(self, g: int, x: Float[Tensor, "*batch fiber y x"]) -> Float[Tensor, "*batch fiber y x"]:
        self.group.check(g)
        return x


@dataclass(frozen=True)
class Regular(Representation):
    """One entry for each group element; rho(g) moves entry h to entry gh.

    Example:
        >>> from course_lib.groups import CyclicGroup
        >>> Regular(CyclicGroup(3)).matrix(1)
        tensor([[0., 0., 1.],
                [1., 0., 0.],
                [0., 1., 0.]], dtype=torch.float64)
    """

    @property
    def dim(self) -> int:
        return self.group.order

    def matrix(self, g: int) -> Float[Tensor, "dim dim"]:
        identity = torch.eye(self.dim, dtype=torch.float64)
        return identity[self.sources(g)]

    def invariant_vector(self) -> Float[Tensor, " dim"]:
        return torch.ones(self.dim, dtype=torch.float64)

    def apply(self, g: int, x: Float[Tensor, "*batch fiber y x"]) -> Float[Tensor, "*batch fiber y x"]:
        if x.shape[-3] != self.dim:
            raise ValueError(
                f"fiber axis must be {self.dim} for regular features of {self.group}, got {x.shape[-3]}; "
                "lift the image first"
            )
        return x[..., self.sources(g), :, :]

    def sources(self, g: int) -> list[int]:
        """Entry from which each entry of rho(g) x is taken: entry h comes from g^-1 h."""
        inverse = self.group.inverse(g)
        return [self.group.product(inverse, h) for h in self.group.elements]


@dataclass(frozen=True)
class Irreps(Representation):
    """Irreducible representations of SO(2) of the frequencies 0, 1, ..., each once, side by side.

    Entry 0 does not change. For every frequency m above 0 a pair of entries turns by m
    times the angle of g. The group gives the elements with which the representation is
    tested and applied; ``turn`` knows every angle. With D_n, which flips, they are
    irreps of O(2).

    Args:
        group: C_n or D_n.
        max_frequency: Largest frequency, at least 0.

    Raises:
        ValueError: If ``max_frequency`` is negative, or so large that the group cannot
            tell two frequencies apart (n must be above twice ``max_frequency``).

    Example:
        >>> from course_lib.groups import CyclicGroup
        >>> Irreps(CyclicGroup(4), 1).matrix(1).round().int().tolist()
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    """

    max_frequency: int

    def __post_init__(self):
        if self.max_frequency < 0 or self.group.n <= 2 * self.max_frequency:
            raise ValueError(
                f"max_frequency must be at least 0 and below n / 2 = {self.group.n / 2:g} for {self.group}, "
                f"got {self.max_frequency}; take a group of more turns"
            )

    @property
    def dim(self) -> int:
        return 1 + 2 * self.max_frequency

    @property
    def frequencies(self) -> list[int]:
        """The frequency of each entry of the fiber: 0, 1, 1, 2, 2, ..."""
        return [(entry + 1) // 2 for entry in range(self.dim)]

    def matrix(self, g: int) -> Float[Tensor, "dim dim"]:
        turn = self.turn(self.group.angle_deg(g))
        return turn @ self.flip() if self.group.is_flip(g) else turn

    def turn(self, angle_deg: float | int) -> Float[Tensor, "dim dim"]:
        """Matrix of a turn by any angle, in degrees counter-clockwise, in float64."""
        blocks = [torch.ones(1, 1, dtype=torch.float64)]
        for m in range(1, self.max_frequency + 1):
            angle = math.radians(m * angle_deg % 360)
            cos, sin = math.cos(angle), math.sin(angle)
            blocks.append(torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64))
        return torch.block_diag(*blocks)

    def flip(self) -> Float[Tensor, "dim dim"]:
        """Matrix of the flip of the x axis: angle phi becomes pi - phi."""
        signs = [(-1.0) ** m for m in range(1, self.max_frequency + 1)]
        pairs = [value for sign in signs for value in (sign, -sign)]
        return torch.diag(torch.tensor([1.0, *pairs], dtype=torch.float64))

    def invariant_vector(self) -> Float[Tensor, " dim"]:
        return torch.eye(self.dim, dtype=torch.float64)[0]

    def apply(self, g: int, x: Float[Tensor, "*batch fiber y x"]) -> Float[Tensor, "*batch fiber y x"]:
        if x.shape[-3] != self.dim:
            raise ValueError(
                f"fiber axis must be {self.dim} for {self}, got {x.shape[-3]}; lift the image first"
            )
        return torch.einsum("ij,...jyx->...iyx", self.matrix(g).to(x), x)
