"""Output that nobody takes any more: a terminal that was closed, a pipe whose reader ended.

Whoever writes there gets an error in the middle of something else, a signal handler for instance, and Python's last
flush turns the exit code into a failure. So the output is sent nowhere, and the program goes on.
"""

from __future__ import annotations

import os
import select

_STANDARD_OUTPUTS = (1, 2)


def drop_dead_output() -> None:
    """Send standard output and standard error nowhere from now on, each of them if nobody is there to take it."""
    for descriptor in _STANDARD_OUTPUTS:
        if _is_dead(descriptor):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


def _is_dead(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, event in poll.poll(0))
