"""`newsgate config`: every setting, and where its value comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.console_table import print_table
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.json_option import json_option
from newsgate.console.messages import print_message

if TYPE_CHECKING:
    from newsgate.tasks.inspecting.displayed_settings import ExplainedSetting, ExplainedSettings


@click.command("config", cls=ErrorReportingCommand)
@click.option("--explain", is_flag=True, help="Also say where each value comes from, and what it overrules.")
@json_option("One JSON object: each setting with its value; with --explain also its place and what it overrules.")
def config(*, explain: bool, as_json: bool) -> None:
    """Show every setting with the value in force, without passwords.

    A value comes from the first of these places that has one: the option of a command, a variable NEWSGATE_..., the
    file .env, the file newsgate.toml in this folder, newsgate.toml in the home folder, the default.

    \b
    Examples:
      newsgate config
      newsgate config --explain
    """
    from newsgate.tasks.inspecting.displayed_settings import explain_settings

    found = explain_settings()
    if as_json:
        values = {each.name: each.value for each in found.settings}
        click.echo(json.dumps(_figures(found) if explain else values, ensure_ascii=False))
    elif explain:
        _print_explained(found)
    else:
        print_table(("setting", "value"), [(each.name, _shown(each.value)) for each in found.settings])


def _print_explained(found: ExplainedSettings) -> None:
    rows = [(each.name, _shown(each.value), each.source, _shadows(each)) for each in found.settings]
    print_table(("setting", "value", "from", "overrules"), rows)
    for file in found.files:
        print_message(file.warning or f"{file.path} is read")


def _shadows(setting: ExplainedSetting) -> str:
    return ", ".join(f"{_shown(each.value)} of {each.source}" for each in setting.shadows)


def _shown(value: Any) -> str:
    if value == "":
        return "(empty)"
    # As it is written in each of the places.
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _figures(found: ExplainedSettings) -> dict[str, Any]:
    settings = [
        {
            "setting": each.name,
            "variable": each.variable,
            "value": each.value,
            "from": each.source,
            "overrules": [{"from": one.source, "value": one.value} for one in each.shadows],
            "default": each.default,
        }
        for each in found.settings
    ]
    files = [
        {"file": str(file.path), "read": file.distrusted is None, "why_not": file.distrusted} for file in found.files
    ]
    return {"settings": settings, "files": files}
