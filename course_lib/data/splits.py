"""Who goes where: division into training, validation and test set by seed and by group."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256

TEST_SHARE = VAL_SHARE = 0.15


def shuffled(names: Iterable[str], seed: int, purpose: str) -> list[str]:
    """Names in an order that depends on the seed alone.

    We sort by a hash instead of asking a random number generator. The order is then the
    same with every version of every library, for good.

    Args:
        names: What to order; repeated names count once.
        seed: Any integer.
        purpose: Different purposes give independent orders.
    """
    return sorted(set(names), key=lambda name: sha256(f"{purpose} {seed} {name}".encode()).digest())


def three_way(groups: Sequence[str], seed: int) -> tuple[list[int], list[int], list[int]]:
    """Positions of the training, validation and test pictures, about 70, 15 and 15 percent.

    Whole groups are dealt out, so that no group stands on two sides. A group joins the
    test set if that brings the set nearer to its 15 percent; if not, the validation set is
    asked in the same way; the rest is for training.

    Args:
        groups: Group of each picture. Give every picture a group of its own for a split
            that ignores likeness.
        seed: Any integer.

    Raises:
        ValueError: If there are fewer than three groups.

    Example:
        >>> three_way(["a", "a", "b", "c", "d", "e", "f"], seed=0)
        ([3, 4, 5, 6], [0, 1], [2])
    """
    size = Counter(groups)
    if len(size) < 3:
        raise ValueError(
            f"a split needs at least three groups, got {len(size)}; use more data or split='random'"
        )
    side: dict[str, str] = {}
    room = {"test": TEST_SHARE * len(groups), "val": VAL_SHARE * len(groups)}
    for group in shuffled(size, seed, "split"):
        # Joining brings the set nearer to its share exactly if half the group still fits.
        side[group] = next((part for part in room if 2 * room[part] > size[group]), "train")
        if side[group] in room:
            room[side[group]] -= size[group]
    where = [side[group] for group in groups]
    train, val, test = ([i for i, part in enumerate(where) if part == p] for p in ("train", "val", "test"))
    if not (train and val and test):
        sizes = (len(train), len(val), len(test))
        raise ValueError(
            f"the groups are too large for a split, got sizes {sizes}; use more or smaller groups"
        )
    return train, val, test


def keep_fraction(groups: Sequence[str], fraction: float | int, seed: int) -> list[int]:
    """Positions of a part of the training pictures; smaller parts lie inside larger ones.

    Args:
        groups: Group of each training picture; groups are kept whole.
        fraction: Share to keep, above 0 and at most 1. The kept share is the nearest that
            whole groups allow, and at least one group.
        seed: Any integer.

    Raises:
        ValueError: If ``fraction`` is out of range.

    Example:
        >>> keep_fraction(["a", "b", "c", "d"], 0.5, seed=0)
        [2, 3]
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be above 0 and at most 1, got {fraction}; 0.1 keeps a tenth")
    size = Counter(groups)
    kept: set[str] = set()
    count = 0
    for group in shuffled(size, seed, "fraction"):
        if kept and count + size[group] / 2 > fraction * len(groups):
            break
        kept.add(group)
        count += size[group]
    return [i for i, group in enumerate(groups) if group in kept]
