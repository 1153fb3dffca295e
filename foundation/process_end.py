"""How often a process looks for garbage, and how it ends: what pays depends on how long it lives."""

from __future__ import annotations

import atexit
import gc

# Python's own 700 is reached hundreds of times while modules are loaded, and each time nothing is found. A short
# command makes some 60 000 in all, which a single search takes 13 ms to look through.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000
# One that lives for long would gather garbage by the megabyte. With this it looks a dozen times while it loads.
_WHERE_IT_LIVES_FOR_LONG = 10_000


def collect_seldom() -> None:
    """Have this process look for garbage less often: a tenth of a short command's time goes into looking in vain.

    What nobody refers to any more goes at once in any case; this is about objects that refer to each other.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def collect_often() -> None:
    """Have this process, which runs for long, look for garbage while there is little of it."""
    gc.set_threshold(_WHERE_IT_LIVES_FOR_LONG)


def end_quickly() -> None:
    """Have this process not look for garbage once more when it ends: that would take a fifth of a short command's time.

    Whatever is closed or deleted when a program ends still is; objects that only know each other go with the process.
    """
    # Python looks through all that is not frozen.
    atexit.register(gc.freeze)
