"""Empty modules in the place of the checks, so that an answer cannot ask them for the right answer."""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

CHECKS = "course_lib.checks"


class Nothing:
    """Can be called, shown and gone through, and is nothing; cells given in a notebook pass over it."""

    def __call__(self, *arguments: Any, **options: Any) -> "Nothing":
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __format__(self, form: str) -> str:
        return ""


class _Empty(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


class _Finder(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == CHECKS or fullname.startswith(f"{CHECKS}."):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return None


def hide_checks() -> None:
    """From now on this process imports empty modules for the checks; what it holds of them is forgotten."""
    for name in [name for name in sys.modules if name == CHECKS or name.startswith(f"{CHECKS}.")]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder())
    import course_lib

    course_lib.__dict__.pop("checks", None)
