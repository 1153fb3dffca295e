"""A peer: celery-batches, which hands many messages to one call, and `predict_on_batch` on their rows.

The program still sends one message a row; the worker gathers them. The verdicts of a call are stored with one INSERT of
many rows and one COMMIT. Run as benchmarks.pipeline.celery_rows is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery_batches import Batches
from sqlalchemy import insert

from benchmarks.pipeline.celery_pool import loaded, make_app
from benchmarks.pipeline.peer_database import PeerVerdict
from newsgate.model.labels import label_of

# Four batches of the model, so that texts of similar length can share one.
FLUSH_ROWS = 512
# What waits for a full batch at the end of a file waits no longer than this.
_FLUSH_SECONDS = 0.5

# The worker may hold so many messages for each child: fewer than a batch, and no batch would ever be full.
app = make_app("batches", worker_prefetch_multiplier=2 * FLUSH_ROWS)


@app.task(name="batches.classify", base=Batches, flush_every=FLUSH_ROWS, flush_interval=_FLUSH_SECONDS)
def classify(requests: Sequence[Any]) -> None:
    """Classify the texts of these requests and store their verdicts."""
    model, database = loaded()
    texts = [request.args[0] for request in requests]
    verdicts = [
        {"text": text, "label": label_of(p_fake), "p_fake": p_fake}
        for text, p_fake in zip(texts, model.p_fake(texts).tolist(), strict=True)
    ]
    with database.begin() as connection:
        connection.execute(insert(PeerVerdict), verdicts)
