"""The root of every error a person may see.

A room defines its own errors beside the code that raises them, as subclasses of `NewsgateError`, with the facts as
attributes. The command line prints `str(error)` as one line and exits with `exit_code`; nothing else is a message
for people, so anything that is not a `NewsgateError` is a defect and keeps its traceback.
"""

from __future__ import annotations


class NewsgateError(Exception):
    """Something a person can understand and mend.

    what: the fault, as a sentence without its full stop.
    where: the file, row, batch or address it happened at, if there is one.
    remedy: what to do next, as a sentence without its full stop.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f". {self.remedy}" if self.remedy else ""
        return " ".join(f"{place}{self.what}{remedy}".split())


class WrongUsageError(NewsgateError):
    """The command was given options that cannot go together, or a value that cannot be."""

    exit_code = 2
