"""From what stands in a cell of an .xlsx sheet to the characters that a person sees there, in one form for all."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_BUILT_IN_DATES = frozenset((*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)))
_BUILT_IN_TIMES = frozenset((*range(18, 22), *range(32, 36), 45, 47))
# What is in quotes, in brackets or behind a backslash in a number's form is no part of a date.
_NO_CODES = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_DATE_CODES = re.compile("[dmyhs]", re.IGNORECASE)
_FIRST_DAY = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001 - a workbook has no time zone
_LAST_DAY = 2_958_465
_EXACT = 1e16
_DAY_SECONDS = 86_400


class StylesHandler:
    """Finds out which styles of cells show a number as a date. dates: their numbers."""

    def __init__(self) -> None:
        self.dates: set[str] = set()
        self._forms: dict[str, str] = {}
        self._styles = 0
        self._in_cell_styles = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Note a form of numbers, or a style."""
        if name == "numFmt":
            self._forms[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_styles = True
        elif name == "xf" and self._in_cell_styles:
            if self._is_date(attributes.get("numFmtId", "0")):
                self.dates.add(str(self._styles))
            self._styles += 1

    def end(self, name: str) -> None:
        """Leave the list of styles."""
        if name == "cellXfs":
            self._in_cell_styles = False

    def text(self, text: str) -> None:
        """There are no characters in styles."""

    def _is_date(self, number: str) -> bool:
        if (form := self._forms.get(number)) is not None:
            return _DATE_CODES.search(_NO_CODES.sub("", form)) is not None
        return number.isdecimal() and int(number) in (_BUILT_IN_DATES | _BUILT_IN_TIMES)


def show_number(value: str) -> str:
    """A number without the `.0` and the last digits of binary fractions: 3, 0.1."""
    if value.isdecimal():
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    if number.is_integer() and abs(number) < _EXACT:
        return str(int(number))
    return repr(number)


def show_date(value: str, *, since_1904: bool) -> str:
    """A number of days as a date, with the time where it has one: 2024-01-31, 2024-01-31 10:00:00, 10:00:00."""
    try:
        days = float(value)
    except ValueError:
        return value
    if not 0 <= days <= _LAST_DAY:
        return show_number(value)
    seconds = round(days * _DAY_SECONDS)
    # Until the end of February Excel's 1900 has a day more.
    shift = timedelta(days=1) if not since_1904 and 1 <= days < 60 else timedelta()
    moment = _FIRST_DAY[since_1904] + timedelta(seconds=seconds) + shift
    if days < 1 and seconds:
        return f"{moment:%H:%M:%S}"
    return f"{moment:%Y-%m-%d}" if seconds % _DAY_SECONDS == 0 else f"{moment:%Y-%m-%d %H:%M:%S}"
