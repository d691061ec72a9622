"""C++ sources of the package, compiled where they run: only there is the processor known."""

import ctypes
import os
import shlex
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch._C._functorch import is_batchedtensor, is_legacy_batchedtensor
from torch.autograd import forward_ad
from torch.utils._python_dispatch import _get_current_dispatch_mode


def build(source: Path, without: str) -> ctypes.CDLL | None:
    """A compiled source file; None, after a warning, without a C++ compiler.

    Args:
        source: One C++ file that exports C functions.
        without: What happens without it, for the warning.
    """
    compiler = shlex.split(os.environ.get("CXX", "c++"))
    flags = ["-O3", "-march=native", "-std=c++17", "-shared", "-fPIC"]
    reason = None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        library = Path(folder) / f"{source.stem}.so"
        for threads in (["-fopenmp"], []):  # some compilers have no OpenMP: then there is one thread
            try:
                command = [*compiler, *flags, *threads, source, "-o", library]
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
    export, ``torch.compile``, ``torch.func``, forward-mode derivatives nor dispatch modes.
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
        and not (x.is_neg() or weight.is_neg())
        and _get_current_dispatch_mode() is None
    )


def batched(grad: Tensor) -> bool:
    """Whether a gradient stands for several at once, as with ``is_grads_batched=True`` or ``torch.vmap``."""
    return is_batchedtensor(grad) or is_legacy_batchedtensor(grad)


def gradients(
    function: Callable[[Tensor, Tensor], Tensor], x: Tensor, weight: Tensor, grad: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients to x and weight of a function that torch can see through; None where none is wanted.

    x may depend on weight, as when a layer is used twice. Here they count as apart, or the
    way through x would be counted twice.
    """
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        apart = (x.view_as(x), weight.view_as(weight))
        out = function(*apart)
    wanted = [tensor for tensor in apart if tensor.requires_grad]
    if not wanted:
        return None, None
    found = iter(torch.autograd.grad(out, wanted, grad, create_graph=create_graph))
    to_x, to_weight = (next(found) if tensor.requires_grad else None for tensor in apart)
    return to_x, to_weight
