"""What Flower is told of newsgate: its broker, and the two queues that it should show."""

from pathlib import Path

from celery import Celery
from kombu import Queue

app = Celery("newsgate", broker=Path("/run/secrets/flower_broker_url").read_text(encoding="utf-8").strip())
app.conf.task_queues = [Queue("newsgate.classify"), Queue("newsgate.training")]
app.conf.task_default_queue = "newsgate.classify"
