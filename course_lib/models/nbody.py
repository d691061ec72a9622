"""The networks that foresee moving charges, by name."""

from collections.abc import Callable

from torch import nn

from course_lib.lie_groups import SE3, T3
from course_lib.models.lie_particles import LieParticleNet
from course_lib.models.particles import DistanceNet, PlainGraphNet, SteerableParticleNet

SAMPLES = 4  # elements of SE(3) for each particle

# From the width and the number of layers to the network.
PARTICLE_NETWORKS: dict[str, Callable[[int, int], nn.Module]] = {
    "graph": lambda width, depth: PlainGraphNet(width=width, depth=depth),
    "egnn": lambda width, depth: DistanceNet(width=width, depth=depth),
    "vectors": lambda width, depth: SteerableParticleNet(width=width, depth=depth, highest=1),
    "quadrupoles": lambda width, depth: SteerableParticleNet(width=width, depth=depth, highest=2),
    "lie-t3": lambda width, depth: LieParticleNet(T3, width=width, depth=depth),
    "lie-se3": lambda width, depth: LieParticleNet(SE3, width=width, depth=depth, samples=SAMPLES),
}
