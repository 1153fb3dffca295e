"""Writes docs/reference/, docs/man/ and examples/newsgate.toml from the code, by `make reference`. A test compares."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from newsgate.console.help_settings import wide_context
from newsgate.console.man_pages import man_pages
from newsgate.enqueue import enqueue
from newsgate.main import newsgate
from newsgate.worker.setting_kinds import Setting
from newsgate.worker.settings import SETTINGS, variable_of

_DOCS = Path(__file__).parents[1]
_FOLDER = _DOCS / "reference"
# A wheel has them as share/man/man1.
MAN_FOLDER = _DOCS / "man"
_WRITTEN = "<!-- Written by `make reference` from the code. Do not edit: change the help texts instead. -->\n\n"
_FIELDS = tuple(SETTINGS.items())
_EXAMPLE_BEGIN = """\
# The settings of newsgate, each with its default. Take away the # before those that you change, and give
# the file the name newsgate.toml: in the folder in which you run newsgate, or in its home folder, ~/.newsgate.
#
# A variable NEWSGATE_... in the environment or in .env overrules what stands here. `newsgate config --explain`
# says what is in force, and why. docs/settings.md explains every setting.
"""
_ONLY_OF_A_FOLDER = "# Only in the file of a folder: the home folder's own file cannot say where that is.\n"
# What Markdown would take for marks.
_MARKS = re.compile(r"([*<|\[\]\\])")


def pages() -> dict[Path, str]:
    """Each page with what should stand in it."""
    return {
        _FOLDER / "commands.md": _commands_page(),
        _FOLDER / "settings.md": _settings_page(),
        _DOCS.parent / "examples" / "newsgate.toml": _example_file(),
        **_pages_for_man(),
    }


def _commands_page() -> str:
    sections = [
        _section(name, command) for name, command in [*_below("enqueue", enqueue), *_below("newsgate", newsgate)]
    ]
    return (
        f"{_WRITTEN}# Which commands and options are there?\n\n"
        "This is what the programs themselves print for `--help`, in one page.\n"
        "[commands.md](../commands.md) explains the commands with examples.\n\n" + "\n".join(sections)
    )


def _pages_for_man() -> dict[Path, str]:
    written = man_pages({"newsgate": newsgate, "enqueue": enqueue})
    return {MAN_FOLDER / f"{name}.1": page for name, page in written.items()}


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for part, below in command.commands.items():
            if below is not enqueue:
                yield from _below(f"{name} {part}", below)


def _section(name: str, command: click.Command) -> str:
    with wide_context(command, info_name=name) as ctx:
        usage = " ".join([name, *command.collect_usage_pieces(ctx)])
        rows = [record for each in command.get_params(ctx) if (record := each.get_help_record(ctx)) and record[1]]
    summary = inspect.cleandoc(command.help or "").split("\n\n")[0]
    explained = _explained_at(name)
    more = f" [Explained with examples]({explained})." if explained else ""
    table = "".join(f"| `{_in_cell(names)}` | {_escaped(' '.join(text.split()))} |\n" for names, text in rows)
    return (
        f"## {name}\n\n{' '.join(summary.split())}{more}\n\n```text\n{usage}\n```\n\n"
        f"| Option | Meaning |\n| --- | --- |\n{table}"
    )


def _explained_at(name: str) -> str | None:
    for page in sorted((_DOCS / "commands").glob("*.md")):
        if f"\n## {name}\n" in page.read_text(encoding="utf-8"):
            return f"../commands/{page.name}#{name.replace(' ', '-')}"
    return None


def _settings_page() -> str:
    rows = "".join(
        f"| `{name}` | `{variable_of(name)}` | {_values(field)} "
        f"| {_default(field.default)} | {_escaped(field.description or '')} |\n"
        for name, field in _FIELDS
    )
    return (
        f"{_WRITTEN}# Which settings are there, in short?\n\n"
        "The name on the left is for `newsgate.toml`, the variable for the environment and for `.env`.\n"
        "[settings.md](../settings.md) says which place overrules which, and explains each setting.\n\n"
        f"| Setting | Variable | Values | Default | Meaning |\n| --- | --- | --- | --- | --- |\n{rows}"
    )


def _example_file() -> str:
    settings = [_example_setting(name, field.description or "", field.default) for name, field in _FIELDS]
    return f"{_EXAMPLE_BEGIN}\n" + "\n".join(settings)


def _example_setting(name: str, description: str, default: Any) -> str:
    value = f'"{default}"' if isinstance(default, (str, Path)) else str(default).lower()
    return f"# {description}\n{_ONLY_OF_A_FOLDER if name == 'home' else ''}#{name} = {value}\n"


def _values(setting: Setting) -> str:
    """What a setting can be, in words."""
    if setting.choices:
        return ", ".join(f"`{each}`" for each in setting.choices)
    if setting.kind == "yes or no":
        return "`true` or `false`"
    least = setting.least if setting.above is None else setting.above
    if least is None:
        return setting.kind
    begin = f"{setting.kind} {'from' if setting.above is None else 'above'} {least:g}"
    return begin if setting.most is None else f"{begin} to {setting.most:,}".replace(",", " ")


def _default(value: Any) -> str:
    if value == "":
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _escaped(text: str) -> str:
    """Text for a cell of a table; what stands between backquotes stays as it is."""
    pieces = text.split("`")
    return "`".join(_in_cell(piece) if place % 2 else _MARKS.sub(r"\\\1", piece) for place, piece in enumerate(pieces))


def _in_cell(code: str) -> str:
    """Code for a cell of a table, which a bar would end."""
    return code.replace("|", "\\|")


if __name__ == "__main__":
    for page, content in pages().items():
        page.parent.mkdir(exist_ok=True)
        page.write_text(content, encoding="utf-8")
        print(f"{page.relative_to(_DOCS.parent)} is written")
    for old in set(MAN_FOLDER.iterdir()) - set(pages()):
        old.unlink()
