"""When which host classified something, by the desk's own clock, and the files that keep them at work."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy.exc import DBAPIError

from benchmarks.hosts.site import WORKER_HOSTS
from benchmarks.hosts.watched import Watched
from benchmarks.shared.processes import BenchmarkError
from benchmarks.shared.synthetic_texts import make_posts, write_posts
from newsgate.db.errors import DatabaseError

_LOOK_SECONDS: Final = 0.1
_FILE_EVERY_SECONDS: Final = 1.0


class Timeline:
    """The moments at which each host was seen to have classified another chunk, while the block lasts.

    They are seconds of `time.monotonic`.
    """

    def __init__(self, site: Watched) -> None:
        self._site = site
        self._seen: list[tuple[float, str]] = []
        self._known: dict[str, int] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="timeline")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def wait_for_all_hosts(self, *, since: float, seconds: float) -> float:
        """Wait until each host has classified a chunk after `since`; gives how long after that the last one had.

        Raises BenchmarkError where that takes longer than `seconds`.
        """
        while True:
            firsts = [self._first(host, since=since) for host in WORKER_HOSTS]
            if None not in firsts:
                return max(first - since for first in firsts if first is not None)
            if time.monotonic() - since > seconds:
                raise BenchmarkError(f"not every host worked again within {seconds:g} s; the logs: {self._site.folder}")
            time.sleep(_LOOK_SECONDS)

    def longest_pause(self, *, since: float, until: float) -> float:
        """Return the longest time between two chunks that anybody classified."""
        moments = [since, *(at for at, _ in self._seen if since < at < until), until]
        return max(later - earlier for earlier, later in itertools.pairwise(moments))

    def _first(self, host: str, *, since: float) -> float | None:
        return next((at for at, name in list(self._seen) if name == host and at > since), None)

    def _look(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            # The database may be away.
            with contextlib.suppress(DatabaseError, DBAPIError):
                done = self._site.chunks_done()
                at = time.monotonic()
                self._seen += [(at, host) for host, count in done.items() if count > self._known.get(host, 0)]
                self._known |= done


@dataclass
class Feed:
    """Files that were enqueued so far. rows: in those that were acknowledged, which are `files`."""

    rows: int = 0
    files: list[Path] = field(default_factory=list)


@contextlib.contextmanager
def feeding(site: Watched, *, rows: int, files: int | None = None) -> Iterator[Feed]:
    """Enqueue another file every second for as long as the block lasts; the last one is stored when it ends.

    rows: of each file. files: enqueue exactly so many, also after the end of the block.
    """
    feed, is_over = Feed(), threading.Event()

    def work() -> None:
        posts = make_posts(seed=4)
        number = 0
        while number < files if files else not is_over.wait(_FILE_EVERY_SECONDS):
            number += 1
            file = write_posts(site.folder / f"{number}.csv", posts, rows=rows)
            _enqueue_in_the_end(site, file, rows=rows)
            feed.rows += rows
            feed.files.append(file)

    thread = threading.Thread(target=work, name="feed")
    thread.start()
    try:
        yield feed
    finally:
        is_over.set()
        thread.join()


def _enqueue_in_the_end(site: Watched, file: Path, *, rows: int) -> None:
    """Type the command again until all rows are stored: it goes on where it was."""
    while True:
        try:
            site.enqueue(file)
        except BenchmarkError:
            # It may have stored all of them and not have lived to say so; typed again it would say that they are known.
            with contextlib.suppress(DatabaseError, DBAPIError):
                if site.count(f"select coalesce(sum(accepted), 0) from batches where name = '{file.name}'") == rows:
                    return
            time.sleep(_LOOK_SECONDS)
        else:
            return
