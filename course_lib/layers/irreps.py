"""What stands between convolutions of irreps: norm, nonlinearities, readout. None acts on single entries."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.layers.base import on_folded
from course_lib.representations import Irreps


class IrrepNorm(nn.Module):
    """Batch norm for irreps: every frequency has its own spread, shared by both entries of a pair.

    Frequency 0 is centred, scaled and shifted as usual. A pair of higher frequency is
    only scaled, by the root of its mean square: a mean vector would point somewhere, and
    a turn would move it.

    Args:
        rep: How the fiber transforms.
        channels: Number of channels.
        eps: Added to the mean squares.
        momentum: Weight of the newest batch in the running statistics.
    """

    running_mean: Tensor
    running_square: Tensor
    same: Tensor
    bears_mean: Tensor

    def __init__(self, rep: Irreps, channels: int, *, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.rep = rep
        self.eps = eps
        self.momentum = momentum
        self.scale = nn.Parameter(torch.ones(channels, rep.max_frequency + 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1))
        self.register_buffer("running_mean", torch.zeros(channels, 1))
        self.register_buffer("running_square", torch.ones(channels, rep.dim))
        frequency = torch.tensor(rep.frequencies)
        same = (frequency[:, None] == frequency).to(torch.get_default_dtype())
        self.register_buffer("same", same / same.sum(dim=0), persistent=False)  # averages over pairs
        bears_mean = rep.invariant_vector().to(torch.get_default_dtype())
        self.register_buffer("bears_mean", bears_mean, persistent=False)

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c fiber y x"]:
        _check_fiber(x, self.rep)
        mean, square = self.running_mean, self.running_square
        if self.training and self._has_batch(x):
            mean, square = self._statistics(x)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_square.lerp_(square, self.momentum)
        scale = self.scale[:, self.rep.frequencies] * torch.rsqrt(square + self.eps)
        shift = (self.shift - mean * scale[:, :1]) * self.bears_mean
        return torch.addcmul(_spread(shift).to(x), x, _spread(scale).to(x))

    def _has_batch(self, x: Float[Tensor, "b c fiber y x"]) -> bool:
        return x.numel() > 0

    def _statistics(self, x: Float[Tensor, "b c fiber y x"]) -> tuple[Tensor, Tensor]:
        """Mean of frequency 0 and mean squares of all, in full precision."""
        with torch.autocast(x.device.type, enabled=False):
            over, full = (0, 3, 4), x.to(self.scale.dtype)
            mean = full[:, :, :1].mean(over)
            return mean, (full - _spread(mean * self.bears_mean)).square().mean(over) @ self.same

    def to_plain(self) -> nn.BatchNorm2d:
        """Equal ``nn.BatchNorm2d`` on the layout ``b (c fiber) y x``, for eval mode."""
        entries = {
            "running_mean": self.running_mean * self.bears_mean,
            "running_var": self.running_square,
            "weight": self.scale[:, self.rep.frequencies],
            "bias": self.shift * self.bears_mean,
            "num_batches_tracked": torch.tensor(0),
        }
        plain = nn.BatchNorm2d(len(self.scale) * self.rep.dim, eps=self.eps).to(self.scale)
        plain.load_state_dict(
            {name: value.flatten() if value.ndim else value for name, value in entries.items()}
        )
        return plain.eval()


class NormNonlinearity(nn.Module):
    """Shortens each pair by a learned amount and keeps its direction; ReLU on frequency 0.

    Args:
        rep: How the fiber transforms.
        channels: Number of channels.

    Source:
        Worrall et al. 2017, arXiv:1612.04642.
    """

    def __init__(self, rep: Irreps, channels: int):
        super().__init__()
        self.rep = rep
        self.threshold = nn.Parameter(torch.full((channels, rep.max_frequency), 0.1))

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c fiber y x"]:
        _check_fiber(x, self.rep)
        scalars, pairs = _split(x)
        never_zero = max(1e-12, torch.finfo(x.dtype).tiny)
        length = pairs.square().sum(dim=3, keepdim=True).add(never_zero).sqrt()
        factor = F.relu(length - _spread(self.threshold)[:, :, None].to(x)) / length
        return torch.cat([F.relu(scalars), (pairs * factor).flatten(2, 3)], dim=2)

    def to_plain(self) -> nn.Module:
        """The same on the layout ``b (c fiber) y x``."""
        return on_folded(self, self.rep.dim)


class GatedNonlinearity(nn.Module):
    """Scales each pair by a gate in (0, 1), a sigmoid of the channel's scalar; ReLU on frequency 0.

    Args:
        rep: How the fiber transforms.
        channels: Number of channels.

    Source:
        Weiler et al. 2018, arXiv:1807.02547. There each gate is a channel of its own; here the
        scalar of the same channel opens all gates, each through its own slope and offset.
    """

    def __init__(self, rep: Irreps, channels: int):
        super().__init__()
        self.rep = rep
        self.slope = nn.Parameter(torch.ones(channels, rep.max_frequency))
        self.offset = nn.Parameter(torch.zeros(channels, rep.max_frequency))

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c fiber y x"]:
        _check_fiber(x, self.rep)
        scalars, pairs = _split(x)
        gates = torch.sigmoid(scalars * _spread(self.slope).to(x) + _spread(self.offset).to(x))
        return torch.cat([F.relu(scalars), (pairs * gates.unsqueeze(3)).flatten(2, 3)], dim=2)

    def to_plain(self) -> nn.Module:
        """The same on the layout ``b (c fiber) y x``."""
        return on_folded(self, self.rep.dim)


class Scalars(nn.Module):
    """Keeps frequency 0 alone: what no rotation changes."""

    def __init__(self, rep: Irreps):
        super().__init__()
        self.rep = rep

    def forward(self, x: Float[Tensor, "b c fiber y x"]) -> Float[Tensor, "b c 1 y x"]:
        _check_fiber(x, self.rep)
        return x[:, :, :1]

    def to_plain(self) -> nn.Module:
        """The same on the layout ``b (c fiber) y x``."""
        return on_folded(self, self.rep.dim)


def _check_fiber(x: Tensor, rep: Irreps) -> None:
    if x.ndim != 5 or x.shape[2] != rep.dim:
        raise ValueError(
            f"fiber axis must be {rep.dim} in b c fiber y x for {rep}, got {tuple(x.shape)}; "
            "lift the image first"
        )


def _split(
    x: Float[Tensor, "b c fiber y x"],
) -> tuple[Float[Tensor, "b c 1 y x"], Float[Tensor, "b c frequency 2 y x"]]:
    """Frequency 0, and the pairs of all higher frequencies."""
    return x[:, :, :1], x[:, :, 1:].unflatten(2, (-1, 2))


def _spread(values: Float[Tensor, "c n"]) -> Float[Tensor, "c n 1 1"]:
    """The same values at every pixel."""
    return values[:, :, None, None]
