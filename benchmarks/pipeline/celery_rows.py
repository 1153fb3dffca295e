"""A peer: one Celery task a row, `predict` on that row, one INSERT and COMMIT for its verdict.

It is what the tutorials for Celery, Keras and SQLAlchemy give when put together, without their mistakes: the model is
loaded once a child, after the fork, from the very bundle that newsgate serves. Run by
`celery -A benchmarks.pipeline.celery_rows`, with the broker in CELERY_BROKER_URL, the database in PEER_DATABASE_URL and
a folder for what children are ready in PEER_READY_FOLDER.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from benchmarks.pipeline.celery_pool import loaded, make_app
from benchmarks.pipeline.peer_database import PeerVerdict
from newsgate.model.labels import label_of

app = make_app("rows")


@app.task(name="rows.classify")
def classify(text: str) -> None:
    """Classify one text and store its verdict."""
    model, database = loaded()
    p_fake = model.p_fake_of_one(text)
    with Session(database) as session:
        session.add(PeerVerdict(text=text, label=label_of(p_fake), p_fake=p_fake))
        session.commit()
