"""The compiled library, loaded: its functions and structures as the C sources in this folder declare them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from newsgate.model.native.build import FOLDER, LIBRARY

# Units in a vector, by the number of a variant: those in float32, then those in whole numbers (`int8_runtime`).
WIDTHS: Final = (4, 8, 16, 8, 8, 16, 16)
VARIANT_NAMES: Final = (
    *("any processor", "AVX2", "AVX-512"),
    *("AVX2 in whole numbers", "AVX-VNNI", "AVX-512 VNNI", "AMX"),
)
FIRST_INT8: Final = 3
AMX: Final = 6
_ALIGNMENT_BYTES: Final = 64

Number = TypeVar("Number", bound=np.generic)


class Direction(ctypes.Structure):
    """`struct direction`: one direction's packed weights."""

    _fields_ = [
        (name, ctypes.c_void_p)
        for name in (
            *("by_token", "recurrent", "mean_kernel", "maximum_kernel"),
            *("by_token_halves", "recurrent_bytes", "scales"),
        )
    ]


class Network(ctypes.Structure):
    """`struct network`."""

    _fields_ = [
        ("directions", Direction * 2),
        ("output_bias", ctypes.c_double),
        ("units", ctypes.c_int64),
        ("variant", ctypes.c_int32),
    ]


class Vocabulary(ctypes.Structure):
    """`struct vocabulary`."""

    _fields_ = [
        ("characters", ctypes.c_void_p),
        ("starts", ctypes.c_void_p),
        ("continues", ctypes.c_void_p),
        ("pieces", ctypes.c_int64),
        ("slot_hashes", ctypes.c_void_p),
        ("slot_ids", ctypes.c_void_p),
        ("slots", ctypes.c_int64),
        ("longest", ctypes.c_int64),
        ("classes", ctypes.c_void_p),
        *((name, ctypes.c_int32) for name in ("keeps_case", "unknown_id", "address_id")),
        *((name, ctypes.c_int32) for name in ("capitalised_id", "upper_case_id")),
    ]


@dataclass(frozen=True)
class Library:
    """The loaded library. Its functions run outside the interpreter's lock and are safe to call from many threads.

    variants, int8_variants: the numbers of those this processor can run, in float32 and in whole numbers, the fastest
    first.
    """

    functions: ctypes.CDLL
    variants: tuple[int, ...]
    int8_variants: tuple[int, ...]

    @classmethod
    def load(cls, path: Path) -> Library:
        """Return the library in a file. Raises OSError where it cannot be loaded."""
        functions = ctypes.CDLL(str(path))
        pointer, integer = ctypes.c_void_p, ctypes.c_int64
        functions.newsgate_variants.restype = ctypes.c_int32
        functions.newsgate_lstm_logits.argtypes = [*[pointer] * 5, integer, pointer]
        functions.newsgate_lstm_logits.restype = ctypes.c_int32
        functions.newsgate_fill_slots.argtypes = [pointer]
        functions.newsgate_fill_slots.restype = None
        functions.newsgate_encode.argtypes = [pointer, pointer, *[integer] * 3, ctypes.c_int32, *[pointer] * 4]
        functions.newsgate_encode.restype = integer
        features, texts, sums = [pointer] * 3, [pointer] * 3, [pointer] * 2
        functions.newsgate_wide_sums.argtypes = [*features, integer, integer, *texts, integer, *sums]
        functions.newsgate_wide_sums.restype = ctypes.c_int32
        functions.newsgate_familiarity_sums.argtypes = [*[pointer] * 3, integer, *texts, integer, pointer]
        functions.newsgate_familiarity_sums.restype = None
        known = functions.newsgate_variants()
        fastest_first = [variant for variant in reversed(range(len(WIDTHS))) if known & 1 << variant]
        return cls(
            functions,
            variants=tuple(variant for variant in fastest_first if variant < FIRST_INT8),
            int8_variants=tuple(variant for variant in fastest_first if variant >= FIRST_INT8),
        )


@cache
def native_library() -> Library | None:
    """Return the library that was built with this installation; None where there is none that loads."""
    try:
        return Library.load(FOLDER / LIBRARY)
    except (OSError, AttributeError):
        # Not built, built for another machine, or by an earlier newsgate: `newsgate doctor` tells.
        return None


def aligned(array: npt.NDArray[Any], kind: type[Number]) -> npt.NDArray[Number]:
    """Return a copy of another kind of number, its first element at an address that vectors like."""
    wanted = np.dtype(kind)
    memory = np.empty(array.size * wanted.itemsize + _ALIGNMENT_BYTES, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT_BYTES
    copy = memory[start : start + array.size * wanted.itemsize].view(wanted).reshape(array.shape)
    copy[...] = array
    return copy
