"""Messages that name options of a command, in the words of a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from newsgate.foundation.backquotes import outside_backquotes
from newsgate.foundation.errors import NewsgateError

# What a form calls the options of `enqueue`. Longer names first: --label is the beginning of --labels.
FIELDS: Final[Mapping[str, str]] = {
    "--text-column": "Text column",
    "--id-column": "Id column",
    "--label-column": "Label column",
    "--labels": "Meaning of the labels",
    "--label": "Every row is",
    "--no-header": "The first line is a row",
    "--delimiter": "Delimiter",
    "--encoding": "Encoding",
    "--quoting none": "A quote is a character like any other",
    "--member": "File of the archive",
    "--sheet": "Sheet",
    "--records": "Where the records are",
    "--columns": "Names of the columns",
    "--from": "Tool that wrote it",
    "--again": "Enqueue it once more",
    "--model": "Model",
    "--name": "Name of the batch",
}
_OPTION = re.compile("(" + "|".join(map(re.escape, FIELDS)) + r")(?![\w-])")
_RESULTS = re.compile(r"`newsgate results (\d+)(?: --[^`]*)?`")
_REPORTED = re.compile(r"`newsgate status`")


@dataclass(frozen=True, slots=True)
class Told:
    """An error as the page says it."""

    what: str
    remedy: str | None


def in_words_of_the_page(error: NewsgateError) -> Told:
    """The error with the fields of a form in the place of options."""
    what = _translated(f"{error.what}.")
    told = f"{_translated(error.where)}: {what}" if error.where else _sentence(what)
    return Told(told, None if error.remedy is None else _sentence(_translated(f"{error.remedy}.")))


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]


def _translated(said: str) -> str:
    told = _REPORTED.sub("the list of batches", _RESULTS.sub(r"the page of batch \1", said))
    return outside_backquotes(told, lambda part: _OPTION.sub(lambda found: f"“{FIELDS[found[1]]}”", part))
