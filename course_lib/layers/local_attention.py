"""Attention over the neighbouring pixels and all poses: in torch, and compiled for a processor."""

import ctypes
import math
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from course_lib.filters import disc_mask
from course_lib.layers.native import batched, build, serves

SOURCE = Path(__file__).with_name("local_attention.cpp")
LEAST_LOGITS = 100_000  # below, torch needs a few milliseconds; compiling takes seconds


def local_attention(
    q: Float[Tensor, "b heads width g y x"],
    k: Float[Tensor, "b heads width h y x"],
    v: Float[Tensor, "b heads width h y x"],
    encoding: Float[Tensor, "heads width g h k k"],
    *,
    disc: bool,
) -> Float[Tensor, "b heads width g y x"]:
    """Sum of the values of all neighbours, with the weights of ``attention_weights``.

    On a processor a compiled loop does it for whole squares, if there is a C++ compiler: it keeps no
    weights, so a training step takes a fraction of the time and the memory. Small inputs and whatever
    ``native.serves`` excludes, as tracing and export, are left to torch.

    Args:
        q: Queries.
        k: Keys.
        v: Values.
        encoding: Positional encoding.
        disc: Whether the neighbourhood is the inscribed disc.
    """
    whole = not disc or bool(disc_mask(encoding.shape[-1]).all())
    logits = q[:, :, 0].numel() * encoding[0, 0, 0].numel()
    supported = whole and all(serves(part, encoding) for part in (q, k, v))
    if supported and logits >= LEAST_LOGITS and compiled() is not None:
        return _LocalAttention.apply(q, k, v, encoding)
    return in_torch(q, k, v, encoding, disc=disc)


def attention_weights(
    q: Float[Tensor, "b heads width g y x"],
    k: Float[Tensor, "b heads width h y x"],
    encoding: Float[Tensor, "heads width g h k k"],
    *,
    disc: bool,
) -> Float[Tensor, "b heads pixel g neighbour"]:
    """Softmax over all neighbours, which are counted by pose h, row and column; 0 outside the image.

    Args:
        q: Queries.
        k: Keys.
        encoding: Positional encoding.
        disc: Whether the neighbourhood is the inscribed disc.
    """
    width, order, kernel_size = encoding.shape[1], encoding.shape[3], encoding.shape[-1]
    asked = q.flatten(-2).permute(0, 1, 4, 3, 2)  # b heads pixel g width
    content = asked @ _neighbours(k, kernel_size)
    place = torch.einsum("bnpgd,ndgu->bnpgu", asked, encoding.flatten(3).to(asked.dtype))
    inside = _inside(q, kernel_size, disc=disc).repeat(1, order)[:, None]  # pixel 1 neighbour
    logits = (content + place) / math.sqrt(width)
    return logits.masked_fill(~inside, -math.inf).softmax(dim=-1)


def in_torch(q: Tensor, k: Tensor, v: Tensor, encoding: Tensor, *, disc: bool = False) -> Tensor:
    """``local_attention`` as torch computes it, which keeps all weights: the compiled loop gives the same."""
    weights = attention_weights(q, k, encoding, disc=disc)
    summed = weights @ _neighbours(v, encoding.shape[-1]).mT  # b heads pixel g width
    return summed.permute(0, 1, 4, 3, 2).unflatten(-1, q.shape[-2:])


def _neighbours(
    x: Float[Tensor, "b heads width h y x"], kernel_size: int
) -> Float[Tensor, "b heads pixel width neighbour"]:
    """The entries that each pixel sees; 0 outside the image."""
    _, heads, width, order = x.shape[:4]
    seen = F.unfold(x.flatten(1, 3), kernel_size, padding=kernel_size // 2)
    return seen.unflatten(1, (heads, width, order * kernel_size**2)).permute(0, 1, 4, 2, 3)


def _inside(x: Tensor, kernel_size: int, *, disc: bool) -> Bool[Tensor, "pixel offset"]:
    """Which offsets lead from each pixel to one inside the image."""
    image = torch.ones(1, 1, *x.shape[-2:], device=x.device)
    inside = F.unfold(image, kernel_size, padding=kernel_size // 2)[0].T > 0
    return inside & disc_mask(kernel_size).flatten().to(x.device) if disc else inside


class Shape(ctypes.Structure):
    """``Shape`` of local_attention.cpp."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("maps", "heads", "width", "order", "height", "columns", "reach", "taps")
    ]


@cache
def compiled() -> ctypes.CDLL | None:
    """The compiled loop, built on first use; None, after one warning, without a C++ compiler."""
    return build(SOURCE, "group attention is computed in torch, several times slower on a CPU")


class _LocalAttention(torch.autograd.Function):
    """Forward and all gradients; only the weights of a few pixels exist at a time."""

    @staticmethod
    def forward(ctx, q, k, v, encoding):
        ctx.save_for_backward(q, k, v, encoding)
        out = torch.empty_like(q, memory_format=torch.contiguous_format)
        _run(q, k, v, encoding, (out,))
        return out

    @staticmethod
    def backward(ctx, *grads):
        (grad,) = grads
        q, k, v, encoding = ctx.saved_tensors
        create_graph = torch.is_grad_enabled()
        if create_graph or batched(grad):  # a graph of the gradients is wanted: leave it to torch
            with torch.enable_grad():
                apart = [part.view_as(part) for part in (q, k, v, encoding)]
                apart = [part if part.requires_grad else part.detach().requires_grad_() for part in apart]
                return torch.autograd.grad(in_torch(*apart), apart, grad, create_graph=create_graph)
        found = [torch.empty_like(part, memory_format=torch.contiguous_format) for part in (q, k, v)]
        to_encoding = encoding.new_empty(len(q), *encoding.shape)  # of each picture
        _run(q, k, v, encoding, (None, grad, *found, to_encoding))
        return *found, to_encoding.sum(dim=0)


def _run(q: Tensor, k: Tensor, v: Tensor, encoding: Tensor, rest: tuple[Tensor | None, ...]) -> None:
    """Call the compiled loop: fill ``(out,)``, or from ``(None, grad)`` the gradients that follow."""
    library = compiled()
    if library is None:
        raise ValueError("the compiled loop needs a C++ compiler; use in_torch")
    b, heads, width, order, height, columns = q.shape
    reach = encoding.shape[-1] // 2
    steps = torch.arange(-reach, reach + 1, dtype=torch.int32, device="cpu")
    offsets = torch.cartesian_prod(steps, steps).view(-1, 2)
    shape = Shape(b * heads, heads, width, order, height, columns, reach, len(offsets))
    tensors = [part if part is None else part.contiguous() for part in (q, k, v, encoding, *rest)]
    tensors += [None] * (10 - len(tensors))
    pointers = [ctypes.c_void_p(part if part is None else part.data_ptr()) for part in (*tensors, offsets)]
    run = library.local_attention_float if q.dtype == torch.float32 else library.local_attention_double
    run(*pointers, ctypes.byref(shape), ctypes.c_int64(torch.get_num_threads()))
