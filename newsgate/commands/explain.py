"""`newsgate explain`: why a text got its score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsgate.console.console_table import print_table
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.item_choice import choose_item, row_options
from newsgate.console.messages import print_message
from newsgate.console.output_file import open_output
from newsgate.console.parameter_types import ITEM_NUMBER, MODEL_NUMBER, UTF8_TEXT, WholeNumberRange
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError
from newsgate.foundation.printable_text import printable
from newsgate.model.labels import label_of
from newsgate.tasks.inspecting.explanation_json import GATES_NOTE, as_json

if TYPE_CHECKING:
    from newsgate.db.session import Database
    from newsgate.model.explanation import Explanation
    from newsgate.model.explanation_faithfulness import Faithfulness
    from newsgate.model.runtime_names import RuntimeName
    from newsgate.tasks.inspecting.explain import Explained
    from newsgate.tasks.labelling.label_item import ItemChoice

_TOKEN_CHARS = 26
_BAR_CHARS = 16


@click.command("explain", cls=ErrorReportingCommand)
@click.argument("item_or_text", type=UTF8_TEXT, required=False, metavar="ITEM|TEXT")
@row_options
@click.option(
    "--model", type=MODEL_NUMBER, metavar="N", help="[default: the item's latest, or the champion for a TEXT]"
)
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a page instead of printing."
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), help="How to print. [default: table, unless --html]"
)
@click.option(
    "--max-tokens",
    type=WholeNumberRange(1, 1024),
    default=256,
    show_default=True,
    metavar="N",
    help="Explain only the first N tokens of what the model reads.",
)
def explain(
    item_or_text: str | None,
    *,
    batch: int | None,
    row: int | None,
    model: int | None,
    html: Path | None,
    form: str | None,
    max_tokens: int,
) -> None:
    """Why did it say fake? Show what the LSTM's gates did at each token, and how much each token counts.

    Digits alone are the number of an item, as `newsgate results` shows it; anything else is a text. --batch and --row
    name an item by its place in the file.

    \b
    Examples:
      newsgate explain 17
      newsgate explain 'Garlic cures the virus' --html why.html
    """
    is_text = item_or_text is not None and not (item_or_text.isascii() and item_or_text.isdigit())
    text = item_or_text if is_text and batch is None and row is None else None
    if item_or_text is not None and not is_text and ITEM_NUMBER.parse(item_or_text) is None:
        raise WrongUsageError("no item can have this number", remedy="For a text, put a blank before it")
    choice = None if text is not None else choose_item(item_or_text, batch=batch, row=row)
    with settings_and_database() as (settings, database):
        explained = _explain(
            text, choice=choice, database=database, model=model, max_tokens=max_tokens, runtime=settings.runtime
        )
    _print_verdict(explained)
    if html is not None:
        _write_page(explained, html)
    if form == "json":
        click.echo(json.dumps(as_json(explained)))
    elif form == "table" or html is None:
        _print_explanation(explained.explanation)


def _explain(
    text: str | None,
    *,
    choice: ItemChoice | None,
    database: Database,
    model: int | None,
    max_tokens: int,
    runtime: RuntimeName,
) -> Explained:
    from newsgate.tasks.inspecting.explain import explain_item, explain_text

    if choice is None:
        return explain_text(text or "", database=database, model=model, most_tokens=max_tokens, runtime=runtime)
    with database.read() as connection:
        item = choice.find(connection).item
    return explain_item(item, database=database, model=model, most_tokens=max_tokens, runtime=runtime)


def _print_verdict(explained: Explained) -> None:
    why, item = explained.explanation, explained.item
    place = "" if item is None else f"item {item.item} (batch {item.batch}, row {item.row}): "
    print_message(f"{place}{label_of(why.p_fake)}, p_fake {why.p_fake:.3f}, says model {explained.model}")
    if why.is_cut:
        print_message(
            f"only the first {len(why.pieces)} of the {why.read_tokens} tokens that the model reads are explained; "
            f"p_fake of all of them is {why.read_p_fake:.3f}"
        )
    if why.truncated:
        print_message(f"the text is longer than the {why.read_tokens} tokens that the model reads")


def _print_explanation(why: Explanation) -> None:
    columns = _columns(why)
    print_table([*columns], [*zip(*columns.values(), strict=True)], right_aligned=frozenset([*columns][1:-1]))
    if why.wide is not None:
        deep, wide = why.lstm_logit, float(why.wide.sum())
        print_message(f"logit {deep + wide:+.3f}: the LSTM's {deep:+.3f} and the wide part's {wide:+.3f}")
    if why.faithfulness is None:
        print_message("the text is too short for a faithfulness score")
    else:
        click.echo()
        _print_faithfulness(why.faithfulness, len(why.pieces))
    print_message(f"{GATES_NOTE} (docs/explaining.md)")


def _columns(why: Explanation) -> dict[str, list[object]]:
    """The table's columns by their headers, a cell for each token."""
    gates, largest = why.gates, float(abs(why.effects).max()) or 1.0
    return {
        "token": [printable_token(piece, word) for piece, word in zip(why.pieces, why.words, strict=True)],
        "keep": gates.keep.tolist(),
        "take in": gates.take_in.tolist(),
        "show": gates.show.tolist(),
        "p_fake so far": why.running.tolist(),
        **({} if why.wide is None else {"wide": [f"{each:+.3f}" for each in why.wide]}),
        "effect": [f"{effect:+.4f}" for effect in why.effects],
        "- real, + fake": [_bar(float(effect) / largest) for effect in why.effects],
    }


def _print_faithfulness(found: Faithfulness, tokens: int) -> None:
    first = f"first {found.tokens} of {tokens} tokens by"
    headers = (first, "comprehensiveness", "sufficiency", "rank correlation with |effect|")
    rows = [(each.ranking, each.comprehensiveness, each.sufficiency, each.rank_correlation) for each in found.rankings]
    print_table(headers, rows, right_aligned=frozenset(headers[1:]))


def printable_token(piece: str, word: str) -> str:
    """A token for a person: the vocabulary's piece, beside the word where the piece is not part of it."""
    from newsgate.model.tokenizer import UNKNOWN_PIECE

    text = printable(f"{piece} {word}" if piece == UNKNOWN_PIECE and word else piece)
    return text if len(text) <= _TOKEN_CHARS else f"{text[: _TOKEN_CHARS - 1]}…"


def _bar(share: float) -> str:
    return ("+" if share > 0 else "-") * round(_BAR_CHARS * abs(share))


def _write_page(explained: Explained, path: Path) -> None:
    from newsgate.pages.explanation_page import explanation_page

    page = explanation_page(explained)
    with open_output(str(path)) as stream:
        stream.write(page)
    print_message(f"{path}: the page is written; a browser shows it")
