"""Shared set-up of the tests: where the real data are looked for, and repeatable property tests."""

import os
from pathlib import Path

from hypothesis import settings

DEFAULT_DATA = Path(__file__).resolve().parents[1] / "../shared/data"

os.environ.setdefault("COURSE_DATA", str(DEFAULT_DATA.resolve()))
os.environ["COURSE_PROGRESS"] = "off"  # tests leave no results in the home folder
settings.register_profile("course", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("course")
