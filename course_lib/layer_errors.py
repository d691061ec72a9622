"""The equivariance meter: the error of every layer of a U-Net, measured at its output."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from scipy import ndimage
from torch import Tensor, nn

from course_lib.data.synthetic import synthetic_polyps
from course_lib.evaluation import fading_disc, relative_distance, spline_rotate
from course_lib.filters import disc_mask
from course_lib.models.unet import UNet
from course_lib.representations import Irreps, Representation

NETWORKS = (  # trained U-Nets for the meter: names of files in book/weights
    "kvasir-seg_group_plain_48px_s1",
    "kvasir-seg_group_plain_48px_rotations_s2",
    "kvasir-seg_group_p4_48px_s0",
    "kvasir-seg_group_se2-12_48px_s0",
    "kvasir-seg_group_steerable-12_48px_s2",
    "kvasir-seg_group_sre_48px_s1",
)
BLUR_PX = 1.0  # of the picture, so that turning it costs little
ONE = torch.ones(1, 1)  # a turn does nothing to a scalar but move it


def measuring_picture(size: int = 48) -> Float[Tensor, "1 3 y x"]:
    """A synthetic polyp in float64, slightly blurred, that fades to black inside the inscribed disc.

    It is the same whatever torch's default type is.

    Args:
        size: Side in pixels.
    """
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)  # random numbers of another type are other numbers
    try:
        frames, _ = synthetic_polyps(n_scenes=1, n_frames=1, size=size, seed=5)
    finally:
        torch.set_default_dtype(default)
    blurred = ndimage.gaussian_filter(frames.images.double().numpy(), (0, 0, BLUR_PX, BLUR_PX))
    return torch.from_numpy(blurred) / 255 * fading_disc(size)


def fiber_turn(rep: Representation, angle_deg: float | int) -> Float[Tensor, "dim dim"]:
    """How a turn by any angle acts on a fiber.

    Irreps turn by any angle. Regular and trivial fibers take the nearest element of the group: between
    its elements a layer gets the benefit of the doubt.
    """
    if isinstance(rep, Irreps):
        return rep.turn(angle_deg)
    n = rep.group.n
    return rep.matrix(round(angle_deg * n / 360) % n)


class LayerErrors:
    """Errors of all layers of a network for one image.

    At each layer, ‖Φ(g x) − g Φ(x)‖ / ‖g Φ(x)‖ for the part Φ of the network up to there, inside the
    inscribed disc, after what Φ says to an empty image has been taken away. So the error of a layer
    holds those of all before it.

    Args:
        model: A network in evaluation mode; a float64 network measures best.
        image: One image, which should be smooth and fade inside the inscribed disc.
    """

    def __init__(self, model: UNet, image: Float[Tensor, "1 c y x"]):
        self.model, self.image = model, image
        self.empty = layer_outputs(model, torch.zeros_like(image))
        self.upright = self._centred(image)

    @property
    def names(self) -> list[str]:
        """Names of the layers, in their order."""
        return list(self.upright)

    def errors(self, angle_deg: float | int) -> dict[str, float]:
        """Error of each layer at an angle, counter-clockwise as displayed."""
        found = self._centred(spline_rotate(self.image, angle_deg))
        return {name: _in_disc(found[name], self._turned(name, angle_deg)) for name in self.names}

    def floors(self, angle_deg: float | int) -> dict[str, float]:
        """What turning there and back alone costs, for the output of each layer."""
        return {
            name: _in_disc(spline_rotate(spline_rotate(y, angle_deg), -angle_deg), y)
            for name, y in self.upright.items()
        }

    def _centred(self, image: Tensor) -> dict[str, Tensor]:
        return {name: y - self.empty[name] for name, y in layer_outputs(self.model, image).items()}

    def _turned(self, name: str, angle_deg: float | int) -> Tensor:
        y = spline_rotate(self.upright[name], angle_deg)
        if y.ndim == 4:
            return y
        rep = self.model.family.rep
        rho = fiber_turn(rep, angle_deg) if y.shape[2] == rep.dim else ONE
        return torch.einsum("ij,bcjyx->bciyx", rho.to(y), y)


def _in_disc(found: Tensor, expected: Tensor) -> float:
    disc = disc_mask(found.shape[-1])
    return relative_distance(found[..., disc], expected[..., disc])


@torch.no_grad()
def layer_outputs(model: UNet, image: Float[Tensor, "b c y x"]) -> dict[str, Tensor]:
    """Output of every layer of a U-Net, by its name; a convolution with its norm is one layer.

    Args:
        model: The network.
        image: Images that fit it.
    """
    found: dict[str, Tensor] = {}
    with _listening(model, found):
        model(image)
    return found


@contextmanager
def _listening(model: UNet, found: dict[str, Tensor]) -> Iterator[None]:
    """While it lasts, layers write their outputs down."""

    def listen(layer: nn.Module, *names: str):
        left = iter(names)

        def write_down(_layer: nn.Module, _inputs: tuple[Tensor, ...], y: Tensor) -> None:
            found[next(left)] = y

        return layer.register_forward_hook(write_down)

    n = len(model.down)
    hooks = [
        listen(model.pool, *(f"pool {k}" for k in range(1, n))),
        listen(model.upsample, *(f"upsample {k}" for k in range(n - 1, 0, -1))),
        listen(model.readout, "readout"),
        listen(model.head, "logits"),
    ]
    blocks = [(f"down {k}", block) for k, block in enumerate(model.down, start=1)]
    blocks += [(f"up {n - 1 - k}", block) for k, block in enumerate(model.up)]
    for place, block in blocks:
        layers = list(block.children())
        for part, name in zip((1, 2, 4, 5), ("conv 1", "bend 1", "conv 2", "bend 2"), strict=True):
            hooks.append(listen(layers[part], f"{place} {name}"))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
