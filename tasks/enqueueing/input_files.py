"""What a person names to be read: files, patterns such as `posts-*.csv`, and folders."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from newsgate.model.labels import Label
from newsgate.tasks.reading import EmptyFileError, MissingFileError, ReadError, UnreadableFileError

READ_ENDINGS = frozenset(
    {".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".jsonlines", ".xlsx", ".ods", ".parquet", ".zip"}
)
_PACKED_ENDINGS = frozenset({".gz", ".bz2", ".xz", ".zst", ".zstd"})
# Text files about the data, which lie beside them.
_ABOUT = re.compile(r"(?:read[-_ ]?me|licen[cs]e|copying|notice|citation|change(?:s|log)|requirements|sha\d+sums?)\b")
_TEXT_LEAST_WORDS = 3
_SHOWN_TEXT_CHARS = 200


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to read. label: of all its rows, if that was said. error: why there is nothing to read."""

    path: str
    label: Label | None = None
    error: ReadError | None = None


@dataclass(frozen=True, slots=True)
class SkippedFiles:
    """What of a folder is not read: names in it, those of folders with a slash at the end."""

    folder: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputFiles:
    """What was named, in its order; a folder's and a pattern's files in the order of their names, each file once.

    are_several: whether more than one file may be meant, by what was typed: several names, a folder or a pattern.
    """

    files: tuple[InputFile, ...]
    skipped: tuple[SkippedFiles, ...]
    are_several: bool


def find_input_files(named: Sequence[tuple[str, Label | None]]) -> InputFiles:
    """Find the files of what was typed, each with the label of all its rows.

    Raises MissingFileError where a text was typed in the place of a file.
    """
    _refuse_typed_text([name for name, _ in named])
    found: list[InputFile] = []
    skipped: list[SkippedFiles] = []
    are_several = len(named) > 1
    for name, label in named:
        if _is_folder(name):
            files, others = _files_of_folder(name, label)
            skipped += others
        elif _is_pattern(name):
            files = _files_of_pattern(name, label)
        else:
            found.append(InputFile(name, label))
            continue
        found += files
        are_several = True
    return InputFiles(tuple(_each_once(found)), tuple(skipped), are_several)


def stem_of(path: str) -> str:
    """The name of a file without what says its format and compression: posts of data/posts.csv.gz."""
    if path == "-":
        return "stdin"
    name = PurePath(path)
    for endings in (_PACKED_ENDINGS, READ_ENDINGS):
        if name.suffix.casefold() in endings:
            name = PurePath(name.stem)
    return name.name


def _files_of_folder(folder: str, label: Label | None) -> tuple[list[InputFile], list[SkippedFiles]]:
    try:
        names = sorted((each.name for each in Path(folder).iterdir()), key=_natural_order)
    except OSError as error:
        unreadable = UnreadableFileError(
            f"the folder cannot be read ({error.strerror})", where=folder, remedy="Allow it, or name a file"
        )
        return [InputFile(folder, label, unreadable)], []
    taken = {name for name in names if _is_read(name) and (Path(folder) / name).is_file()}
    others = tuple(_with_slash(folder, name) for name in names if name not in taken)
    skipped = [SkippedFiles(folder, others)] if others else []
    if not taken:
        nothing = EmptyFileError(
            "the folder has no file that newsgate reads",
            where=folder,
            remedy="Name a file, or a pattern in quotes for the folders in it: 'FOLDER/*/*.csv'",
        )
        return [InputFile(folder, label, nothing)], skipped
    return [InputFile(str(Path(folder) / name), label) for name in names if name in taken], skipped


def _files_of_pattern(pattern: str, label: Label | None) -> list[InputFile]:
    import glob

    # Not Path.glob, which knows no absolute patterns.
    paths = sorted(glob.glob(pattern, recursive=True), key=_natural_order)  # noqa: PTH207
    files = [InputFile(path, label) for path in paths if not _is_folder(path)]
    if files:
        return files
    missing = MissingFileError("no file has such a name", where=pattern, remedy="Check the pattern")
    return [InputFile(pattern, label, missing)]


def _each_once(files: Sequence[InputFile]) -> list[InputFile]:
    # One that is given two labels is a mistake, which the second reading of it shows.
    once: dict[tuple[str, Label | None], InputFile] = {}
    for each in files:
        once.setdefault((each.path if each.path == "-" else os.path.realpath(each.path), each.label), each)
    return list(once.values())


def _is_folder(name: str) -> bool:
    # Not Path.is_dir(), which raises for a name that is too long.
    return name != "-" and os.path.isdir(name)  # noqa: PTH112


def _is_pattern(name: str) -> bool:
    # The marks stand in addresses too.
    return any(mark in name for mark in "*?[") and not os.path.lexists(name) and "://" not in name


def _is_read(name: str) -> bool:
    path = PurePath(name.casefold())
    if path.suffix in _PACKED_ENDINGS:
        path = PurePath(path.stem)
    is_hidden = name.startswith((".", "~$"))
    return path.suffix in READ_ENDINGS and not is_hidden and not (path.suffix == ".txt" and _ABOUT.match(path.name))


def _with_slash(folder: str, name: str) -> str:
    return f"{name}/" if _is_folder(str(Path(folder) / name)) else name


def _natural_order(name: str) -> list[tuple[int, str]]:
    """With part-2 before part-10."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts]


def _refuse_typed_text(names: Sequence[str]) -> None:
    text = " ".join(names)
    # Words without quotes around them are an argument each.
    is_one = len(names) == 1 or all(len(name.split()) == 1 for name in names)
    if not is_one or len(text.split()) < _TEXT_LEAST_WORDS or any(map(_may_be_path, names)):
        return
    is_short = len(text) <= _SHOWN_TEXT_CHARS
    shown = shlex.quote(text if is_short else "THE TEXT")
    raise MissingFileError(
        "there is no such file; it looks like a text",
        where=text if is_short else f"{text[:60]}…",
        remedy=f"For one text: newsgate explain {shown}. "
        "For texts in lines: newsgate classify --no-header --delimiter none - < FILE",
    )


def _may_be_path(name: str) -> bool:
    last_word = "".join(name.split()[-1:])
    ending = PurePath(last_word).suffix.casefold()
    is_place = name == "-" or name.startswith(("/", "./", "../", "~"))
    return is_place or ending in READ_ENDINGS | _PACKED_ENDINGS or os.path.lexists(name)
