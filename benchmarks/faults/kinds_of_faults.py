"""What can go wrong in a soak, and how often each is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# SIGKILL, but for the last three.
EVERYWHERE: Final = {
    "worker": 6,
    "broker": 3,
    "enqueue": 2,
    "up with all it started": 1,
    "up alone": 2,
    # Each can happen only where `up` was started at the one or before the other.
    "closed terminal": 3,
    "dead pipe": 3,
    "clock ahead": 2,
}
ON_SERVERS: Final = {"PgBouncer restart": 2, "Sentinel failover": 2}

CLOCKS_AHEAD: Final = ("+3h", "+1d", "+400d")
_LIBRARIES: Final = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1")


def clock_ahead(offset: str, *, library: Path) -> dict[str, str]:
    """The variables that put a program's clock ahead, for example by `+1d`."""
    # Its waits keep their length.
    return {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def fake_clock_library() -> Path | None:
    """libfaketime, where it is installed (Debian: apt-get install libfaketime)."""
    for pattern in _LIBRARIES:
        for found in Path("/").glob(pattern.lstrip("/")):
            return found
    return None
