"""Finite groups of the plane: rotations (C_n), and rotations with reflections (D_n)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True)
class PlanarGroup(ABC):
    """Finite group of rotations, perhaps with reflections, about the centre of the plane.

    Elements are the integers from 0 to ``order - 1``; 0 is the identity.

    Args:
        n: Number of rotations; element 1 turns by 360 / n degrees counter-clockwise.

    Raises:
        ValueError: If ``n`` is not a positive integer.
    """

    n: int

    def __post_init__(self):
        if not isinstance(self.n, int) or isinstance(self.n, bool) or self.n < 1:
            raise ValueError(f"n must be a positive integer, the number of rotations; got {self.n!r}")

    @property
    @abstractmethod
    def order(self) -> int:
        """Number of elements."""

    @abstractmethod
    def product(self, g: int, h: int) -> int:
        """Element gh: first h, then g."""

    @abstractmethod
    def inverse(self, g: int) -> int:
        """Element that undoes g."""

    @property
    def identity(self) -> int:
        """Element that changes nothing."""
        return 0

    @property
    def elements(self) -> tuple[int, ...]:
        """All elements; the rotations come first."""
        return tuple(range(self.order))

    def angle_deg(self, g: int) -> float:
        """Angle of the rotation in g, in degrees counter-clockwise, in [0, 360)."""
        return 360.0 * (self.check(g) % self.n) / self.n

    def is_flip(self, g: int) -> bool:
        """Whether g reverses orientation, as a mirror does."""
        return self.check(g) >= self.n

    def is_grid_symmetry(self, g: int) -> bool:
        """Whether g carries a square pixel grid exactly onto itself."""
        return 4 * (self.check(g) % self.n) % self.n == 0

    def check(self, g: int) -> int:
        """Return g itself.

        Raises:
            ValueError: If g is not an element.
        """
        if not 0 <= g < self.order:
            raise ValueError(f"an element of {self} is an integer from 0 to {self.order - 1}; got {g}")
        return g


@dataclass(frozen=True)
class CyclicGroup(PlanarGroup):
    """C_n, the n rotations by multiples of 360 / n degrees.

    Example:
        >>> C4 = CyclicGroup(4)
        >>> C4.product(3, 2), C4.inverse(1), C4.angle_deg(3)
        (1, 3, 270.0)
    """

    @property
    def order(self) -> int:
        return self.n

    def product(self, g: int, h: int) -> int:
        return (self.check(g) + self.check(h)) % self.n

    def inverse(self, g: int) -> int:
        return -self.check(g) % self.n

    def __str__(self) -> str:
        return f"C_{self.n}"


@dataclass(frozen=True)
class DihedralGroup(PlanarGroup):
    """D_n, the 2n symmetries of a regular n-gon.

    Element k < n turns by 360 k / n degrees. Element k >= n first flips the x axis
    (left becomes right), then turns as k - n does.

    Example:
        >>> D4 = DihedralGroup(4)
        >>> D4.product(1, 4), D4.product(4, 1)
        (5, 7)
    """

    @property
    def order(self) -> int:
        return 2 * self.n

    def product(self, g: int, h: int) -> int:
        turn = -h if self.is_flip(g) else h  # a flip reverses the sense of the turns before it
        flips = self.is_flip(g) != self.is_flip(h)
        return (g + turn) % self.n + self.n * flips

    def inverse(self, g: int) -> int:
        return g if self.is_flip(g) else -g % self.n

    def __str__(self) -> str:
        return f"D_{self.n}"
