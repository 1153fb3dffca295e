"""A database that holds a model of an older format: left as it is, and served as before."""

from __future__ import annotations

import numpy as np

from newsgate.db.model_registry import add_model, list_models, read_bundle_bytes
from newsgate.db.promotions import promote
from newsgate.db.session import Database
from newsgate.model.bundle import read_bundle
from newsgate.model.starter import starter_bundle
from newsgate.tasks.running.open_database import ensure_champion
from tests.bundles import older_bundle, scores_of
from tests.desk import Desk


def test_an_older_starter_stays_champion_and_its_bytes_stay_what_they_are(database: Database) -> None:
    older = _with_older_starter(database)
    assert ensure_champion(database) == 1
    with database.read() as connection:
        assert [model.number for model in list_models(connection)] == [1]
        assert read_bundle_bytes(connection, 1) == older


def test_a_worker_serves_an_older_starter_with_the_scores_it_always_gave(desk: Desk) -> None:
    _with_older_starter(desk.database)
    batch = desk.enqueue(30)
    desk.work_off(batch)
    results = desk.results(batch)
    scores = scores_of(starter_bundle(), [each.text for each in results])
    np.testing.assert_array_equal([each.p_fake for each in results], scores.p_fake)


def _with_older_starter(database: Database) -> bytes:
    older = older_bundle(starter_bundle())
    with database.write() as connection:
        number = add_model(connection, name="starter", bundle=older, metadata=read_bundle(older).metadata.as_dict())
        promote(connection, number, reason="the starter model of a new database", figures={})
    return older
