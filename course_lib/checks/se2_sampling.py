"""Question on SE(2, N): a turn by any angle as a bilinear sampling matrix."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, integer
from course_lib.checks.questions import Mistake, Question, same
from course_lib.checks.verdicts import Finding
from course_lib.filters import rotation_operator


def _cases(generator: torch.Generator) -> Iterator[tuple[int, int]]:
    yield from ((1, angle) for angle in (0, 30))
    yield from ((2, angle) for angle in (0, 90, 180, 45))
    yield from ((3, angle) for angle in (90, 45, 30))
    yield from ((4, 200), (5, 30), (5, -60), (7, 315))
    for _ in range(4):
        yield integer(generator, 3, 8), integer(generator, -360, 720)


def turned_by(
    size: int,
    angle_deg: float | int,
    *,
    sense: int = 1,
    centre: float | None = None,
    nearest: bool = False,
    clamped: bool = False,
    degrees: bool = True,
) -> Tensor:
    """Dense matrix of a turn by tents around the source points; the defaults are right.

    Args:
        size: Side in pixels.
        angle_deg: Angle, counter-clockwise.
        sense: -1 turns the other way.
        centre: Centre in pixels from pixel 0; None for the right one.
        nearest: Whether each pixel is a copy of its nearest source.
        clamped: Whether points outside take the value at the border.
        degrees: Whether the angle is read as degrees.
    """
    middle = (size - 1) / 2 if centre is None else centre
    angle = sense * (math.radians(angle_deg) if degrees else angle_deg)
    place = torch.arange(size, dtype=torch.float64)
    up, right = torch.meshgrid(middle - place, place - middle, indexing="ij")
    row = middle - (math.cos(angle) * up - math.sin(angle) * right).flatten()
    column = middle + (math.cos(angle) * right + math.sin(angle) * up).flatten()
    if nearest:
        row, column = row.round(), column.round()
    if clamped:
        row, column = row.clamp(0, size - 1), column.clamp(0, size - 1)
    down = (1 - (row[:, None] - place).abs()).clamp(min=0)
    along = (1 - (column[:, None] - place).abs()).clamp(min=0)
    return (down[:, :, None] * along[:, None, :]).flatten(1)


def _finding(call: Call, case: tuple[int, int]) -> Finding:
    picture = counting(3, 3)
    turned = call(3, 90) @ picture.flatten()
    if not same(turned, picture.rot90(1, (0, 1)).flatten()):
        return Finding("a quarter turn moves pixels exactly: it is a permutation", "90 degrees")
    sums = call(7, 30).sum(dim=1).view(7, 7)
    if not same(sums[2:5, 2:5], torch.ones(3, 3, dtype=torch.float64)):
        return Finding(
            "in the middle each row sums to 1: a constant stays what it is", "30 degrees, 7 x 7 pixels"
        )
    if not sums[0, 0] < 0.999:
        return Finding("outside the grid is zero, so rows of the corners sum to less than 1", "30 degrees")
    return Finding("row p holds the bilinear weights of the point R(-angle) p", f"{case[1]} degrees")


def _normalised(size: int, angle_deg: int) -> Tensor:
    matrix = turned_by(size, angle_deg)
    return matrix / matrix.sum(dim=1, keepdim=True).clamp(min=1e-12)


SAMPLING = Question(
    name="sampling",
    function="rotation_matrix",
    arguments=("size", "angle_deg"),
    axes=("target", "source"),
    cases=_cases,
    reference=lambda size, angle_deg: rotation_operator(size, angle_deg).to_dense(),
    mistakes=(
        Mistake(
            "The picture turns clockwise. Either the inverse is missing, for a pixel takes its value from "
            "where it came from; or rows and columns have changed places; or up and down have.",
            lambda size, angle_deg: turned_by(size, angle_deg, sense=-1),
        ),
        Mistake(
            "The matrix is transposed: rows must be targets. Yours hands values on to where they go, and "
            "leaves holes and heaps.",
            lambda size, angle_deg: turned_by(size, angle_deg).T,
        ),
        Mistake(
            "The centre is half a pixel off: of pixels 0 to n - 1 it is the mean of the first and the last.",
            lambda size, angle_deg: turned_by(size, angle_deg, centre=size / 2),
        ),
        Mistake(
            "Each pixel copies its nearest source. Bilinear weights belong to four of them.",
            lambda size, angle_deg: turned_by(size, angle_deg, nearest=True),
        ),
        Mistake(
            "Outside the grid you repeat the border. There is nothing outside; it counts as zero.",
            lambda size, angle_deg: turned_by(size, angle_deg, clamped=True),
        ),
        Mistake(
            "You divide each row by its sum. Rows near the corners sum to less than 1, because a part of "
            "what they ask for is outside.",
            _normalised,
        ),
        Mistake(
            "The angle is in degrees; sine and cosine want radians.",
            lambda size, angle_deg: turned_by(size, angle_deg, degrees=False),
        ),
        Mistake("Nothing turns: this is the identity matrix.", lambda size, angle_deg: turned_by(size, 0)),
    ),
    finding=_finding,
    hints=(
        "Take one target pixel. Compute the point from which its value comes, in coordinates to the right "
        "and up from the centre. Then go back to rows and columns.",
        "A row counts down and up counts up. A turn by a of (right, up) is (cos a right - sin a up, sin a "
        "right + cos a up); which sign has the angle on the way back?",
        "The bilinear weight of a source pixel is a product of two tents: 1 less the distance in rows, and 1 "
        "less the distance in columns, neither below 0. Pixels outside simply have no column.",
    ),
)
