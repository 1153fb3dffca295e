"""How `--help` is asked for, and how wide it is, in both programs."""

from __future__ import annotations

from typing import Any, Final

HELP_SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
