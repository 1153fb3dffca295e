"""Messages that name commands and their options, in the words of the page."""

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
    "--quoting": "A quote is a character like any other",
    "--html keep": "Texts keep their marks of HTML",
    "--html": "Texts keep their marks of HTML",
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
# Quotes are for a shell; in a field they would be part of the value.
_QUOTED = re.compile("(?P<option>" + "|".join(map(re.escape, FIELDS)) + r") '(?P<value>[^']*)'")
# What the page has in the place of commands.
_COMMANDS: Final = tuple(
    (re.compile(command), words)
    for command, words in (
        (r"The column `item` of `newsgate results` has the numbers", "The verdicts of each batch lead to its items"),
        (r"`newsgate (?:results|status) (\d+)(?: --[^`]*)?`", r"the page of batch \1"),
        (r"`newsgate requeue (\d+)`", r"“Try rows again” on the page of batch \1"),
        (
            r"`newsgate reclassify (\d+) --model (\d+)(?: --wait)?` waits for the rest",
            r"The page of batch \1 shows how far it is",
        ),
        (r"`newsgate reclassify (\d+)(?: --model (?:\d+|N))?`", r"“Classify it again” on the page of batch \1"),
        (r"`newsgate status`", "the list of batches"),
        (r"`newsgate models`", "the page “Models”"),
        (r"`newsgate promote N --reason TEXT`", "“Promote” on the page “Models”"),
        (r"`enqueue` its file again", "uploading its file again"),
        (r"`enqueue` with the same file", "uploading the same file"),
        (r"enqueue --again --keep A,B", "`enqueue --again --keep A,B`"),
        (r"--limit N", "a filter of the verdicts chooses rows"),
    )
)
# The rest is only there for whoever has a terminal.
_OTHERS = re.compile(r"`(?:newsgate|enqueue) [^`]*`(?! \(in a terminal\))")


@dataclass(frozen=True, slots=True)
class Told:
    """An error as the page says it."""

    what: str
    remedy: str | None


def in_words_of_the_page(error: NewsgateError) -> Told:
    """The error with the places of the page instead of commands, and the fields of a form instead of options."""
    what = _translated(f"{error.what}.")
    told = f"{_translated(error.where)}: {what}" if error.where else _sentence(what)
    return Told(told, None if error.remedy is None else _sentence(_translated(f"{error.remedy}.")))


def note_in_words_of_the_page(note: str) -> str:
    """A note about a file, as a sentence."""
    return _sentence(_translated(f"{note}."))


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]


def _translated(said: str) -> str:
    for command, words in _COMMANDS:
        said = command.sub(words, said)
    told = _OTHERS.sub(r"\g<0> (in a terminal)", said)
    return outside_backquotes(told, _with_fields)


def _with_fields(part: str) -> str:
    unquoted = _QUOTED.sub(r"\g<option> \g<value>", part)
    return _OPTION.sub(lambda found: f"“{FIELDS[found[1]]}”", unquoted)
