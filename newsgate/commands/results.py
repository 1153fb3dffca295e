"""`newsgate results`: the verdicts of a batch."""

from __future__ import annotations

import click

from newsgate.console.batch_choice import BATCH
from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.familiarity_messages import warn_of_unknown_familiarity
from newsgate.console.max_error_option import check_strict, max_error_option, print_promise, promise_for, strict_option
from newsgate.console.output_options import choose_output_form, output_options, own_columns_option
from newsgate.console.parameter_types import ROW_COUNT, StrictFloatRange
from newsgate.console.run_choice import choose_run, run_options, warn_of_missing_rows
from newsgate.console.settings_and_database import settings_and_database
from newsgate.foundation.errors import WrongUsageError


@click.command("results", cls=ErrorReportingCommand)
@click.argument("batch", type=BATCH)
@click.option("--label", type=click.Choice(["fake", "real", "unsure"]), help="Only rows with this verdict.")
@click.option(
    "--min-score", type=StrictFloatRange(0.5, 1.0), help="Only rows whose label has at least this probability."
)
@max_error_option(help_text="Call rows `unsure`, so that at most about this share of the other labels is wrong.")
@strict_option
@click.option(
    "--max-familiarity",
    type=StrictFloatRange(0, 1),
    metavar="F",
    help="Only rows that are no more familiar to the model than that; 0.1 is what it has not learned from.",
)
@run_options
@click.option("--limit", type=ROW_COUNT, help="Only the first N rows.")
@own_columns_option("The file's own table, with the verdicts in columns at its end.")
@output_options
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead of printing.")
def results(
    batch: int,
    *,
    label: str | None,
    min_score: float | None,
    max_error: float | None,
    strict: bool,
    max_familiarity: float | None,
    model: int | None,
    run: int | None,
    limit: int | None,
    own_columns: bool | None,
    form: str | None,
    raw: bool,
    output: str | None,
) -> None:
    """Print the verdicts of BATCH, in the order of its file.

    Where several models have classified it, the latest run's are printed; `newsgate status BATCH` lists the runs. The
    table is for reading; all other formats carry every column of the database's view `results`, or with --own-columns
    the file's own table, each row in its place. In csv a single quote goes before a cell that a spreadsheet would take
    for a formula.

    \b
    Examples:
      newsgate results latest --label fake --limit 20
      newsgate results posts.csv --own-columns -o verdicts.xlsx
    """
    from newsgate.console.results_output import ResultsOutput, write_results
    from newsgate.db.results import ResultFilter

    if label == "unsure" and max_error is None:
        raise WrongUsageError(
            "no row is unsure without --max-error", remedy="Give --max-error E, the error that you accept"
        )
    check_strict(strict=strict, max_error=max_error)
    output_form = choose_output_form(output, said=form, own_columns=own_columns)
    with settings_and_database() as (_, database):
        with database.read() as connection:
            chosen = choose_run(connection, batch, model=model, run=run)
            promise = promise_for(connection, chosen.status, max_error=max_error, strict=strict)
            if max_familiarity is not None:
                warn_of_unknown_familiarity(connection, chosen.status)
        threshold = None if promise is None else promise.threshold
        # One run by number, so that one that begins while rows are written changes nothing.
        wanted = ResultFilter(
            batch,
            label,
            min_score,
            limit,
            model=chosen.status.model,
            threshold=threshold,
            max_familiarity=max_familiarity,
        )
        write_results(database, wanted, ResultsOutput(output_form, output, raw, own_columns or False))
        print_promise(promise, batch=batch)
    warn_of_missing_rows(chosen, refused_are_here=own_columns or False)
