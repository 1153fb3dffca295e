"""Compiling the C sources into one shared library: done once, when newsgate is installed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARY = "_native.so"
SOURCES = ("lstm.c", "tokenizer.c", "wide.c", "familiarity.c")
# No -march: each instruction set has its own functions, chosen when the library is loaded. No -ffast-math: it would
# take apart the sum that rounds.
FLAGS = ("-O3", "-std=gnu11", "-Wall", "-Wextra", "-fvisibility=hidden", "-fPIC", "-shared")
_PATIENCE_SECONDS = 120


class CannotBuildError(Exception):
    """There is no compiler, or it refuses the sources."""


def build(folder: Path = FOLDER) -> Path:
    """Compile the sources with `$CC`, or `cc`, into `folder`, and return the library. Raises CannotBuildError.

    Uses nothing but the standard library: it runs before newsgate's dependencies are there.
    """
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if not compiler or shutil.which(compiler[0]) is None:
        raise CannotBuildError(f"there is no C compiler ({' '.join(compiler) or 'CC is empty'})")
    library = folder / LIBRARY
    # Under another name first: a running worker has the old library mapped, and must not see it change.
    unfinished = library.with_suffix(f".{os.getpid()}.part")
    command = [*compiler, *FLAGS, "-o", str(unfinished), *(str(FOLDER / source) for source in SOURCES)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS)
        if done.returncode != 0:
            raise CannotBuildError(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stderr.strip()}")
        unfinished.replace(library)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuildError(f"{compiler[0]} did not run: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return library
