"""Modules that a library imports and hardly ever uses, loaded when it does use them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


class _LateModule(ModuleType):
    """Stands for a module until somebody asks for one of its names.

    Not importlib.util.LazyLoader: the next `import` of the same module would load it.
    """

    def __getattr__(self, name: str) -> Any:
        # `import` asks whether it is being imported by another thread.
        if name == "__spec__":
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


@contextmanager
def imported_late(names: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Give modules that nobody has loaded a stand-in, to whatever is imported while the block lasts.

    names: by module, its functions that are taken from it at once and called later, if ever.
    """
    stand_ins = {name: _stand_in(name, functions) for name, functions in names.items() if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            # Where it was needed at once after all, the module itself stands there.
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def _stand_in(name: str, functions: Sequence[str]) -> ModuleType:
    module = _LateModule(name)
    for function in functions:

        def call(*arguments: Any, _function: str = function, **named: Any) -> Any:
            return getattr(import_module(name), _function)(*arguments, **named)

        setattr(module, function, call)
    return module
