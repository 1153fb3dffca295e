"""Security at work: secrets, file permissions, TLS with verification, and exports that are no formulas."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from sqlalchemy import make_url

from tests.programs import Done, World
from tests.proxies import TlsFront
from tests.services import PostgresServer, RedisServer, free_port, running_redis, short_folder, wait_until
from tests.texts import write_posts

_SECRET = "hunter2-of-newsgate"
# newsgate's log, and what it tells people.
_OWN_LINE = re.compile(r"\S+ \S+ (INFO|WARNING) newsgate\.\w+: .+|newsgate is up: .+|stopping: .+|stopped")
_FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "\n=1", " =1")
# What newsgate needs of a broker, as docs/security.md says it.
_ACL = ("on", f">{_SECRET}", "resetkeys", "~newsgate.*", "~_kombu.*", "~unacked*", "&*", "-@all")
_MAY = ("+@read", "+@write", "+@connection", "+@transaction", "+@pubsub", "-@dangerous", "+info")
# kombu gives a lock back by a script.
_MAY_RUN = ("+eval", "+evalsha", "+script|load")


@pytest.fixture
def world() -> Iterator[World]:
    with short_folder("newsgate-secure-") as folder:
        home = folder / "home"
        yield World(home, f"sqlite:///{home / 'newsgate.db'}")


@pytest.fixture(scope="module")
def guarded_redis() -> Iterator[RedisServer]:
    """A Redis whose one user has a password and may do no more than newsgate needs."""
    nobody = ("--user", "default", "on", "nopass", "-@all", "+ping")
    with running_redis("newsgate-acl-", flags=(*nobody, "--user", "newsgate", *_ACL, *_MAY, *_MAY_RUN)) as server:
        yield server


def test_passwords_are_in_no_output_no_log_and_no_process_title(
    world: World, guarded_redis: RedisServer, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    file = write_posts(tmp_path / "posts.csv", 50)
    nowhere = free_port()
    down = {
        "NEWSGATE_DATABASE_URL": f"postgresql://ann:{_SECRET}@127.0.0.1:{nowhere}/x?password={_SECRET}",
        "NEWSGATE_BROKER_URL": f"redis://ann:{_SECRET}@127.0.0.1:{nowhere}/0",
        "NEWSGATE_LOG_LEVEL": "debug",
    }
    unreachable = replace(world, extra=down)
    ended = [
        unreachable.run("enqueue", file),
        unreachable.run("newsgate", "status"),
        unreachable.run("newsgate", "worker"),
        unreachable.run("newsgate", "up"),
        unreachable.run("newsgate", "doctor"),
        unreachable.run("newsgate", "doctor", "--json"),
    ]
    assert [done.code for done in ended] == [1] * len(ended)

    url = make_url(postgres_server.new_database(migrated=True)).set(password=_SECRET)
    wrong = f"redis://newsgate:{_SECRET}-not@127.0.0.1:{guarded_redis.port}/0"
    half = {**down, "NEWSGATE_DATABASE_URL": url.render_as_string(hide_password=False), "NEWSGATE_BROKER_URL": wrong}
    refused = replace(world, database_url=half["NEWSGATE_DATABASE_URL"], extra=half)
    with refused.started("up") as up:
        ended += [refused.run("enqueue", file), refused.run("newsgate", "status"), refused.run("newsgate", "doctor")]
        log = refused.home.parent / "up.log"
        wait_until(lambda: "Cannot connect to" in log.read_text(), what="the worker says what is wrong")
        family = [psutil.Process(up.pid), *psutil.Process(up.pid).children(recursive=True)]
        titles = " ".join(part for process in family for part in process.cmdline())
        assert len(family) > 1
    shown = [titles, log.read_text(), *(done.out + done.err for done in ended)]
    assert [text for text in shown if _SECRET in text] == []
    assert "could not be rung" in ended[6].err


def test_tls_with_a_verified_certificate_and_a_user_of_few_rights(
    world: World, guarded_redis: RedisServer, tmp_path: Path
) -> None:
    with TlsFront(guarded_redis.port, folder=tmp_path) as front:
        known = f"rediss://newsgate:{_SECRET}@localhost:{front.port}/0?ssl_ca_certs={front.certificate}"
        # The sweeper keeps away, so that what is done was brought by the broker.
        secure = replace(world, extra={"NEWSGATE_BROKER_URL": known, "NEWSGATE_LOST_AFTER_SECONDS": "600"})
        with secure.started("worker"):
            done = secure.run("enqueue", write_posts(tmp_path / "posts.csv", 50))
            assert (done.code, "warning" in done.err) == (0, False), done.err
            assert secure.wait_for(1).done == 50
            assert "NOPERM" not in (secure.home.parent / "worker.log").read_text()
        doctor = secure.run("newsgate", "doctor")
        assert (doctor.code, "ok      broker: rediss://newsgate:***@localhost" in doctor.out) == (0, True), doctor.out

        unknown = known.partition("?")[0]
        for number, address in enumerate((unknown, known.replace("localhost", "127.0.0.1"))):
            wary = replace(secure, extra={**secure.extra, "NEWSGATE_BROKER_URL": address})
            refused = wary.run("enqueue", write_posts(tmp_path / f"{number}.csv", 10, seed=number + 1))
            assert refused.code == 0
            assert "could not be rung" in refused.err
            assert "certificate verify failed" in refused.err.lower()
            assert "certificate verify failed" in wary.run("newsgate", "doctor").out.lower()
    secure.assert_sound()


def test_postgresql_with_a_verified_certificate(world: World, postgres_server: PostgresServer, tmp_path: Path) -> None:
    plain = make_url(postgres_server.new_database(migrated=True))
    with TlsFront(postgres_server.port, folder=tmp_path, postgres=True) as front:
        verified = {"sslmode": "verify-full", "sslrootcert": str(front.certificate)}
        known = plain.set(host="localhost", port=front.port, query=verified)
        told = _status_at(world, str(known))
        assert (told.code, told.err) == (0, "no batches yet: `enqueue FILE` makes one\n")
        for address, reason in (
            (known.set(host="127.0.0.1"), "does not match host name"),
            (known.set(query={"sslmode": "verify-full", "sslrootcert": "system"}), "certificate verify failed"),
            (known.set(query={"sslmode": "disable"}), "the database does not answer"),
        ):
            refused = _status_at(world, str(address))
            assert refused.code == 1
            assert reason in refused.err
            assert len(refused.err.splitlines()) == 1


def _status_at(world: World, address: str) -> Done:
    return replace(world, extra={"NEWSGATE_DATABASE_URL": address}).run("newsgate", "status")


def test_what_newsgate_keeps_is_its_owners_alone_and_its_log_is_its_own(world: World, tmp_path: Path) -> None:
    file = write_posts(tmp_path / "posts.csv", 50)
    with world.started("up"):
        assert world.run("enqueue", "-", stdin=file.read_bytes()).code == 0
        world.wait_for(1)
        assert _mode(world.home) == _mode(world.home / "redis") == 0o700
        assert _mode(world.home / "redis" / "redis.sock") == 0o700
        kept = [path for path in world.home.glob("newsgate.db*") if path.is_file()]
        assert {path.name for path in kept} >= {"newsgate.db", "newsgate.db-wal", "newsgate.db-shm"}
        assert {_mode(path) for path in kept} == {0o600}
        log = world.home.parent / "up.log"
        wait_until(lambda: "listening: queue newsgate.classify" in log.read_text(), what="the worker listens")
    lines = log.read_text().splitlines()
    assert [line for line in lines if not _OWN_LINE.fullmatch(line)] == []
    assert sum("running as root" in line for line in lines) <= 1


def test_in_a_home_folder_that_others_may_enter_the_data_is_still_closed_to_them(world: World, tmp_path: Path) -> None:
    world.home.mkdir(mode=0o755)
    world.home.chmod(0o755)
    output = tmp_path / "verdicts.csv"
    before = os.umask(0)
    try:
        done = world.execute("newsgate", "classify", write_posts(tmp_path / "posts.csv", 50), "-o", output)
    finally:
        os.umask(before)
    assert done.code == 0, done.err
    kept = [path for path in world.home.rglob("*") if not path.is_socket()]
    assert {path.name for path in kept} >= {"up.lock", "worker.log", "redis.log", "newsgate.db"}
    assert {str(path): oct(_mode(path)) for path in kept if _mode(path) & 0o077} == {}
    # What a person asked for is theirs to show, but nobody else's to change.
    assert _mode(output) == 0o644


def test_cells_that_a_spreadsheet_takes_for_formulas_are_quoted_unless_raw(world: World, tmp_path: Path) -> None:
    file = tmp_path / "formulas.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(("id", "text"))
        writer.writerows((f"{formula}-{number}", f"{formula} is news") for number, formula in enumerate(_FORMULAS))
        writer.writerow(("plain", "a plain text"))
    classified = world.run("newsgate", "classify", file)
    quoted, raw = _cells(classified.out), _cells(world.run("newsgate", "results", "1", "--raw").out)
    assert quoted == _cells(world.run("newsgate", "results", "1").out)
    assert raw == _cells(world.run("newsgate", "classify", file, "--raw").out)
    assert len(raw) == len(_FORMULAS) + 1
    assert [cell for row in quoted for cell in row if cell.strip().startswith(("=", "+", "-", "@"))] == []
    assert raw[0] == ("=1+1-0", "=1+1 is news")
    assert quoted[0] == ("'=1+1-0", "'=1+1 is news")
    assert quoted[-1] == raw[-1] == ("plain", "a plain text")


def _cells(printed: str) -> list[tuple[str, str]]:
    return [(row["external_id"], row["text"]) for row in csv.DictReader(io.StringIO(printed))]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
