"""Pages for `man`, made of what `--help` says: one for each command, in the language of troff."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Final

import click

from newsgate import __version__
from newsgate.console.help_settings import wide_context

# The first line of each page: by it an older one is recognised as ours.
MARK: Final = '.\\" Written by `newsgate man install`.'
# Words are neither spread over the line nor cut in two: options would not be found again.
_START: Final = (".nh", ".ad l")
_ESCAPES: Final = str.maketrans({"\\": r"\e", "-": r"\-", "'": r"\(aq", "^": r"\(ha", "~": r"\(ti", "`": r"\(ga"})
_CODE: Final = re.compile(r"`([^`]+)`")
_EXAMPLES: Final = re.compile(r"Examples?:")
_EXIT_CODES: Final = re.compile(r"Exit codes: ")


def man_pages(programs: Mapping[str, click.Command]) -> dict[str, str]:
    """Every page by its name, such as `newsgate-status`; a command that is a program too has the program's page."""
    pages = {}
    for program, command in programs.items():
        for words, below in _with_parts((program,), command, programs):
            pages["-".join(words)] = _page(words, below, programs)
    for program, command in programs.items():
        for name, below in command.commands.items() if isinstance(command, click.Group) else ():
            if below in programs.values():
                pages[f"{program}-{name}"] = f"{MARK}\n.so man1/{name}.1\n"
    return pages


def _with_parts(
    words: tuple[str, ...], command: click.Command, programs: Mapping[str, click.Command]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            if below not in programs.values():
                yield from _with_parts((*words, name), below, programs)


def _page(words: tuple[str, ...], command: click.Command, programs: Mapping[str, click.Command]) -> str:
    name, typed = "-".join(words), " ".join(words)
    # Wide enough that no help is shortened.
    with wide_context(command, info_name=typed) as ctx:
        usage = " ".join(command.collect_usage_pieces(ctx))
        summary, *paragraphs = _paragraphs(command)
        lines = [
            MARK,
            f'.TH {_escaped(name.upper())} 1 "" "newsgate {__version__}" "User Commands"',
            *_START,
            ".SH NAME",
            f"{_escaped(name)} \\- {_text(' '.join(summary.split()).rstrip('.'))}",
            ".SH SYNOPSIS",
            f"\\fB{_escaped(typed)}\\fR {_escaped(usage)}",
            ".SH DESCRIPTION",
            *_described(summary, paragraphs),
            *_commands(ctx, command, words, programs),
            *_options(ctx, command),
            *_last_parts(paragraphs),
            *(_environment() if len(words) == 1 else _one_line("ENVIRONMENT", f"See {_reference(words[:1])}.")),
            *_see_also(words, programs),
        ]
    return "\n".join(lines) + "\n"


def _paragraphs(command: click.Command) -> list[str]:
    return [part.removeprefix("\b\n") for part in inspect.cleandoc(command.help or "").split("\n\n")]


def _described(summary: str, paragraphs: list[str]) -> Iterator[str]:
    yield _text(summary)
    for paragraph in paragraphs:
        if not _EXAMPLES.match(paragraph) and not _EXIT_CODES.match(paragraph):
            yield ".PP"
            yield _text(paragraph)


def _commands(
    ctx: click.Context, command: click.Command, words: tuple[str, ...], programs: Mapping[str, click.Command]
) -> Iterator[str]:
    if not isinstance(command, click.Group):
        return
    yield ".SH COMMANDS"
    for name in command.list_commands(ctx):
        below = command.commands[name]
        page = (name,) if below in programs.values() else (*words, name)
        yield ".TP"
        yield _reference(page)
        yield _text(_paragraphs(below)[0])


def _options(ctx: click.Context, command: click.Command) -> Iterator[str]:
    records = [record for each in command.get_params(ctx) if (record := each.get_help_record(ctx)) and record[1]]
    if records:
        yield ".SH OPTIONS"
    for names, help_text in records:
        yield ".TP"
        yield f"\\fB{_escaped(names)}\\fR"
        yield _text(help_text)


def _last_parts(paragraphs: list[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        if _EXIT_CODES.match(paragraph):
            yield from _one_line("EXIT STATUS", _text(_EXIT_CODES.sub("", paragraph)))
    for paragraph in paragraphs:
        if _EXAMPLES.match(paragraph):
            yield ".SH EXAMPLES"
            yield ".nf"
            yield from (_escaped(line.strip()) for line in paragraph.splitlines()[1:])
            yield ".fi"


def _environment() -> Iterator[str]:
    from newsgate.worker.settings import SETTINGS, variable_of

    yield ".SH ENVIRONMENT"
    yield "Each of these may also stand in the file"
    yield ".I .env"
    yield "of the current folder, or, in small letters and without NEWSGATE_, in"
    yield ".I newsgate.toml"
    yield f"there or in the home folder. {_text('`newsgate config --explain`')} says what is in force."
    for name, field in SETTINGS.items():
        default = f" Default: {field.default}." if field.default != "" else ""
        yield ".TP"
        yield f"\\fB{_escaped(variable_of(name))}\\fR"
        yield _text(f"{field.description}{default}")


def _see_also(words: tuple[str, ...], programs: Mapping[str, click.Command]) -> Iterator[str]:
    others = [(program,) for program in programs if (program,) != words]
    above = [words[:-1]] if len(words) > 1 else []
    pages = dict.fromkeys([*above, *others])
    yield from _one_line("SEE ALSO", ", ".join(map(_reference, pages)))


def _one_line(title: str, text: str) -> Iterator[str]:
    yield f'.SH "{title}"'
    yield text


def _reference(page: tuple[str, ...]) -> str:
    return f"\\fB{_escaped('-'.join(page))}\\fR(1)"


def _text(paragraph: str) -> str:
    """Running text as troff reads it: `code` in bold, and nothing that troff would take for an order."""
    line = " ".join(paragraph.split())
    pieces = _CODE.split(line)
    marked = [f"\\fB{_escaped(piece)}\\fR" if place % 2 else _escaped(piece) for place, piece in enumerate(pieces)]
    return "".join(marked).removeprefix("\\&") if line[:1] not in ".'" else "".join(marked)


def _escaped(text: str) -> str:
    escaped = text.translate(_ESCAPES)
    # At the beginning of a line these give orders.
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped
