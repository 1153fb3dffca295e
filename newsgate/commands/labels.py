"""Commands about what people say: label, labels, labels import, labels export."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newsgate.console.error_reporting import (
    EXIT_SOME_ROWS_BAD,
    Telling,
    TellingGroup,
    opened,
    print_table,
    tell,
    written,
)
from newsgate.console.file_reading_options import read_options, reading_options, tell_about_file
from newsgate.console.parameter_types import ITEM
from newsgate.console.text_type import UTF8_TEXT, is_storable
from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.db.labels import LabelSummary
    from newsgate.tasks.labelling.agreement import Agreement
    from newsgate.tasks.labelling.import_labels import Imported

Function = TypeVar("Function", bound=Callable[..., Any])

by_option: Callable[[Function], Function] = click.option(
    "--by", type=UTF8_TEXT, metavar="NAME", help="Whose judgement it is. [default: your user name]"
)


def judge_name(by: str | None) -> str:
    """Who judges: the name given, or the user's. Raises WrongUsageError where there is none."""
    import getpass

    if by is None:
        try:
            by = getpass.getuser()
        except (KeyError, OSError) as error:
            raise WrongUsageError("this user has no name", remedy="Name yourself with --by") from error
        if not is_storable(by):
            raise WrongUsageError("this user's name is not UTF-8", remedy="Name yourself with --by")
    if not by.strip():
        raise WrongUsageError("a judgement needs a name", remedy="Name yourself with --by")
    return by.strip()


@click.command("label", cls=Telling)
@click.argument("item", type=ITEM)
@click.argument("label", metavar="fake|real", type=click.Choice(["fake", "real"]))
@by_option
def label(item: int, label: str, *, by: str | None) -> None:
    """Say that ITEM is fake, or that it is real.

    ITEM is the column `item` of `newsgate results`. The judgement is about the text, wherever it occurs; an earlier one
    is kept as history.
    """
    from newsgate.tasks.labelling.label_item import label_item

    name = judge_name(by)
    with opened() as (_, database):
        done = label_item(database, item, label, by=name)
    before = f"; {done.before.labelled_by} said {done.before.label} before" if done.before else ""
    tell(f"item {item} is {label}, says {name}{before}")


@click.group("labels", cls=TellingGroup, invoke_without_command=True)
@click.pass_context
def labels(ctx: click.Context) -> None:
    """What people have said so far: how many labels, how their texts were chosen, who gave them, who disagrees."""
    from newsgate.db.labels import count_pairs, summarise_labels
    from newsgate.db.review import suspect_texts
    from newsgate.tasks.labelling.agreement import measure_agreement

    if ctx.invoked_subcommand is not None:
        return
    with opened() as (_, database), database.read() as connection:
        summary = summarise_labels(connection)
        suspects = len(suspect_texts(connection))
        agreement = measure_agreement(count_pairs(connection))
    if not summary.judgements:
        tell("no labels yet: `newsgate review` asks for some, `newsgate labels import FILE` reads them")
        return
    _print_summary(summary)
    click.echo()
    click.echo(f"texts called both fake and real: {summary.conflicts}")
    click.echo(f"texts that wait to be judged again: {suspects}")
    click.echo(agreement_line(agreement))


@click.command("import", cls=Telling)
@click.argument("file")
@reading_options
@click.option("--test-set", is_flag=True, help="These labels judge models; no model is ever trained on their texts.")
@by_option
def import_(file: str, *, test_set: bool, by: str | None, **reading: Any) -> None:
    """Read labels from FILE: a column `label`, beside the texts or a column `item`.

    A text that the file calls both fake and real is refused, and so is one that was labelled otherwise before. The
    rows beside it are stored. Reading a file again adds nothing.

    \b
    Exit codes: 0 done, 1 an error, 2 wrong usage, 3 done but some rows were refused or missing.
    """
    from newsgate.tasks.labelling.import_labels import LabelImporter

    name = judge_name(by)
    with opened() as (settings, database):
        importer = LabelImporter(database, settings, by=name, refuse=tell_refused)
        options = read_options(settings.max_text_chars, **reading)
        done = importer.read_labels(file, options=options, chosen="test" if test_set else "import")
    tell_imported(done)


@click.command("export", cls=Telling)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead of printing.")
def export(output: str | None) -> None:
    """Print every labelled text with its current label, as CSV.

    A cell that a spreadsheet would take for a formula begins with a single quote; `newsgate labels import` takes it
    away again.
    """
    from newsgate.tasks.labelling.spreadsheet_files import export_labels

    with opened() as (_, database), database.read() as connection, written(output) as stream:
        count = export_labels(connection, stream)
    if output is not None:
        tell(f"{output}: {count} labels")


labels.add_command(import_)
labels.add_command(export)


def tell_refused(row: int, reason: str) -> None:
    """Say why a row of a file was not stored."""
    tell(f"row {row} was refused: {reason}")


def tell_imported(done: Imported) -> None:
    """Say what became of a file of labels; ends the program with its exit code where rows were refused or missing."""
    tell_about_file(done.notes, done.warnings)
    others = [
        f"{count} {what}"
        for count, what in (
            (done.known, "known already"),
            (done.repeated, "repeated"),
            (done.unlabelled, "without an answer"),
            (done.refused, "refused"),
        )
        if count
    ]
    tell(", ".join([f"{done.stored} labels stored", *others]))
    if done.refused or done.incomplete:
        raise SystemExit(EXIT_SOME_ROWS_BAD)


def agreement_line(agreement: Agreement) -> str:
    """How far two people agree, in one line."""
    kappa = "" if agreement.kappa is None else f", Cohen's kappa {agreement.kappa:.2f}"
    agreed = share(agreement.same, agreement.texts) if agreement.texts else "no text yet"
    return f"agreement between people, on texts two of them judged: {agreed}{kappa}"


def share(part: int, whole: int) -> str:
    """A part of a whole as people say it."""
    return f"{part} of {whole} ({part / whole:.1%})"


def _print_summary(summary: LabelSummary) -> None:
    rows = [(chosen, counts["fake"], counts["real"]) for chosen, counts in summary.by_chosen.items()]
    total = ("all", summary.by_label["fake"], summary.by_label["real"])
    print_table(("chosen", "fake", "real"), [*rows, total], right=frozenset({"fake", "real"}))
    click.echo()
    print_table(("by", "judgements"), list(summary.by_person.items()), right=frozenset({"judgements"}))
