"""LieConv on images: the inked pixels become a point set, a network on T(2), SO(2) x R+ or SE(2) reads it."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.layers.lie import LieNet
from course_lib.lie_groups import SE2, SO2_SCALE, T2, LieGroup
from course_lib.point_sets import image_points

BLOCK = 2  # pixels a side that become one point: a quarter of the points, a sixteenth of the pairs
INK = 0.2  # grey value above which a block is a point
FIRST = 12.0  # factor of the first weights of each kernel's network, which else sees hardly a difference
SAMPLES = 4  # elements of SE(2) for each point, in equal steps: quarter turns are exact


class PointImageNet(nn.Module):
    """LieConv network that classifies images as point sets.

    Each block of 2 x 2 pixels becomes its mean; blocks with ink become points, with the grey
    values of the block. Coordinates count blocks, right and up from the centre of the image.
    The class scores do not change when the points are moved by the group: exactly for T(2) and
    SO(2) x R+, for SE(2) exactly for shifts and quarter turns, and nearly for other turns. An
    image that was turned between the pixels has other points, so there it is a matter of
    measurement.

    Args:
        group: Group that acts on the plane.
        c_in: Channels of the image.
        n_classes: Number of logits.
        width: Channels of the layers.
        depth: Number of LieConv layers.
        samples: Elements of the group for each point, in equal steps.
        neighbours: Largest number of elements in a neighbourhood; above what ``radius`` holds, or
            equally far elements are not treated alike.
        radius: Largest distance of a neighbour: in blocks, for SO(2) x R+ in units of log radius and
            radians.
        alpha: Length of one radian in that distance.

    Raises:
        ValueError: If the group does not act on the plane.

    Source:
        Finzi et al. 2020, arXiv:2002.12880. There all pixels are points, and the network is deeper
        and larger. The factor on the first weights is our own.
    """

    def __init__(
        self,
        group: LieGroup,
        c_in: int,
        n_classes: int,
        *,
        width: int = 24,
        depth: int = 4,
        samples: int = 1,
        neighbours: int = 16,
        radius: float | int = math.inf,
        alpha: float | int = 1.0,
    ):
        super().__init__()
        if group.space != 2:
            raise ValueError(f"the group must act on the plane, T(2), SO(2) x R+ or SE(2); got {group}")
        self.group = group
        self.c_in = c_in
        self.net = LieNet(
            group,
            c_in,
            n_classes,
            width=width,
            depth=depth,
            samples=samples,
            spacing="even",
            neighbours=neighbours,
            radius=radius,
            alpha=alpha,
        )
        with torch.no_grad():
            for name, weight in self.net.named_parameters():
                if name.endswith("kernel.0.weight"):
                    weight *= FIRST

    def forward(self, image: Float[Tensor, "b c_in y x"]) -> Float[Tensor, "b n_classes"]:
        """Class scores.

        Raises:
            ValueError: If the axes do not fit, a pixel is not finite, an image has no ink, or the
                group reaches no point at the centre and there is a block.
        """
        self.check(image)
        return self.net(*image_points(F.avg_pool2d(image, BLOCK), ink=INK))

    def check(self, image: Tensor) -> None:
        """Raise ValueError unless the image has the axes ``b c y x``, even sides and finite pixels."""
        if image.ndim != 4 or image.shape[1] != self.c_in:
            raise ValueError(
                f"input must be b {self.c_in} y x, got {tuple(image.shape)}; bring it to these axes, or "
                "build the network for its channels"
            )
        # A block at the very centre cannot be lifted to SO(2) x R+; a cut-off row would move the centre.
        multiple = 2 * BLOCK if any(self.group.base_point) else BLOCK
        if any(side == 0 or side % multiple for side in image.shape[2:]):
            raise ValueError(
                f"sides must be divisible by {multiple} for points of {self.group}, got "
                f"{tuple(image.shape[2:])}; pad or scale the image"
            )
        if not image.isfinite().all():
            raise ValueError("pixels must be finite, got nan or inf; replace them before they become points")


# From channels, classes, width and number of layers to the network. No number of neighbours cuts a radius
# short. SE(2) reaches half as far as T(2), since four elements a point make it four times as much work.
POINT_NETWORKS: dict[str, Callable[[int, int, int, int], nn.Module]] = {
    "lie-t2": lambda c_in, n, width, depth: PointImageNet(
        T2, c_in, n, width=width, depth=depth, neighbours=29, radius=3.1
    ),
    "lie-so2": lambda c_in, n, width, depth: PointImageNet(
        SO2_SCALE, c_in, n, width=width, depth=depth, neighbours=24, radius=0.8
    ),
    "lie-se2": lambda c_in, n, width, depth: PointImageNet(
        SE2, c_in, n, width=width, depth=depth, samples=SAMPLES, neighbours=20, radius=1.6, alpha=0.3
    ),
}
