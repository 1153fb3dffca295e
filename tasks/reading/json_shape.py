"""Where a JSON document holds its records, told from its beginning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from newsgate.tasks.reading.column_names import FOLDED_TEXT_NAMES, fold_name
from newsgate.tasks.reading.errors import RecordsError, quote_column
from newsgate.tasks.reading.headers import names_of_columns, refuse_row_as_header
from newsgate.tasks.reading.json_beginning import read_beginning
from newsgate.tasks.reading.json_values import flat_items, flat_names, join_parts
from newsgate.tasks.reading.records import ReadOptions, Shape

EVERY_KEY = "*"
_RECORDS_SEEN = 1_000
_HEADER_ROWS = 200
_MOST_LEVELS = 8
_PLACES_SHOWN = 8
_PROSE_WORDS = 3
# The most that an object in no array gets.
_ALONE_SCORE = 2
# What records of texts get, and those that have the columns that are named.
_TEXTS_SCORE, _NAMED_SCORE = 4, 3


@dataclass(frozen=True, slots=True)
class JsonShape:
    """records: the path to the records; empty where they are the elements of the document itself.

    sample: the first of them as objects, whatever they are in the document.
    other_places: where else there are records with a text. has_header: the first record only names the columns.
    """

    records: str
    shape: Shape
    columns: tuple[str, ...]
    sample: tuple[Mapping[str, object], ...]
    other_places: tuple[str, ...] = ()
    has_header: bool = False


@dataclass(slots=True)
class _Place:
    """A path with the objects that stand there; `is_alone`: none of them in an array."""

    path: tuple[str, ...]
    objects: list[Mapping[str, object]]
    is_alone: bool


def find_shape(text: str, options: ReadOptions, *, is_whole: bool, where: str) -> JsonShape:
    """Find the records in a document's beginning. Raises RecordsError."""
    values = read_beginning(text, is_whole=is_whole)
    if not values:
        raise _no_record(where)
    document = values[0] if len(values) == 1 else values
    if options.records is None and (plain := _plain_shape(document, options, where=where)) is not None:
        return plain
    places = _places(document)
    if options.records is not None:
        return _named_place(places, options.records, document, where=where)
    if not places:
        # Numbers, or nothing at all, in an array.
        raise _no_record(where)
    return _best_place(places, options, where=where)


def _no_record(where: str) -> RecordsError:
    return RecordsError("the JSON document holds no record", where=where, remedy="Give it objects with a text")


def place_in_lines(lines: Sequence[Mapping[str, object]], options: ReadOptions) -> str | None:
    """Where the records are if each line of a file is a page of them, as interfaces answer; None if it is a record."""
    if not lines or options.records is not None or options.tool is not None or _has_own_text(lines, options):
        return None
    places = [place for place in _places(list(lines)) if place.path and EVERY_KEY not in place.path]
    least = _NAMED_SCORE if options.text_columns else _TEXTS_SCORE
    found = [place for place in places if _score(place, options) >= least]
    return join_path(found[0].path) if found else None


def _has_own_text(objects: Sequence[Mapping[str, object]], options: ReadOptions) -> bool:
    """Whether objects have a text themselves, by its name or by its look."""
    if _has_prose(objects):
        return True
    wanted = {fold_name(name) for name in options.text_columns} or FOLDED_TEXT_NAMES
    return any(
        isinstance(value, str) and value.strip() and {fold_name(name), fold_name(name.rpartition(".")[2])} & wanted
        for each in objects
        for name, value in flat_items(each)
    )


def _plain_shape(document: object, options: ReadOptions, *, where: str) -> JsonShape | None:
    """The shapes in which a record is no object."""
    if isinstance(document, list) and document:
        kinds = {type(each) for each in document[:_RECORDS_SEEN]}
        # A null among strings costs no other text.
        if kinds in ({str}, {str, type(None)}):
            return JsonShape("", "texts", ("text",), tuple({"text": each} for each in document[:_RECORDS_SEEN]))
        if all(isinstance(each, list) for each in document[:_RECORDS_SEEN]):
            return cells_shape(document, options, where=where)
    if isinstance(document, dict) and (split := _split_shape(document)) is not None:
        return split
    if isinstance(document, dict) and (columns := _columns_of(document, options)) is not None:
        lists = [list(value.values()) if isinstance(value, dict) else value for value in columns.values()]
        sample = [dict(zip(columns, cells, strict=False)) for cells in zip(*lists, strict=False)]
        return JsonShape("", "columns", tuple(columns), tuple(sample[:_RECORDS_SEEN]))
    return None


def cells_shape(rows: Sequence[Sequence[object]], options: ReadOptions, *, where: str) -> JsonShape:
    """The shape of arrays of cells, of which the first may be a header. Raises HeaderlessError, UnusedOptionError."""
    has_header = not (options.column_names or options.no_header)
    if has_header:
        columns = tuple("" if cell is None else str(cell) for cell in rows[0])
        texts = [["" if cell is None else str(cell) for cell in row] for row in rows[1:_HEADER_ROWS]]
        refuse_row_as_header(columns, texts, options, where=where)
    else:
        columns = names_of_columns(["" if cell is None else str(cell) for cell in rows[0]], options, where=where)
    sample = tuple(dict(zip(columns, cells, strict=False)) for cells in rows[int(has_header) : _RECORDS_SEEN])
    return JsonShape("", "cells", columns, sample, has_header=has_header)


def _split_shape(document: Mapping[str, object]) -> JsonShape | None:
    """The shape of `{"columns": […], "data": [[…], …]}`."""
    columns, rows = document.get("columns"), document.get("data")
    if not (isinstance(columns, list) and isinstance(rows, list) and rows):
        return None
    if not all(isinstance(name, str) for name in columns) or not all(isinstance(row, list) for row in rows[:10]):
        return None
    sample = tuple(dict(zip(columns, row, strict=False)) for row in rows[:_RECORDS_SEEN] if isinstance(row, list))
    return JsonShape("data", "cells", tuple(columns), sample)


def _columns_of(
    document: Mapping[str, object], options: ReadOptions
) -> dict[str, list[object] | dict[str, object]] | None:
    """The document as columns, where its values are all lists or all objects of simple values."""
    columns: dict[str, list[object] | dict[str, object]] = {}
    for key, value in document.items():
        if not isinstance(value, (list, dict)) or not value:
            return None
        cells = value if isinstance(value, list) else list(value.values())
        if any(isinstance(cell, (dict, list)) for cell in cells[:_RECORDS_SEEN]):
            return None
        columns[key] = value
    kinds = {type(value) for value in columns.values()}
    wanted = {fold_name(name) for name in options.text_columns} or set(FOLDED_TEXT_NAMES)
    if len(kinds) != 1 or not any(fold_name(key) in wanted for key in columns):
        return None
    return columns


def _places(document: object) -> list[_Place]:
    """Every path at which objects stand, the shallower first."""
    found: dict[tuple[str, ...], _Place] = {}
    _walk(document, (), found, in_array=False)
    return sorted(found.values(), key=lambda place: len(place.path))


def _walk(value: object, path: tuple[str, ...], found: dict[tuple[str, ...], _Place], *, in_array: bool) -> None:
    if len(path) > _MOST_LEVELS:
        return
    if isinstance(value, list):
        for each in value[:_RECORDS_SEEN]:
            if isinstance(each, (dict, list)):
                _walk(each, path, found, in_array=True)
    elif isinstance(value, dict):
        place = found.setdefault(path, _Place(path, [], is_alone=not in_array))
        place.is_alone = place.is_alone and not in_array
        if len(place.objects) < _RECORDS_SEEN:
            place.objects.append(value)
        inner = list(value.items())
        if _are_alike([each for _, each in inner]):
            for _, each in inner[:_RECORDS_SEEN]:
                _walk(each, (*path, EVERY_KEY), found, in_array=True)
        for key, each in inner[:_RECORDS_SEEN]:
            # Objects in objects are columns of theirs; only arrays begin records anew.
            if _holds_objects(each):
                _walk(each, (*path, key), found, in_array=False)


def _are_alike(values: Sequence[object]) -> bool:
    """Whether all are objects that share a key, as records do that an object keeps by their ids."""
    objects = [set(each) for each in values[:_RECORDS_SEEN] if isinstance(each, dict)]
    return len(values) > 1 and len(objects) == len(values[:_RECORDS_SEEN]) and bool(set.intersection(*objects))


def _holds_objects(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(each, dict) for each in value[:_RECORDS_SEEN])
    return isinstance(value, dict) and any(_holds_objects(each) or isinstance(each, dict) for each in value.values())


def _named_place(places: Sequence[_Place], records: str, document: object, *, where: str) -> JsonShape:
    wanted = split_path(records)
    for place in places:
        if place.path == wanted:
            return _shape_of(place)
    for place in _places_below(document, wanted):
        return _shape_of(place)
    known = ", ".join(quote_column(join_path(place.path)) for place in places[:_PLACES_SHOWN] if place.path)
    raise RecordsError(
        f"there are no records at {quote_column(records)}",
        where=where,
        remedy=f"Name one of these with --records: {known}" if known else "Leave --records out",
    )


def _places_below(document: object, wanted: tuple[str, ...]) -> Iterator[_Place]:
    """The objects at a path that nobody would take for records."""
    values: list[object] = [document]
    for key in wanted:
        values = [inner for each in _opened(values) if isinstance(each, dict) for inner in _member(each, key)]
    objects: list[Mapping[str, object]] = [each for each in _opened(values) if isinstance(each, dict)]
    if objects:
        yield _Place(wanted, objects[:_RECORDS_SEEN], is_alone=False)


def _member(value: Mapping[str, object], key: str) -> list[object]:
    return list(value.values()) if key == EVERY_KEY else [value[key]] if key in value else []


def _opened(values: Sequence[object]) -> Iterator[object]:
    for each in values:
        if isinstance(each, list):
            yield from _opened(each)
        else:
            yield each


def _best_place(places: Sequence[_Place], options: ReadOptions, *, where: str) -> JsonShape:
    """The place whose records name a text; among several the shallowest, if there is one."""
    scored = [(_score(place, options), place) for place in places]
    best = max((score for score, _ in scored), default=0)
    if best == 0:
        # Columns are asked for among those of the likeliest records.
        return _shape_of(max(places, key=lambda place: (not place.is_alone, len(place.objects))))
    if not options.text_columns and (alone := _object_itself(places, scored, where=where)) is not None:
        return _shape_of(alone)
    candidates: list[_Place] = []
    for score, place in scored:
        # What stands inside a record is a part of it.
        if score == best and not any(place.path[: len(above.path)] == above.path for above in candidates):
            candidates.append(place)
    shallowest = [place for place in candidates if len(place.path) == len(candidates[0].path)]
    if len(shallowest) > 1:
        known = " or ".join(f"--records {_typed(place.path)}" for place in shallowest[:_PLACES_SHOWN])
        raise RecordsError("the JSON document holds records in several places", where=where, remedy=f"Choose: {known}")
    others = tuple(join_path(place.path) for place in candidates[1:])
    return _shape_of(candidates[0], others)


def _object_itself(places: Sequence[_Place], scored: Sequence[tuple[int, _Place]], *, where: str) -> _Place | None:
    """The document's one object, where it holds a text of its own. Raises RecordsError where its arrays do so too."""
    alone = next((place for place in places if place.is_alone and not place.path), None)
    if alone is None or any(EVERY_KEY in place.path for place in places):
        return None
    if not _has_prose(alone.objects, names=FOLDED_TEXT_NAMES - {"title"}):
        return None
    for score, place in scored:
        if score > _ALONE_SCORE and _has_prose(place.objects, names=FOLDED_TEXT_NAMES):
            raise RecordsError(
                "the JSON document is an object with a text, and holds records with texts",
                where=where,
                remedy=f"Choose: --records . for the object, or --records {_typed(place.path)}",
            )
    return alone


def _score(place: _Place, options: ReadOptions) -> int:
    """How much the records at a place look like rows: 0 for not at all."""
    names: dict[str, None] = {}
    for each in place.objects[:_RECORDS_SEEN]:
        # An object around the records has names like theirs for what is no text: a list of posts, an empty message.
        names.update(dict.fromkeys(_names_of_texts(each) if place.is_alone else flat_names(each)))
    whole = {fold_name(name) for name in names}
    last = {fold_name(name.rpartition(".")[2]) for name in names}
    if options.text_columns:
        return _NAMED_SCORE if all(fold_name(name) in whole for name in options.text_columns) else 0
    usual = set(FOLDED_TEXT_NAMES) - {"title"}
    # A text in an object of the record is as good as one beside it: both come before texts in the record's arrays.
    if (whole | last) & usual:
        return 2 if place.is_alone and whole & usual else 1 if place.is_alone else _TEXTS_SCORE
    if "title" in last:
        return 1 if place.is_alone else 3
    return 0 if place.is_alone else int(_has_prose(place.objects))


def _names_of_texts(record: Mapping[str, object]) -> Iterator[str]:
    for name, value in flat_items(record):
        if (isinstance(value, str) and value.strip()) or join_parts(value) is not None:
            yield name


def _has_prose(objects: Sequence[Mapping[str, object]], *, names: Set[str] | None = None) -> bool:
    """Whether a column holds sentences, of those with one of these names."""
    return any(
        isinstance(value, str)
        and len(value.split()) >= _PROSE_WORDS
        and (names is None or fold_name(name.rpartition(".")[2]) in names)
        for each in objects[:10]
        for name, value in flat_items(each)
    )


def _shape_of(place: _Place, others: tuple[str, ...] = ()) -> JsonShape:
    columns: dict[str, None] = {}
    for each in place.objects:
        columns.update(dict.fromkeys(flat_names(each)))
    return JsonShape(join_path(place.path), "objects", tuple(columns), tuple(place.objects), others)


def split_path(records: str) -> tuple[str, ...]:
    """The keys of a path as people write it: `data.items`, `.data[].items[]`."""
    return tuple(key for key in records.replace("[]", "").strip().lstrip("$").split(".") if key)


def join_path(path: Sequence[str]) -> str:
    """The path as people write it."""
    return ".".join(path)


def _typed(path: Sequence[str]) -> str:
    name = join_path(path) or "."
    return name if re.fullmatch(r"[\w.-]+", name) else f"'{name}'"
