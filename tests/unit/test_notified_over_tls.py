"""A notification over TLS reaches whom the certificate names, and nobody else."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from newsgate.db.notifications import Owed
from newsgate.tasks.notifying.send import NobodyAnsweredError, send
from newsgate.worker.settings import load_settings


@dataclass
class Heard:
    """What arrived at a port: the header Host of each."""

    port: int
    hosts: list[str] = field(default_factory=list)


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    named = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run([*made, *named], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            told.hosts.append(self.headers["Host"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        told = Heard(server.server_port)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield told
        server.shutdown()


def _owed(target: str) -> Owed:
    return Owed(1, 1, target, 1, "posts.csv", 1, 1, "done", 3, 3, 0, 0, None)


def test_it_arrives_where_the_certificate_says_so(heard: Heard) -> None:
    send(_owed(f"https://localhost:{heard.port}/done"), load_settings())
    assert heard.hosts == [f"localhost:{heard.port}"]


def test_a_certificate_of_another_name_or_of_nobody_known_is_refused(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NobodyAnsweredError, match="CERTIFICATE_VERIFY_FAILED"):
        send(_owed(f"https://127.0.0.1:{heard.port}/done"), load_settings())
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NobodyAnsweredError, match="CERTIFICATE_VERIFY_FAILED"):
        send(_owed(f"https://localhost:{heard.port}/done"), load_settings())
    assert heard.hosts == []
