"""C++ sources of the package, compiled where they run: only there is the processor known."""

import ctypes
import os
import subprocess
import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd import forward_ad


def build(source: Path, without: str) -> ctypes.CDLL | None:
    """A compiled source file; None, after a warning, without a C++ compiler.

    Args:
        source: One C++ file that exports C functions.
        without: What happens without it, for the warning.
    """
    compiler = os.environ.get("CXX", "c++")
    flags = ["-O3", "-march=native", "-std=c++17", "-shared", "-fPIC"]
    reason = None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        library = Path(folder) / f"{source.stem}.so"
        for threads in (["-fopenmp"], []):  # some compilers have no OpenMP: then there is one thread
            try:
                command = [compiler, *flags, *threads, source, "-o", library]
                subprocess.run(command, check=True, capture_output=True)
                return ctypes.CDLL(str(library))
            except (OSError, subprocess.CalledProcessError) as error:
                reason = error
    warnings.warn(
        f"{without}: {reason}; install a C++ compiler, or name one in the variable CXX", stacklevel=3
    )
    return None


def serves(x: Tensor, weight: Tensor) -> bool:
    """Whether compiled code may compute with two tensors: what it cannot see through is left to torch.

    It needs ordinary tensors of one dtype, float32 or float64, on a CPU, and neither autocast, tracing,
    export, ``torch.compile``, ``torch.func`` nor forward-mode derivatives.
    """
    return (
        not torch.compiler.is_compiling()
        and x.device.type == weight.device.type == "cpu"
        and x.dtype == weight.dtype
        and x.dtype in (torch.float32, torch.float64)
        and type(x) in (Tensor, torch.nn.Parameter)
        and type(weight) in (Tensor, torch.nn.Parameter)
        and not torch.is_autocast_enabled("cpu")
        and not torch._C._get_tracing_state()
        and not torch._C._are_functorch_transforms_active()
        and forward_ad._current_level < 0
    )
