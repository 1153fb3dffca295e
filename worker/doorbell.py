"""Ringing workers. The rows are safe before the bell is touched, so a broken bell is a warning, never an error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from worker.settings import Settings

if TYPE_CHECKING:
    from celery import Celery


class Doorbell:
    """Tells workers which chunks wait. After the first failure it stays silent: the sweeper finds the rest."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app: Celery | None = None
        self.fault: str | None = None

    def ring(self, chunks: Iterable[int]) -> None:
        """Send one message a chunk; on failure keep the reason in `fault` and send no more."""
        from worker.celery import CLASSIFY_TASK

        for chunk in chunks:
            if self.fault is not None:
                return
            try:
                self._celery().send_task(CLASSIFY_TASK, args=(chunk,), retry=False, ignore_result=True)
            except Exception as error:  # noqa: BLE001 - kombu raises many kinds, and none may cost the rows
                self.fault = _reason(error)

    def close(self) -> None:
        """Close the connections to the broker."""
        if self._app is not None:
            self._app.close()

    def _celery(self) -> Celery:
        if self._app is None:
            from worker.celery import make_app

            if self._settings.broker_is_private and not self._settings.broker_socket.exists():
                raise ConnectionError("no newsgate is running here")
            self._app = make_app(self._settings)
        return self._app


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
