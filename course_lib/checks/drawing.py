"""Inputs of the cases on which answers are judged: numbers easy to follow by eye, and random ones."""

import torch
from torch import Tensor


def counting(*shape: int) -> Tensor:
    """The numbers 1, 2, 3, ... in the given shape, in float64."""
    return torch.arange(1.0, torch.Size(shape).numel() + 1, dtype=torch.float64).reshape(shape)


def gaussian(generator: torch.Generator, *shape: int) -> Tensor:
    """Normally distributed numbers in float64."""
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def integer(generator: torch.Generator, low: int, high: int) -> int:
    """A number from low to high, both included."""
    return int(torch.randint(low, high + 1, (), generator=generator))
