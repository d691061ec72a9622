"""The one real picture of the polyp chapter: a test image of Kvasir-SEG, chosen by rule, not by eye.

The rule: among the test images, the one whose agreement, averaged over all runs of the ledger
on this data set, is the median. Run once where the data are; the two small files are committed.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from course_lib.data import load
from course_lib.ledger import read_ledger

BOOK = Path(__file__).resolve().parents[1]
SIZE = 192  # pixels: three for each one that the networks see


def median_image(ledger: Path) -> tuple[str, int]:
    """Id of the test image with the median agreement, and the seed of the split."""
    entries = read_ledger(ledger, data="kvasir-seg", split="group")
    images = sorted(entries[0].scores.agreement.per_image_mean)
    mean = [np.mean([entry.scores.agreement.per_image_mean[i] for entry in entries]) for i in images]
    return images[int(np.argsort(mean)[len(mean) // 2])], entries[0].settings.split_seed


def main() -> int:
    """Write picture and mask into book/pictures."""
    chosen, split_seed = median_image(BOOK / "ledger")
    test = load("kvasir-seg", size=SIZE, split="group", seed=split_seed).test
    index = test.ids.index(chosen)
    folder = BOOK / "pictures"
    folder.mkdir(exist_ok=True)
    picture = test.images[index].permute(1, 2, 0).numpy()
    Image.fromarray(picture).save(folder / "kvasir-example.jpg", quality=90)
    Image.fromarray(test.masks[index, 0].numpy() * 255).save(
        folder / "kvasir-example-mask.png", optimize=True
    )
    print(f"{chosen} of Kvasir-SEG -> {folder.relative_to(BOOK.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
