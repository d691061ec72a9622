"""Modules in the place of the checks: they have what a notebook hands out, and not the right answers.

A notebook's cells call small functions of its checks, such as ``checks.measured_error``.
An answer may call them too. They are taken out of their modules, so that what lies
beside them there, references and cases, cannot be reached from them.
"""

import builtins
import gc
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, FunctionType, ModuleType
from typing import Any

import torch

CHECKS = "course_lib.checks"
Helpers = dict[str, Callable[..., Any]]


class Nothing:
    """Can be called, shown and gone through, and is nothing: the checks themselves, while an answer runs."""

    def __call__(self, *arguments: Any, **options: Any) -> "Nothing":
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __format__(self, form: str) -> str:
        return ""


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__name__ == CHECKS:
            raise AttributeError(name)
        return Nothing()


class _Finder(MetaPathFinder, Loader):
    def __init__(self, unit: str, helpers: Helpers):
        self.unit, self.helpers = f"{CHECKS}.{unit}", helpers

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == CHECKS or fullname.startswith(f"{CHECKS}."):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == self.unit:
            vars(module).update(self.helpers)


def helpers_of(unit: str) -> Helpers:
    """What the checks of a unit hand out besides the checks and the hints, taken out of their modules.

    Args:
        unit: Name of the unit; nothing is handed out if it has no checks.
    """
    try:
        module = importlib.import_module(f"{CHECKS}.{unit}")
    except ModuleNotFoundError:
        return {}
    made: dict[FunctionType, FunctionType] = {}
    names = [name for name in module.__all__ if name != "hint" and name not in module.QUESTIONS]
    named = {name: getattr(module, name) for name in names}
    return {name: _taken_out(value, made) for name, value in named.items() if isinstance(value, FunctionType)}


def _taken_out(function: FunctionType, made: dict[FunctionType, FunctionType]) -> Callable[..., Any]:
    """A copy that reaches only what its code names; functions of the checks are copied too."""
    inner = inspect.unwrap(function)
    if inner is not function:  # the checks know one decorator
        return torch.no_grad()(_taken_out(inner, made))
    if function in made:
        return made[function]
    reached: dict[str, Any] = {"__builtins__": builtins, "__name__": "handed_out"}
    code, defaults, closure = function.__code__, function.__defaults__, function.__closure__
    copy = made[function] = FunctionType(code, reached, function.__name__, defaults, closure)
    copy.__kwdefaults__ = function.__kwdefaults__
    for name in set(_names(code)) & set(function.__globals__):
        value = function.__globals__[name]
        if not _of_the_checks(value):
            reached[name] = value
        elif isinstance(value, FunctionType):
            reached[name] = _taken_out(value, made)
        elif hasattr(value, "cache_info"):
            reached[name] = _taken_out(inspect.unwrap(value), made)
    return copy


def _of_the_checks(value: Any) -> bool:
    """Whether a function, class, or object of a class is of the checks, whose modules hold the answers."""
    return any(str(getattr(part, "__module__", "")).startswith(CHECKS) for part in (value, type(value)))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def hide_checks(unit: str, helpers: Helpers) -> None:
    """From now on this process imports stand-ins for the checks; what it held of them is forgotten.

    Args:
        unit: Name of the unit whose helpers are handed out.
        helpers: From ``helpers_of``.
    """
    for name in [name for name in sys.modules if name == CHECKS or name.startswith(f"{CHECKS}.")]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(unit, helpers))
    import course_lib

    if hasattr(course_lib, "checks"):
        delattr(course_lib, "checks")
    gc.collect()
