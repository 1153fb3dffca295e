"""Which columns hold the text, the id and the label: what the person named, or what names and cells say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from newsgate.tasks.reading.column_content import ColumnContent, judge_column
from newsgate.tasks.reading.column_lookup import ColumnNames, folded
from newsgate.tasks.reading.column_names import (
    DOUBTFUL_NAMES,
    EXCERPT_NAMES,
    FOLDED_TEXT_NAMES,
    KNOWN_NAMES,
    MESSAGE_FALLBACKS,
    PEOPLE_NAMES,
    TEXT_PAIRS,
    TITLE_NAMES,
    WEAK_TEXT_NAMES,
    fold_name,
)
from newsgate.tasks.reading.errors import (
    COLUMNS_SHOWN,
    no_label_column,
    no_text_column,
    quote_column,
)
from newsgate.tasks.reading.html_column import is_html_column
from newsgate.tasks.reading.records import ReadOptions
from newsgate.tasks.reading.row_maker import is_removed

Cells = Callable[[str], Iterable[str | None]]

# With fewer cells than this, what is no text for sure may still be one: "42", "Hello".
_LEAST_CELLS = 3
# From so many on it is worth saying.
_TELLING_CELLS = 20
_LEAST_WORDS = 4
# A column that is emptier than the fullest by this factor is not the text.
_EMPTIER = 4
_SHORT_CHARS, _LONGER = 15, 8
_NAME_CHARS = 40
_DOUBTFUL = frozenset(map(fold_name, DOUBTFUL_NAMES))


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The columns to read, each by its name in the file, and why, where that needs saying."""

    text_columns: tuple[str, ...]
    id_column: str | None
    label_column: str | None
    text_fallbacks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_html: bool = False


def choose_columns(
    columns: Sequence[str],
    options: ReadOptions,
    *,
    where: str,
    cells: Cells | None = None,
    is_headed: bool = False,
) -> ColumnChoice:
    """Settle the columns; raises NoTextColumnError, UnknownColumnError or AmbiguousColumnError.

    cells: gives those of a column in a sample of the rows; None where there is none. is_headed: the names are sure to
    be names, and no row.
    """
    names = ColumnNames(columns, where, is_headed=is_headed or options.no_header or bool(options.column_names))
    notes: list[str] = []
    if options.text_columns:
        wanted = (names.named(name, option="--text-column") for name in options.text_columns)
        text_columns = tuple(dict.fromkeys(wanted))
    else:
        text_columns = _TextGuess(names, cells, notes).guess()
    if options.id_column is not None:
        id_column: str | None = names.named(options.id_column, option="--id-column")
    else:
        id_column = names.guess_id(taken=text_columns)
    label_column = None
    if options.label_column is not None:
        if len(columns) == 1:
            raise no_label_column(columns, where=where)
        label_column = names.named(options.label_column, option="--label-column")
    if options.text_fallbacks:
        named = (names.named(name, option="--text-fallback") for name in options.text_fallbacks)
        fallbacks = tuple(dict.fromkeys(named))
    else:
        fallbacks = _guess_fallbacks(names, text_columns)
        if fallbacks and cells is not None and judge_column(cells(text_columns[0])).fill < 1:
            shown = " or ".join(map(quote_column, fallbacks))
            empty = " and ".join(map(quote_column, text_columns))
            are = "is" if len(text_columns) == 1 else "are"
            notes.append(f"where {empty} {are} empty, the text is {shown}")
    html = _find_html((*text_columns, *fallbacks), options, cells)
    if html is not None:
        notes.append(f"text read out of the HTML in {quote_column(html)} (--html keep leaves it as it stands)")
    is_html = options.html == "read" or html is not None
    return ColumnChoice(text_columns, id_column, label_column, fallbacks, tuple(notes), is_html)


def _find_html(texts: Sequence[str], options: ReadOptions, cells: Cells | None) -> str | None:
    """The first column of the text that holds HTML, where nobody said whether one does."""
    if options.html is not None or cells is None:
        return None
    return next((name for name in texts if is_html_column(name, cells(name))), None)


def has_text_column(columns: Sequence[str], options: ReadOptions) -> bool:
    """Whether the named text columns, or one with a usual name, are among these."""
    if options.text_columns:
        known = {folded(name) for name in columns}
        return all(folded(name) in known for name in options.text_columns)
    return any(fold_name(name) in FOLDED_TEXT_NAMES for name in columns)


def _guess_fallbacks(names: ColumnNames, text_columns: Sequence[str]) -> tuple[str, ...]:
    """Where the text stands in rows in which its column is empty."""
    if tuple(fold_name(name.rpartition(".")[2]) for name in text_columns) == ("title", "selftext"):
        # A person's posts and comments, in one file; or a post and the comments below it.
        beside = text_columns[0].rpartition(".")[0]
        bodies = [name for name in names.usual("body") if name.rpartition(".")[0] == beside]
        return tuple(name for name in bodies[:1] if names.is_unique(name))
    if len(text_columns) == 2 and fold_name(text_columns[1]) == "openingtext":
        # Meltwater: a post has neither headline nor opening, and its words in what was found.
        return tuple(name for name in names.usual("hit_sentence")[:1] if names.is_unique(name))
    if len(text_columns) != 1:
        return ()
    text = text_columns[0]
    if fold_name(text) == "message" and names.usual("link_text"):
        found = [name for usual in MESSAGE_FALLBACKS for name in names.usual(usual)[:1]]
    else:
        beside = text.rpartition(".")[0]
        titles = [name for usual in TITLE_NAMES for name in names.usual(usual)]
        found = [name for name in titles if name.rpartition(".")[0] == beside][:1]
    return tuple(name for name in found if name != text and names.is_unique(name))


def _is_about_a_person(name: str) -> bool:
    """Whether the column belongs to an object that describes who wrote the text, not the text."""
    return any(fold_name(part) in PEOPLE_NAMES for part in name.split(".")[:-1])


class _TextGuess:
    """The text among columns that nobody named; `notes` gets the reason where names alone do not tell it."""

    def __init__(self, names: ColumnNames, cells: Cells | None, notes: list[str]) -> None:
        self._names = names
        self._cells = cells
        self._notes = notes
        self._judged: dict[str, ColumnContent] = {}
        self._is_likeliest = False

    def guess(self) -> tuple[str, ...]:
        """The columns of the text. Raises NoTextColumnError, AmbiguousColumnError."""
        for first, second in TEXT_PAIRS:
            pair = self._names.usual(first)[:1] + self._names.usual(second)[:1]
            if len(pair) == 2 and not any(self._is_no_text(name) for name in pair):
                return tuple(self._names.sure(name) for name in pair)
        named = self._names.usual_texts()
        usable = [name for name in named if not self._is_no_text(name)]
        chosen = self._fullest(usable) if usable else None
        if chosen is not None and not self._is_of_remarks(chosen):
            self._say_why(chosen, named[: named.index(chosen)])
            return self._with_excerpt(self._names.sure(chosen))
        if others := self._by_content(passed=chosen):
            self._say_why(others, named)
            return (others,)
        if chosen is not None:
            return (self._names.sure(chosen),)
        is_of_words = bool(named) and self._judge(named[0]).kind in ("single words", "dates", "lists")
        if is_of_words and not self._holds_names(named[0]):
            content = self._judge(named[0])
            if content.filled >= _TELLING_CELLS:
                self._notes.append(f"text from {quote_column(named[0])}, which holds {content.kind}")
            return (self._names.sure(named[0]),)
        packed = [name for name in self._names.columns[:COLUMNS_SHOWN] if self._judge(name).kind == "JSON"]
        reasons = tuple(f"{quote_column(name)} holds {self._shown(name)}" for name in dict.fromkeys((*named, *packed)))
        error = no_text_column(self._names.columns, self._names.where, reasons=reasons, is_headed=self._names.is_headed)
        if packed and self._names.is_headed:
            path = packed[0] if re.fullmatch(r"[A-Za-z_][\w.]*", packed[0]) else f'["{packed[0]}"]'
            take = f"jq -c {shlex.quote(f'.{path} | fromjson')} {shlex.quote(self._names.where)} | enqueue -"
            error.remedy = f"If the rows are in it, take them out: {take}"
        raise error

    def _fullest(self, usable: Sequence[str]) -> str:
        """The first that is about as full as any, and not far shorter."""
        fill = max(self._judge(name).fill for name in usable)
        full = [name for name in usable if self._judge(name).fill * _EMPTIER >= fill]
        longest = max(self._judge(name).mean_chars for name in full)
        for name in full:
            mean_chars = self._judge(name).mean_chars
            if mean_chars < _SHORT_CHARS and longest > _LONGER * mean_chars:
                continue
            # A French publication is a post, an English one a newspaper.
            if fold_name(name) not in _DOUBTFUL or all(
                self._judge(other).mean_words < self._judge(name).mean_words for other in full if other != name
            ):
                return name
        return full[0]

    def _is_of_remarks(self, name: str) -> bool:
        """Whether the column holds remarks on few of the rows, and another one sentences in most of them."""
        if fold_name(name) not in _DOUBTFUL:
            return False
        others = (self._judge(other) for other in self._names.columns if self._names.is_unique(other))
        return any(
            other.kind == "texts"
            and other.mean_words >= _LEAST_WORDS
            and other.fill > _EMPTIER * self._judge(name).fill
            for other in others
        )

    def _with_excerpt(self, title: str) -> tuple[str, ...]:
        """A title with the beginning of its article, where no column holds the article itself."""
        if title not in (name for usual in TITLE_NAMES for name in self._names.usual(usual)):
            return (title,)
        for usual in EXCERPT_NAMES:
            for name in self._names.usual(usual)[:1]:
                if self._names.is_unique(name) and self._judge(name).kind == "texts":
                    return (title, name)
        return (title,)

    def _by_content(self, *, passed: str | None) -> str | None:
        """The column of sentences among those without a usual name: a likely one, or the only one but for `passed`."""
        if self._cells is None:
            return None
        sentences = [
            name
            for name in self._names.columns
            if self._names.is_unique(name)
            and name != passed
            and not _is_about_a_person(name)
            and (content := self._judge(name)).kind == "texts"
            and content.mean_words >= _LEAST_WORDS
        ]
        weak = [name for usual in WEAK_TEXT_NAMES for name in self._names.usual(usual) if name in sentences]
        if weak:
            self._is_likeliest = len(sentences) > 1
            return weak[0]
        return sentences[0] if len(sentences) == 1 else None

    def _say_why(self, chosen: str, passed: Sequence[str]) -> None:
        if passed:
            why = ", ".join(f"{quote_column(name)} holds {self._shown(name)}" for name in passed[:3])
        elif fold_name(chosen.rpartition(".")[2]) not in FOLDED_TEXT_NAMES:
            why = "no other column holds sentences"
            if self._is_likeliest:
                why = "of those with sentences, its name is the likeliest"
        elif "." in chosen:
            why = "it is the text of each record"
        else:
            return
        self._notes.append(f"text from {quote_column(chosen)}: {why} (--text-column names another)")

    def _shown(self, name: str) -> str:
        content = self._judge(name)
        if self._holds_names(name):
            return "names of columns"
        if content.kind != "texts":
            return str(content.kind)
        if self._is_of_remarks(name):
            return "a text in few rows only"
        return "far shorter texts" if content.fill * _EMPTIER >= 1 else "a text in few rows only"

    def _is_no_text(self, name: str) -> bool:
        content = self._judge(name)
        if content.kind in ("addresses", "lists", "JSON") or self._holds_names(name):
            return True
        return content.kind in ("numbers", "dates", "single words") and content.filled >= _LEAST_CELLS

    def _holds_names(self, name: str) -> bool:
        """Whether the cells are names of columns themselves, as on a cover sheet that lists what was asked for."""
        if self._cells is None:
            return False
        cells = {cell.strip() for cell in self._cells(name) if cell and cell.strip() and not is_removed(cell)}
        known = sum(len(cell) <= _NAME_CHARS and fold_name(cell) in KNOWN_NAMES for cell in cells)
        return len(cells) > 1 and 2 * known > len(cells)

    def _judge(self, name: str) -> ColumnContent:
        if name not in self._judged:
            self._judged[name] = judge_column(self._cells(name) if self._cells else ())
        return self._judged[name]
