"""The ResNet of the course, assembled from any layer family: for images and for volumes."""

from jaxtyping import Float
from torch import Tensor, nn

from course_lib.families import VOLUME_FAMILIES, LayerFamily
from course_lib.layers.plain import Halve, to_plain


class ResNet(nn.Module):
    """Residual network for classification: image ``b c y x``, or volume ``b c z y x``, to logits.

    A first convolution at full size, then stages of basic blocks. Between two stages
    ``Halve`` halves the size; no convolution has a stride. At the end the family's readout
    makes scalars, their mean over all pixels and a linear layer make the logits. Every step
    is exact under the quarter turns of the grid, at every size; so the logits do not change
    when the image turns, up to rounding. The plain family in place of another gives a twin
    with the same resolution at every stage.

    Args:
        family: Layer family; it decides to what the network is equivariant. Or one family for each
            stage, with the same representation: so the kernel size may change from stage to stage.
        c_in: Channels of the image.
        n_classes: Number of logits.
        widths: Channels of each stage. With n entries a channel a regular family has about n times
            the parameters of a plain one; divide its widths by the root of n to compare.
        blocks: Number of blocks in each stage; with 2, 2, 2, 2 it is a ResNet-18.

    Raises:
        ValueError: If widths, blocks and families do not fit together; in ``forward``, if the
            image does not fit.

    Source:
        He et al. 2016, arXiv:1512.03385. Average pooling in place of strides as in Du et al. 2025,
        arXiv:2501.09753; there for even sizes, here for odd ones too.
    """

    def __init__(
        self,
        family: LayerFamily | tuple[LayerFamily, ...],
        c_in: int,
        n_classes: int,
        *,
        widths: tuple[int, ...] = (64, 128, 256, 512),
        blocks: tuple[int, ...] = (2, 2, 2, 2),
    ):
        super().__init__()
        families = (family,) * len(widths) if isinstance(family, LayerFamily) else family
        _check_stages(families, widths, blocks)
        first = families[0]
        self.family = first
        self.c_in = c_in
        self.halvings = len(widths) - 1
        self.add_fiber = nn.Unflatten(1, (c_in, 1))
        self.stem = nn.Sequential(
            first.lift(c_in, widths[0]), first.norm(widths[0]), first.nonlinearity(widths[0])
        )
        self.stages = nn.Sequential()
        width = widths[0]
        for stage_family, stage_width, n_blocks in zip(families, widths, blocks, strict=True):
            stage = nn.Sequential(Halve(first.dims)) if len(self.stages) else nn.Sequential()
            for _ in range(n_blocks):
                stage.append(BasicBlock(stage_family, width, stage_width))
                width = stage_width
            self.stages.append(stage)
        self.readout = first.readout()
        self.drop_fiber = nn.Flatten(1, 2)
        self.head = nn.Linear(width, n_classes)

    def forward(self, image: Float[Tensor, "b c_in *grid"]) -> Float[Tensor, "b n_classes"]:
        self.check(image)
        features = self.stages(self.stem(self.add_fiber(image)))
        scalars = self.drop_fiber(self.readout(features))
        return self.head(scalars.flatten(2).mean(dim=2))

    def to_plain(self) -> nn.Module:
        """Copy made of ordinary torch layers, with the same outputs."""
        return to_plain(self, self.family.rep.dim)

    def check(self, image: Tensor) -> None:
        """Raise ValueError unless the image has the family's axes, ``c_in`` channels and enough pixels."""
        dims, shape = self.family.dims, tuple(image.shape)
        if dims == 2 and image.ndim == 5:
            raise ValueError(
                f"{self.family.name} works on images b c y x, got a volume {shape}; turns of the plane are "
                f"not all turns of a volume, take one of VOLUME_FAMILIES: {', '.join(VOLUME_FAMILIES)}"
            )
        if image.ndim != dims + 2 or image.shape[1] != self.c_in:
            axes = "y x" if dims == 2 else "z y x"
            raise ValueError(
                f"input must be b {self.c_in} {axes} for {self.family.name}, got {shape}; "
                "bring it to these axes, or build the network for its channels"
            )
        least = 2**self.halvings // 2 + 1
        if min(image.shape[2:]) < least:
            raise ValueError(
                f"every side must have at least {least} pixels to be halved {self.halvings} times, got "
                f"{shape}; enlarge the image, or take fewer stages"
            )


class BasicBlock(nn.Module):
    """Two convolutions, to whose output the input is added.

    Args:
        family: Layer family.
        c_in: Input channels.
        c_out: Output channels; if there are others than ``c_in``, the input passes a convolution of
            one pixel before it is added.
    """

    def __init__(self, family: LayerFamily, c_in: int, c_out: int):
        super().__init__()
        self.body = nn.Sequential(
            family.conv(c_in, c_out),
            family.norm(c_out),
            family.nonlinearity(c_out),
            family.conv(c_out, c_out),
            family.norm(c_out),
        )
        self.shortcut = (
            nn.Identity() if c_in == c_out else nn.Sequential(family.mix(c_in, c_out), family.norm(c_out))
        )
        self.nonlinearity = family.nonlinearity(c_out)

    def forward(self, x: Float[Tensor, "b c_in *rest"]) -> Float[Tensor, "b c_out *rest"]:
        return self.nonlinearity(self.body(x) + self.shortcut(x))


def _check_stages(
    families: tuple[LayerFamily, ...], widths: tuple[int, ...], blocks: tuple[int, ...]
) -> None:
    if not len(families) == len(widths) == len(blocks) > 0:
        raise ValueError(
            "every stage needs one width, one number of blocks and one family; got "
            f"{len(widths)} widths, {len(blocks)} numbers of blocks and {len(families)} families"
        )
    if min(widths) < 1 or min(blocks) < 1:
        raise ValueError(f"widths and blocks must be at least 1, got {widths} and {blocks}")
    if len({(family.rep, family.dims) for family in families}) > 1:
        raise ValueError(
            "the families of the stages must share one representation and one number of axes, got "
            f"{', '.join(family.name for family in families)}; only their kernels may differ"
        )
