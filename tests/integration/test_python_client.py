"""`newsgate.Client` does to a database what the commands do, on each kind of database."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas
import pytest
from click.testing import CliRunner

from newsgate import AsyncClient, Batch, Client
from newsgate.api.batch import WaitTimeoutError
from newsgate.db.batches import cancel_run
from newsgate.db.errors import NoSuchBatchError, NoSuchRowError, NoSuchRunError
from newsgate.db.labels import current_labels
from newsgate.errors import NewsgateError, WrongUsageError
from newsgate.main import newsgate
from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError, RunCancelledError
from newsgate.tasks.reading import ReadError
from tests.desk import Desk
from tests.texts import posts, write_posts

ROWS: list[dict[str, Any]] = [
    {"id": "p1", "text": "Garlic cures the virus, share it now!", "likes": 812, "is_fake": "yes"},
    {"id": "p2", "text": "", "likes": 0, "is_fake": ""},
    {"id": "p3", "text": "Schools reopen on Monday", "likes": None, "is_fake": "no"},
]


@pytest.fixture
def client(desk: Desk) -> Iterator[Client]:
    url = desk.database.url.render_as_string(hide_password=False)
    with Client(url, home=desk.settings.home) as made:
        yield made


def worked_off(desk: Desk, batch: Batch) -> Batch:
    desk.work_off(batch.number)
    assert batch.wait(progress=False, timeout_seconds=60).state == "done"
    return batch


def test_rows_become_verdicts_with_the_own_columns_beside_them(desk: Desk, client: Client) -> None:
    batch = client.enqueue(ROWS, name="posts", label_column="is_fake", labels="fake=yes,real=no")
    assert (batch.items, batch.rejected, batch.known) == (2, 1, False)
    assert list(batch.verdicts()) == []
    worked_off(desk, batch)
    first, second = batch.verdicts()
    assert (first["row"], first["external_id"], first["label"], first["columns"]["likes"]) == (1, "p1", "fake", 812)
    assert (second["row"], second["label"]) == (3, "real")
    assert batch.status().name == "posts"
    with desk.database.read() as connection:
        assert {each.label for each in current_labels(connection)} == {"fake", "real"}


def test_the_verdicts_are_what_the_command_prints(desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = worked_off(desk, client.enqueue(posts(30)))
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", desk.database.url.render_as_string(hide_password=False))
    for options, wanted in (
        ([], {}),
        (["--label", "fake", "--limit", "3"], {"label": "fake", "limit": 3}),
        (["--max-error", "0.2", "--min-score", "0.7"], {"max_error": 0.2, "min_score": 0.7}),
        (["--own-columns", "--max-familiarity", "0.5"], {"own_columns": True, "max_familiarity": 0.5}),
    ):
        done = CliRunner().invoke(newsgate, ["results", str(batch.number), "--format", "jsonl", *options])
        printed = [json.loads(line) for line in done.stdout.splitlines()]
        rows: list[dict[str, Any]] = list(batch.verdicts(**wanted))
        for row in rows:
            row["classified_at"] = row["classified_at"].isoformat(timespec="milliseconds")
        assert rows == printed


def test_a_table_comes_back_with_its_verdicts_in_each_form(desk: Desk, client: Client) -> None:
    batch = worked_off(desk, client.enqueue(pandas.DataFrame(ROWS).drop(columns="is_fake"), id_column="id"))
    frame = batch.to_pandas(own_columns=True)
    assert frame["label"].fillna("none").tolist() == ["fake", "none", "real"]
    assert frame["error"].fillna("").tolist() == ["", "empty text", ""]
    assert frame["id"].tolist() == ["p1", "p2", "p3"]
    arrow = batch.to_arrow(own_columns=True)
    assert [row["label"] for row in arrow.to_pylist()] == ["fake", None, "real"]
    assert str(frame["classified_at"].dtype) == "datetime64[ms, UTC]"
    assert str(frame["item"].dtype) == "Int64"
    assert batch.to_arrow(label="real").num_rows == len(batch.to_pandas(label="real")) == 1


def test_a_file_is_enqueued_as_the_command_does(desk: Desk, client: Client) -> None:
    file = write_posts(desk.folder / "posts.csv", 12)
    batch = client.enqueue(file)
    assert (batch.items, batch.status().name) == (12, "posts.csv")
    with pytest.raises(ReadError, match=r"missing\.csv: there is no such file"):
        client.enqueue(desk.folder / "missing.csv")


def test_rows_that_are_there_already_are_found_again(desk: Desk, client: Client) -> None:
    batch = worked_off(desk, client.enqueue(ROWS, name="first"))
    again = client.enqueue(iter(ROWS), name="second")
    assert (again.number, again.known, again.items) == (batch.number, True, 2)
    assert client.enqueue(ROWS, again=True).number != batch.number
    assert client.batch("first").number == client.batch(batch.number).number == batch.number
    assert [each.name for each in client.batches()] == ["rows", "first"]
    with pytest.raises(NoSuchBatchError):
        client.batch(99)
    with pytest.raises(NoSuchRunError):
        client.batch(batch.number, model=99)
    with pytest.raises(NewsgateError, match="no batch is called 'third'"):
        client.batch("third")


def test_a_cancelled_batch_is_told_to_who_waits_and_who_enqueues(desk: Desk, client: Client) -> None:
    batch = client.enqueue(ROWS)
    with desk.database.write() as connection:
        cancel_run(connection, batch.run)
    with pytest.raises(RunCancelledError):
        batch.wait(progress=False)
    with pytest.raises(AlreadyEnqueuedError):
        client.enqueue(ROWS)


def test_a_batch_is_paused_goes_on_is_cancelled_and_tried_again(desk: Desk, client: Client) -> None:
    batch = client.enqueue(ROWS, name="posts", priority=20)
    assert batch.status().priority == 20
    assert (client.pause(batch).state, client.pause("posts").state) == ("paused", "paused")
    assert client.priority(batch.number, 50).priority == 50
    assert client.resume("latest").state == "queued"
    assert (client.cancel(batch).state, client.resume(batch).state) == ("cancelled", "cancelled")
    assert client.requeue(batch).state in ("queued", "running")
    worked_off(desk, batch)
    assert (client.requeue(batch).state, client.cancel(batch).state) == ("done", "done")
    assert client.priority(batch, 7).priority == 50
    for wrong in (0, 101):
        with pytest.raises(WrongUsageError, match=f"{wrong} is no priority"):
            client.priority(batch, wrong)
        with pytest.raises(WrongUsageError, match=f"{wrong} is no priority"):
            client.enqueue(ROWS, again=True, priority=wrong)
    with pytest.raises(NoSuchBatchError):
        client.pause(99)
    desk.assert_sound()


def test_waiting_ends_in_time_and_the_batch_goes_on(desk: Desk, client: Client) -> None:
    batch = client.enqueue(ROWS)
    with pytest.raises(WaitTimeoutError, match=r"is not done after 0.05 s: 0 of 2 rows. It goes on") as caught:
        batch.wait(timeout_seconds=0.05)
    assert isinstance(caught.value, TimeoutError)
    worked_off(desk, batch)


def test_a_row_that_cannot_be_leaves_nothing_behind(client: Client) -> None:
    with pytest.raises(WrongUsageError, match="row 2 is neither a str nor a mapping"):
        client.enqueue(["a text", "another", 3])  # type: ignore[list-item]
    assert client.batches() == []
    with pytest.raises(ReadError, match=r"rows\.jsonl: the file is empty"):
        client.enqueue([])


def test_what_people_say_is_kept(desk: Desk, client: Client) -> None:
    batch = worked_off(desk, client.enqueue(ROWS))
    batch.label(1, "real", by="Ada")
    client.label(next(batch.verdicts(label="real"))["item"], "fake", by="Ben")
    with desk.database.read() as connection:
        said = {(each.labelled_by, each.label) for each in current_labels(connection)}
    assert said == {("Ada", "real"), ("Ben", "fake")}
    with pytest.raises(NoSuchRowError):
        batch.label(2, "real", by="Ada")
    with pytest.raises(WrongUsageError, match="'true' is no label"):
        batch.label(1, "true", by="Ada")  # type: ignore[arg-type]


def test_nobody_to_ring_is_a_warning(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "newsgate"):
        batch = client.enqueue(ROWS)
    assert batch.warnings == ("no worker runs here yet; the rows are safe: `newsgate up` classifies them",)
    assert caplog.messages == list(batch.warnings)


def test_a_promise_that_is_not_kept_is_a_warning(desk: Desk, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    batch = worked_off(desk, client.enqueue(ROWS))
    with caplog.at_level(logging.WARNING, "newsgate"):
        labels = {row["label"] for row in batch.verdicts(max_error=0.01)}
    assert labels <= {"fake", "real", "unsure"}
    assert caplog.messages[-1] == f"batch {batch.number}: {batch.promise(0.01)}"


def test_a_reader_who_stops_early_gives_the_connection_back(desk: Desk, client: Client) -> None:
    batch = worked_off(desk, client.enqueue(posts(30)))
    for _ in range(20):
        with closing(batch.verdicts()) as rows:
            next(rows)
    assert client.batch("latest").items == 30


def test_the_twins_for_asyncio_do_the_same_and_stop_when_cancelled(desk: Desk, client: Client) -> None:
    twin = AsyncClient(client)

    async def work() -> list[Any]:
        batch = await twin.enqueue(ROWS)
        waiting = asyncio.create_task(batch.wait(progress=False))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.to_thread(desk.work_off, batch.batch.number)
        await asyncio.gather(batch.wait(progress=False), batch.wait(progress=False))
        async for _ in batch.verdicts():
            break
        await batch.label(1, "real", by="Ada")
        second = await twin.enqueue(ROWS, again=True, priority=50)
        steered = [await change(second) for change in (twin.pause, twin.resume, twin.cancel, twin.requeue)]
        assert [status.state for status in steered[:3]] == ["paused", "queued", "cancelled"]
        assert (await twin.priority(second.batch, 20)).priority == 20
        await twin.cancel(second)
        return [
            [row["label"] async for row in batch.verdicts()],
            (await batch.to_arrow()).num_rows,
            len(await batch.to_pandas()),
            (await batch.promise(0.1)).state,
            (await twin.batches())[1].batch,
            (await (await twin.batch(batch.batch.number)).status()).state,
        ]

    number = 1
    assert asyncio.run(work()) == [["fake", "real"], 2, 2, "not compared", number, "done"]


def test_settings_are_those_of_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path / "a"))
    with Client() as client:
        assert repr(client) == f"<Client of sqlite:///{tmp_path / 'a' / 'newsgate.db'}>"
    monkeypatch.setenv("NEWSGATE_CHUNK_ROWS", "none")
    with pytest.raises(WrongUsageError, match="NEWSGATE_CHUNK_ROWS cannot be 'none'"):
        Client()
