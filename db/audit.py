"""The invariants, as SQL that finds what breaks them. The README's table of guarantees rests on them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from newsgate.db.audit_references import find_orphans
from newsgate.db.notifications import open_notifications
from newsgate.db.tables import models
from newsgate.db.times_ahead import count_waiting, find_times_ahead

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant: how many rows were looked at, and the first that break it.

    only_noted: what breaks it is worth knowing and costs nothing.
    """

    invariant: str
    checked: int
    offenders: tuple[str, ...]
    only_noted: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing that matters breaks it."""
        return self.only_noted or not self.offenders


@dataclass(frozen=True, slots=True)
class _Check:
    invariant: str
    counted: str
    offenders: str


# Each offender query gives one text column. A run that was cancelled, or is still going, owes no verdicts yet.
_CHECKS = (
    _Check(
        "every data row of a file is exactly one item or one reject",
        "select sum(accepted + rejected) from batches",
        """
        select 'batch ' || b.id || ' says ' || b.accepted || ' items and ' || b.rejected || ' rejects, and has '
               || coalesce(i.n, 0) || ' and ' || coalesce(r.n, 0)
        from batches b
        left join (select batch_id, count(*) n from items group by batch_id) i on i.batch_id = b.id
        left join (select batch_id, count(*) n from rejects group by batch_id) r on r.batch_id = b.id
        where b.accepted <> coalesce(i.n, 0) or b.rejected <> coalesce(r.n, 0)
        union all
        select 'row ' || i.row || ' of batch ' || i.batch_id || ' is both an item and a reject'
        from rejects r join items i on i.batch_id = r.batch_id and i.row = r.row
        """,
    ),
    _Check(
        "every item of a finished run has exactly one verdict by the run's model",
        "select sum(total) from runs where state = 'done'",
        """
        select 'item ' || i.id || ' of run ' || r.id || ' has no verdict'
        from runs r join items i on i.batch_id = r.batch_id
        left join verdicts v on v.item_id = i.id and v.model = r.model
        where r.state = 'done' and v.item_id is null
        """,
    ),
    _Check(
        "a run's counters equal the rows they count",
        "select count(*) from runs",
        """
        select 'run ' || r.id || ' says ' || r.done || ' done and ' || r.failed || ' failed, and has '
               || coalesce(v.done, 0) || ' and ' || coalesce(v.failed, 0)
        from runs r left join (
            select run_id, sum(case when error is null then 1 else 0 end) done,
                   sum(case when error is null then 0 else 1 end) failed
            from verdicts group by run_id
        ) v on v.run_id = r.id
        where r.done <> coalesce(v.done, 0) or r.failed <> coalesce(v.failed, 0)
        union all
        select 'run ' || r.id || ' counts ' || r.total || ' items, and its chunks hold ' || coalesce(c.n, 0)
        from runs r left join (select run_id, sum(item_count) n from chunks group by run_id) c on c.run_id = r.id
        where r.total <> coalesce(c.n, 0)
        union all
        select 'run ' || r.id || ' is done, and chunk ' || c.id || ' is ' || c.state
        from runs r join chunks c on c.run_id = r.id
        where r.state = 'done' and c.state not in ('done', 'failed')
        """,
    ),
    _Check(
        "a run that is not over has a chunk that waits or is worked on",
        "select count(*) from runs where loaded and state in ('queued', 'running')",
        """
        select 'run ' || r.id || ' is ' || r.state || ', and none of its chunks waits or is worked on'
        from runs r
        where r.loaded and r.state in ('queued', 'running') and not exists (
            select 1 from chunks c where c.run_id = r.id and c.state in ('queued', 'running')
        )
        """,
    ),
    _Check(
        "a chunk that waits is in line, unless its run is paused",
        "select count(*) from chunks where state = 'queued'",
        """
        select 'chunk ' || c.id || ' of run ' || r.id
               || case when r.paused_at is null then ' is not in line' else ' is in line, and its run is paused' end
        from chunks c join runs r on r.id = c.run_id
        where c.state = 'queued' and (c.turn is null) <> (r.paused_at is not null)
        union all
        select 'run ' || id || ' is ' || state || ' and paused'
        from runs where paused_at is not null and state not in ('queued', 'running')
        """,
    ),
    _Check(
        "every verdict names a model that exists",
        "select count(*) from verdicts",
        """
        select 'item ' || v.item_id || ' has a verdict by model ' || v.model || ', which does not exist'
        from verdicts v left join models m on m.number = v.model where m.number is null
        """,
    ),
    _Check(
        "every shadow verdict names a model and an item that exist",
        "select count(*) from shadow_verdicts",
        """
        select 'item ' || s.item_id || ' or model ' || s.model || ' of a shadow verdict does not exist'
        from shadow_verdicts s left join models m on m.number = s.model left join items i on i.id = s.item_id
        where m.number is null or i.id is null
        """,
    ),
    _Check(
        "at most one model is champion, and a promotion says why",
        "select count(*) from models",
        """
        select 'model ' || m.number || ' is champion, and the latest promotion is of '
               || coalesce(cast(p.challenger as text), 'none')
        from models m left join promotions p
          on p.id = (select max(id) from promotions where promoted)
        where m.state = 'champion' and (p.challenger is null or p.challenger <> m.number)
        union all
        select count(*) || ' models are champion' from models where state = 'champion' having count(*) > 1
        """,
    ),
)


def audit(connection: Connection) -> list[Finding]:
    """Look for rows that break an invariant, in the connection's one view of the database."""
    checks = [_run(connection, check) for check in _CHECKS]
    return [
        *checks,
        _audit_references(connection),
        _audit_bundles(connection),
        _audit_times(connection),
        _audit_notifications(connection),
    ]


def _run(connection: Connection, check: _Check) -> Finding:
    counted = connection.execute(text(check.counted)).scalar() or 0
    offenders = connection.execute(text(f"select * from ({check.offenders}) o limit {_SHOWN}")).scalars()  # noqa: S608 - both are constants above
    return Finding(check.invariant, int(counted), tuple(str(each) for each in offenders))


def _audit_references(connection: Connection) -> Finding:
    checked, orphans = find_orphans(connection)
    return Finding("every row that names another names one that exists", checked, tuple(orphans))


def _audit_times(connection: Connection) -> Finding:
    # A worker, a trainer or a reviewer takes up at once what such a time would keep waiting.
    ahead = tuple(find_times_ahead(connection))
    return Finding("no stored time lies in the future", count_waiting(connection), ahead, only_noted=True)


def _audit_notifications(connection: Connection) -> Finding:
    # Workers try again for as long as they are told to: this says who has not heard yet.
    late = tuple(open_notifications(connection, limit=_SHOWN))
    return Finding("whoever asked to hear of a run's end was told", len(late), late, only_noted=True)


def _audit_bundles(connection: Connection) -> Finding:
    numbers = list(connection.execute(select(models.c.number)).scalars())
    broken = []
    for number in numbers:
        row = connection.execute(select(models.c.bundle, models.c.sha256).where(models.c.number == number)).one()
        if hashlib.sha256(row.bundle).hexdigest() != row.sha256:
            broken.append(f"the bundle of model {number} does not match its checksum")
    return Finding("every bundle's bytes match its checksum", len(numbers), tuple(broken[:_SHOWN]))
