"""Times of functions that are run in turn in one process, so that a slow minute slows all of them."""

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict


class Ratio(BaseModel):
    """Time of one function over that of another, from runs in turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    median: float
    low: float
    high: float


def alternate(
    functions: Mapping[str, Callable[[], object]], *, rounds: int, device: str = "cpu"
) -> dict[str, list[float]]:
    """Seconds of each function in each round; every round runs all, in changing order.

    Args:
        functions: What is timed, by name.
        rounds: Rounds that count; two more go first.
        device: ``cpu`` or ``cuda``; a GPU is waited for.

    Raises:
        ValueError: If there is no round to count.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds}")
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    names = list(functions)
    for number in range(-2, rounds):
        names = names[1:] + names[:1]
        for name in names:
            _wait(device)
            start = time.perf_counter()
            functions[name]()
            _wait(device)
            if number >= 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(above: list[float], below: list[float]) -> Ratio:
    """Median and quartiles of the ratio of two series, round by round."""
    ratios = sorted(a / b for a, b in zip(above, below, strict=True))
    if len(ratios) == 1:
        return Ratio(median=ratios[0], low=ratios[0], high=ratios[0])
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Ratio(median=median, low=low, high=high)


def peak_memory_mb(function: Callable[[], object], *, device: str = "cpu") -> float:
    """Largest amount of memory that tensors made by the function hold at one time, in megabytes.

    Buffers that a library allocates for itself inside one operation do not count on a processor.
    """
    gc.collect()
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        function()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    with _quiet_stderr(), torch.profiler.profile(profile_memory=True) as profile:
        function()
    results: Any = profile.profiler
    events = [event for event in results.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for _, change in sorted((event.start_ns(), event.nbytes()) for event in events):
        held += change
        peak = max(peak, held)
    return peak / 1e6


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Drop what the profiler's native code writes each time it starts and stops."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()
