"""What tells a program to stop: SIGTERM, and SIGHUP, which is a terminal that was closed."""

from __future__ import annotations

import signal
from collections.abc import Callable


def on_stop_signals(stop: Callable[..., object]) -> None:
    """Have `stop` called, as a handler of signals, for each of them. What `nohup` has ignored stays ignored."""
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)
