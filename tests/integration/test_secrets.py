"""deploy/make-secrets.sh: what it makes, and what it does with a password that is there already."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from newsgate.db.address import parse_address
from tests.compose import COMPOSE, ROOT, SERVICES, filled, make_secrets

_OF_POSTGRES = ("postgres_password", "database_url", "database_url_pgbouncer", "pgbouncer_users")


def test_every_password_comes_from_a_file_that_is_made_anew_for_everybody(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD: |://\w*:\w+@", text)
    for folder in ("one", "two"):
        make_secrets(tmp_path / folder)
    named = {name: filled(secret["file"], {}) for name, secret in COMPOSE["secrets"].items()}
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert used == named.keys()
    for path in named.values():
        one, two = (tmp_path / folder / Path(path).name for folder in ("one", "two"))
        # Users of containers must read it, and nobody else gets into the folder.
        assert one.stat().st_mode & 0o777 == 0o444
        assert one.read_text() != two.read_text()
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700
    past = {"DATABASE_URL_SECRET": "database_url_pgbouncer", "BROKER_URL_SECRET": "broker_url_sentinel"}
    for secret, variable in (("database_url", "DATABASE_URL_SECRET"), ("broker_url", "BROKER_URL_SECRET")):
        assert (tmp_path / "one" / Path(filled(COMPOSE["secrets"][secret]["file"], past)).name).is_file()
        assert past[variable]


def test_secrets_that_are_there_stay_and_a_database_keeps_its_password(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets", POSTGRES_PASSWORD="old1")
    before = {file.name: file.read_bytes() for file in (tmp_path / "secrets").iterdir()}
    assert b"://newsgate:old1@postgres:5432/" in before["database_url"]
    (tmp_path / "secrets" / "broker_url").unlink()
    make_secrets(tmp_path / "secrets")
    assert {file.name: file.read_bytes() for file in (tmp_path / "secrets").iterdir()} == before


@pytest.mark.parametrize("password", ["p@ss/w:o%r?d#", 'a "quote", a \\n and a $HOME', "Größe"])
def test_a_database_may_have_any_password(password: str, tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets", POSTGRES_PASSWORD=password)
    read = {name: (tmp_path / "secrets" / name).read_text(encoding="utf-8") for name in _OF_POSTGRES}
    assert read["postgres_password"] == f"{password}\n"
    for name, host in (("database_url", "postgres"), ("database_url_pgbouncer", "pgbouncer")):
        address = parse_address(read[name].strip())
        assert (address.username, address.password, address.host) == ("newsgate", password, host)
    doubled = password.replace('"', '""')
    assert read["pgbouncer_users"] == f'"newsgate" "{doubled}"\n'


def test_a_password_that_comes_too_late_is_not_left_out_in_silence(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    before = (tmp_path / "secrets" / "postgres_password").read_bytes()
    with pytest.raises(subprocess.CalledProcessError) as refused:
        make_secrets(tmp_path / "secrets", POSTGRES_PASSWORD="the old one")
    (line,) = refused.value.stderr.decode().splitlines()
    assert line.endswith("Delete that file if POSTGRES_PASSWORD is the one that the database has")
    assert (tmp_path / "secrets" / "postgres_password").read_bytes() == before
    make_secrets(tmp_path / "secrets", POSTGRES_PASSWORD=before.decode().strip())
