"""The action of a group on images, kernels and features: (g f)(p) = rho(g) f(g^-1 p)."""

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.filters import disc_mask, rotation_operator
from course_lib.groups import PlanarGroup
from course_lib.representations import Representation, Trivial


def rotate(
    x: Float[Tensor, "*batch y x"], angle_deg: float | int
) -> Float[Tensor, "*batch y_turned x_turned"]:
    """Turn the last two axes about their centre, counter-clockwise as displayed.

    Multiples of 90 degrees move pixels exactly. Other angles interpolate bilinearly;
    what comes from outside the frame is zero.

    Args:
        x: Any tensor whose last two axes are rows and columns.
        angle_deg: Angle in degrees.

    Raises:
        ValueError: If the grid is not square and the angle is no multiple of 90 degrees.

    Example:
        >>> rotate(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 90)
        tensor([[2., 4.],
                [1., 3.]])
    """
    if angle_deg % 90 == 0:
        return x.rot90(int(angle_deg // 90), (-2, -1))
    height, width = x.shape[-2:]
    if height != width:
        raise ValueError(
            f"turning by {angle_deg} degrees needs a square grid, got {height} x {width}; pad it to a square"
        )
    operator = rotation_operator(width, angle_deg).to(device=x.device, dtype=x.dtype)
    flat = x.reshape(-1, height * width)
    return torch.sparse.mm(operator, flat.T).T.reshape(x.shape)


def act(
    g: int, x: Float[Tensor, "*batch fiber y x"], rep: Representation
) -> Float[Tensor, "*batch fiber y_turned x_turned"]:
    """Act with a group element: (g f)(p) = rho(g) f(g^-1 p).

    The pixels move first (flip, then turn), then rho(g) acts on the fiber of each.
    Elements that are symmetries of the pixel grid act exactly, others by bilinear
    interpolation.

    Args:
        g: Element of ``rep.group``.
        x: Images, kernels or features; the last three axes are fiber, rows, columns.
        rep: How the fiber transforms.

    Raises:
        ValueError: If g is not an element, or the fiber does not fit ``rep``.

    Example:
        >>> from course_lib.groups import CyclicGroup
        >>> from course_lib.representations import Trivial
        >>> act(1, torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), Trivial(CyclicGroup(4)))
        tensor([[[2., 4.],
                 [1., 3.]]])
    """
    flipped = x.flip(-1) if rep.group.is_flip(g) else x
    return rep.apply(g, rotate(flipped, rep.group.angle_deg(g)))


def turned_pixels(
    group: PlanarGroup, kernel_size: int, *, disc: bool = False
) -> Float[Tensor, "pixel g y x"]:
    """Single bright pixels of a kernel, each turned by every group element.

    Every kernel is a sum of such pixels, so its turned copies are sums of these.

    Args:
        group: C_n or D_n.
        kernel_size: Side of the kernel in pixels.
        disc: Whether to keep only the inscribed disc, which every rotation maps to itself.
    """
    keep = disc_mask(kernel_size) if disc else torch.ones(kernel_size, kernel_size, dtype=torch.bool)
    pixels = torch.eye(kernel_size**2, dtype=torch.float64).view(-1, 1, kernel_size, kernel_size) * keep
    turned = [act(g, pixels, Trivial(group)) for g in group.elements]
    return torch.cat(turned, dim=1) * keep
