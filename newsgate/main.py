"""The program `newsgate`: everything but the one verb that has a program of its own."""

from __future__ import annotations

import click

from newsgate import __version__
from newsgate.commands.audit import audit
from newsgate.commands.backup import backup
from newsgate.commands.beat import beat
from newsgate.commands.cancel import cancel
from newsgate.commands.classify import classify
from newsgate.commands.completion import completion
from newsgate.commands.config import config
from newsgate.commands.doctor import doctor
from newsgate.commands.evaluate import evaluate
from newsgate.commands.explain import explain
from newsgate.commands.flips import flips
from newsgate.commands.health import health
from newsgate.commands.inspect import inspect
from newsgate.commands.label import label
from newsgate.commands.labels import labels
from newsgate.commands.man import man
from newsgate.commands.migrate import migrate
from newsgate.commands.models import models
from newsgate.commands.pause import pause
from newsgate.commands.priority import priority
from newsgate.commands.promote import promote
from newsgate.commands.purge import purge
from newsgate.commands.reclassify import reclassify
from newsgate.commands.rejects import rejects
from newsgate.commands.report import report
from newsgate.commands.requeue import requeue
from newsgate.commands.results import results
from newsgate.commands.resume import resume
from newsgate.commands.retrain import retrain
from newsgate.commands.review import review
from newsgate.commands.rollback import rollback
from newsgate.commands.shadow import shadow
from newsgate.commands.status import status
from newsgate.commands.train import train
from newsgate.commands.trainer import trainer
from newsgate.commands.up import up
from newsgate.commands.web import web
from newsgate.commands.why import why
from newsgate.commands.worker import worker
from newsgate.commands.workers import workers
from newsgate.console.error_reporting import ErrorReportingGroup
from newsgate.console.help_settings import HELP_SETTINGS
from newsgate.enqueue import enqueue
from newsgate.foundation.process_end import end_quickly


class _OrderedGroup(ErrorReportingGroup):
    """Lists commands in the order a person meets them, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_OrderedGroup, context_settings=HELP_SETTINGS)
@click.version_option(__version__)
def newsgate() -> None:
    """Which of these texts are fake, and which are real?

    `newsgate classify FILE` does everything in one command. `newsgate up` keeps the system running, and
    `enqueue FILE` gives it work. Settings: docs/settings.md.

    \b
    Examples:
      newsgate classify posts.csv
      newsgate results latest --label fake
    """


for _command in (
    classify,
    up,
    enqueue,
    inspect,
    status,
    results,
    rejects,
    report,
    explain,
    why,
    pause,
    resume,
    priority,
    cancel,
    requeue,
    reclassify,
    flips,
    label,
    labels,
    review,
    train,
    evaluate,
    models,
    promote,
    rollback,
    retrain,
    shadow,
    web,
    workers,
    health,
    worker,
    trainer,
    beat,
    migrate,
    backup,
    purge,
    audit,
    config,
    doctor,
    completion,
    man,
):
    newsgate.add_command(_command)


def main() -> None:
    """The entry point of the program `newsgate`."""
    end_quickly()
    newsgate(prog_name="newsgate")
