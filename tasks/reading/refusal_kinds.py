"""Kinds of reasons for refusing rows: what is left of a reason without the one value or number that it is about."""

from __future__ import annotations

import re

_ONE_CASE = re.compile(r"'[^']*'|\"[^\"]*\"|\b0x[0-9A-Fa-f]+\b|\b\d[\d,.-]*\b")


def kind_of_reason(reason: str) -> str:
    """The reason, with `…` for what differs from row to row."""
    return _ONE_CASE.sub("…", reason)
