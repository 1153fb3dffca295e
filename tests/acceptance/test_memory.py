"""What the programs hold in memory, by the operating system's own account."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.programs import BIN, World

_MEBIBYTE_KIBIBYTES = 1024


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
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert alone.status(1).total == 1_000_000
    assert usage.ru_maxrss < 150 * _MEBIBYTE_KIBIBYTES
    alone.assert_sound()
