"""TensorFlow is loaded without what it says to its own developers on the way.

Its C++ part logs, before anybody can tell it how much, which of its parts are on and that there is no graphics card.
TF_CPP_MIN_LOG_LEVEL does not concern these lines, and a person takes them for something to be mended.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Final

_STANDARD_ERROR: Final = 2
# Lines of its log that are no warnings, and the one that says why they are written at all.
_CHATTER: Final = re.compile(rb"I\d{4} |WARNING: All log messages before absl::InitializeLog\(\) is called ")


def load_tensorflow() -> None:
    """Load it, which takes seconds. Raises ImportError where it is not installed."""
    if "tensorflow" not in sys.modules:
        with without_chatter():
            import_module("tensorflow")


@contextmanager
def without_chatter() -> Iterator[None]:
    """What the process writes to standard error comes at the end of the block, without such lines."""
    sys.stderr.flush()
    try:
        kept = os.dup(_STANDARD_ERROR)
    except OSError:
        # It is closed: nothing can be said there.
        yield
        return
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), _STANDARD_ERROR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not _CHATTER.match(line):
                    os.write(_STANDARD_ERROR, line)
