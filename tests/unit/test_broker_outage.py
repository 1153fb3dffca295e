"""What a broker's errors mean in words, and when the log speaks of them."""

from __future__ import annotations

import logging

import pytest
from redis.exceptions import AuthenticationError, ReadOnlyError, ResponseError

from newsgate.worker.broker_outage import OutageLog, fault_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [100.0]
    monkeypatch.setattr("newsgate.worker.broker_outage.time.monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (ReadOnlyError("You can't write against a read only replica."), "READONLY", "it is a read-only replica (R"),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), "NOREPLICAS", "it has too few replicas"),
        (ResponseError("UNBLOCKED force unblock from blocking operation"), "READONLY", "it is a read-only replica (R"),
        (AuthenticationError("Authentication required.", status_code="NOAUTH"), "NOAUTH", "it wants a password"),
        (ConnectionRefusedError(111, "Connection refused"), "away", "[Errno 111] Connection refused"),
        (
            ConnectionError("Connection closed by server.\nFORGED\x1b[2J"),
            "away",
            "Connection closed by server. FORGED [2",
        ),
        (TimeoutError(), "away", "TimeoutError"),
    ],
)
def test_an_error_in_words(error: Exception, kind: str, reason: str) -> None:
    fault = fault_of(error)
    assert (fault.kind, fault.reason[: len(reason)]) == (kind, reason)
    assert fault.reason.isprintable()


def test_what_kombu_wraps_is_looked_into() -> None:
    wrapped = RuntimeError("Command # 1 (SADD x) of pipeline caused error: You can't write")
    wrapped.__cause__ = ReadOnlyError("You can't write against a read only replica.")
    assert fault_of(wrapped).kind == "READONLY"


def test_an_outage_is_told_once_for_each_kind_and_once_when_it_is_over(
    caplog: pytest.LogCaptureFixture, clock: list[float]
) -> None:
    outages = OutageLog("redis://h")
    for error in (TimeoutError("away"), ReadOnlyError("no"), TimeoutError("still away"), ReadOnlyError("no")) * 5:
        outages.failed(error)
    clock[0] += 7
    outages.works()
    assert len(caplog.messages) == 2
    # It comes and goes: still the same outage.
    clock[0] += 1
    outages.failed(TimeoutError("away"))
    outages.works()
    clock[0] += 2
    outages.works()
    outages.works()
    assert caplog.messages == [
        "Cannot connect to the broker redis://h: away; work goes on without it",
        "Cannot connect to the broker redis://h: it is a read-only replica (READONLY); work goes on without it",
        "the broker redis://h works again, after 8 s",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    outages.failed(TimeoutError("away"))
    assert len(caplog.messages) == 4


def test_a_connection_that_is_cut_is_told_only_where_the_next_one_fails_too(caplog: pytest.LogCaptureFixture) -> None:
    outages = OutageLog("redis://h")
    assert outages.lost(TimeoutError("cut"))
    outages.works()
    assert outages.lost(TimeoutError("cut"))
    assert caplog.messages == []
    assert not outages.lost(TimeoutError("cut again"))
    assert [message.count("cut again") for message in caplog.messages] == [1]
