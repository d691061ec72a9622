"""LieConv, to play with: how the error of sampled rotations falls with their number."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.layers.lie import LieConv, neighbourhood
from course_lib.lie_groups import LieGroup, Spacing

N_SETS, N_POINTS, CHANNELS = 4, 4, (2, 3)


@torch.no_grad()
def sampling_error(group: LieGroup, samples: int, spacing: Spacing, *, draw: int = 0) -> float:
    """Equivariance error of a LieConv layer with random weights, pooled over the samples of each point.

    Point sets are lifted and convolved, once as they are and once moved by a group element, each with
    samples of its own. With all rotations both answers would agree. The layer, the sets and the
    motions are always the same; only the samples change with ``draw``.

    Args:
        group: SE(2) or SE(3).
        samples: Group elements a point.
        spacing: How they are drawn, see ``LieGroup.lift``.
        draw: Seed of the samples.

    Returns:
        ‖f(g x) − f(x)‖ / ‖f(x)‖, over all sets and points.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        layer = LieConv(group, *CHANNELS).double()
    torch.nn.init.zeros_(layer.mix.bias)  # what the layer says to empty sets
    points, values = _normal(N_SETS, N_POINTS, group.space, seed=2), _normal(N_SETS, N_POINTS, 2, seed=3)
    motion = group.exp(_normal(N_SETS, 1, group.dim, seed=4))
    source = torch.Generator().manual_seed(1000 * samples + draw)
    answers = []
    for placed in (points, group.act(motion, points)):
        lifted = group.lift(placed, samples=samples, spacing=spacing, generator=source).flatten(1, 2)
        everything = torch.ones(lifted.shape[:2], dtype=torch.bool)
        near = neighbourhood(group, lifted, everything, neighbours=lifted.shape[1])
        found = layer(values.repeat_interleave(samples, dim=1), near)
        answers.append(found.unflatten(1, (N_POINTS, samples)).mean(dim=2))
    before, after = answers
    return ((after - before).norm() / before.norm()).item()


def _normal(*shape: int, seed: int) -> Float[Tensor, "..."]:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
