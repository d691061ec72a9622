"""Numbers for the site's interactive figures, so that a figure shows what ``course_lib`` computes."""

import json
import sys
from pathlib import Path

from course_lib.groups import CyclicGroup, DihedralGroup

OUT = Path(__file__).resolve().parents[1] / "web" / "build" / "data" / "groups.json"
GROUPS = (DihedralGroup(4), CyclicGroup(4), CyclicGroup(6), CyclicGroup(8), DihedralGroup(3))


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


def main() -> int:
    """Write the file where the site finds it, if it changed."""
    text = json.dumps({str(group): table(group) for group in GROUPS}, separators=(",", ":")) + "\n"
    OUT.parent.mkdir(parents=True, exist_ok=True)
    if not OUT.is_file() or OUT.read_text() != text:
        OUT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
