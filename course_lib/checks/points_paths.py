"""Question on points in space: which products of degrees there are, and how many profiles they need."""

from collections.abc import Callable, Iterator

import torch

from course_lib.checks.calling import Call
from course_lib.checks.drawing import gaussian, integer
from course_lib.checks.personal import personal
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.harmonics import couples, harmonic_action

LARGEST = 30  # degree that is asked for


def measured_products(first: int, second: int, out: int, *, mirrors: bool) -> int:
    """How many products of two degrees turn like a third: tensors that random rotations leave alone.

    Args:
        first: Degree of the first factor, 0 to 2.
        second: Degree of the second factor, 0 to 2.
        out: Degree of the product, 0 to 2.
        mirrors: Whether reflections must leave them alone too.
    """
    generator = torch.Generator().manual_seed(0)
    motions = [torch.linalg.qr(gaussian(generator, 3, 3))[0] for _ in range(2)]
    motions = [motion * torch.linalg.det(motion).sign() for motion in motions]
    if mirrors:
        motions.append(-torch.eye(3, dtype=torch.float64))
    conditions = []
    for motion in motions:
        a, b, c = (harmonic_action(motion, degree) for degree in (first, second, out))
        moved = torch.kron(torch.kron(a, b), c)
        conditions.append(moved - torch.eye(len(moved), dtype=torch.float64))
    return int((torch.linalg.svdvals(torch.cat(conditions)) < 1e-6).sum())


def _cases(generator: torch.Generator, degree: int) -> Iterator[tuple[int, int]]:
    for m in (0, 1, 2, degree, degree + 1):
        yield from ((m, highest) for highest in range(degree + m + 3))
    for _ in range(6):
        yield integer(generator, 0, LARGEST), integer(generator, 0, 2 * LARGEST)


def profiles(degree: int, m: int, highest: int) -> int:
    """Harmonics up to the highest degree that lead from one degree to another, mirrors respected."""
    return sum(couples(degree, k, m) for k in range(highest + 1))


def _finding(call: Call, case: tuple[int, int, int]) -> Finding:
    degree, m, highest = case
    if highest and call(degree, m, highest) - call(degree, m, highest - 1) not in (0, 1):
        return Finding(
            "each harmonic leads from one degree to another in one way at most", f"degree {highest}"
        )
    step = "one" if couples(degree, highest, m) else "no"
    return Finding(
        f"from degree {degree} to degree {m} there is {step} path by harmonics of degree {highest}",
        "all rotations and p to -p",
    )


def _rule(rule: Callable[[int, int, int], bool | int]) -> Callable[[int, int, int], int]:
    """The count by another rule for one harmonic, given both degrees and its own."""
    return lambda degree, m, highest: sum(int(rule(degree, m, k)) for k in range(highest + 1))


_PROFILES = Question(
    name="profiles",
    function="count_profiles",
    arguments=("degree", "m", "highest"),
    axes=(),
    cases=lambda generator: (),
    reference=profiles,
    mistakes=(
        Mistake(
            "Mirrors are forgotten: under p to -p a harmonic of degree k is multiplied by (-1)^k, and both "
            "sides must change alike.",
            _rule(lambda a, m, k: abs(a - m) <= k <= a + m),
        ),
        Mistake(
            "These are just those paths that a mirror forbids: on both sides the signs must agree.",
            _rule(lambda a, m, k: abs(a - m) <= k <= a + m and (a + m + k) % 2 == 1),
        ),
        Mistake(
            "The bound `highest` is ignored. The layer has no harmonics above it.",
            lambda a, m, highest: min(a, m) + 1,
        ),
        Mistake(
            "Harmonics of degree `highest` are there too: one degree too few.",
            lambda a, m, highest: profiles(a, m, highest - 1),
        ),
        Mistake(
            "The lower bound is missing: a harmonic cannot lead further than its own degree.",
            _rule(lambda a, m, k: k <= a + m and (a + m + k) % 2 == 0),
        ),
        Mistake(
            "The upper bound is missing: two degrees together cannot make up for a larger one.",
            _rule(lambda a, m, k: k >= abs(a - m) and (a + m + k) % 2 == 0),
        ),
        Mistake(
            "The largest harmonic is left out: the sum of both degrees is allowed.",
            _rule(lambda a, m, k: k < a + m and couples(a, k, m)),
        ),
        Mistake(
            "The smallest harmonic is left out: the difference of both degrees is allowed.",
            _rule(lambda a, m, k: k > abs(a - m) and couples(a, k, m)),
        ),
        Mistake(
            "Only the two ends are counted, difference and sum. That was the rule in the plane; in space "
            "every second degree between them is allowed.",
            _rule(lambda a, m, k: k in (abs(a - m), a + m)),
        ),
        Mistake(
            "The entries of the harmonics are counted. One profile serves all 2 k + 1 of them, or the "
            "product would not turn.",
            _rule(lambda a, m, k: (2 * k + 1) * couples(a, k, m)),
        ),
        Mistake(
            "Every harmonic is counted. Most lead to other degrees.",
            _rule(lambda a, m, k: True),
        ),
        Mistake(
            "You say whether there is a path. Wanted is how many there are.",
            lambda a, m, highest: int(profiles(a, m, highest) > 0),
        ),
    ),
    finding=_finding,
    hints=(
        "Take the table of the cell above as your examples: which degrees of the harmonic are allowed "
        "between 1 and 1? Which of them does a mirror take away?",
        "Two rules. The three degrees must form a triangle: none is larger than the sum of the other two. "
        "And under p to -p degree l is multiplied by (-1)^l, on both sides.",
        "Write down the smallest and the largest allowed degree, and the step between two neighbours. Then "
        "ask how many of them are at most `highest`.",
    ),
)
PROFILES = personal(
    _PROFILES,
    "degree",
    (2, 3, 4, 5, 6, 7),
    cases=_cases,
    own=lambda degree: f"Your features have degree {degree}, with {2 * degree + 1} entries.",
    words=lambda degree: {"entries": str(2 * degree + 1)},
)
