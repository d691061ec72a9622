"""e2cnn 0.2.3 made to run on today's NumPy and torch: four small repairs, before its first layer is built."""

import importlib
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import torch


class Namespace:
    """Stand-in for a module under its name in another module, with some attributes replaced.

    The real module stays as it is: only the one file of e2cnn that asked for the old
    behaviour gets it.
    """

    def __init__(self, module: ModuleType, **replaced: Any):
        self.module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


def load_e2cnn() -> ModuleType:
    """The package e2cnn, repaired. Call it before the first ``R2Conv``; a second call changes nothing.

    Raises:
        ImportError: If e2cnn is not installed.

    Source:
        Weiler and Cesa 2019, arXiv:1911.08251.
    """
    try:
        with warnings.catch_warnings():
            # Its strings hold invalid escapes, of which Python warns when it compiles them.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", SyntaxWarning)
            e2cnn = importlib.import_module("e2cnn")
            importlib.import_module("e2cnn.nn")
            _repair()
    except ModuleNotFoundError as error:
        if error.name != "e2cnn":
            raise
        raise ImportError(
            'this layer needs the package e2cnn; install it with: pip install "equivariance-course[e2cnn]"'
        ) from error
    return e2cnn


def _repair() -> None:
    irreps_basis: Any = importlib.import_module("e2cnn.kernels.irreps_basis")
    kernel_utils: Any = importlib.import_module("e2cnn.kernels.utils")
    o2group: Any = importlib.import_module("e2cnn.group.groups.o2group")
    singleblock: Any = importlib.import_module("e2cnn.nn.modules.r2_conv.basisexpansion_singleblock")
    # NumPy 2.3 removed ndarray.tostring, from which these four take their hash.
    for name in (
        "R2FlipsSolution",
        "R2ContinuousRotationsSolution",
        "R2FlipsDiscreteRotationsSolution",
        "R2FlipsContinuousRotationsSolution",
    ):
        getattr(irreps_basis, name).__hash__ = _hash_of_solution
    # NumPy 2.0 refuses copy=False where a copy is needed; it used to mean "only if needed", as asarray does.
    kernel_utils.np = Namespace(np, array=lambda value, copy=False: np.asarray(value))
    # NumPy 1.24 removed the alias of Python's float.
    o2group.np = Namespace(np, float=float)
    # torch has deprecated masks of type uint8, and refuses them where one element is masked (1 x 1 kernels).
    singleblock.np = Namespace(np, uint8=np.bool_)
    singleblock.torch = Namespace(torch, uint8=torch.bool)


def _hash_of_solution(solution: Any) -> int:
    gamma = np.asarray(solution.gamma).tobytes()
    return hash((solution.in_irrep, solution.out_irrep, solution.mu.tobytes(), gamma))
