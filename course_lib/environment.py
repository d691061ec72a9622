"""What numbers depend on beside the settings: versions of libraries, and the device."""

import platform
import re
from importlib import metadata
from pathlib import Path

import numpy as np
import torch


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the numbers depend on."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),  # a class of its own, which a checkpoint cannot hold
        "numpy": np.__version__,
        "course_lib": metadata.version("equivariance-course"),
    }


def device_name(accelerator: str = "auto") -> str:
    """The device that computes, in words."""
    if accelerator not in ("cpu",) and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{_processor()}, {torch.get_num_threads()} threads"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()
