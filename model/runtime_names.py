"""Which ways there are to run a network, and which of them can be had here; nothing of them is loaded to tell."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, Literal

from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.installation import install_command

# `auto` is the fastest that a model may be served with here: model/runtime_choice.py.
RuntimeName = Literal["auto", "native-int8", "native", "numpy", "onnx", "keras"]
# Their own arithmetic makes a score the same to the last bit whatever is scored beside it. The libraries behind the
# others may round differently with another number of rows.
EXACT_RUNTIMES: Final[tuple[RuntimeName, ...]] = ("native-int8", "native", "numpy")
_BUILD_REMEDY: Final = "Install newsgate again where there is a C compiler, or set NEWSGATE_RUNTIME=auto"


class RuntimeUnavailableError(NewsgateError):
    """The runtime asked for is not installed here."""


def require_runtime(name: RuntimeName) -> None:
    """Raise RuntimeUnavailableError where the runtime cannot be had here."""
    if name in ("native", "native-int8"):
        # Together with NumPy: the others need neither to be told.
        from newsgate.model.native.library import native_library

        library = native_library()
        if library is None:
            raise native_is_missing()
        if name == "native-int8" and not library.int8_variants:
            raise int8_is_missing()
    if name == "keras" and find_spec("tensorflow") is None:
        raise keras_is_missing("tensorflow")


def native_is_missing() -> RuntimeUnavailableError:
    """Return what to tell where the library in C was not built."""
    return RuntimeUnavailableError("newsgate's library in C is not built here", remedy=_BUILD_REMEDY)


def int8_is_missing() -> RuntimeUnavailableError:
    """Return what to tell where the processor cannot compute in whole numbers."""
    return RuntimeUnavailableError(
        "this processor has no instructions for the runtime native-int8 (AVX2 at least)",
        remedy="Set NEWSGATE_RUNTIME=auto",
    )


def keras_is_missing(library: str | None) -> RuntimeUnavailableError:
    """Return what to tell where `library` is missing of those that Keras needs."""
    return RuntimeUnavailableError(
        f"the keras runtime needs TensorFlow, which is not installed ({library})",
        remedy=f"Run: {install_command('training')}, or set NEWSGATE_RUNTIME=numpy",
    )
