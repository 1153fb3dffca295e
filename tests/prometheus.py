"""A real Prometheus for the tests, which reads what newsgate serves and judges it by the rules in deploy/."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.services import free_port, wait_until

# Set where no test may be skipped for what is not installed. Read now: tests see no settings of whoever runs them.
_ALL_ARE_NEEDED = bool(os.environ.get("NEWSGATE_TESTS_NEED_ALL"))
_NOT_INSTALLED = "Prometheus is not installed: RUNLEVEL=1 apt-get install prometheus"


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`. Skips the test where it is not installed, and fails where it must be."""
    found = shutil.which(name)
    if found is None:
        if _ALL_ARE_NEEDED:
            pytest.fail(_NOT_INSTALLED)
        pytest.skip(_NOT_INSTALLED)
    return found


class Prometheus:
    """One that answers queries."""

    def __init__(self, port: int) -> None:
        self._port = port

    def value(self, query: str) -> float | None:
        """The only value of an expression; None where it has none."""
        found = self._get("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else None

    def firing(self) -> set[str]:
        """The names of the alerts that fire or are about to."""
        return {each["labels"]["alertname"] for each in self._get("alerts")["alerts"]}

    def answers(self) -> bool:
        """Whether it is ready."""
        try:
            self._get("query", query="1")
        except OSError:
            return False
        return True

    def _get(self, path: str, **asked: str) -> Any:
        address = f"http://127.0.0.1:{self._port}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]


@contextmanager
def prometheus(folder: Path, *, targets: Sequence[str], rules: Path) -> Iterator[Prometheus]:
    """One that reads these targets every half second, for as long as the block lasts."""
    port = free_port()
    quick = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    jobs = [{"job_name": "newsgate", "static_configs": [{"targets": list(targets)}]}]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump({"global": quick, "rule_files": [str(rules)], "scrape_configs": jobs}))
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        server = Prometheus(port)
        wait_until(server.answers, what="Prometheus answers")
        yield server
    finally:
        process.terminate()
        process.wait(20)
