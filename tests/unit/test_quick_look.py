"""What `newsgate up` sees at a glance of the database in its home folder, and when it looks closer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import update

from newsgate.db.session import Database
from newsgate.db.tables import models
from newsgate.tasks.running import quick_look
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.tasks.running.quick_look import is_ready
from newsgate.worker.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, migrated_file: Path) -> Settings:
    home = tmp_path / "a home, 100% #1"
    home.mkdir()
    shutil.copy(migrated_file, home / "newsgate.db")
    return Settings(home=home)


def test_a_database_with_todays_schema_and_a_champion_is_ready(settings: Settings) -> None:
    assert not is_ready(settings)
    database = Database(settings.effective_database_url)
    ensure_champion(database)
    assert is_ready(settings)
    with database.write() as connection:
        connection.execute(update(models).values(state="retired"))
    assert not is_ready(settings)
    database.close()


def test_another_schema_a_damaged_file_and_none_are_looked_at_closer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(settings.effective_database_url)
    ensure_champion(database)
    database.close()
    monkeypatch.setattr(quick_look, "HEAD_REVISION", "9999")
    assert not is_ready(settings)
    monkeypatch.undo()
    assert is_ready(settings)
    file = settings.home / "newsgate.db"
    file.write_bytes(b"this is no database" * 1000)
    assert not is_ready(settings)
    file.unlink()
    assert not is_ready(settings)


def test_a_server_is_looked_at_closer(settings: Settings) -> None:
    database = Database(settings.effective_database_url)
    ensure_champion(database)
    database.close()
    assert not is_ready(Settings(home=settings.home, database_url="postgresql+psycopg://localhost/newsgate"))
