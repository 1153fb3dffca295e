"""What the programs hold in memory, by the operating system's own account."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.programs import BIN, World

_MEBIBYTE_KIBIBYTES = 1024


@pytest.mark.long
def test_enqueue_of_a_million_rows_stays_under_150_mb(alone: World, tmp_path: Path) -> None:
    file = tmp_path / "million.csv"
    with file.open("w") as stream:
        stream.write("id,text\n")
        stream.writelines(f"{number},post {number} says what a hundred others said\n" for number in range(1_000_000))
    process = subprocess.Popen(
        [str(BIN / "enqueue"), str(file)],
        env=alone.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak_kibibytes = _peak_until_exit(process)
    assert process.returncode == 0
    assert alone.status(1).total == 1_000_000
    assert 0 < peak_kibibytes < 150 * _MEBIBYTE_KIBIBYTES
    alone.assert_sound()


def _peak_until_exit(process: subprocess.Popen[bytes]) -> int:
    # Not getrusage: its peak begins with what the parent held when it forked, and a test session holds a lot.
    peak = 0
    while process.poll() is None:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        if found and _program(process.pid) != _program(os.getpid()):
            peak = int(found[1])
        time.sleep(0.02)
    return peak


def _program(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
