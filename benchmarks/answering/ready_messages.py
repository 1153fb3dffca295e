"""What newsgate's programs say when they are ready, and how many workers are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

WORKERS: Final = 2
WITH_WORKERS: Final = {"NEWSGATE_UP_WORKERS": str(WORKERS)}

UP_SAYS: Final = "newsgate is up:"
WORKER_SAYS: Final = "newsgate.worker: ready:"
TRAINER_SAYS: Final = "newsgate.trainer: ready: retraining"
BEAT_SAYS: Final = "newsgate.trainer: ready: ringing"


def times_said(log: Path, words: str) -> int:
    """How often a program's output holds these words so far."""
    return log.read_text(errors="replace").count(words) if log.exists() else 0
