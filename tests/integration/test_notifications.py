"""Who asked to hear of a batch's end is told, by a real server that listens, and told again until it listens."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from newsgate.db.audit import audit
from newsgate.db.batch_status import batch_status
from newsgate.db.notifications import Notification, ask_for_notification, notifications_of
from newsgate.db.session import Database
from newsgate.db.steering import pause_run
from newsgate.db.types import database_time
from newsgate.db.upkeep_tables import notifications
from newsgate.enqueue import enqueue as enqueue_command
from newsgate.foundation.errors import WrongUsageError
from newsgate.main import newsgate
from newsgate.tasks.notifying.notifier import notify_owed
from newsgate.tasks.notifying.target import check_target, display_target
from tests.desk import Desk
from tests.services import free_port, wait_until

SECRET = "between us"
_QUICK = {"notify_secret": SECRET, "notify_timeout_seconds": 30, "notify_retry_seconds": 0.01}
_IMPATIENT = {**_QUICK, "notify_timeout_seconds": 0.5}


class Listener(ThreadingHTTPServer):
    """Takes what is posted. answers: the status of each answer to come, None for none at all; then 204."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers: list[int | None] = []
        self.heard: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/done?key=1"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        if status is None:
            # Byte by byte, so that no single step is slow.
            with contextlib.suppress(OSError):
                for _ in range(600):
                    self.wfile.write(b"H")
                    self.wfile.flush()
                    time.sleep(0.1)
            return
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(database, tmp_path, **_QUICK)
    yield made
    made.assert_sound()


def _ask(desk: Desk, batch: int, *targets: str) -> int:
    with desk.database.write() as connection:
        run = batch_status(connection, batch).run
        for target in targets:
            ask_for_notification(connection, run, target)
            ask_for_notification(connection, run, target)
        return run


def _notify(desk: Desk) -> int:
    return notify_owed(desk.database, desk.settings, threading.Event())


def _stored(desk: Desk, run: int) -> list[Notification]:
    with desk.database.read() as connection:
        return notifications_of(connection, run)


def _noted(desk: Desk) -> tuple[str, ...]:
    with desk.database.read() as connection:
        return next(each.offenders for each in audit(connection) if "was told" in each.invariant)


def test_the_end_of_a_batch_is_posted_once_and_signed(desk: Desk, listener: Listener) -> None:
    batch = desk.enqueue(3)
    run = _ask(desk, batch, listener.address)
    assert _notify(desk) == 0
    assert [each.state for each in _stored(desk, run)] == ["waits"]
    desk.finish(batch, failing=[3])
    assert (_notify(desk), _notify(desk)) == (1, 0)
    ((path, headers, body),) = listener.heard
    assert path == "/done?key=1"
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Newsgate-Signature"] == f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
    told = json.loads(body)
    assert {key: told[key] for key in ("notification", "attempt", "batch", "name", "run", "model", "state")} == {
        "notification": 1,
        "attempt": 1,
        "batch": batch,
        "name": "posts-3-0.csv",
        "run": run,
        "model": 1,
        "state": "done",
    }
    assert (told["total"], told["done"], told["failed"], told["rejected"]) == (3, 2, 1, 0)
    assert told["finished_at"] <= told["sent_at"]
    assert [(each.state, each.attempt) for each in _stored(desk, run)] == [("sent", 1)]


def test_it_is_tried_again_until_somebody_listens(desk: Desk, listener: Listener) -> None:
    batch = desk.enqueue(2)
    run = _ask(desk, batch, listener.address)
    desk.finish(batch)
    listener.answers = [500, 302, None]
    impatient = Desk(desk.database, desk.folder, **_IMPATIENT)
    for number, reason in enumerate(("it answered 500", "it answered 302", "no answer within 0.5 s"), start=1):
        began = time.monotonic()
        assert _notify(impatient if number == 3 else desk) == 0
        assert time.monotonic() - began < 30
        (found,) = _stored(desk, run)
        assert (found.state, found.attempt) == ("owed", number)
        assert (found.last_error or "").startswith(reason)
        assert _noted(desk) == (f"the end of batch {batch} is owed after {number} attempts: {found.last_error}",)
        time.sleep(0.01 * 2**number)
    assert _notify(desk) == 1
    assert [json.loads(body)["attempt"] for *_, body in listener.heard] == [1, 2, 3, 4]
    assert {path for path, *_ in listener.heard} == {"/done?key=1"}
    assert _noted(desk) == ()


def test_a_pause_between_attempts_doubles(desk: Desk) -> None:
    slow = Desk(desk.database, desk.folder, **{**_QUICK, "notify_retry_seconds": 100})
    batch = desk.enqueue(2)
    run = _ask(desk, batch, f"http://127.0.0.1:{free_port()}/")
    desk.finish(batch)
    assert _notify(slow) == 0
    (first,) = _stored(desk, run)
    assert first.last_error == "Connection refused"
    # Nothing is due yet.
    assert (_notify(slow), _stored(desk, run)[0].attempt) == (0, 1)
    with desk.database.write() as connection:
        connection.execute(update(notifications).values(due_at=None))
    _notify(slow)
    (second,) = _stored(desk, run)
    assert first.due_at is not None
    assert second.due_at is not None
    assert (second.due_at - first.due_at).total_seconds() == pytest.approx(100, abs=30)


def test_after_so_long_it_is_given_up_and_said(desk: Desk) -> None:
    batch = desk.enqueue(2)
    run = _ask(desk, batch, "command")
    desk.finish(batch)
    # No worker has a command.
    assert _notify(desk) == 0
    assert _stored(desk, run)[0].state == "owed"
    impatient = Desk(desk.database, desk.folder, **{**_QUICK, "notify_give_up_seconds": 0.001})
    time.sleep(0.01)
    _notify(impatient)
    (found,) = _stored(desk, run)
    assert (found.state, found.last_error) == ("given up", "no worker could send it")
    assert len(_noted(desk)) == 1


def test_a_command_reads_it_and_its_failure_is_told(desk: Desk, tmp_path: Path) -> None:
    batch = desk.enqueue(2)
    run = _ask(desk, batch, "command")
    desk.finish(batch)
    heard = tmp_path / "heard.json"
    for command, reason in (
        ("/nowhere/to/be/found", "the command cannot be run: No such file or directory"),
        ("sh -c 'echo no >&2; exit 3'", "the command ended with 3: no"),
        ("sleep 60", "the command took more than 0.5 s"),
        (f"sh -c 'cat > {heard}'", None),
    ):
        patience = _IMPATIENT if command.startswith("sleep") else _QUICK
        worker = Desk(desk.database, desk.folder, **{**patience, "notify_command": command})
        time.sleep(0.1)
        sent = _notify(worker)
        assert (sent, _stored(desk, run)[0].last_error) == (int(reason is None), reason)
    assert json.loads(heard.read_text())["batch"] == batch


def test_a_paused_batch_is_not_over(desk: Desk, listener: Listener) -> None:
    batch = desk.enqueue(2)
    run = _ask(desk, batch, listener.address)
    with desk.database.write() as connection:
        pause_run(connection, run)
    assert _notify(desk) == 0


@pytest.mark.parametrize(
    "target",
    ["ftp://example.org/", "example.org/done", "http://", "https://u:p@example.org/", "http://a b/", "Command"],
)
def test_what_cannot_be_notified_is_refused(target: str) -> None:
    with pytest.raises(WrongUsageError, match="--notify"):
        check_target(target)


def test_the_path_of_an_address_is_not_shown() -> None:
    assert display_target(check_target("https://hooks.example.org:8443/T0/secret")) == "https://hooks.example.org:8443"


def test_enqueue_asks_and_status_shows_what_is_owed(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("NEWSGATE_HOME", str(home))
    file = tmp_path / "posts.csv"
    file.write_text("text\nwater is wet\n")
    for _ in range(2):
        # The second time the batch is there, and waits.
        done = CliRunner().invoke(enqueue_command, ["--notify", listener.address, str(file)])
        assert done.exit_code == 0, done.output
    assert CliRunner().invoke(enqueue_command, ["--notify", "nobody", str(file)]).exit_code == 2
    database = Database(f"sqlite:///{home / 'newsgate.db'}")
    desk = Desk(database, tmp_path, home=home, **_QUICK)

    def status() -> tuple[list[dict[str, Any]], str]:
        figures = json.loads(CliRunner().invoke(newsgate, ["status", "1", "--json"]).stdout)
        return figures["notifications"], CliRunner().invoke(newsgate, ["status", "1"]).stderr

    host = f"http://127.0.0.1:{listener.server_port}"
    figures, words = status()
    assert figures == [{"to": host, "state": "waits", "attempts": 0, "error": None, "sent_at": None}]
    assert f"{host} is notified at the end\n" in words
    desk.finish(1)
    listener.answers = [503]
    _notify(desk)
    figures, words = status()
    assert (figures[0]["state"], figures[0]["error"]) == ("owed", "it answered 503 Service Unavailable")
    assert f"{host} is not notified yet, owed, tried 1 times: it answered 503 Service Unavailable\n" in words
    time.sleep(0.05)
    _notify(desk)
    assert status()[0][0]["state"] == "sent"
    desk.assert_sound()
    database.close()


def test_a_place_that_is_silent_delays_no_other_and_costs_its_time_once(desk: Desk, listener: Listener) -> None:
    impatient = Desk(desk.database, desk.folder, **_IMPATIENT)
    silent = Listener()
    batches = [desk.enqueue(1, seed=seed) for seed in range(5)]
    for batch in batches[:-1]:
        _ask(desk, batch, f"http://127.0.0.1:{silent.server_port}/{batch}?key=1")
    run = _ask(desk, batches[-1], listener.address)
    for batch in batches:
        desk.finish(batch)
    # It takes connections, and nobody answers them.
    assert _notify(impatient) == 1
    assert [each.state for each in _stored(desk, run)] == ["sent"]
    with desk.database.read() as connection:
        assert sum(connection.execute(select(notifications.c.attempt)).scalars()) == 2
    _notify(impatient)
    with desk.database.read() as connection:
        # What was never tried comes before what has failed already.
        tried = list(connection.execute(select(notifications.c.attempt).order_by(notifications.c.id)).scalars())
    assert tried == [1, 1, 0, 0, 1]
    silent.server_close()


def test_the_time_is_bounded_also_where_the_system_searches_for_a_name(
    desk: Desk, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, real = threading.Event(), socket.getaddrinfo

    def search(*asked: Any, **more: Any) -> Any:
        found.wait(60)
        return real("127.0.0.1", *asked[1:], **more)

    batch = desk.enqueue(1)
    run = _ask(desk, batch, f"http://slow.example.org:{listener.server_port}/")
    desk.finish(batch)
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", search)
        assert _notify(Desk(desk.database, desk.folder, **_IMPATIENT)) == 0
        assert _stored(desk, run)[0].last_error == "no answer within 0.5 s"
        found.set()
        wait_until(lambda: not _notifying(), what="what was left behind has ended")
    # What came too late is not said: it is said again.
    assert listener.heard == []


def _notifying() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "notification"]


def test_a_command_that_leaves_something_behind_is_not_waited_for(desk: Desk, tmp_path: Path) -> None:
    left = tmp_path / "left"
    command = f"sh -c 'setsid sleep 60 & echo $! > {left}; exit 3'"
    batch = desk.enqueue(1)
    run = _ask(desk, batch, "command")
    desk.finish(batch)
    try:
        assert _notify(Desk(desk.database, desk.folder, **_QUICK, notify_command=command)) == 0
        assert _stored(desk, run)[0].last_error == "the command ended with 3"
    finally:
        os.kill(int(left.read_text()), signal.SIGKILL)


def test_a_clock_that_leaps_a_day_ahead_gives_up_nothing_that_can_be_told(desk: Desk, listener: Listener) -> None:
    refused = f"http://127.0.0.1:{free_port()}/"
    batch = desk.enqueue(1)
    run = _ask(desk, batch, listener.address, refused)
    desk.finish(batch)
    assert _notify(Desk(desk.database, desk.folder, **_QUICK, notify_give_up_seconds=86400)) == 1
    with desk.database.write() as connection:
        connection.execute(update(notifications).values(sent_at=None, attempt=0, due_at=None))
        connection.execute(update(notifications).values(owed_since=database_time(-100_000)))
    assert _notify(desk) == 1
    assert [each.state for each in _stored(desk, run)] == ["sent", "given up"]
