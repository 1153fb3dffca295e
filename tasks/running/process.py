"""What every process of newsgate that runs for long has: its log, and the parent that it must not outlive."""

from __future__ import annotations

import logging
import os
import signal
import threading
import warnings

from celery.exceptions import SecurityWarning

from newsgate.worker.settings import Settings

log = logging.getLogger("newsgate.worker")


def set_up_logging(settings: Settings) -> None:
    """One line an event, on standard error."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    # It says so at length, at every start, and again in every restarted worker.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    if os.geteuid() == 0:
        log.warning("running as root; a user of its own is safer")
    # A line from Celery for every chunk or connection says nothing that the database does not.
    for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.worker.consumer.connection"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def follow_parent(parent: int | None, stop: threading.Event) -> None:
    """From now until `stop`, end this process, as SIGTERM does, once `parent` is gone; None: it follows nobody.

    parent: told by the one that started this process. Who only looks later may find that it is orphaned already.
    """

    def follow() -> None:
        while not stop.wait(0.5):
            if os.getppid() != parent:
                log.warning("the process that started this one is gone: stopping")
                os.kill(os.getpid(), signal.SIGTERM)
                return

    if parent is not None:
        threading.Thread(target=follow, name="follow-parent", daemon=True).start()
