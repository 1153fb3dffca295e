"""A trainer waits for rings: on the private broker's socket by itself, through any other broker with Celery."""

from __future__ import annotations

import threading

from newsgate.worker.private_listener import listen
from newsgate.worker.queue_names import RETRAIN_TASK, TRAINING_QUEUE
from newsgate.worker.settings import Settings


def wait_for_rings(settings: Settings, *, name: str, rung: threading.Event) -> None:
    """Set `rung` at each ring, until the process is told to stop (SIGTERM, SIGINT). name: of the trainer."""
    # Only a ring: training takes longer than a consumer should be deaf.
    if settings.broker_is_private:
        listen(settings, queue=TRAINING_QUEUE, task=RETRAIN_TASK, threads=1, on_ring=lambda _: rung.set())
        return
    from newsgate.worker.celery import make_app
    from newsgate.worker.consumer import consume

    app = make_app(settings)

    @app.task(name=RETRAIN_TASK, ignore_result=True)
    def retrain() -> None:
        rung.set()

    consume(app, settings, queue=TRAINING_QUEUE, name=name, threads=0)
