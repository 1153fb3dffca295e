"""The compiled library, loaded: its functions and structures as C declares them (`lstm.c`, `tokenizer.c`, `wide.c`)."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from newsgate.model.native.build import FOLDER, LIBRARY

# Floats in a vector, by the number of a variant: any processor, AVX2, AVX-512.
WIDTHS: Final = (4, 8, 16)
VARIANT_NAMES: Final = ("any processor", "AVX2", "AVX-512")
_ALIGNMENT_BYTES: Final = 64


class Direction(ctypes.Structure):
    """`struct direction`: one direction's packed weights."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("by_token", "recurrent", "mean_kernel", "maximum_kernel")]


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

    variants: the numbers of those this processor can run, the fastest first.
    """

    functions: ctypes.CDLL
    variants: tuple[int, ...]

    @classmethod
    def load(cls, path: Path) -> Library:
        """Return the library in a file. Raises OSError where it cannot be loaded."""
        functions = ctypes.CDLL(str(path))
        pointer, integer = ctypes.c_void_p, ctypes.c_int64
        functions.newsgate_variants.restype = ctypes.c_int32
        functions.newsgate_logits.argtypes = [*[pointer] * 5, integer, pointer]
        functions.newsgate_logits.restype = ctypes.c_int32
        functions.newsgate_fill_slots.argtypes = [pointer]
        functions.newsgate_fill_slots.restype = None
        functions.newsgate_encode.argtypes = [pointer, pointer, *[integer] * 3, *[pointer] * 4]
        functions.newsgate_encode.restype = integer
        features, texts, sums = [pointer] * 3, [pointer] * 3, [pointer] * 2
        functions.newsgate_wide_sums.argtypes = [*features, integer, integer, *texts, integer, *sums]
        functions.newsgate_wide_sums.restype = ctypes.c_int32
        known = functions.newsgate_variants()
        fastest_first = reversed(range(len(WIDTHS)))
        return cls(functions, tuple(variant for variant in fastest_first if known & 1 << variant))


@cache
def native_library() -> Library | None:
    """Return the library that was built with this installation; None where there is none that loads."""
    try:
        return Library.load(FOLDER / LIBRARY)
    except (OSError, AttributeError):
        # Not built, built for another machine, or by an earlier newsgate: `newsgate doctor` tells.
        return None


def aligned(array: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Return a float32 copy, its first element at an address that vectors like."""
    memory = np.empty(array.size * 4 + _ALIGNMENT_BYTES, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT_BYTES
    copy = memory[start : start + array.size * 4].view(np.float32).reshape(array.shape)
    copy[...] = array
    return copy
