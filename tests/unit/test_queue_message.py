"""What is taken for a message of newsgate: two shapes, and nothing else gets into Celery."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.worker.queue_message import NotAMessageError, QueueMessage, envelope_of, parse_message
from newsgate.worker.queue_names import CLASSIFY_QUEUE, CLASSIFY_TASK, RETRAIN_TASK

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
