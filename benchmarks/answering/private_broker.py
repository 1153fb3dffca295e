"""Starts or stops the private broker of NEWSGATE_HOME, and ends: `python -m benchmarks.answering.broker start`.

A process of its own, so that the one that measures need not import newsgate.
"""

from __future__ import annotations

import sys

from newsgate.worker.embedded_redis import EmbeddedRedis, shut_down
from newsgate.worker.settings import load_settings


def main() -> None:
    """Do what the one argument says. The server that is started outlives this process."""
    settings = load_settings()
    if sys.argv[1:] == ["start"]:
        EmbeddedRedis(settings).start()
    elif sys.argv[1:] == ["stop"]:
        shut_down(settings.broker_socket)
    else:
        sys.exit("usage: python -m benchmarks.answering.broker start|stop")


if __name__ == "__main__":
    main()
