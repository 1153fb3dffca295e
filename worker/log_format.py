"""How a line of the log looks: text for people, or one JSON object for programs, with what it is about."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, Literal

LogFormat = Literal["text", "json"]
TEXT_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_ABOUT: ContextVar[dict[str, int | str] | None] = ContextVar("about", default=None)


@contextmanager
def about(**ids: int | str) -> Iterator[None]:
    """Have every line that this thread logs in the block name these: batch, run, chunk, attempt, period."""
    token = _ABOUT.set({**(_ABOUT.get() or {}), **ids})
    try:
        yield
    finally:
        _ABOUT.reset(token)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, process, then what it is about, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **(_ABOUT.get() or {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def formatter_for(log_format: LogFormat) -> logging.Formatter:
    """What `logging` is given for this format."""
    return JsonFormatter() if log_format == "json" else logging.Formatter(TEXT_FORMAT)
