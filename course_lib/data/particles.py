"""The data set of moving charges: states, and the positions to foresee; simulated once, then kept."""

import hashlib
from pathlib import Path

import pooch
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from course_lib.atomic import write_atomically
from course_lib.data import charged_particles
from course_lib.data.charged_particles import ParticleSet
from course_lib.data.segmentation import Splits

SETS = {"charged-particles": (3000, 2000, 2000), "charged-particles-small": (300, 100, 100)}
PARTS = ("train", "val", "test")
VERSION = 1  # raise it when the simulation changes


def read(name: str, cache: Path | None = None) -> Splits:
    """Training, validation and test set; simulated at the first call, then read from the user's cache.

    Args:
        name: ``"charged-particles"``, with 3000, 2000 and 2000 sets, or ``"charged-particles-small"``.
        cache: Folder to keep them in.

    Raises:
        OSError: If the cache cannot be written.
    """
    counts = SETS[name]
    starts = charged_particles.drawn(sum(counts), seed=0)
    source = charged_particles.checksum(starts)
    folder = cache or Path(pooch.os_cache("equivariance-course"))
    path = folder / f"{name}-{VERSION}-{source[:12]}.safetensors"
    numbers = _kept(path)
    if numbers is None:
        states, later = charged_particles.simulated(sum(counts), seed=0)
        inputs = torch.cat([states.positions, states.velocities, states.charges[..., None]], dim=-1)
        numbers = {"states": inputs.float(), "later": later.float()}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, save(numbers))
    parts = {}
    shown, later = (numbers[key].split(counts) for key in ("states", "later"))
    for part, states, positions in zip(PARTS, shown, later, strict=True):
        ids = tuple(f"{part}-{i}" for i in range(len(states)))
        parts[part] = ParticleSet(states, positions, ids, ids)
    digest = hashlib.sha256(f"{VERSION} {source}".encode()).hexdigest()
    return Splits(**parts, name=name, sha256=digest, licence=charged_particles.LICENCE)


def _kept(path: Path) -> dict[str, Tensor] | None:
    """What an earlier call has kept; None if there is nothing, or it is damaged."""
    try:
        return load_file(path)
    except (OSError, SafetensorError):
        return None
