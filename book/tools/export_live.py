"""Trained networks for the page on which they run in the browser, exported only if something has changed."""

import sys
from pathlib import Path

from build_book import ROOT, digest, read

BUILD = ROOT / "book" / "web" / "build"
UNETS = {
    "plain": "polyps-colab/kvasir-seg_group_plain_48px_s1",
    "p4": "polyps-colab/kvasir-seg_group_p4_48px_s0",
    "steerable": "polyps-colab/kvasir-seg_group_steerable-12_48px_s2",
}
RESNETS = {
    "plain": "medmnist-colab/breastmnist_official_plain_28px_s2",
    "sre": "medmnist-colab/breastmnist_official_sre-smooth_28px_s2",
}
RUNS = (*UNETS.values(), *RESNETS.values())
READS = (
    "book/tools/*live*.py",
    *(
        f"course_lib/{name}.py"
        for name in ("actions", "evaluation", "export", "families", "filters", "weights")
    ),
    *(
        f"course_lib/data/{name}.py"
        for name in ("relief", "scenes", "splits", "synthetic", "synthetic_scans")
    ),
    *(f"course_lib/{folder}/*.py" for folder in ("layers", "models")),
    *(f"book/ledger/{run}.json" for run in RUNS),
    *(f"book/weights/{Path(run).name}.safetensors" for run in RUNS),
)


def weights(run: str) -> Path:
    """Weights file of a run."""
    return ROOT / "book" / "weights" / f"{Path(run).name}.safetensors"


def main() -> int:
    """Write the files where the site finds them, if anything they are made from has changed."""
    stamp, wanted = BUILD / ".stamp-live", digest(*READS)
    if read(stamp) == wanted:
        return 0
    from live_networks import export  # takes seconds to import

    stamp.unlink(missing_ok=True)
    export()
    stamp.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
