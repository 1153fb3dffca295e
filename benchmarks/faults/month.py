"""What is larger at the end of a month than at its beginning?

A month of days that take a minute or two. On each files are enqueued and classified, texts are labelled, a model is
trained with a small recipe, batches of some days ago are purged, and the database is backed up. Then every time that
the database knows is set back by a day: to newsgate a day has passed. In the month each fault of the soak happens once,
and in its middle everything is stopped, migrated and started, as in an upgrade. Ends with 1 where a row is lost, the
audit finds something, or a figure has grown beyond what it may.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks.faults.month_figures import Figures, figures_of, grown
from benchmarks.faults.soak import Soak
from benchmarks.faults.soak_report import Closing
from benchmarks.faults.soak_site import prepared_site
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from tests.clocks import set_clock_back
from tests.labelled import labelled_posts

MARKER, MARKER_ON_SERVERS = "month", "month-on-servers"
_DAY_HOURS: Final = 24
# As large as the day before's work, and trained in seconds.
_RECIPE: Final = {
    "vocabulary_size": 1200,
    "embedding_width": 16,
    "lstm_units": 8,
    "max_tokens": 32,
    "max_epochs": 1,
}
_SETTINGS: Final = {"NEWSGATE_UP_TRAINS": "yes", "NEWSGATE_RETRAIN_RECIPE": json.dumps(_RECIPE)}
_JUDGING_LABELS: Final = 300
_FIRST_LABELS: Final = 600
_LABELS_A_DAY: Final = 40
_BACKUPS: Final = 2
_QUIET_SECONDS: Final = 12.0


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(parser, days=(30, "of the month"), seconds=(20, "of each day in which files are enqueued"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--servers",
        action="store_true",
        help="on PostgreSQL behind PgBouncer and Redis behind Sentinel, started for this, not SQLite and the broker",
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    with (
        scratch_folder() as folder,
        prepared_site(folder, on_servers=options.servers, settings=_SETTINGS) as (world, site),
    ):
        soak = Soak(world, folder, rng=random.Random(options.seed), site=site)
        month = Month(soak, Home(folder, world.extra), days=options.days)
        try:
            for day in range(1, options.days + 1):
                month.pass_day(day, seconds=options.seconds)
            closing = soak.close()
        except BenchmarkError:
            sys.stderr.write(soak.told())
            raise
        finally:
            soak.end()
    yield Table(MARKER_ON_SERVERS if options.servers else MARKER, month.report(closing, site_name=site.name))
    month.require_flat(closing)


class Month:
    """Days of one system. days: how many there will be."""

    def __init__(self, soak: Soak, home: Home, *, days: int) -> None:
        self._soak = soak
        self._home = home
        self._marks = sorted({max(1, days // 6), max(1, days // 2), days})
        self._upgrade_day = max(1, days // 2)
        # What is older than the first mark is purged, so from there on as many rows come as go.
        self._kept_days = self._marks[0]
        self._faults = list(soak.kinds)
        self._faults_a_day = -(-len(self._faults) // max(1, days - 1))
        self._seen: dict[int, Figures] = {}
        self._rows_by_day: list[int] = []
        self._decisions: Counter[str] = Counter()
        self._untried: list[str] = []

    def pass_day(self, day: int, *, seconds: float) -> None:
        """Let a day pass, with everything that belongs to one."""
        began, rows_before = time.monotonic(), self._soak.tally.rows
        self._soak.go_on(seconds)
        if day != self._marks[0]:
            self._let_things_go_wrong()
        self._soak.finish()
        self._rows_by_day.append(self._soak.tally.rows - rows_before)
        if day == self._upgrade_day:
            self._upgrade()
        self._label(day)
        self._retrain()
        self._home.run("newsgate", "purge", "--older-than", str(self._kept_days), "--yes")
        self._back_up(day)
        if day in self._marks:
            self._look(day)
        set_clock_back(self._soak.database, hours=-_DAY_HOURS)
        say(f"day {day}: {time.monotonic() - began:.0f} s, faults so far {dict(self._soak.tally.faults)}")

    def report(self, closing: Closing, *, site_name: str) -> str:
        """The figures at each mark as Markdown, and what the database says at the end."""
        names = list(dict.fromkeys(name for figures in self._seen.values() for name in figures))
        rows = [(name, *(_cell(figures, name) for figures in self._seen.values())) for name in names]
        tally = self._soak.tally
        decisions = ", ".join(f"{decision} {count}" for decision, count in self._decisions.items())
        end = (
            f"{site_name}. {tally.rows} rows in {tally.files} files were enqueued, {closing.lost} lost,"
            f" {closing.doubled} doubled, {closing.failed} failed. Models trained: {decisions}. Faults:"
            f" {', '.join(f'{kind} {count}' for kind, count in tally.faults.items()) or 'none'};"
            f" not tried: {', '.join(self._untried) or 'none'}. Audit:"
            f" {'; '.join(closing.broken) or 'every invariant holds'}."
        )
        headers = ("figure", *(f"day {day}" for day in self._seen))
        return f"{markdown_table(headers, rows)}\n\n{end}\n\n{circumstances()}"

    def require_flat(self, closing: Closing) -> None:
        """Raise BenchmarkError, naming it, where something was lost or has grown."""
        marks: Sequence[Figures] = list(self._seen.values())
        # In the first days caches fill and tables take the shape that they keep.
        found = grown(marks[-2], marks[-1]) if len(marks) > 1 else ()
        if found or not closing.sound:
            raise BenchmarkError(f"grown: {'; '.join(found) or 'nothing'}; at the end: {closing}")

    def _let_things_go_wrong(self) -> None:
        for kind in self._faults[: self._faults_a_day]:
            self._faults.remove(kind)
            for _ in range(2):
                if self._soak.happens(kind):
                    self._soak.tally.faults[kind] += 1
                    self._soak.wait_for_recovery(kind)
                    break
                # It may need the other kind of output, or an `enqueue` under way.
                self._soak.restart(at_terminal=kind == "closed terminal")
                self._soak.wait_for_recovery(f"a start before: {kind}")
            else:
                self._untried.append(kind)

    def _upgrade(self) -> None:
        self._soak.stop()
        self._home.run("newsgate", "migrate")
        self._soak.restart(at_terminal=True)

    def _retrain(self) -> None:
        outcome = json.loads(self._home.run("newsgate", "retrain", "--force", "--json"))
        self._decisions[_decision(outcome)] += 1

    def _label(self, day: int) -> None:
        if day == 1:
            self._import(labelled_posts(_JUDGING_LABELS, seed=0), "--test-set")
        self._import(labelled_posts(_FIRST_LABELS if day == 1 else _LABELS_A_DAY, seed=day))

    def _import(self, labelled: Sequence[tuple[str, str]], *options: str) -> None:
        path = self._home.folder / "labels.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *labelled])
        self._home.run("newsgate", "labels", "import", path, "--by", "Ada", *options)

    def _back_up(self, day: int) -> None:
        folder = self._home.folder / "backups"
        folder.mkdir(exist_ok=True)
        self._soak.site.back_up(self._home, folder / f"{day:02}.db")
        for old in sorted(folder.iterdir())[:-_BACKUPS]:
            old.unlink()

    def _look(self, day: int) -> None:
        # Connections of what has just ended go, and heartbeats come.
        time.sleep(_QUIET_SECONDS)
        with contextlib.closing(self._soak.site.broker_client(self._home)) as broker:
            self._seen[day] = figures_of(
                self._soak.up_process,
                database=self._soak.database,
                home=self._home.folder / "home",
                broker=broker,
            )
        kept = sum(self._rows_by_day[-self._kept_days :])
        if self._seen[day]["rows: items"].value > kept:
            raise BenchmarkError(
                f"{self._seen[day]['rows: items'].value:.0f} rows stand, of {kept} that were to be kept"
            )


def _decision(outcome: Mapping[str, Any]) -> str:
    if outcome["state"] != "done":
        return f"none, {outcome['state']}"
    return "promoted" if outcome["promoted"] else "rejected"


def _cell(figures: Figures, name: str) -> str:
    found = figures.get(name)
    if found is None:
        return "-"
    return f"{found.value:.0f}" if float(found.value).is_integer() else figure(found.value)
