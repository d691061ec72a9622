"""The U-Net of the course, assembled from any layer family."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.families import LayerFamily
from course_lib.layers.plain import Upsample, to_plain


class UNet(nn.Module):
    """Encoder and decoder with copied skips; keeps the size of the image.

    Each block is two convolutions, each followed by norm and nonlinearity. Going down,
    the family's 2 x 2 pooling halves the size; going up, bilinear upsampling doubles it. At the
    end the family's readout makes scalars, and a 1 x 1 convolution makes the logits.

    Args:
        family: Layer family; it decides to what the network is equivariant.
        c_in: Channels of the image.
        n_classes: Channels of the logits; 1 for a binary mask.
        widths: Channels at each resolution, finest first.

    Raises:
        ValueError: If there are fewer than two widths or one is not positive; in
            ``forward``, if the image does not fit.

    Source:
        Ronneberger et al. 2015, arXiv:1505.04597. Here the size is kept by padding, and
        bilinear upsampling replaces the transposed convolution.
    """

    def __init__(
        self,
        family: LayerFamily,
        c_in: int,
        n_classes: int,
        *,
        widths: tuple[int, ...] = (16, 32, 64, 128, 256),
    ):
        super().__init__()
        if len(widths) < 2 or min(widths) < 1:
            raise ValueError(
                f"widths must be two or more positive channel counts, finest first; got {widths}"
            )
        if family.dims != 2:
            raise ValueError(
                f"the U-Net works on images, got the family {family.name} of volumes; use ResNet"
            )
        self.family = family
        self.c_in = c_in
        self.multiple = 2 ** (len(widths) - 1)
        self.add_fiber = nn.Unflatten(1, (c_in, 1))
        lift = self._block(family.lift(c_in, widths[0]), widths[0])
        self.down = nn.ModuleList([lift])
        self.up = nn.ModuleList()
        for fine, coarse in zip(widths[:-1], widths[1:], strict=True):
            self.down.append(self._block(family.conv(fine, coarse), coarse))
            self.up.insert(0, self._block(family.conv(coarse + fine, fine), fine))
        self.pool = family.pool()
        self.upsample = Upsample()
        self.readout = family.readout()
        self.drop_fiber = nn.Flatten(1, 2)
        self.head = nn.Conv2d(widths[0], n_classes, 1)

    def _block(self, first: nn.Module, width: int) -> nn.Sequential:
        """The given convolution and a second one, each with norm and nonlinearity."""
        family = self.family
        return nn.Sequential(
            first,
            family.norm(width),
            family.nonlinearity(width),
            family.conv(width, width),
            family.norm(width),
            family.nonlinearity(width),
        )

    def forward(self, image: Float[Tensor, "b c_in y x"]) -> Float[Tensor, "b n_classes y x"]:
        self.check(image)
        x = self.add_fiber(image)
        skips = []
        for block in self.down[:-1]:
            skips.append(block(x))
            x = self.pool(skips[-1])
        x = self.down[-1](x)
        for block in self.up:
            x = block(torch.cat([self.upsample(x), skips.pop()], dim=1))
        return self.head(self.drop_fiber(self.readout(x)))

    def to_plain(self) -> nn.Module:
        """Copy made of ordinary torch layers, with the same outputs."""
        return to_plain(self, self.family.rep.dim)

    def check(self, image: Tensor) -> None:
        """Raise ValueError unless the image has ``c_in`` channels and sides that pool without rest."""
        if image.ndim != 4 or image.shape[1] != self.c_in:
            raise ValueError(f"image must be b {self.c_in} y x, got {tuple(image.shape)}")
        if any(side % self.multiple for side in image.shape[-2:]):
            height, width = image.shape[-2:]
            raise ValueError(
                f"both sides must be divisible by {self.multiple}, got {height} x {width}; pad or resize: "
                "2 x 2 pooling of an odd side drops a row at one border, and with it the exact equivariance"
            )
