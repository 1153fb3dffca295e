"""A running `newsgate web`, and a browser that is signed in and only asks."""

from __future__ import annotations

import contextlib
import http.client
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from benchmarks.shared.home import Home
from benchmarks.shared.processes import BenchmarkError

_START_SECONDS = 60
_COOKIE = "newsgate_session"


@dataclass(frozen=True, slots=True)
class WebSite:
    """The page: where it listens, its process, and the cookie of somebody who is signed in."""

    host: str
    port: int
    cookie: str
    process: psutil.Process

    def connect(self) -> http.client.HTTPConnection:
        """A connection of its own."""
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def ask(self, connection: http.client.HTTPConnection, path: str) -> tuple[float, str]:
        """How many milliseconds a page takes from the request to its last byte, and the page."""
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        page = answer.read()
        milliseconds = 1000 * (time.perf_counter() - began)
        if answer.status != http.HTTPStatus.OK:
            raise BenchmarkError(f"{path} gave {answer.status}")
        return milliseconds, page.decode()

    def cpu_seconds(self) -> float:
        """Processor time of the process so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def web_site(home: Home) -> Iterator[WebSite]:
    """Keep `newsgate web` running for as long as the block lasts."""
    with home.running("newsgate", "web", "--port", "0") as program:

        def address() -> str | None:
            found = re.search(r"http://\S+", program.log.read_text()) if program.log.exists() else None
            return found[0] if found else None

        program.wait_until(lambda: address() is not None, what="the page is up", seconds=_START_SECONDS)
        told = urlsplit(address() or "")
        connection = http.client.HTTPConnection(told.hostname or "", told.port)
        connection.request("GET", f"{told.path}?{told.query}")
        given = connection.getresponse().getheader("Set-Cookie") or ""
        connection.close()
        cookie = next((part for part in given.split(";") if part.startswith(_COOKIE)), None)
        if cookie is None:
            raise BenchmarkError("the page signs nobody in")
        yield WebSite(told.hostname or "", told.port or 0, cookie, psutil.Process(program.process.pid))
