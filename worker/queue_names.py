"""What queues and tasks are called: for those who ring, without importing Celery, and for those who are rung."""

from __future__ import annotations

CLASSIFY_TASK = "newsgate.classify"
CLASSIFY_QUEUE = "newsgate.classify"
RETRAIN_TASK = "newsgate.retrain"
TRAINING_QUEUE = "newsgate.training"
