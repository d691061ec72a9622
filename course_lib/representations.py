"""Representations: how a group element mixes the numbers that stand at one pixel."""

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
