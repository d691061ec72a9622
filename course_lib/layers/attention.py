"""Group self-attention: every pixel and pose asks its neighbours, and sees them in its own frame."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.actions import turned_pixels
from course_lib.layers.base import Orbit, check_kernel_size
from course_lib.layers.local_attention import attention_weights, local_attention
from course_lib.layers.regular import GroupConv
from course_lib.representations import Regular, Representation

SHARPNESS = 3.0  # of the first encoding: with 1 each head begins near a plain mean, and learns slowly


class GroupAttention(nn.Module):
    """Local self-attention from features of type ``rep_in`` to regular features.

    The entry of pose g at pixel p asks all entries of poses h at the pixels p + u of its
    neighbourhood. With queries q, keys k, values v and the positional encoding e, in each head,

        logit(p, g; p + u, h) = q(p, g) · (k(p + u, h) + e(g⁻¹u, g⁻¹h)) / √width.

    The softmax over all (u, h) gives the weights with which the values are summed; one more map
    mixes the heads. Queries, keys, values and the last map are group convolutions of one pixel, so they
    commute with the group. Queries have a bias, so a head can look at a place whatever is there, as a
    convolution does. The encoding depends on what g sees in its own frame only: on g⁻¹u
    and g⁻¹h. So the layer is equivariant. Pixels outside the image get the weight 0.

    Quarter turns are exact for C_n and D_n with n a multiple of 4, reflections for D_n. At other angles, as
    45° with C_8, the grid does not come to lie on itself: the encoding is turned by bilinear
    interpolation, as the kernels of ``GroupConv``, and the error has to be measured.

    Args:
        rep_in: How the input's fiber transforms, trivial (a lifting attention) or regular; its group is
            the group of the layer.
        c_in: Input channels.
        c_out: Output channels, each with one entry for every group element.
        kernel_size: Side of the neighbourhood in pixels; odd.
        heads: Number of heads; each works in ``c_out // heads`` channels, one at least.
        disc: Whether the neighbourhood is the inscribed disc; needed for the turns that do not map the
            square to itself.
        bias: Whether to add one number a channel, the same over the fiber.

    Raises:
        ValueError: If a count is not positive, ``kernel_size`` is even, or the input does not fit.

    Source:
        Romero and Cordonnier 2021, arXiv:2010.00977. There the output of a pose sums over the
        queries of all poses, maps of one pixel act on each entry of the fiber alone, and small networks
        encode rows, columns and poses one by one; here each output has one query, the maps mix the
        fiber, and every pair (u, h) has a vector of its own.
    """

    def __init__(
        self,
        rep_in: Representation,
        c_in: int,
        c_out: int,
        *,
        kernel_size: int = 3,
        heads: int = 2,
        disc: bool = False,
        bias: bool = True,
    ):
        super().__init__()
        check_kernel_size(kernel_size)
        if heads < 1:
            raise ValueError(f"heads must be at least 1, got {heads}; 1 is attention without division")
        rep = Regular(rep_in.group)
        self.heads, self.width, self.disc = heads, max(1, c_out // heads), disc
        inner = self.heads * self.width
        self.query = GroupConv(rep_in, c_in, inner, kernel_size=1)
        self.query.bias = nn.Parameter(torch.randn(inner))
        self.key, self.value = (GroupConv(rep_in, c_in, inner, kernel_size=1, bias=False) for _ in range(2))
        self.mix = GroupConv(rep, inner, c_out, kernel_size=1, bias=bias)
        self.position = nn.Parameter(SHARPNESS * torch.randn(inner, 1, rep.dim, kernel_size**2))
        self.orbit = Orbit(rep, 1, turned_pixels(rep.group, kernel_size, disc=disc))

    def encoding(self) -> Float[Tensor, "heads width g h k k"]:
        """Vector e(g⁻¹u, g⁻¹h) for each pose g that asks, pose h that answers, and offset u."""
        with torch.autocast(self.position.device.type, enabled=False):
            return self.orbit(self.position).squeeze(2).unflatten(0, (self.heads, self.width))

    def forward(self, x: Float[Tensor, "b c_in fiber y x"]) -> Float[Tensor, "b c_out order y x"]:
        self.query.check(x)
        q, k, v = (self._headed(part(x)) for part in (self.query, self.key, self.value))
        return self.mix(local_attention(q, k, v, self.encoding(), disc=self.disc).flatten(1, 2))

    def weights(self, x: Float[Tensor, "b c_in fiber y x"]) -> Float[Tensor, "b heads g y x h k k"]:
        """How much each pose g at each pixel attends to pose h at each offset; they sum to 1."""
        self.query.check(x)
        encoding = self.encoding()
        q, k = self._headed(self.query(x)), self._headed(self.key(x))
        weights = attention_weights(q, k, encoding, disc=self.disc).unflatten(2, q.shape[-2:])
        return weights.unflatten(-1, encoding.shape[3:]).movedim(4, 2)

    def to_plain(self) -> "PlainAttention":
        """Equal layer on the layout ``b (c fiber) y x`` that has nothing left to turn."""
        query, key, value, mix = (part.to_plain() for part in (self.query, self.key, self.value, self.mix))
        return PlainAttention(query, key, value, mix, self.encoding().detach(), disc=self.disc)

    def _headed(self, x: Float[Tensor, "b inner order y x"]) -> Float[Tensor, "b heads width order y x"]:
        return x.unflatten(1, (self.heads, self.width))


class PlainAttention(nn.Module):
    """Local self-attention on ``b (c fiber) y x`` with four maps of one pixel and a fixed encoding.

    Args:
        query: Map of one pixel.
        key: Map of one pixel.
        value: Map of one pixel.
        mix: Map of one pixel, after the heads.
        encoding: Positional encoding.
        disc: Whether the neighbourhood is the inscribed disc.
    """

    encoding: Tensor

    def __init__(
        self,
        query: nn.Conv2d,
        key: nn.Conv2d,
        value: nn.Conv2d,
        mix: nn.Conv2d,
        encoding: Float[Tensor, "heads width g h k k"],
        *,
        disc: bool,
    ):
        super().__init__()
        self.query, self.key, self.value, self.mix = query, key, value, mix
        self.register_buffer("encoding", encoding)
        self.disc = disc

    def forward(self, x: Float[Tensor, "b c_in y x"]) -> Float[Tensor, "b c_out y x"]:
        q, k, v = (
            part(x).unflatten(1, self.encoding.shape[:3]) for part in (self.query, self.key, self.value)
        )
        return self.mix(local_attention(q, k, v, self.encoding, disc=self.disc).flatten(1, 3))
