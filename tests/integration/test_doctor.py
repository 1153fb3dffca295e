"""`newsgate doctor`: what it says about a sound set-up, and about each way one can be broken."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from newsgate.db.session import Database
from newsgate.tasks.inspecting.doctor.examine import examine
from tests.clocks import set_clock_back
from tests.desk import Desk
from tests.newer import set_schema
from tests.programs import World
from tests.services import PostgresServer, RedisServer, free_port, running_redis

_SECRET = "hunter2"


@pytest.fixture
def world(prepared_home: Path, tmp_path: Path) -> World:
    """A machine of its own, with a home folder that is prepared."""
    home = tmp_path / "home"
    shutil.copytree(prepared_home, home)
    return World(home, f"sqlite:///{home / 'newsgate.db'}")


def _examined(world: World, *, code: int, **variables: str) -> dict[str, list[dict[str, Any]]]:
    """The checks, by the part they look at."""
    done = replace(world, extra={**world.extra, **variables}).run("newsgate", "doctor", "--json")
    assert done.code == code, done.out + done.err
    assert done.err == ""
    found = json.loads(done.out)
    assert found["failed"] == sum(check["state"] == "FAILED" for check in found["checks"])
    parts: dict[str, list[dict[str, Any]]] = {}
    for check in found["checks"]:
        parts.setdefault(check["part"], []).append(check)
    return parts


def test_a_sound_set_up_is_one_ok_line_a_part(world: World) -> None:
    done = world.run("newsgate", "doctor")
    assert done.code == 0, done.out
    lines = done.out.splitlines()
    assert [line for line in lines if not line.startswith(("ok      ", "warning disk"))] == []
    parts = [line.split(":")[0].split()[-1] for line in lines]
    wanted = [
        "newsgate",
        "libraries",
        "sqlite",
        "settings",
        "home",
        "code",
        "database",
        "integrity",
        "schema",
        "models",
    ]
    assert [part for part in parts if part in wanted] == wanted
    assert "1 match their checksums; model 1 is champion" in done.out


def test_a_new_machine_is_sound_and_nothing_is_made_on_it(world: World, tmp_path: Path) -> None:
    fresh = replace(world, home=tmp_path / "fresh")
    assert "is not there yet" in _examined(fresh, code=0)["database"][0]["detail"]
    assert not fresh.home.exists()


def test_when_database_and_broker_are_down_the_rest_is_still_looked_at(world: World) -> None:
    port = free_port()
    found = _examined(
        world,
        code=1,
        NEWSGATE_DATABASE_URL=f"postgresql://ann:{_SECRET}@127.0.0.1:{port}/news",
        NEWSGATE_BROKER_URL=f"redis://:{_SECRET}@127.0.0.1:{port}/0",
    )
    assert {part for part, checks in found.items() if checks[0]["state"] == "FAILED"} == {"database", "broker"}
    assert "does not answer" in found["database"][0]["detail"]
    assert found["database"][0]["remedy"] == "Check that it runs and that NEWSGATE_DATABASE_URL is right"
    assert _SECRET not in json.dumps(found)


@pytest.mark.parametrize(
    ("variables", "part", "told"),
    [
        ({"NEWSGATE_LEASE_SECONDS": "soon"}, "settings", "NEWSGATE_LEASE_SECONDS cannot be 'soon'"),
        ({"NEWSGATE_DATABASE_URL": "nonsense"}, "database", "not one SQLAlchemy understands"),
        ({"NEWSGATE_DATABASE_URL": "mysql://localhost/x"}, "database", ""),
    ],
)
def test_settings_that_cannot_be_are_a_finding(world: World, variables: dict[str, str], part: str, told: str) -> None:
    (check,) = _examined(world, code=1, **variables)[part]
    assert check["state"] == "FAILED"
    assert told in check["detail"]


def test_a_misspelt_variable_is_told_with_the_one_that_may_be_meant(world: World) -> None:
    (check,) = _examined(world, code=0, NEWSGATE_CHUNK_ROW="5")["variables"]
    assert (check["state"], check["remedy"]) == ("warning", "NEWSGATE_CHUNK_ROWS may be meant")


def test_a_home_folder_that_cannot_be_made_is_told(world: World, tmp_path: Path) -> None:
    # Whoever runs the tests may be root, who may write into any folder.
    (tmp_path / "file").touch()
    (check,) = _examined(replace(world, home=tmp_path / "file" / "home"), code=1)["home"]
    assert check["state"] == "FAILED"
    assert check["detail"].endswith("is not there and cannot be made")
    assert "NEWSGATE_HOME" in check["remedy"]


def test_a_home_folder_and_a_database_open_to_others_are_told(world: World) -> None:
    world.home.chmod(0o755)
    (world.home / "newsgate.db").chmod(0o644)
    folder, file = _examined(world, code=0)["home"]
    assert folder["state"] == file["state"] == "warning"
    assert folder["remedy"] == f"chmod 700 {world.home}"
    assert file["remedy"] == f"chmod 600 {world.home / 'newsgate.db'}"


def test_a_damaged_database_file_is_found(world: World) -> None:
    with (world.home / "newsgate.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 20))
    found = _examined(world, code=1)
    assert "FAILED" in {check["state"] for part in ("database", "integrity", "schema") for check in found.get(part, [])}


def test_a_file_that_is_no_database_is_found(world: World) -> None:
    (world.home / "newsgate.db").write_text("notes " * 2000)
    assert "is no database" in _examined(world, code=1)["database"][0]["detail"]


@pytest.mark.parametrize(
    ("revision", "oldest", "state", "remedy"),
    [
        ("0001", "0001", "warning", "Run `newsgate migrate`"),
        ("9999", "9999", "FAILED", "Install the newsgate that made it"),
        ("9999", "0001", "ok", None),
    ],
)
def test_a_schema_of_another_newsgate_is_found(
    world: World, revision: str, oldest: str, state: str, remedy: str | None
) -> None:
    database = Database(world.database_url)
    set_schema(database, revision, oldest=oldest)
    database.close()
    (check,) = _examined(world, code=int(state == "FAILED"))["schema"]
    assert (check["state"], check["remedy"]) == (state, remedy)


def test_a_clock_that_was_ahead_is_told(world: World) -> None:
    database = Database(world.database_url)
    desk = Desk(database, world.home)
    desk.enqueue(3)
    set_clock_back(database, hours=3)
    database.close()
    told = [(check["state"], check["detail"].split(" that ")[0]) for check in _examined(world, code=0)["clock"]]
    assert told == [("warning", "1 chunks are queued at a time"), ("warning", "1 batches are made at a time")]
    said = world.run("newsgate", "audit")
    assert said.code == 0, said.out
    assert "note   no stored time lies in the future (1 checked)" in said.out


def test_servers_are_examined_too(world: World, postgres_server: PostgresServer, redis_server: RedisServer) -> None:
    servers = {"NEWSGATE_DATABASE_URL": postgres_server.new_database(), "NEWSGATE_BROKER_URL": redis_server.url}
    found = _examined(world, code=1, **servers)
    (schema,) = found["schema"]
    assert (schema["state"], schema["remedy"]) == ("FAILED", "Run `newsgate migrate`")
    assert [check["state"] for part in ("database", "clock", "broker", "broker memory") for check in found[part]] == [
        "ok"
    ] * 4


def test_a_broker_that_evicts_and_one_that_wants_a_password_are_told(world: World) -> None:
    flags = ("--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb")
    with running_redis("newsgate-doctor-redis-", flags=flags) as server:
        (memory,) = _examined(world, code=0, NEWSGATE_BROKER_URL=server.url)["broker memory"]
        wrong = server.url.replace("//", f"//ann:{_SECRET}@")
        (broker,) = _examined(world, code=1, NEWSGATE_BROKER_URL=wrong)["broker"]
    assert memory["state"] == "warning"
    assert "allkeys-lru" in memory["detail"]
    assert broker["state"] == "FAILED"
    assert broker["remedy"] == "Check user and password in NEWSGATE_BROKER_URL"


def test_a_file_of_tls_that_is_not_there_is_told_and_not_the_server(world: World) -> None:
    wrong = "rediss://127.0.0.1:1/0?ssl_ca_certs=/nowhere/ca.pem"
    (broker,) = _examined(world, code=1, NEWSGATE_BROKER_URL=wrong)["broker"]
    assert "ssl_ca_certs names /nowhere/ca.pem, which cannot be read: No such file or directory" in broker["detail"]
    assert "ssl_ca_certs" in broker["remedy"]


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ("Tag: py3-none-manylinux_2_17_x86_64\nTag: py3-none-manylinux2014_x86_64\n", "manylinux_2_17_x86_64"),
        ("Tag: py3-none-linux_x86_64\n", None),
        ("", None),
    ],
)
def test_compiled_code_is_told_by_where_it_comes_from(
    tags: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path))
    monkeypatch.setattr("importlib.metadata.PathDistribution.read_text", _reading(f"Wheel-Version: 1.0\n{tags}"))
    (found,) = (check for check in examine().checks if check.part == "compiled code")
    assert found.detail.partition("; ")[2] == (f"shipped in the wheel for {told}" if told else "compiled here")


def _reading(wheel: str) -> Callable[[metadata.PathDistribution, str], str | None]:
    whole = metadata.PathDistribution.read_text
    return lambda each, name: wheel if name == "WHEEL" else whole(each, name)


@pytest.mark.parametrize(("runtime", "state"), [("auto", "warning"), ("native", "FAILED")])
def test_an_installation_without_a_compiler_is_told(
    runtime: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSGATE_RUNTIME", runtime)
    monkeypatch.setattr("newsgate.model.native.library.native_library", lambda: None)
    (found,) = (check for check in examine().checks if check.part == "compiled code")
    assert (found.state, found.remedy) == (state, "Install newsgate again where there is a C compiler")
    assert "half as fast" in found.detail
