"""What is logged: newsgate's own lines, and of libraries only what is wrong, unless somebody debugs."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from newsgate.tasks.running.process import set_up_logging
from newsgate.worker.settings import load_settings

_LIBRARIES = ("alembic.runtime.migration", "alembic.runtime.plugins", "celery.beat", "celery.apps.worker", "kombu")


@pytest.fixture(autouse=True)
def _same_loggers() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("newsgate")
    before = root.level, own.level, root.handlers[:]
    yield
    root.setLevel(before[0])
    own.setLevel(before[1])
    root.handlers[:] = before[2]


@pytest.mark.parametrize(
    ("told", "own", "theirs"),
    [
        ("debug", logging.DEBUG, logging.DEBUG),
        ("info", logging.INFO, logging.WARNING),
        ("warning", logging.WARNING, logging.WARNING),
        ("error", logging.ERROR, logging.ERROR),
    ],
)
def test_libraries_are_quiet_unless_somebody_debugs(told: str, own: int, theirs: int) -> None:
    settings = load_settings(log_level=told)
    set_up_logging(settings)
    assert logging.getLogger("newsgate.supervisor").getEffectiveLevel() == own
    assert {logging.getLogger(name).getEffectiveLevel() for name in _LIBRARIES} == {theirs}
    assert settings.library_log_level.upper() == logging.getLevelName(theirs)


@pytest.mark.parametrize(("is_child", "lines"), [(False, 1), (True, 0)])
def test_what_concerns_all_programs_is_said_by_the_first(
    is_child: bool, lines: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    set_up_logging(load_settings(), is_child=is_child)
    assert capsys.readouterr().err.count("running as root") == lines
