"""What addresses may show of themselves, and how far a TLS broker is trusted by default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from newsgate.db.errors import DatabaseError
from newsgate.db.session import Database
from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.settings import UnsafeFolderError, load_settings, prepare_home, unknown_variables

_SECRET = "hunter2"


@pytest.mark.parametrize(
    "address",
    [
        f"redis://:{_SECRET}@localhost:6379/0",
        f"rediss://ann:{_SECRET}@localhost:6379/0?ssl_keyfile=x&password={_SECRET}",
        f"redis://ann:{_SECRET}@one/0;redis://ann:{_SECRET}@two/0",
    ],
)
def test_a_broker_address_is_shown_without_its_password(address: str) -> None:
    settings = load_settings(broker_url=address)
    assert _SECRET not in settings.display_broker_url + repr(settings) + str(settings)
    assert ":***@" in settings.display_broker_url


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ann:{_SECRET}@localhost/news",
        f"postgresql://ann@localhost/news?password={_SECRET}&sslpassword={_SECRET}",
    ],
)
def test_a_database_address_is_shown_without_its_password(address: str) -> None:
    assert _SECRET not in Database(address).display_url
    assert _SECRET not in repr(load_settings(database_url=address))


@pytest.mark.parametrize(
    "address", [f"redis://ann:x/{_SECRET}@localhost/0", f"amqp://{_SECRET}", f"redis://localhost:{_SECRET}"]
)
def test_a_broker_address_that_cannot_be_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(WrongUsageError, match="NEWSGATE_BROKER_URL cannot be what it is: write it as") as refused:
        load_settings(broker_url=address)
    assert _SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "address", [f"postgresql://ann:x@{_SECRET}@localhost/news", f"postgresql://ann@localhost:{_SECRET}/news", _SECRET]
)
def test_a_database_address_that_cannot_be_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(DatabaseError, match="database address") as refused:
        Database(address)
    assert _SECRET not in str(refused.value)


def test_a_tls_broker_is_verified_unless_its_address_says_otherwise() -> None:
    given = "rediss://localhost/0"
    assert _tls_of(given) == {"ssl_cert_reqs": "required"}
    trusting = f"{given}?ssl_cert_reqs=none"
    assert _tls_of(trusting) == {"ssl_cert_reqs": "none"}
    with_authority = f"{given}?ssl_ca_certs=/ca.pem"
    assert _tls_of(with_authority) == {"ssl_ca_certs": "/ca.pem", "ssl_cert_reqs": "required"}


def _tls_of(address: str) -> dict[str, Any]:
    (parsed,) = load_settings(broker_url=address).broker_addresses
    return {name: value for name, value in parsed.options.items() if name.startswith("ssl_")}


def test_a_socket_folder_in_tmp_that_others_may_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings = load_settings(home=tmp_path / ("long" * 30))
    folder = settings.broker_socket.parent
    folder.mkdir(mode=0o755)
    with pytest.raises(UnsafeFolderError, match="open to others"):
        prepare_home(settings)
    folder.rmdir()
    prepare_home(settings)
    assert folder.stat().st_mode & 0o777 == 0o700
    prepare_home(settings)


def test_a_socket_folder_in_tmp_that_is_a_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings = load_settings(home=tmp_path / ("long" * 30))
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    settings.broker_socket.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeFolderError, match="open to others"):
        prepare_home(settings)


def test_misspelt_variables_are_found_with_what_may_be_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("NEWSGATE_CHUNK_ROW=5\nNEWSGATE_LEASE_SECONDS=5\n")
    monkeypatch.setenv("NEWSGATE_XYZZY", "1")
    assert unknown_variables() == {"NEWSGATE_CHUNK_ROW": "NEWSGATE_CHUNK_ROWS", "NEWSGATE_XYZZY": None}
