"""Single layers against one ordinary convolution with the same expanded kernel: time, memory, error."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.bench.timing import Ratio, alternate, peak_memory_mb, ratio
from course_lib.evaluation import error_at_angle, smooth_images
from course_lib.families import FAMILIES
from course_lib.groups import CyclicGroup
from course_lib.layers.base import FiberConv
from course_lib.layers.e2 import e2_field_types
from course_lib.layers.e2_compat import load_e2cnn
from course_lib.layers.isotropic import IsotropicFiberConv, Rings
from course_lib.layers.plain import PlainConv
from course_lib.layers.regular import GroupConv
from course_lib.layers.steerable import IrrepConv, SteerableConv
from course_lib.representations import Irreps, Regular, Representation, Trivial

C4, C8, C12 = (Regular(CyclicGroup(n)) for n in (4, 8, 12))
SO2 = Irreps(CyclicGroup(12), 2)


class NativeE2Conv(nn.Module):
    """e2cnn's own ``R2Conv`` between features of one type, as its users run it."""

    def __init__(self, rep: Representation, channels: int, *, kernel_size: int):
        super().__init__()
        enn = load_e2cnn().nn
        one = e2_field_types(rep)[0]
        self.field = enn.FieldType(one.gspace, channels * list(one.representations))
        self.conv = enn.R2Conv(
            self.field, self.field, kernel_size, padding=kernel_size // 2, initialize=False
        )
        nn.init.normal_(self.conv.weights)
        self.wrap = enn.GeometricTensor

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.wrap(x.flatten(1, 2), self.field)).tensor.view_as(x)


@dataclass(frozen=True)
class LayerCase:
    """A layer from features of a type to features of the same type."""

    name: str
    rep: Representation
    make: Callable[..., nn.Module]  # channels, kernel_size
    angle_deg: int  # where its error is measured


def _ours(
    kind: Callable[..., FiberConv], *types: Representation, **options: bool
) -> Callable[..., nn.Module]:
    return lambda channels, kernel_size: kind(*types, channels, channels, kernel_size=kernel_size, **options)


def _isotropic(channels: int, kernel_size: int, rings: Rings) -> nn.Module:
    return IsotropicFiberConv(channels, channels, kernel_size=kernel_size, rings=rings)


LAYERS = (
    LayerCase("plain", FAMILIES["plain"].rep, _ours(PlainConv), 30),
    LayerCase("p4", C4, _ours(GroupConv, C4), 90),
    LayerCase("e2cnn C4", C4, partial(NativeE2Conv, C4), 90),
    LayerCase("se2-8", C8, _ours(GroupConv, C8, disc=True), 45),
    LayerCase("steerable-8", C8, _ours(SteerableConv, C8), 45),
    LayerCase("e2cnn C8", C8, partial(NativeE2Conv, C8), 45),
    LayerCase("se2-12", C12, _ours(GroupConv, C12, disc=True), 30),
    LayerCase("steerable-12", C12, _ours(SteerableConv, C12), 30),
    LayerCase("e2cnn C12", C12, partial(NativeE2Conv, C12), 30),
    LayerCase("steerable-so2", SO2, _ours(IrrepConv, SO2, SO2), 30),
    LayerCase("e2cnn SO(2)", SO2, partial(NativeE2Conv, SO2), 30),
)
WIDE = tuple(case for case in LAYERS if case.name in ("p4", "e2cnn C4", "se2-12", "e2cnn C12"))
SCALARS = Trivial(CyclicGroup(12))
ISOTROPIC = tuple(
    LayerCase(f"sre {rings}", SCALARS, partial(_isotropic, rings=rings), 30) for rings in ("hard", "smooth")
)


class LayerRow(BaseModel):
    """One layer at one size. Ratios are to ``F.conv2d`` with a kernel of the same shape.

    Inference is that of ``to_plain()``, or of e2cnn's layer in eval mode, which keeps its kernel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    layer: str
    channels: int
    fiber: int
    size_px: int
    kernel_size: int
    batch: int
    precision: str
    parameters: int
    train: Ratio
    inference: Ratio
    memory: float
    dense_ms: float
    error: float
    angle_deg: int


def measure_layer(
    case: LayerCase,
    *,
    numbers: int = 64,
    size_px: int,
    kernel_size: int = 5,
    batch: int = 8,
    rounds: int = 20,
    device: str = "cpu",
    bf16: bool = False,
) -> LayerRow:
    """Time one layer and the dense limit in turn.

    Args:
        case: The layer.
        numbers: Numbers at a pixel; the channels are what comes nearest, divided by the fiber.
        size_px: Side of the map.
        kernel_size: Side of the kernel.
        batch: Maps at once.
        rounds: Rounds that count.
        device: ``cpu`` or ``cuda``.
        bf16: Whether the layer runs in bfloat16 autocast with channels last; the dense limit stays in
            float32, so that the ratio is what this saves.
    """
    channels, fiber = max(round(numbers / case.rep.dim), 1), case.rep.dim
    torch.manual_seed(0)
    layer = case.make(channels, kernel_size=kernel_size)
    error = layer_error(case, kernel_size)
    layer = layer.to(device)
    wide = channels * fiber
    x = torch.randn(batch, wide, size_px, size_px, device=device)
    kernel = torch.randn(wide, wide, kernel_size, kernel_size, device=device, requires_grad=True)
    bias = torch.zeros(wide, device=device, requires_grad=True)
    x_layer = x.to(memory_format=torch.channels_last) if bf16 else x

    def run(forward: Callable[[Tensor], Tensor], images: Tensor, low: bool) -> Tensor:
        with torch.autocast(device, torch.bfloat16, enabled=low):
            return forward(images)

    def ours(images: Tensor) -> Tensor:
        return layer(images.unflatten(1, (channels, fiber)))

    def dense(images: Tensor) -> Tensor:
        return F.conv2d(images, kernel, bias, padding="same")

    def deployed(images: Tensor) -> Tensor:  # ours exports its kernel; e2cnn keeps one in eval mode
        return exported(images) if exported else ours(images)

    def train(forward: Callable[[Tensor], Tensor], images: Tensor, low: bool) -> None:
        layer.zero_grad()
        kernel.grad = bias.grad = None
        out = run(forward, images.detach().requires_grad_(), low)
        out.backward(out.detach())

    def infer(forward: Callable[[Tensor], Tensor], images: Tensor, low: bool) -> None:
        with torch.no_grad():
            run(forward, images, low)

    ours_args, dense_args = (ours, x_layer, bf16), (dense, x, False)
    steps = {"ours": partial(train, *ours_args), "dense": partial(train, *dense_args)}
    training = alternate(steps, rounds=rounds, device=device)
    memory = {name: peak_memory_mb(step, device=device) for name, step in steps.items()}
    exported = layer.to_plain() if isinstance(layer, FiberConv) else None
    layer.eval()
    inference = alternate(
        {"ours": partial(infer, deployed, x_layer, bf16), "dense": partial(infer, *dense_args)},
        rounds=rounds,
        device=device,
    )
    return LayerRow(
        layer=case.name,
        channels=channels,
        fiber=fiber,
        size_px=size_px,
        kernel_size=kernel_size,
        batch=batch,
        precision="bf16" if bf16 else "float32",
        parameters=sum(parameter.numel() for parameter in layer.parameters()),
        train=ratio(training["ours"], training["dense"]),
        inference=ratio(inference["ours"], inference["dense"]),
        memory=round(memory["ours"] / memory["dense"], 3),
        dense_ms=round(1e3 * sorted(training["dense"])[rounds // 2], 3),
        error=error,
        angle_deg=case.angle_deg,
    )


def layer_error(case: LayerCase, kernel_size: int) -> float:
    """Equivariance error of a small layer of this kind, at the case's angle."""
    layer = case.make(2, kernel_size=kernel_size).float()
    images = smooth_images(1, 2, case.rep.dim, 64, 64).float()
    g = round(case.angle_deg / 360 * case.rep.group.n)
    rho = case.rep.matrix(g)
    return error_at_angle(layer, images, case.angle_deg, rho, rho)
