"""Numbers and still pictures for the interactive figures of groups and layers, made by ``course_lib``.

The still picture of a figure is what readers see without JavaScript, and in print.
"""

import base64
import io
import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from PIL import Image

from course_lib.data.boat import boat, sample
from course_lib.explorers import harmonics, lifting, orbit
from course_lib.filters import band_limit
from course_lib.groups import CyclicGroup, DihedralGroup
from course_lib.layers.steerable import SIGMA_PX
from course_lib.plotting import plot_fiber, plot_image, plot_kernel
from course_lib.plotting_groups import plot_cayley_table

OUT = Path(__file__).resolve().parents[1] / "web" / "build" / "data"
GROUPS = (
    DihedralGroup(4),
    *(CyclicGroup(n) for n in (3, 4, 5, 6, 8, 12)),
    DihedralGroup(3),
)
BOAT_PX = 192


def table(group: CyclicGroup | DihedralGroup) -> dict[str, object]:
    """Elements and Cayley table of a group, ready for JSON."""
    return {
        "name": str(group),
        "n": group.n,
        "order": group.order,
        "product": [[group.product(g, h) for h in group.elements] for g in group.elements],
        "inverse": [group.inverse(g) for g in group.elements],
        "angle_deg": [group.angle_deg(g) for g in group.elements],
        "is_flip": [group.is_flip(g) for g in group.elements],
    }


def boat_picture() -> str:
    """The boat as an address that needs no file."""
    pixels = (sample(boat, size=BOAT_PX).permute(1, 2, 0) * 255).round().byte().numpy()
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, format="webp", quality=85, method=6)
    return "data:image/webp;base64," + base64.b64encode(encoded.getvalue()).decode("ascii")


def draw_groups() -> Figure:
    """The boat and the table of D_4."""
    figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.2), width_ratios=(1, 1.3))
    plot_image(sample(boat, size=BOAT_PX), ax=axes[0]).set_title("a picture to act on")
    plot_cayley_table(DihedralGroup(4), ax=axes[1])
    return figure


def draw_lifting() -> Figure:
    """The letter, turned by 30°, and its four maps."""
    found = lifting.lift_turned(30)
    figure, axes = plt.subplots(1, 5, figsize=(6.4, 1.7))
    plot_image(found.image[None], limits=(0, 1), ax=axes[0]).set_title("turned by 30°")
    plot_fiber(found.maps, lifting.C4, axes=list(axes[1:]))
    return figure


def draw_orbit() -> Figure:
    """One slice of the kernels of C_8 in both versions, and their difference."""
    found = orbit.kernel_orbit(8)
    figure, axes = plt.subplots(1, 3, figsize=(6.4, 2.4))
    pair = {"interpolated": found.interpolated[1, 1], "by formula": found.analytic[1, 1]}
    limit = float(found.analytic.abs().max())
    for ax, (name, kernel) in zip(axes, pair.items(), strict=False):
        plot_kernel(kernel, limit=limit, ax=ax).set_title(f"45°, {name}")
    difference = pair["interpolated"] - pair["by formula"]
    plot_kernel(difference, limit=limit, ax=axes[2]).set_title(f"difference: {found.errors[1]:.0%}")
    return figure


def draw_harmonics() -> Figure:
    """A kernel of frequency 2 on ring 2, and one of frequency 6: the function and its samples."""
    figure, axes = plt.subplots(1, 4, figsize=(6.4, 1.9))
    for column, frequency in enumerate((2, 6)):
        weights = torch.zeros(harmonics.N_RINGS, harmonics.MAX_FREQUENCY + 1, dtype=torch.float64)
        weights[2, frequency] = 1
        pair = harmonics.harmonic_sum(weights, 0, fine=6), harmonics.harmonic_sum(weights, 0)
        for k, (name, kernel) in enumerate(zip(("function", "pixels"), pair, strict=True)):
            ax = plot_kernel(kernel, limit=1, ax=axes[2 * column + k])
            ax.set_title(f"$n = {frequency}$, {name}", fontsize=10)
    return figure


def write(path: Path, content: bytes) -> None:
    """Write a file unless it is there already, so that the build sees no change where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_bytes() != content:
        path.write_bytes(content)


def write_numbers(name: str, numbers: dict[str, object]) -> None:
    """Numbers as JSON, with as many digits as float32 has."""
    short = json.loads(json.dumps(numbers), parse_float=lambda text: float(f"{float(text):.8g}"))
    write(OUT / f"{name}.json", (json.dumps(short, separators=(",", ":")) + "\n").encode())


def write_picture(name: str, figure: Figure) -> None:
    """A still picture."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=150)
    plt.close(figure)
    encodings = []
    for options in ({"lossless": True}, {"quality": 82}):  # flat drawings are smaller without loss
        encoded = io.BytesIO()
        Image.open(png).convert("RGB").save(encoded, format="webp", method=6, **options)
        encodings.append(encoded.getvalue())
    write(OUT / f"{name}.webp", min(encodings, key=len))


def main() -> int:
    """Write all files where the site finds them."""
    plt.style.use("course_lib.course")
    write_numbers(
        "groups", {"tables": {str(group): table(group) for group in GROUPS}, "boat": boat_picture()}
    )
    kernels = {name: [x for row in kernel for x in row] for name, kernel in lifting.KERNELS.items()}
    letter = lifting.letter().int().flatten().tolist()
    write_numbers("lifting", {"size": lifting.SIZE, "letter": letter, "kernels": kernels})
    orbits = {n: orbit.harmonic_terms(n) for n in orbit.ORDERS}
    fixed = {"size": orbit.KERNEL_SIZE, "sigma": SIGMA_PX, "max_frequency": orbit.MAX_FREQUENCY}
    write_numbers("kernel-orbit", {**fixed, "terms": orbits})
    limits = [band_limit(ring) for ring in range(harmonics.N_RINGS)]
    write_numbers(
        "harmonics",
        {
            "size": harmonics.KERNEL_SIZE,
            "sigma": SIGMA_PX,
            "limits": limits,
            "max_frequency": harmonics.MAX_FREQUENCY,
            "shown": harmonics.SHOWN_FREQUENCIES,
            "blur": harmonics.BLUR_PX,
            "radii": harmonics.RADII,
            "around": harmonics.AROUND,
        },
    )
    pictures = {
        "group-table": draw_groups,
        "lifting": draw_lifting,
        "kernel-orbit": draw_orbit,
        "harmonics": draw_harmonics,
    }
    for name, draw in pictures.items():
        write_picture(name, draw())
    return 0


if __name__ == "__main__":
    sys.exit(main())
