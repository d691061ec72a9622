"""Picture and masks for the explorer of ring kernels: ``data/sre-rings.json`` of the site, and a still."""

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from jaxtyping import Float
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from course_lib.data.synthetic import synthetic_polyps
from course_lib.evaluation import fading_disc, spline_rotate
from course_lib.filters import ring_masks
from course_lib.plotting import plot_image, plot_kernel

DATA = Path(__file__).resolve().parents[1] / "web" / "build" / "data"
SIZES = (3, 5, 7, 9, 11)
KINDS = ("hard", "smooth")
WEIGHTS = (0.4, 1.0, -0.9, 0.5, 0.8, -0.6)  # the first five are those of the chapter's figure
SIDE, BLUR_PX, LEVELS = 65, 1.0, 2047  # an odd side, so that one pixel is the centre


def picture() -> Float[Tensor, "y x"]:
    """A synthetic polyp in grey, less its mean, blurred and faded: -1 to 1 in steps of 1/2047."""
    frames, _ = synthetic_polyps(n_scenes=1, n_frames=1, size=SIDE, seed=5)
    grey = frames.images[0].double().mean(dim=0)
    blurred = torch.from_numpy(ndimage.gaussian_filter(grey.numpy(), BLUR_PX))
    disc = fading_disc(SIDE)
    faded = (blurred - (blurred * disc).sum() / disc.sum()) * disc
    return (faded * (LEVELS / faded.abs().max())).round() / LEVELS


def draw_still(path: Path) -> None:
    """What the figure shows at first, for readers without JavaScript."""
    kernel = torch.einsum("r,ryx->yx", torch.tensor(WEIGHTS[:5]).double(), ring_masks(9).double())
    turned = spline_rotate(picture(), 30)
    response = F.conv2d(turned[None, None], kernel[None, None], padding="same")[0, 0]
    plt.style.use("course_lib.course")
    figure, axes = plt.subplots(1, 3, figsize=(6.4, 2.3), dpi=100)
    plot_kernel(kernel, ax=axes[0]).set_title("kernel")
    plot_image((turned[None] + 1) / 2, ax=axes[1]).set_title("picture, turned")
    plot_kernel(response, ax=axes[2]).set_title("its response")
    figure.savefig(path)


def main() -> int:
    """Write both files where the site finds them."""
    figure = {
        "side": SIDE,
        "levels": LEVELS,
        "picture": (picture() * LEVELS).int().flatten().tolist(),
        "weights": WEIGHTS,
        "masks": {
            kind: {k: [mask.flatten().tolist() for mask in ring_masks(k, rings=kind)] for k in SIZES}
            for kind in KINDS
        },
    }
    shorter = json.loads(json.dumps(figure), parse_float=lambda text: round(float(text), 8))
    DATA.mkdir(parents=True, exist_ok=True)
    (DATA / "sre-rings.json").write_text(json.dumps(shorter, separators=(",", ":")) + "\n")
    draw_still(DATA / "sre-rings.webp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
