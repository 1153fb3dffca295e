"""`newsgate why`: the whole story of one item."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from newsgate.console.console_table import one_line, print_table
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.item_choice import choose_item, row_options
from newsgate.console.messages import print_message
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.printable_text import printable

if TYPE_CHECKING:
    from newsgate.db.results import Reject
    from newsgate.tasks.inspecting.item_story import ItemStory

_TEXT_CHARS = 100
_EVENT_CHARS = 300


@click.command("why", cls=ErrorReportingCommand)
@click.argument("item", required=False, metavar="[ITEM]")
@row_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the whole text.")
def why(item: str | None, *, batch: int | None, row: int | None, as_json: bool) -> None:
    """Tell the whole story of ITEM: where it is from, what happened to it and when, and what is said about it.

    ITEM is the number that `newsgate results` and the report show in the column `item`; --batch and --row name it by
    its place in the file instead, and tell of a refused row why it was refused. Times are in UTC. `newsgate explain`
    says which words moved the score.

    \b
    Examples:
      newsgate why 14
      newsgate why --batch posts.csv --row 15
    """
    from newsgate.db.results import Reject
    from newsgate.tasks.inspecting.item_story import tell_story

    choice = choose_item(item, batch=batch, row=row)
    with settings_and_database() as (_, database), database.read() as connection:
        found = tell_story(connection, item=choice.item, batch=choice.batch, row=choice.row)
    if isinstance(found, Reject):
        _print_reject(found, batch=batch or 0, as_json=as_json)
    elif as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _print_story(found)


def _print_reject(reject: Reject, *, batch: int, as_json: bool) -> None:
    if as_json:
        told = {"batch": batch, "row": reject.row, "refused": reject.reason, "raw": reject.raw}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    raw = one_line(reject.raw, most_chars=_TEXT_CHARS)
    click.echo(printable(f"row {reject.row} of batch {batch} was refused: {reject.reason}. It reads: {raw}"))


def _print_story(story: ItemStory) -> None:
    item = story.item
    own_id = "" if item.external_id is None else f", id {item.external_id}"
    for name, told in (
        ("item", f"{item.item}{own_id}: {story.place}, batch {item.batch}"),
        ("text", one_line(item.text, most_chars=_TEXT_CHARS)),
        ("verdict", _verdict_line(story)),
        ("label", _label_line(story)),
    ):
        click.echo(printable(f"{name:8} {told}"))
    for name, told in _steering_lines(story):
        click.echo(f"{name:8} {told}")
    for shadow in story.shadows:
        click.echo(f"{'shadow':8} {shadow.label}, p_fake {shadow.p_fake:.3f}, says model {shadow.model} unseen")
    click.echo()
    events = [
        (f"{event.at:%Y-%m-%d %H:%M:%S}", one_line(event.what, most_chars=_EVENT_CHARS)) for event in story.events()
    ]
    print_table(("when (UTC)", "what"), events)
    latest = story.latest
    if latest is not None and story.champion not in (None, latest.model):
        print_message(
            f"note: model {story.champion} is champion by now. `newsgate reclassify {item.batch}` asks it too"
        )


def _verdict_line(story: ItemStory) -> str:
    from newsgate.tasks.inspecting.item_story import told_chunk, told_verdict

    latest = story.latest
    if latest is not None and latest.verdict is not None:
        champion = ", the champion" if latest.model == story.champion else ""
        return f"{told_verdict(latest.verdict)}; by model {latest.model}{champion}"
    chunk = story.runs[-1].chunk if story.runs else None
    return "none yet" if chunk is None else f"none yet: {told_chunk(chunk)}"


def _steering_lines(story: ItemStory) -> Iterator[tuple[str, str]]:
    """What a person has said about the batch that keeps the item waiting, or has it come sooner or later."""
    from newsgate.db.turns import DEFAULT_PRIORITY

    run = story.steered
    if run is None:
        return
    if run.paused_at is not None:
        since = f"{run.paused_at:%Y-%m-%d %H:%M:%S} UTC"
        yield "paused", f"batch {story.item.batch} since {since}: `newsgate resume {story.item.batch}` goes on"
    if run.priority != DEFAULT_PRIORITY:
        yield "priority", f"{run.priority}; every batch begins with {DEFAULT_PRIORITY}"


def _label_line(story: ItemStory) -> str:
    if story.label is None:
        return "nobody has judged the text"
    others = len(story.labels) - 1
    history = f"; {others} other judgement{'s' if others > 1 else ''} below" if others else ""
    return f"{story.label.label}, says {story.label.labelled_by}{history}"
