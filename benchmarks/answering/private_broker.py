"""Starts or stops the private broker of NEWSGATE_HOME, and ends. It is run with the argument `start` or `stop`.

A process of its own, so that the one that measures need not import newsgate. The server that is started outlives it.
"""

from __future__ import annotations

import sys

from newsgate.worker.embedded_redis import EmbeddedRedis, shut_down
from newsgate.worker.settings import load_settings

if __name__ == "__main__":
    settings = load_settings()
    if sys.argv[1] == "start":
        EmbeddedRedis(settings).start()
    else:
        shut_down(settings.broker_socket)
