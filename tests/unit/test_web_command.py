"""`newsgate web` before it serves: what it refuses, and whom it lets in."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.foundation.errors import WrongUsageError
from newsgate.main import newsgate
from newsgate.web.people import People
from newsgate.web.server import serve
from newsgate.worker.settings import SETTINGS, load_settings


def refused(**told: object) -> str:
    """What is said of settings with which no page is served."""
    with pytest.raises(WrongUsageError) as raised:
        serve(load_settings(**told), People([]), ())
    return str(raised.value)


def test_without_its_libraries_it_says_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "starlette" else find(name))
    for typed in (["web"], ["up", "--web"]):
        done = CliRunner().invoke(newsgate, typed)
        assert done.exit_code == 1
        assert "the libraries of the web page are missing. Run: " in done.stderr
        assert "[web]" in done.stderr


def test_other_machines_are_let_in_only_by_tls() -> None:
    assert "would travel without TLS" in refused(web_host="0.0.0.0")
    assert "would travel without TLS" in refused(web_host="0.0.0.0", web_public_url="http://news.example.org")


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    file = tmp_path / "certificate.pem"
    file.write_text("none")
    assert "belong together" in refused(web_tls_certificate=str(file))
    assert "certificate and key cannot be used" in refused(web_tls_certificate=str(file), web_tls_key=str(file))


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "Choose another with --port" in refused(web_port=taken.getsockname()[1])


@pytest.mark.parametrize("url", ["news.example.org", "ftp://news.example.org", "https://example.org/news", "https://"])
def test_an_address_that_no_page_can_have_is_refused(url: str) -> None:
    with pytest.raises(WrongUsageError, match="NEWSGATE_WEB_PUBLIC_URL"):
        load_settings(web_public_url=url)


def test_the_help_needs_none_of_the_libraries() -> None:
    code = (
        "import sys; from newsgate.main import newsgate; print({'starlette', 'uvicorn', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_settings_listen_on_this_machine_alone() -> None:
    assert SETTINGS["web_host"].default == "127.0.0.1"
