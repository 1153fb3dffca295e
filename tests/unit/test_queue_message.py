"""What is taken for a message of newsgate: two shapes, and nothing else gets into Celery."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.worker import queue_message
from newsgate.worker.queue_message import (
    VERSION_HEADER,
    NotAMessageError,
    QueueMessage,
    envelope_of,
    parse_message,
)
from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK, RETRAIN_TASK
from tests.newer import newer_ring

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def _envelope(body: object, *, task: object = CLASSIFY_TASK, **headers: object) -> dict[str, Any]:
    return {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-type": "application/json",
        "headers": {"task": task, "id": "by-hand", **headers},
        "properties": {"delivery_tag": "by-hand"},
    }


def _refusal(envelope: object) -> str | None:
    try:
        parse_message(envelope)
    except NotAMessageError as error:
        return str(error)
    return None


def _call(*arguments: object, **named: object) -> list[object]:
    return [list(arguments), named, {}]


@given(st.integers(1, 2**63 - 1))
def test_what_is_made_is_read_back(chunk: int) -> None:
    message = QueueMessage(CLASSIFY_TASK, chunk)
    assert parse_message(json.loads(json.dumps(envelope_of(message, queue=CLASSIFY_QUEUE)))) == message


def test_a_ring_for_the_trainers_has_no_chunk() -> None:
    message = QueueMessage(RETRAIN_TASK, None)
    assert parse_message(envelope_of(message, queue="newsgate.training")) == message


@pytest.mark.parametrize("chunk", [True, False, 0, -1, 2**63, 10**30, 1.0, "1", None, [1], {"a": 1}])
def test_what_no_chunk_can_be_is_refused(chunk: object) -> None:
    with pytest.raises(NotAMessageError, match="names no chunk"):
        parse_message(_envelope(_call(chunk)))


@pytest.mark.parametrize("header", ["eta", "expires"])
def test_a_message_that_wants_to_be_kept_is_refused(header: str) -> None:
    with pytest.raises(NotAMessageError, match="a time to wait for"):
        parse_message(_envelope(_call(1), **{header: "2099-01-01T00:00:00Z"}))


@given(_JSON)
def test_anything_else_is_refused_on_one_line(raw: object) -> None:
    for envelope in (raw, _envelope(raw), _envelope(_call(1), task=raw), _envelope(_call(raw))):
        reason = _refusal(envelope)
        assert reason is None or reason.isprintable()


def test_nothing_from_outside_reaches_what_goes_on() -> None:
    forged = "x\n2026-01-01 CRITICAL newsgate: everything is lost"
    sent = _envelope(_call(7), id=forged, root_id=forged, argsrepr=forged, origin=forged, timelimit=[1, 1])
    assert "lost" not in json.dumps(envelope_of(parse_message(sent), queue=CLASSIFY_QUEUE))
    with pytest.raises(NotAMessageError) as refused:
        parse_message(_envelope(_call(1), task=forged))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("task", [CLASSIFY_TASK, RETRAIN_TASK])
def test_a_message_of_a_newer_newsgate_is_a_ring_and_is_told_of_once(
    task: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_message, "_told_newer", threading.Event())
    for version in (99, 99, 2**80):
        assert parse_message(newer_ring(task, version=version)) == QueueMessage(task, None)
    assert [record.getMessage() for record in caplog.records] == [
        "messages of version 99, of a newer newsgate, are taken as rings: this one knows version 1"
    ]


def test_a_message_without_a_version_is_of_the_first() -> None:
    sent = envelope_of(QueueMessage(CLASSIFY_TASK, 7), queue=CLASSIFY_QUEUE)
    del sent["headers"][VERSION_HEADER]
    assert parse_message(sent) == QueueMessage(CLASSIFY_TASK, 7)


@pytest.mark.parametrize("version", [0, -1, "2", 2.5, None, [2]])
def test_what_no_version_can_be_is_refused(version: object) -> None:
    assert _refusal(_envelope(_call(1), **{VERSION_HEADER: version})) == f"its version is {version!r}"


def test_a_newer_message_for_a_task_that_nobody_knows_is_refused() -> None:
    assert _refusal(newer_ring("newsgate.tomorrow")) is not None
