"""Commands that run the system: up, worker, classify, migrate."""

from __future__ import annotations

import signal
import threading
from contextlib import nullcontext
from typing import Any

import click

from newsgate.console.error_reporting import EXIT_SOME_ROWS_BAD, Telling, opened, tell, warn
from newsgate.console.file_reading_options import draw_reading, read_options, reading_options, tell_enqueued
from newsgate.console.max_error_option import max_error_option
from newsgate.console.parameter_types import ANY_ROWS, MODEL


@click.command("up", cls=Telling)
@click.option(
    "--training/--no-training", default=None, help="Run trainer and schedule too. [default: NEWSGATE_UP_TRAINS]"
)
def up(*, training: bool | None) -> None:
    """Run broker, workers, trainer and schedule on this machine, until Ctrl-C.

    With nothing set it starts a private Redis-compatible server in NEWSGATE_HOME; with NEWSGATE_BROKER_URL it uses
    that one. Ctrl-C finishes the chunks in hand and stops everything. Without the libraries that training needs it
    runs no trainer and no schedule.
    """
    from newsgate.tasks.retraining.trainer import can_train
    from newsgate.tasks.running.local_system import LocalSystem
    from newsgate.tasks.running.process import set_up_logging
    from newsgate.worker.schedule import check_schedule
    from newsgate.worker.settings import load_settings

    settings = load_settings(up_trains=training)
    set_up_logging(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with_training = settings.up_trains and can_train()
    if settings.up_trains and not with_training:
        tell("note: models are not retrained here; that needs pip install 'newsgate[training]'")
    if with_training:
        # Before anything runs: trainer and schedule would refuse it again and again.
        check_schedule(settings.retrain_crontab)
    with LocalSystem(settings, worker_output=None, with_training=with_training) as system:
        parts = system.parts()
        workers = f"{parts.workers} worker{'s' if parts.workers > 1 else ''}"
        tell(f"newsgate is up: {workers}, database {parts.database}, broker {parts.broker}. Ctrl-C stops it.")
        while not stop.wait(0.2):
            system.check()
        tell("stopping: the chunks in hand are finished first")
    tell("stopped")


@click.command("worker", cls=Telling)
@click.option("--with-parent", "parent", type=int, hidden=True, help="End when this process, which started it, ends.")
def worker(*, parent: int | None) -> None:
    """Run one classifying worker, in production under a supervisor that restarts it.

    It uses one core: run as many as there are cores for it. SIGTERM finishes the chunk in hand and exits.
    """
    from newsgate.tasks.classifying.worker_process import work
    from newsgate.worker.settings import load_settings

    work(load_settings(), parent=parent)


@click.command("migrate", cls=Telling)
def migrate() -> None:
    """Bring the database to this newsgate's schema, and give a new one its starter model."""
    from newsgate.db.schema import migrate as apply
    from newsgate.db.session import Database
    from newsgate.tasks.running.open_database import ensure_champion
    from newsgate.worker.settings import load_settings, prepare_home

    settings = load_settings()
    if not settings.database_url:
        prepare_home(settings)
    database = Database(settings.effective_database_url)
    try:
        before, after = apply(database)
        champion = ensure_champion(database)
    finally:
        database.close()
    changed = "was up to date" if before == after else f"went from {before or 'nothing'} to {after}"
    tell(f"the schema {changed}; model {champion} is champion")


@click.command("classify", cls=Telling)
@click.argument("file")
@reading_options
@click.option("--model", type=MODEL, metavar="N", help="The model to classify with. [default: the champion]")
@click.option("--again", is_flag=True, help="Classify the file although it was classified before.")
@max_error_option(help="Call rows `unsure`, so that at most about this share of the other labels is wrong.")
@click.option("--limit", type=ANY_ROWS, metavar="N", help="Print only the first N results.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "jsonl"]), help="[default: table on a terminal, else csv]"
)
@click.option("--raw", is_flag=True, help="In csv, leave cells as they are that a spreadsheet takes for formulas.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write the results there.")
def classify(
    file: str,
    *,
    model: int | None,
    again: bool,
    max_error: float | None,
    limit: int | None,
    form: str | None,
    raw: bool,
    output: str | None,
    **reading: Any,
) -> None:
    """Classify FILE from beginning to end: up, enqueue, wait, results, down.

    Where `newsgate up` runs already, its workers are used. A file classified before is not classified again: its
    verdicts are printed, by --model or by the model that was last.
    """
    from newsgate.commands.results import write_results
    from newsgate.console.progress_line import ProgressLine
    from newsgate.console.wait_for_batch import wait_and_tell
    from newsgate.db.results import ResultFilter
    from newsgate.tasks.enqueueing.enqueue import enqueue
    from newsgate.tasks.enqueueing.existing_runs import AlreadyEnqueuedError
    from newsgate.tasks.enqueueing.request import Request
    from newsgate.tasks.models.abstention import threshold_of
    from newsgate.tasks.running.local_system import LocalSystem, is_up

    with opened() as (settings, database):
        request = Request(path=file, options=read_options(settings.max_text_chars, **reading), model=model, again=again)
        if max_error is not None:
            # Before the file is stored: afterwards it would belong to a model that cannot say when it is sure.
            threshold_of(database, model, max_error=max_error)
        running = is_up(settings)
        home = settings.home
        with nullcontext() if running else LocalSystem(settings, worker_output=home / "worker.log") as system:
            try:
                with ProgressLine("reading") as line:
                    done = enqueue(request, settings=settings, database=database, progress=draw_reading(line))
                tell_enqueued(done, database)
                batch, by_model, incomplete = done.batch, done.model, done.incomplete
            except AlreadyEnqueuedError as known:
                if known.state != "done":
                    raise
                for warning in known.warnings:
                    warn(warning)
                tell(f"batch {known.batch} holds this file already; --again classifies it once more")
                batch, by_model, incomplete = known.batch, known.model, known.incomplete
            status = wait_and_tell(database, batch, model=by_model, meanwhile=system.check if system else lambda: None)
        threshold = None if max_error is None else threshold_of(database, status.model, max_error=max_error)
        wanted = ResultFilter(batch, limit=limit, model=status.model, threshold=threshold)
        write_results(database, wanted, form=form, output=output, raw=raw)
    if status.rejected or status.failed or incomplete:
        raise SystemExit(EXIT_SOME_ROWS_BAD)
