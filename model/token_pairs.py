"""Pairs of neighbouring tokens as slots of a table of a fixed size: the hashing trick.

Weinberger et al. 2009, arXiv 0902.2206: what shares a slot is summed, and a table never grows. The hash is the
multiplicative one (Knuth 1998, section 6.4); `native/token_pairs.h` and the ONNX graph compute the same.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

FIRST_FACTOR: Final = 0x9E3779B1
SECOND_FACTOR: Final = 0x85EBCA6B

Integers = npt.NDArray[np.integer[Any]]


def pair_slots(first: Integers, second: Integers, *, bits: int) -> npt.NDArray[np.uint32]:
    """Return the slot of each pair of token ids, uint32 [pairs], below 2 ** `bits`."""
    mixed = first.astype(np.uint32) * np.uint32(FIRST_FACTOR) + second.astype(np.uint32) * np.uint32(SECOND_FACTOR)
    slots: npt.NDArray[np.uint32] = mixed >> np.uint32(32 - bits)
    return slots
