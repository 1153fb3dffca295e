"""What a benchmark says while it measures. Nothing of newsgate is imported here."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Tell whoever waits how far the measurement is."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
