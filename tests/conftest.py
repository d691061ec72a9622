"""Shared set-up of the tests: where the real data are looked for, repeatable property tests, and e3nn."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

DEFAULT_DATA = Path(__file__).resolve().parents[1] / "../shared/data"

os.environ.setdefault("COURSE_DATA", str(DEFAULT_DATA.resolve()))
os.environ["COURSE_PROGRESS"] = "off"  # tests leave no results in the home folder
settings.register_profile("course", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("course")


@pytest.fixture
def o3():
    """e3nn's groups and products, while they build their constants in double precision."""
    module = pytest.importorskip("e3nn.o3", reason="e3nn is not installed: pip install e3nn")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield module
    torch.set_default_dtype(before)
