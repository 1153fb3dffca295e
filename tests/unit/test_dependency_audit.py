"""The audit of locked libraries says what it asked about; a known hole fails it, and an absent network does not."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
_LOCK = (
    "one==1.0 \\\n    --hash=sha256:00\ntwo==2.0 ; python_version < '3.12' \\\n    --hash=sha256:00\n    # via one\n"
)
_HOLE = {"id": "PYSEC-1", "fixed_in": ["2.1"], "withdrawn": None}


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, which is in no package."""
    spec = importlib.util.spec_from_file_location("audit_dependencies", _ROOT / ".ci" / "audit_dependencies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "run.txt"
    file.write_text(_LOCK)
    return file


@contextmanager
def _service(answers: dict[str, Any]) -> Iterator[str]:
    """A service that knows these packages, by `name/version`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = answers.get(self.path.removesuffix("/json").removeprefix("/"))
            self.send_response(404 if told is None else 200)
            self.end_headers()
            if told is not None:
                self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _sound(*holes: dict[str, Any]) -> dict[str, Any]:
    return {"info": {}, "vulnerabilities": list(holes)}


@pytest.mark.parametrize(
    ("answers", "code", "printed"),
    [
        (
            {"one/1.0": _sound(), "two/2.0": _sound({**_HOLE, "withdrawn": "2026-01-01"})},
            0,
            ["dependency audit: asked about 2 locked packages, 0 known holes"],
        ),
        (
            {"one/1.0": _sound(), "two/2.0": _sound(_HOLE, {"id": "GHSA-1", "aliases": ["PYSEC-1"]})},
            1,
            ["dependency audit: asked about 2 locked packages, 1 known holes", "  two 2.0: PYSEC-1, mended in 2.1"],
        ),
        (
            {"one/1.0": _sound({"id": "PYSEC-2"})},
            1,
            [
                "dependency audit: asked about 2 locked packages, 1 known holes; NO ANSWER about 1 of them: two",
                "  one 1.0: PYSEC-2, not mended yet",
            ],
        ),
        (
            {},
            0,
            ["dependency audit: COULD NOT ASK about 2 locked packages: the service answers 404 for one 1.0"],
        ),
        (
            {"one/1.0": {"info": {}}},
            0,
            ["dependency audit: COULD NOT ASK about 2 locked packages: the service's answer has no list of holes"],
        ),
    ],
    ids=["sound", "a hole", "a hole and no answer", "no package is known", "another service"],
)
def test_what_was_asked_is_said(
    audit: ModuleType,
    lock: Path,
    capsys: pytest.CaptureFixture[str],
    answers: dict[str, Any],
    code: int,
    printed: list[str],
) -> None:
    with _service(answers) as service:
        assert audit.main(service=service, lock_files=[lock]) == code
    assert capsys.readouterr().out.splitlines() == printed


def test_a_hole_that_is_accepted_is_still_printed(
    audit: ModuleType, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with _service({"one/1.0": _sound(), "two/2.0": _sound(_HOLE)}) as service:
        assert audit.main(service=service, lock_files=[lock], accepted={"PYSEC-1": "never called"}) == 0
    assert capsys.readouterr().out.splitlines()[1] == "  two 2.0: PYSEC-1, mended in 2.1 (accepted: never called)"


def test_an_absent_network_is_told_and_fails_nothing(
    audit: ModuleType, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main(service="http://127.0.0.1:1", lock_files=[lock]) == 0
    told = capsys.readouterr().out
    assert told.startswith("dependency audit: COULD NOT ASK about 2 locked packages: the service cannot be reached")
    assert len(told.splitlines()) == 1


def test_every_lock_file_is_asked_about(audit: ModuleType) -> None:
    packages = audit.locked_packages(path.read_text() for path in audit._LOCK_FILES)
    names = {package.name for package in packages}
    assert {"celery", "redis", "psycopg", "tensorflow", "pytest"} <= names
    assert len(packages) >= len(names) > 50
