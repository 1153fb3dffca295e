"""What every process of newsgate that runs for long has: its log, and the parent that it must not outlive."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

from newsgate.foundation.private_file import PRIVATE_UMASK
from newsgate.foundation.process_end import collect_often
from newsgate.worker.dead_output import drop_dead_output
from newsgate.worker.home_folder import home_errors
from newsgate.worker.log_format import formatter_for
from newsgate.worker.orphan_processes import register_process
from newsgate.worker.settings import Settings

log = logging.getLogger("newsgate.worker")

EXIT_ORPHANED = 4
# With the time to notice, less than the ten seconds after which a person looks whether all is gone.
ORPHAN_SECONDS = 7.0
_LOOK_SECONDS = 0.5


def begin_program(settings: Settings, *, name: str, parent: int | None) -> None:
    """What a program that runs for long does first.

    parent: the process that started this one, where it must not outlive it.
    """
    # It writes what newsgate keeps, and nothing that a person asked for.
    os.umask(PRIVATE_UMASK)
    collect_often()
    set_up_logging(settings, is_child=parent is not None)
    if parent is not None:
        with home_errors(settings):
            register_process(settings, name=name)
        follow_parent(parent)


def set_up_logging(settings: Settings, *, is_child: bool = False) -> None:
    """One line an event, on standard error.

    is_child: another program of newsgate started this one, and has said what concerns both.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(formatter_for(settings.log_format))
    logging.basicConfig(level=settings.library_log_level.upper(), handlers=[handler], force=True)
    logging.getLogger("newsgate").setLevel(settings.log_level.upper())
    if os.geteuid() == 0 and not is_child:
        log.warning("running as root; a user of its own is safer")
    # A line from Celery for every chunk or connection says nothing that the database does not.
    for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.worker.consumer.connection"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def follow_parent(parent: int | None) -> None:
    """From now on end this process once `parent` is gone: as SIGTERM does, then by force. None: it follows nobody.

    parent: told by the one that started this process. Who only looks later may find that it is orphaned already.
    """

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        drop_dead_output()
        log.warning("the process that started this one is gone: stopping")
        os.kill(os.getpid(), signal.SIGTERM)
        # What is in hand is finished meanwhile. What takes longer is somebody else's after its lease.
        time.sleep(ORPHAN_SECONDS)
        log.critical("not stopped within %g s: this process ends itself", ORPHAN_SECONDS)
        os._exit(EXIT_ORPHANED)

    if parent is not None:
        threading.Thread(target=follow, name="follow-parent", daemon=True).start()
