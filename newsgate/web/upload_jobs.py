"""Files that were uploaded: each is enqueued in a thread of its own, by the task behind `enqueue`."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final

from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError, NeverMetModelError
from newsgate.tasks.enqueueing.request import Enqueued, Progress, Request

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.worker.settings import Settings

log = logging.getLogger("newsgate.web")

# Long enough to look up what the labels of a file mean.
KEPT_SECONDS: Final = 3600.0
_MOST_KEPT = 20


@dataclass(slots=True)
class Upload:
    """One uploaded file and what becomes of it. Its thread writes the last four, one after the other.

    owner: the session it came from. known_batch: the one that holds the same file already.
    """

    id: str
    owner: str
    name: str
    file: IO[bytes]
    at: float
    form: dict[str, str] = field(default_factory=dict)
    progress: Progress | None = None
    done: Enqueued | None = None
    error: NewsgateError | None = None
    is_running: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What `enqueue` says about a file that it has read."""
        return () if self.done is None else (*self.done.layout.notes, *self.done.warnings)

    @property
    def known_batch(self) -> int | None:
        """The batch that holds the same file already."""
        known = self.error
        return known.batch if isinstance(known, AlreadyEnqueuedError | NeverMetModelError) else None


class UploadJobs:
    """The uploaded files of the last hour. A file is gone once it is a batch. clock: for tests."""

    def __init__(self, database: Database, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._uploads: dict[str, Upload] = {}
        self._is_closed = False

    def take(self, file: IO[bytes], *, name: str, owner: str) -> Upload:
        """Keep a file for a session until it is enqueued; the oldest ones give way."""
        upload = Upload(secrets.token_urlsafe(16), owner, name, file, self._clock())
        with self._lock:
            idle = [each for each in self._uploads.values() if not each.is_running]
            surplus = max(0, len(self._uploads) + 1 - _MOST_KEPT)
            for each in idle[:surplus]:
                self._uploads.pop(each.id).file.close()
            self._uploads[upload.id] = upload
        return upload

    def forget_old(self) -> None:
        """Forget the files that nobody has answered about for an hour."""
        with self._lock:
            idle = [each for each in self._uploads.values() if not each.is_running]
            for each in idle:
                if self._clock() - each.at > KEPT_SECONDS:
                    self._uploads.pop(each.id).file.close()

    def find(self, id_: str, *, owner: str) -> Upload | None:
        """The upload of this session with that id."""
        with self._lock:
            upload = self._uploads.get(id_)
        return upload if upload is not None and upload.owner == owner else None

    def start(self, upload: Upload, request: Request, *, patience_seconds: float) -> None:
        """Begin to enqueue the file, and wait so long for the end: most files are small."""
        with self._lock:
            if upload.is_running or upload.done is not None:
                return
            upload.is_running, upload.error, upload.progress = True, None, None
        thread = threading.Thread(target=self._run, args=(upload, request), name=f"upload-{upload.id}", daemon=True)
        thread.start()
        thread.join(patience_seconds)

    def close(self) -> None:
        """Forget every file. What is being enqueued stays as `enqueue` leaves it when it is killed: it can go on."""
        with self._lock:
            self._is_closed = True
            for upload in self._uploads.values():
                if not upload.is_running:
                    upload.file.close()
            self._uploads.clear()

    def _run(self, upload: Upload, request: Request) -> None:
        def tell(progress: Progress) -> None:
            upload.progress = progress

        try:
            upload.file.seek(0)
            upload.done = enqueue(
                request, settings=self._settings, database=self._database, progress=tell, stream=upload.file
            )
        except NewsgateError as error:
            upload.error = error
        except OSError as error:
            log.exception("the file %r could not be enqueued", upload.name)
            upload.error = NewsgateError(
                f"it cannot be read or stored: {error.strerror or error}",
                where=upload.name,
                remedy="Tell whoever runs the page, then send it again; what is stored already is not stored twice",
            )
        except Exception:
            log.exception("the file %r could not be enqueued", upload.name)
            upload.error = NewsgateError("this is a defect of newsgate; its log says more", where=upload.name)
        finally:
            upload.is_running = False
            if upload.done is not None or self._is_closed:
                upload.file.close()
