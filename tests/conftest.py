"""What every test may ask for.

Three tiers. `make test-fast` runs tests/unit, which needs neither servers nor TensorFlow. `make test` runs everything
but soaks: tests/integration has real databases in the test's own process, tests/acceptance the real programs,
tests/faults kills them. Soaks are marked `slow`, take minutes each and are run by hand: `pytest -m slow`.

Servers are started and databases are made once a process, for the first test that asks. Every test gets a database of
its own: a copy of one that is made already.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from newsgate.db.schema import ensure_schema, migrate
from newsgate.db.session import Database
from newsgate.tasks.running.open_database import ensure_champion
from tests.pgbouncer import PgBouncer
from tests.programs import World, close_databases
from tests.run_order import longest_first, process_count
from tests.services import PostgresServer, RedisServer, folder_in_memory, running_redis, short_folder
from tests.statements import share_compiled_statements


def pytest_configure() -> None:
    share_compiled_statements()
    # How long an example takes is the machine's business, and that of whatever else runs there.
    hypothesis.settings.register_profile("unhurried", deadline=None)
    hypothesis.settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if process_count() > 1:
        items[:] = longest_first(items, processes=process_count())


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test sees the settings, the `.env` or the home folder of the person who runs it, or leaves a database open."""
    import os

    for name in list(os.environ):
        if name.startswith("NEWSGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path / "home"))
    yield
    close_databases()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with running_redis("newsgate-redis-") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with short_folder("newsgate-pg-") as folder, short_folder("newsgate-pg-", below=folder_in_memory()) as data:
        server = PostgresServer(folder / "server", data=data)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with newsgate's schema, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "newsgate.db"
    made = Database(f"sqlite:///{file}")
    migrate(made)
    made.close()
    return file


@pytest.fixture(scope="session")
def migrated_file_with_starter(migrated_file: Path) -> Path:
    """The same with the starter model as champion, which takes longer to store than most tests take."""
    file = Path(shutil.copyfile(migrated_file, migrated_file.with_name("starter.db")))
    made = Database(f"sqlite:///{file}")
    ensure_champion(made)
    made.close()
    return file


@pytest.fixture(scope="session")
def prepared_home() -> Iterator[Path]:
    """A home folder as `newsgate migrate` makes it, schema and starter model, to be copied."""
    with short_folder("newsgate-home-") as folder:
        done = World(folder / "home", "").run("newsgate", "migrate")
        assert done.code == 0, done.err
        yield folder / "home"


@pytest.fixture
def pgbouncer(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    """A pooler before the session's PostgreSQL, which gives each transaction whichever session is free."""
    with PgBouncer.running(postgres_server) as pooler:
        yield pooler


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'newsgate.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with newsgate's schema, once of each kind; where there is a `desk`, with the starter model too.

    A test may ask for a third kind, "partitioned": a PostgreSQL whose tables are.
    """
    server: PostgresServer | None = None
    has_starter = "desk" in request.fixturenames
    if request.param == "sqlite":
        made: Path = request.getfixturevalue("migrated_file_with_starter" if has_starter else "migrated_file")
        url = f"sqlite:///{shutil.copyfile(made, tmp_path / 'newsgate.db')}"
    else:
        server = request.getfixturevalue("postgres_server")
        if request.param == "partitioned":
            url = server.partitioned_database(prepared=has_starter)
        else:
            url = server.prepared_database() if has_starter else server.new_database(migrated=True)
    opened = Database(url)
    ensure_schema(opened)
    yield opened
    opened.close()
    if server is not None:
        server.drop(url)
