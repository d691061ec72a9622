"""Question on SRE: which pictures a network can tell apart, predicted and measured."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Literal

import torch
from torch import Tensor, nn

from course_lib.checks.calling import Call
from course_lib.checks.drawing import counting, gaussian
from course_lib.checks.questions import Mistake, Question
from course_lib.checks.verdicts import Finding
from course_lib.families import FAMILIES

Network = Literal["plain", "p4", "sre"]
NETWORKS: tuple[Network, ...] = ("plain", "p4", "sre")
MOVES = ("turn", "mirror", "flip")


def moved(picture: Tensor, moves: tuple[str, ...]) -> Tensor:
    """A picture after some moves, one after the other.

    Args:
        picture: Tensor whose last two axes are y x.
        moves: ``"turn"`` by 90 degrees counter-clockwise, ``"mirror"`` left and right,
            ``"flip"`` up and down.

    Raises:
        ValueError: If a move is unknown.
    """
    for move in moves:
        if move not in MOVES:
            raise ValueError(f"a move is one of {', '.join(MOVES)}; got {move!r}")
        picture = (
            picture.rot90(1, (-2, -1)) if move == "turn" else picture.flip(-1 if move == "mirror" else -2)
        )
    return picture


@cache
def _network(name: Network) -> nn.Module:
    """Two layers with random weights, and the mean over all pixels."""
    family = FAMILIES[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = [family.lift(1, 4), nn.ReLU(), family.conv(4, 4), nn.ReLU(), family.readout()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten()).double()


@torch.no_grad()
def measured_difference(network: Network, moves: tuple[str, ...]) -> float:
    """How much the answer to a random picture changes if the picture moves, relative to its size.

    Args:
        network: Family of a network with random weights that ends in the mean over all pixels.
        moves: As in ``moved``.

    Example:
        >>> measured_difference("sre", ("turn",)) < 1e-12 < measured_difference("plain", ("turn",))
        True
    """
    picture = gaussian(torch.Generator().manual_seed(0), 1, 1, 1, 8, 8)
    answer = _network(network)(picture)
    return ((_network(network)(moved(picture, moves)) - answer).norm() / answer.norm()).item()


def _cases(generator: torch.Generator) -> Iterator[tuple[Network, tuple[str, ...]]]:
    for length in range(4):
        yield from product(NETWORKS, product(MOVES, repeat=length))
    order = torch.randint(0, 3, (8, 4), generator=generator).tolist()
    yield from product(NETWORKS, (tuple(MOVES[i] for i in row) for row in order))
    yield from product(NETWORKS, (("turn", "turn", "mirror", "flip"), ("turn", "mirror", "turn", "mirror")))


def _reference(network: Network, moves: tuple[str, ...]) -> bool:
    picture = counting(3, 3)
    turns = [picture.rot90(k, (0, 1)) for k in range(4)]
    same = {"plain": turns[:1], "p4": turns, "sre": [*turns, *(turn.flip(1) for turn in turns)]}
    return not any(torch.equal(moved(picture, moves), known) for known in same[network])


def _finding(call: Call, case: tuple[Network, tuple[str, ...]]) -> Finding:
    network, moves = case
    difference = measured_difference(network, moves)
    return Finding(
        f"a {network} network with random weights changes its answer by {difference:.1g} of its size",
        " then ".join(moves) or "identity",
    )


def _reflected(moves: tuple[str, ...]) -> bool:
    return (moves.count("mirror") + moves.count("flip")) % 2 == 1


def _rules(
    **others: Callable[[tuple[str, ...]], bool],
) -> Callable[[Network, tuple[str, ...]], bool]:
    """The right answers, but another rule for the named networks."""
    return lambda network, moves: others[network](moves) if network in others else _reference(network, moves)


def _plain(moves: tuple[str, ...]) -> bool:
    return _reference("plain", moves)


BLIND = Question(
    name="blind",
    function="tells_apart",
    arguments=("network", "moves"),
    axes=(),
    cases=_cases,
    reference=_reference,
    mistakes=(
        Mistake("You always answer True. Measure the SRE network.", lambda network, moves: True),
        Mistake("You always answer False. Measure the plain network.", lambda network, moves: False),
        Mistake(
            "The plain network is right as far as the moves change the picture. Some of them cancel.",
            _rules(plain=lambda moves: len(moves) > 0),
        ),
        Mistake(
            "The moves are counted, not carried out one after the other: together they may be the identity, "
            "though each is not.",
            _rules(
                plain=lambda moves: (
                    any(moves.count(m) % 2 for m in ("mirror", "flip")) or moves.count("turn") % 4 > 0
                )
            ),
        ),
        Mistake(
            "SRE is taken for p4: rings are their own mirror images, asked for or not.",
            _rules(sre=_reflected),
        ),
        Mistake(
            "SRE is taken for a plain network. Its answer to a turned picture is the turned answer, and the "
            "mean forgets the turn.",
            _rules(sre=_plain),
        ),
        Mistake(
            "p4 is taken for SRE: its kernels turn and never flip, so it can see handedness.",
            _rules(p4=lambda moves: False),
        ),
        Mistake(
            "p4 is taken for a plain network: behind the maximum over the fiber and the mean, a turn leaves "
            "no trace.",
            _rules(p4=_plain),
        ),
        Mistake(
            "For p4 it is asked whether any move is a reflection. Two reflections together are a turn.",
            _rules(p4=lambda moves: "mirror" in moves or "flip" in moves),
        ),
        Mistake(
            "For p4 left-right mirrors are seen and up-down flips are not; one is a turn of the other.",
            _rules(p4=lambda moves: moves.count("mirror") % 2 == 1),
        ),
        Mistake(
            "Plain and p4 are exchanged.",
            _rules(plain=_reflected, p4=_plain),
        ),
    ),
    finding=_finding,
    hints=(
        "Measure single moves first, for all three networks. Then pairs of moves.",
        "Which moves of the square leave the answer of each network as it is? They form a group: "
        "nothing, the "
        "four turns, or all eight symmetries.",
        "Several moves together are one symmetry of the square. How many reflections it takes "
        "decides whether "
        "it is a turn; carrying the moves out on a small array decides whether it is the identity.",
    ),
)
