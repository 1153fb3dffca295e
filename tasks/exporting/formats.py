"""The formats in which tables leave, told by the ending of a file's name or by `--format`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from newsgate.foundation.errors import WrongUsageError

Format = Literal["csv", "tsv", "json", "jsonl", "parquet", "xlsx"]
Packing = Literal["gzip", "bzip2", "xz", "zstd"]

FORMATS: tuple[Format, ...] = ("csv", "tsv", "jsonl", "json", "parquet", "xlsx")
_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
_PACKINGS: dict[str, Packing] = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
_PACKED_ALREADY = ("parquet", "xlsx")
_KNOWN = "Known are .csv, .tsv, .jsonl, .json, .parquet and .xlsx, the first four also with .gz, .bz2, .xz or .zst"


@dataclass(frozen=True, slots=True)
class OutputForm:
    """How a table is written. form: also `table`, for reading on a terminal."""

    form: str
    packing: Packing | None = None

    @property
    def is_binary(self) -> bool:
        """Whether what is written is no text."""
        return self.form in _PACKED_ALREADY or self.packing is not None

    @property
    def ending(self) -> str:
        """Of the name of a file in this form, where nobody has given it one."""
        return ".txt" if self.form == "table" else f".{self.form}"


def choose_form(output: str | None, *, said: str | None, if_unsaid: str = "csv") -> OutputForm:
    """Decide how a file is written: as `--format` says, else as its ending does. Raises WrongUsageError.

    output: None and `-` are standard output. if_unsaid: the form where neither says anything.
    """
    if output is None or output == "-":
        return OutputForm(said or if_unsaid)
    name = PurePath(output.casefold())
    packing = _PACKINGS.get(name.suffix)
    ending = name.with_suffix("").suffix if packing else name.suffix
    if said is None and not ending and packing is None:
        return OutputForm("csv")
    form = said or _FORMATS.get(ending)
    if form is None:
        unknown = f"{ending}{name.suffix}" if packing else ending
        raise WrongUsageError(
            f"{output}: no format has the ending {unknown}", remedy=f"{_KNOWN}; --format writes one under any name"
        )
    if packing is not None and form in _PACKED_ALREADY:
        raise WrongUsageError(f"{output}: .{form} is compressed already", remedy=f"Leave out {name.suffix}")
    return OutputForm(form, packing)
