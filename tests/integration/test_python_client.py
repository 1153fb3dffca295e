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
from sqlalchemy import select

from newsgate import AsyncClient, Batch, Client
from newsgate.api.batch import WaitTimeoutError
from newsgate.db.batches import cancel_run
from newsgate.db.errors import NoSuchBatchError, NoSuchModelError, NoSuchRowError, NoSuchRunError
from newsgate.db.labels import current_labels
from newsgate.db.upkeep_tables import notifications
from newsgate.errors import NewsgateError, WrongUsageError
from newsgate.main import newsgate
from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError, RunCancelledError
from newsgate.tasks.reading import ReadError
from tests.desk import Desk
from tests.texts import posts, write_posts

ADDRESS = "https://hooks.example.org/done"
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


def test_who_is_to_be_told_is_told_about_rows_that_were_there_too(desk: Desk, client: Client) -> None:
    def asked() -> list[str]:
        with desk.database.read() as connection:
            return sorted(connection.execute(select(notifications.c.target)).scalars())

    batch = client.enqueue(ROWS, notify=ADDRESS)
    assert asked() == [ADDRESS]
    worked_off(desk, batch)
    again = client.enqueue(ROWS, notify=("command", ADDRESS, "command"))
    assert (again.number, again.known, asked()) == (batch.number, True, ["command", ADDRESS])


@pytest.mark.parametrize("said", ["a\0b", "a\ud800b"])
def test_what_no_database_stores_is_wrong_usage(said: str, client: Client) -> None:
    batch = client.enqueue(ROWS)
    with pytest.raises(WrongUsageError, match=r"name is '.*', with a character that no database stores"):
        client.enqueue(ROWS, name=said, again=True)
    with pytest.raises(WrongUsageError, match=r"by is '.*', with a character that no database stores"):
        batch.label(1, "fake", by=said)
    with pytest.raises(NoSuchModelError, match="there is no model 3000000000"):
        client.enqueue(ROWS, model=3_000_000_000, again=True)


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
    with pytest.raises(ReadError, match=r"rows: there are none"):
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


def test_a_warning_about_a_file_names_an_argument_that_mends_it(desk: Desk, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text('text\n"Schools reopen on Monday\nGarlic cures the virus\n', encoding="utf-8")
    first = worked_off(desk, client.enqueue(file))
    said = [warning for warning in first.warnings if "quot" in warning]
    assert [warning.endswith('quoting="none"') for warning in said] == [True]
    assert client.enqueue(file, quoting="none").items == 2


def test_a_file_without_a_header_is_read_with_the_names_given(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("7,Schools reopen on Monday,\n8,,Garlic cures the virus\n", encoding="utf-8")
    batch = client.enqueue(file, columns=["id", "text", "caption"], text_fallback="caption")
    assert (batch.items, batch.rejected) == (2, 0)
    assert client.enqueue(file, columns="id, text, caption", text_fallback=["caption"]).number == batch.number
    with pytest.raises(WrongUsageError, match="no_header is True or False, not 'no'"):
        client.enqueue(file, no_header="no")  # type: ignore[arg-type]
    with pytest.raises(WrongUsageError, match="'brat' is no tool"):
        client.enqueue(file, tool="brat")  # type: ignore[arg-type]
    with pytest.raises(WrongUsageError, match="'all' is no quoting"):
        client.enqueue(file, quoting="all")  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"min_scor": 0.9}, "the reading of verdicts has no option min_scor. Did you mean min_score?"),
        ({"label": "Fake"}, "'Fake' is no verdict. Say fake, real or unsure"),
        ({"label": "unsure"}, "no row is unsure without max_error. Give max_error, the error you accept"),
        ({"min_score": 90}, "min_score is from 0 to 1, not 90. Give for instance 0.9"),
        ({"min_score": "0.9"}, "min_score is a number, not '0.9'"),
        ({"limit": -1}, "limit is a whole number from 0 up, not -1"),
        ({"limit": "3"}, "limit is a whole number from 0 up, not '3'"),
        ({"max_error": 5}, "max_error is between 0 and 1, not 5. Give for instance 0.1"),
        ({"max_familiarity": float("nan")}, "max_familiarity is from 0 to 1, not nan. Give for instance 0.9"),
    ],
)
def test_a_wish_for_verdicts_that_cannot_be_is_an_error_and_no_other_rows(
    client: Client, wanted: dict[str, Any], said: str
) -> None:
    batch = client.enqueue(ROWS)
    for read in (batch.verdicts, batch.to_pandas):
        with pytest.raises(WrongUsageError) as caught:
            read(**wanted)
        assert str(caught.value) == said


def test_a_remedy_names_arguments_and_not_options_of_a_command(client: Client) -> None:
    rows = [{"text": "one", "label": "0"}, {"text": "two", "label": "1"}]
    with pytest.raises(NewsgateError, match='labels="fake=1,real=0" or labels="fake=0,real=1"') as unclear:
        client.enqueue(rows, label_column="label")
    assert unclear.value.where == "rows"
    with pytest.raises(ReadError, match=r"^rows: there are none\. Give a text at least$"):
        client.enqueue([])
    with pytest.raises(ReadError, match="Name it with text_column"):
        client.enqueue(rows, text_column="txt")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"txt_column": "text"}, "enqueue has no option txt_column. Did you mean text_column?"),
        ({"label": "Fake"}, "'Fake' is no label. Say fake or real"),
        ({"labels": {"fake": 1, "real": 0}}, "labels is a str, not dict"),
        ({"text_column": 2.5}, "text_column, if it is no str, is a whole number, not 2.5"),
        ({"name": 5}, "name is a str, not int"),
        ({"model": "champion"}, "model is a whole number from 1 up, not 'champion'"),
        ({"priority": "50"}, "priority is a whole number, not '50'"),
        ({"notify": 5}, "notify is a str, not int"),
        (
            {"notify": ["command", "ftp://example.org"]},
            f"notify: nobody can be notified there. Write an address such as {ADDRESS}, or `command`",
        ),
    ],
)
def test_an_option_of_enqueue_that_cannot_be_is_an_error_and_stores_nothing(
    client: Client, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(WrongUsageError) as caught:
        client.enqueue(ROWS, **given)
    assert str(caught.value) == said
    assert client.batches() == []


def test_a_column_is_named_by_the_number_that_its_table_has_for_it(client: Client) -> None:
    table = pandas.DataFrame([["Schools reopen on Monday", "A much longer text that is not the one which is meant"]])
    batch = client.enqueue(table, text_column=0, keep="1")  # type: ignore[arg-type]
    assert batch.items == 1
    with pytest.raises(ReadError, match="no column '7'"):
        client.enqueue(table, text_column=7)  # type: ignore[arg-type]


def test_numbers_that_come_out_of_a_table_are_numbers(desk: Desk, client: Client) -> None:
    made = worked_off(desk, client.enqueue(ROWS))
    table = made.to_pandas()
    batch = client.batch(table["batch"].to_numpy()[0], model=table["model"].to_numpy()[0])
    assert batch.number == made.number
    batch.label(table["row"].to_numpy()[0], "fake", by="Ada")
    client.label(table["item"].to_numpy()[1], "real", by="Ada")
    assert len(list(batch.verdicts(limit=table["row"].to_numpy()[0], min_score=table["p_fake"].to_numpy()[0]))) == 1
    with desk.database.read() as connection:
        assert {each.label for each in current_labels(connection)} == {"fake", "real"}


@pytest.mark.parametrize("wrong", [None, 1.5, True, 10**20, ["posts"]])
def test_what_names_no_batch_is_an_error_in_one_line(client: Client, wrong: Any) -> None:
    for ask in (client.batch, client.pause, client.cancel):
        with pytest.raises(WrongUsageError, match="a batch that is given by no name is a whole number, "):
            ask(wrong)


def test_a_time_to_wait_that_is_none_is_an_error_in_one_line(client: Client) -> None:
    batch = client.enqueue(ROWS)
    with pytest.raises(WrongUsageError, match="timeout_seconds is a number, not '5'"):
        batch.wait(timeout_seconds="5")  # type: ignore[arg-type]
    with pytest.raises(WrongUsageError, match="max_error is a number, not '5%'"):
        batch.promise("5%")  # type: ignore[arg-type]
    with pytest.raises(WrongUsageError, match="by is a str, not int"):
        batch.label(1, "fake", by=7)  # type: ignore[arg-type]
