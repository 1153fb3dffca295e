"""How a command ends that did its work, but not on every row; errors have exit codes of their own."""

from __future__ import annotations

from typing import Final

EXIT_SOME_ROWS_BAD: Final = 3
