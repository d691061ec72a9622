"""Ratios and memory by hand; nothing here depends on how fast the machine is."""

import pytest
import torch

from course_lib.bench.timing import alternate, peak_memory_mb, ratio


def test_every_round_runs_every_function():
    calls = []
    seconds = alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=4)
    assert calls.count("a") == calls.count("b") == 6, "two rounds warm up"
    assert {name: len(times) for name, times in seconds.items()} == {"a": 4, "b": 4}
    assert "".join(calls) != "ab" * 6, "the order changes"


def test_ratio_is_taken_round_by_round():
    found = ratio([2.0, 20.0, 8.0], [1.0, 10.0, 2.0])
    assert (found.median, found.low, found.high) == (2, 2, 3)
    assert ratio([3.0], [2.0]).high == 1.5


def test_peak_memory_counts_what_is_held_at_one_time():
    def both():
        return torch.ones(1000, 1000) + torch.ones(1000, 1000)

    def one_after_the_other():
        for _ in range(3):
            torch.ones(1000, 1000)

    assert peak_memory_mb(both) == pytest.approx(12, abs=0.1)
    assert peak_memory_mb(one_after_the_other) == pytest.approx(4, abs=0.1)


def test_no_rounds_are_refused():
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        alternate({}, rounds=0)
