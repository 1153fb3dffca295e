"""`newsgate labels`: what people have said, and files of it, in and out."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsgate.console.console_table import print_table
from newsgate.console.error_reporting import ErrorReportingCommand, ErrorReportingGroup
from newsgate.console.exit_codes import EXIT_SOME_ROWS_BAD
from newsgate.console.file_reading_options import file_reading_options, make_read_options
from newsgate.console.item_choice import choose_item, item_figures, item_line, row_options_to_change
from newsgate.console.json_option import json_option
from newsgate.console.label_messages import RefusedRows, agreement_line, import_figures, print_import_summary
from newsgate.console.label_options import label_options_of_files, pair_files, says_the_opposite
from newsgate.console.messages import print_message, print_warning
from newsgate.console.output_file import open_output
from newsgate.console.parameter_types import FILE_NAME
from newsgate.console.reviewer_option import reviewer_name, reviewer_option
from newsgate.console.settings_and_database import settings_and_database

if TYPE_CHECKING:
    from newsgate.db.labels import LabelSummary
    from newsgate.model.labels import Label
    from newsgate.tasks.labelling.agreement import Agreement


@click.group("labels", cls=ErrorReportingGroup, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def labels(ctx: click.Context, *, as_json: bool) -> None:
    """Show the labels so far: how many, how their texts were chosen, who gave them, who disagrees.

    \b
    Examples:
      newsgate labels
      newsgate labels --json
    """
    from newsgate.db.labels import count_pairs, summarise_labels
    from newsgate.db.review import suspect_texts
    from newsgate.tasks.labelling.agreement import measure_agreement

    if ctx.invoked_subcommand is not None:
        return
    with settings_and_database() as (_, database), database.read() as connection:
        summary = summarise_labels(connection)
        suspects = len(suspect_texts(connection))
        agreement = measure_agreement(count_pairs(connection))
    if as_json:
        click.echo(json.dumps(_figures(summary, suspects=suspects, agreement=agreement)))
        return
    if not summary.judgements:
        print_message("no labels yet: `newsgate review` asks for some, `newsgate labels import FILE` reads them")
        return
    _print_summary(summary)
    click.echo()
    click.echo(f"texts called both fake and real: {summary.conflicts}")
    click.echo(f"texts that wait to be judged again: {suspects}")
    click.echo(agreement_line(agreement))


@click.command("import", cls=ErrorReportingCommand)
@click.argument("files", nargs=-1, required=True, type=FILE_NAME, metavar="FILE...")
@file_reading_options
@label_options_of_files
@click.option("--test-set", is_flag=True, help="These labels judge models; no model is ever trained on their texts.")
@click.option("--dry-run", is_flag=True, help="Show what would become of each FILE; store nothing.")
@reviewer_option
@json_option("One JSON object; of several files, a list.")
def import_(
    files: tuple[str, ...],
    *,
    labels_of_files: tuple[Label, ...],
    test_set: bool,
    dry_run: bool,
    by: str | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """Read labels from FILE: a column `label`, beside the texts or a column `item`.

    A text that the file calls both fake and real is refused. So is a text that has a different label already. The
    other rows are stored. Reading a file again adds nothing.

    \b
    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 done but some rows were refused or missing.

    \b
    Examples:
      newsgate labels import judged.csv --by Ada
      newsgate labels import judged.csv --dry-run
      newsgate labels import --label fake hoaxes.txt
    """
    from dataclasses import replace

    from newsgate.tasks.labelling.import_labels import LabelImporter
    from newsgate.tasks.labelling.import_rehearsal import Rehearsal

    # One for all files: what an earlier one says decides what becomes of a later one.
    rehearsal = Rehearsal() if dry_run else None
    name = reviewer_name(by)
    outcomes = []
    with settings_and_database() as (settings, database):
        options = make_read_options(settings.max_text_chars, **reading)
        for file, label in pair_files(files, labels_of_files):
            if label is not None and says_the_opposite(file, label):
                print_warning(f"{file}: every row is taken as {label}, and its name says otherwise")
            refused = RefusedRows(dry_run=dry_run)
            importer = LabelImporter(
                database, settings, by=name, refuse=refused, by_is_given=by is not None, rehearsal=rehearsal
            )
            of_file = replace(options, every_label=label)
            done = importer.read_labels(file, options=of_file, chosen="test" if test_set else "import")
            refused.print_counts()
            print_import_summary(done, path=file if len(files) > 1 else None, dry_run=dry_run)
            outcomes.append(import_figures(file, done, dry_run=dry_run))
    if as_json:
        click.echo(json.dumps(outcomes if len(outcomes) > 1 else outcomes[0], ensure_ascii=False))
    if any(each["refused"] or each["incomplete"] for each in outcomes):
        raise SystemExit(EXIT_SOME_ROWS_BAD)


@click.command("export", cls=ErrorReportingCommand)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead of printing.")
@json_option("One JSON object a text, instead of CSV; nothing is guarded in it.")
def export(output: str | None, *, as_json: bool) -> None:
    """Print every labelled text with its current label, as CSV.

    A cell that a spreadsheet would take for a formula begins with a single quote; `newsgate labels import` takes it
    away again.

    \b
    Example:
      newsgate labels export -o labels.csv
    """
    from newsgate.tasks.labelling.spreadsheet_files import export_labels, export_labels_as_json

    with settings_and_database() as (_, database), database.read() as connection, open_output(output) as stream:
        count = (export_labels_as_json if as_json else export_labels)(connection, stream)
    if output is not None:
        print_message(f"{output}: {count} labels")


@click.command("undo", cls=ErrorReportingCommand)
@click.argument("item", required=False, metavar="[ITEM]")
@row_options_to_change
@reviewer_option
@json_option("Print {item, batch, row, label, by, now} as one JSON object.")
def undo(item: str | None, *, batch: int | None, row: int | None, by: str | None, as_json: bool) -> None:
    """Take back what you last said about ITEM, or about --row R of --batch N.

    It no longer counts, and trains no later model; the table `retracted_labels` keeps it. What others said about the
    text, or you before, counts again.

    \b
    Example:
      newsgate labels undo 17
    """
    from newsgate.tasks.labelling.label_item import retract_label

    choice = choose_item(item, batch=batch, row=row)
    name = reviewer_name(by)
    with settings_and_database() as (_, database):
        done = retract_label(database, choice, by=name)
    now = f"{done.now.labelled_by} says {done.now.label}" if done.now else "no label is left"
    print_message(f"{item_line(done.item)}: {name} said {done.label.label}, which is taken back; {now}")
    if as_json:
        current = {"label": done.now.label, "by": done.now.labelled_by} if done.now else None
        figures = {**item_figures(done.item), "label": done.label.label, "by": name, "now": current}
        click.echo(json.dumps(figures))


labels.add_command(import_)
labels.add_command(undo)
labels.add_command(export)


def _figures(summary: LabelSummary, *, suspects: int, agreement: Agreement) -> dict[str, Any]:
    return {
        "judgements": summary.judgements,
        "texts": summary.texts,
        "by_label": dict(summary.by_label),
        "by_chosen": {chosen: dict(counts) for chosen, counts in summary.by_chosen.items()},
        "by_person": dict(summary.by_person),
        "conflicts": summary.conflicts,
        "suspects": suspects,
        "agreement": asdict(agreement),
    }


def _print_summary(summary: LabelSummary) -> None:
    rows = [(chosen, counts["fake"], counts["real"]) for chosen, counts in summary.by_chosen.items()]
    total = ("all", summary.by_label["fake"], summary.by_label["real"])
    print_table(("chosen", "fake", "real"), [*rows, total], right_aligned=frozenset({"fake", "real"}))
    click.echo()
    print_table(("by", "judgements"), list(summary.by_person.items()), right_aligned=frozenset({"judgements"}))
