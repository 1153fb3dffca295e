"""The unit of docs/deployment.md: systemd takes it, and it does what the page says of it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from newsgate.worker.settings import SETTINGS

_PAGE = Path(__file__).parents[2] / "docs" / "deployment.md"
_TEXT = _PAGE.read_text(encoding="utf-8").partition("```ini\n")[2].partition("```")[0]
_UNIT = configparser.ConfigParser(interpolation=None)
_UNIT.optionxform = str  # type: ignore[assignment,method-assign]
_UNIT.read_string(_TEXT)


def test_a_worker_is_always_started_again() -> None:
    # systemd else gives up after five starts within ten seconds, which a database that is not migrated yet costs.
    assert _UNIT["Unit"]["StartLimitIntervalSec"] == "0"
    assert _UNIT["Service"]["Restart"] == "always"


def test_a_worker_may_finish_the_chunk_in_hand() -> None:
    assert int(_UNIT["Service"]["TimeoutStopSec"]) > SETTINGS["lease_seconds"].default


def test_a_user_without_a_home_folder_has_one_for_newsgate() -> None:
    folder = _UNIT["Service"]["StateDirectory"]
    assert f"NEWSGATE_HOME=/var/lib/{folder}" in _UNIT["Service"]["Environment"]
    assert _UNIT["Service"]["StateDirectoryMode"] == "0700"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    unit = tmp_path / "newsgate-worker@.service"
    unit.write_text(_TEXT.replace("/opt/newsgate/bin/newsgate", sys.executable), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert str(unit.name.partition("@")[0]) not in done.stderr
    assert done.returncode == 0
