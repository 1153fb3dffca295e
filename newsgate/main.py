"""The program `newsgate`: everything but the one verb that has a program of its own."""

from __future__ import annotations

import click

from newsgate import __version__
from newsgate.commands.audit import audit
from newsgate.commands.classify import classify, migrate, up, worker
from newsgate.commands.doctor import doctor
from newsgate.commands.evaluate import evaluate
from newsgate.commands.explain import explain
from newsgate.commands.labels import label, labels
from newsgate.commands.models import models, promote
from newsgate.commands.reclassify import flips, reclassify, requeue
from newsgate.commands.report import report
from newsgate.commands.results import cancel, results, status
from newsgate.commands.retrain import beat, retrain, rollback, trainer
from newsgate.commands.review import review
from newsgate.commands.shadow import shadow
from newsgate.commands.train import train
from newsgate.console.error_reporting import CONTEXT, TellingGroup
from newsgate.enqueue import enqueue


class _InOrder(TellingGroup):
    """Lists commands in the order a person meets them, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings=CONTEXT)
@click.version_option(__version__)
def newsgate() -> None:
    """Which of these texts are fake, and which are real?

    `newsgate classify FILE` does everything in one command. `newsgate up` keeps the system running, and
    `enqueue FILE` gives it work. Settings: docs/settings.md.
    """


for _command in (
    classify,
    up,
    enqueue,
    status,
    results,
    report,
    explain,
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
    worker,
    trainer,
    beat,
    migrate,
    audit,
    doctor,
):
    newsgate.add_command(_command)


def main() -> None:
    """The entry point of the program `newsgate`."""
    newsgate(prog_name="newsgate")
