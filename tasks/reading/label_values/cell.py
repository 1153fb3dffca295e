"""The label of a row in the one form in which labels are compared: a string, or None where nobody said anything."""

from __future__ import annotations

import json


def label_text(value: object) -> str | None:
    """What a value of JSON, of a workbook or of Parquet says as a label; a list of one is that one."""
    if isinstance(value, (list, tuple)) and len(value) <= 1:
        value = value[0] if value else None
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (list, dict)) else str(value)
