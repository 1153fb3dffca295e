"""Which runtime a model is served with here, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsgate.model.native.library import VARIANT_NAMES, native_library
from newsgate.model.quantisation import QuantisationLoss
from newsgate.model.runtime_names import RuntimeName


@dataclass(frozen=True)
class RuntimeChoice:
    """name: never `auto`. reason: a phrase for people."""

    name: RuntimeName
    reason: str


def choose_runtime(asked: RuntimeName, quantisation: Mapping[str, Any] | None) -> RuntimeChoice:
    """Return what `asked` means for a model with this record of `model.quantisation`, None where it has none.

    A name other than `auto` means itself. `auto` is `native-int8` where the processor can and the model loses little by
    it, else `native` where the library in C is built, else `numpy`.
    """
    if asked != "auto":
        return RuntimeChoice(asked, "NEWSGATE_RUNTIME says so")
    library = native_library()
    if library is None:
        return RuntimeChoice("numpy", "the library in C is not built here")
    if not library.int8_variants:
        return RuntimeChoice("native", "this processor has no instructions for whole numbers")
    if quantisation is None:
        return RuntimeChoice("native", "nobody measured this model in whole numbers; what you train now is measured")
    try:
        loss = QuantisationLoss.from_json(quantisation)
    except (ValueError, KeyError, TypeError):
        return RuntimeChoice("native", "the record of this model in whole numbers is damaged")
    changed = f"whole numbers change {loss.flips} of {loss.texts} labels"
    if not loss.is_acceptable:
        return RuntimeChoice("native", f"{changed}, {loss.far_flips} of them far from one half")
    variant = VARIANT_NAMES[library.int8_variants[0]]
    return RuntimeChoice("native-int8", f"{variant}; {changed}, and a score by {loss.largest_change:.4f} at most")
