"""The end of a batch, on both databases: loading or loaded, it is purged."""

from __future__ import annotations

from newsgate.db.batch_status import batch_status
from newsgate.db.purge import begin_purge, purge_step
from tests.lifecycle import System, walks


@walks("batch", ("loading", "purging"), ("loaded", "purging"), ("purging", "purged"))
def test_a_batch_is_purged_whether_its_file_is_stored_to_its_end_or_not(system: System) -> None:
    loading = system.create()
    system.add(loading, 2, 3)
    loaded = system.load(3, 2)
    for batch in (loading.batch, loaded.loading.batch):
        states = []
        with system.database.write() as connection:
            begin_purge(connection, batch)
        deleted: object = True
        while deleted:
            with system.database.write() as connection:
                states.append(batch_status(connection, batch).state)
                deleted = purge_step(connection, batch, limit=2)
        assert states[0] == "purging"
        assert states[-1] == "purged"
