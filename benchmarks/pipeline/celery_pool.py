"""What the Celery peers have in common: their settings, and what each child of their pools keeps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from sqlalchemy import Engine

from benchmarks.pipeline.keras_model import KerasModel
from benchmarks.pipeline.peer_database import open_peer_database

_loaded: list[tuple[KerasModel, Engine]] = []


def make_app(name: str, **settings: Any) -> Celery:
    """Return a Celery application, with `settings` beside what both peers need."""
    app = Celery(name)
    app.conf.update(
        task_ignore_result=True,
        broker_connection_retry_on_startup=True,
        # TensorFlow takes longer to import than the four seconds a child is given to come up.
        worker_proc_alive_timeout=180,
        **settings,
    )
    return app


def loaded() -> tuple[KerasModel, Engine]:
    """Return this child's model and database."""
    (model_and_database,) = _loaded
    return model_and_database


@worker_process_init.connect
def _load(**_: Any) -> None:
    # In each child: a model that was loaded before the fork would hang there.
    _loaded.append((KerasModel.load(), open_peer_database(os.environ["PEER_DATABASE_URL"])))
    Path(os.environ["PEER_READY_FOLDER"], str(os.getpid())).touch()
