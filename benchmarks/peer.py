"""The peer: one Celery task a row, `model.predict` on that row, one INSERT and COMMIT for its verdict.

It is what the tutorials for Celery, Keras and SQLAlchemy give when put together, without their mistakes: the model is
loaded once a child, after the fork, from the very bundle that newsgate serves. Run by `celery -A benchmarks.peer`, with
the broker in CELERY_BROKER_URL and the database in PEER_DATABASE_URL.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from celery import Celery
from celery.signals import worker_process_init
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from model.bundle import read_bundle
from model.classifier import calibrated
from model.starter import starter_bundle
from model.text import Tokenizer

_BUSY_TIMEOUT_SECONDS = 30
_WARM_UP_WORDS = (5, 10, 20, 40, 80)

app = Celery("peer")
app.conf.update(
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    # TensorFlow takes longer to import than the four seconds a child is given to come up.
    worker_proc_alive_timeout=180,
)


class Base(DeclarativeBase):
    pass


class PeerVerdict(Base):
    """One row of the peer's database. process: which child of the pool gave the verdict."""

    __tablename__ = "verdicts"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    label: Mapped[str]
    p_fake: Mapped[float]
    process: Mapped[int]


@dataclass(frozen=True)
class PeerModel:
    """What a child of the pool keeps."""

    network: Any
    tokenizer: Tokenizer
    max_tokens: int
    temperature: float
    engine: Engine

    def p_fake(self, text: str) -> float:
        """The calibrated probability of `fake`, by Keras' own `predict`."""
        ids = self.tokenizer.encode(text, max_tokens=self.max_tokens).ids
        logits = self.network.predict(np.array([ids], dtype=np.int32), verbose=0)
        return float(calibrated(logits[0], temperature=self.temperature)[0])


_models: list[PeerModel] = []


def open_peer_database(url: str) -> Engine:
    """The peer's database, its table in place."""
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_SECONDS})
    Base.metadata.create_all(engine)
    return engine


@worker_process_init.connect
def load_model(**_: Any) -> None:
    """Load and warm the model in each child of the pool: a model loaded before the fork would hang there."""
    from model.network import network_from_bytes

    bundle = read_bundle(starter_bundle())
    model = PeerModel(
        network=network_from_bytes(bundle.keras_model),
        tokenizer=bundle.tokenizer,
        max_tokens=bundle.metadata.max_tokens,
        temperature=bundle.metadata.temperature,
        engine=open_peer_database(os.environ["PEER_DATABASE_URL"]),
    )
    for words in _WARM_UP_WORDS:
        model.p_fake("word " * words)
    _models.append(model)


@app.task(name="peer.classify")
def classify(text: str) -> None:
    """Classify one text and store its verdict."""
    (model,) = _models
    p_fake = model.p_fake(text)
    label = "fake" if p_fake >= 0.5 else "real"
    with Session(model.engine) as session:
        session.add(PeerVerdict(text=text, label=label, p_fake=p_fake, process=os.getpid()))
        session.commit()
