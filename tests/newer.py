"""What a newsgate to come leaves for today's programs: its schema, its bundles and its messages."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

from sqlalchemy import text

from newsgate.db.model_registry import add_model
from newsgate.db.session import Database
from newsgate.model.bundle import METADATA_MEMBER
from newsgate.model.starter import starter_bundle
from newsgate.worker.queue_message import VERSION_HEADER, QueueMessage, envelope_of
from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK

FAR = 99


def set_schema(database: Database, revision: str, *, oldest: str | None) -> None:
    """Say that the database is at a schema; oldest: what programs need at least to work on it, None: not said."""
    with database.write() as connection:
        connection.execute(text("update alembic_version set version_num = :revision"), {"revision": revision})
        if oldest is None:
            connection.execute(text("drop table compatibility"))
        else:
            connection.execute(text("update compatibility set oldest_schema = :oldest"), {"oldest": oldest})


def store_newer_model(database: Database) -> int:
    """A model with a bundle of format 99, in which nothing but its number can be read; gives its own number."""
    with zipfile.ZipFile(io.BytesIO(starter_bundle())) as archive:
        metadata: dict[str, Any] = json.loads(archive.read(METADATA_MEMBER)) | {"format_version": FAR}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(METADATA_MEMBER, json.dumps({"format_version": FAR}))
        archive.writestr("weights.of.tomorrow", b"tomorrow")
    del metadata["members_sha256"]
    with database.write() as connection:
        return add_model(connection, name="tomorrow's", bundle=buffer.getvalue(), metadata=metadata)


def newer_ring(task: str = CLASSIFY_TASK, *, version: int = FAR) -> dict[str, Any]:
    """A message of version 99, in whose body nothing can be read."""
    envelope = envelope_of(QueueMessage(task, None), queue=CLASSIFY_QUEUE)
    envelope["headers"][VERSION_HEADER] = version
    envelope["body"] = base64.b64encode(b"tomorrow").decode()
    return envelope
