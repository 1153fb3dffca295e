"""Models that cannot be used: damaged in the database, of another make, full of NaN, or not there at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
from sqlalchemy import update

from newsgate.db.tables import models
from newsgate.model.bundle import read_bundle
from newsgate.model.bundle_weights import weights_of, weights_to_npz
from newsgate.model.starter import starter_bundle
from tests.bundles import older_bundle, remade, store_bundle
from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site
from tests.texts import write_posts

_ROWS = 90
_SETTINGS = {"NEWSGATE_CHUNK_ROWS": "30", "NEWSGATE_LEASE_SECONDS": "10"}


@pytest.fixture(scope="module")
def running(new_site: MakeSite) -> Iterator[Site]:
    """A site with one worker, which has to outlive every model below, and then work for the champion as before."""
    site = new_site(broker_url="redis://127.0.0.1:1/0", extra=_SETTINGS)
    with site.started("worker", log="worker") as worker:
        site.wait_until_ready("worker")
        yield site
        good = site.enqueue(write_posts(site.world.home.parent / "good.csv", _ROWS, seed=1000))
        site.wait_for(good)
        assert worker.poll() is None
    site.assert_whole(good, rows=_ROWS)
    assert site.log("worker").read_text().count("ready:") == 1


def test_altered_bytes_fail_each_row_with_the_reason(running: Site, tmp_path: Path) -> None:
    number = store_bundle(running.database, _bundle(temperature=1.1), name="altered")
    data = bytearray(_bundle(temperature=1.1))
    data[len(data) // 2] ^= 1
    with _changed(running, number, bundle=bytes(data)):
        batch = _classify(running, tmp_path, number)
        _assert_each_row_says(running, batch, number, "its checksum differs")
    _assert_sound(running, batch)


def test_a_wrong_checksum_fails_each_row_with_the_reason(running: Site, tmp_path: Path) -> None:
    number = store_bundle(running.database, _bundle(temperature=1.2), name="wrong checksum")
    with _changed(running, number, sha256="0" * 64):
        batch = _classify(running, tmp_path, number)
        _assert_each_row_says(running, batch, number, "its checksum differs")
    _assert_sound(running, batch)


def test_bytes_that_are_no_bundle_fail_each_row_with_the_reason(running: Site, tmp_path: Path) -> None:
    number = store_bundle(running.database, _bundle(temperature=1.3), name="no bundle")
    junk = b"no bundle at all"
    with _changed(running, number, bundle=junk, sha256=hashlib.sha256(junk).hexdigest()):
        batch = _classify(running, tmp_path, number)
        _assert_each_row_says(running, batch, number, "not a newsgate model bundle")
    _assert_sound(running, batch)


@pytest.mark.parametrize("older", [False, True], ids=["today's format", "an older format"])
def test_a_model_whose_weights_are_no_numbers_fails_each_row_with_the_reason(
    running: Site, tmp_path: Path, older: bool
) -> None:
    number = store_bundle(running.database, _older_bundle_of_nan() if older else _bundle_of_nan(), name="nan")
    batch = _classify(running, tmp_path, number)
    _assert_each_row_says(running, batch, number, "output_bias holds something that is not a number")
    _assert_sound(running, batch)


def test_a_model_number_that_does_not_exist_is_refused_and_stores_nothing(running: Site, tmp_path: Path) -> None:
    before = running.figure("select count(*) from batches")
    refused = running.world.run("enqueue", write_posts(tmp_path / "posts.csv", 10, seed=99), "--model", "99")
    assert refused.code == 1
    assert refused.err.startswith("error: there is no model 99. ")
    assert len(refused.err.splitlines()) == 1
    assert running.figure("select count(*) from batches") == before
    running.world.assert_sound()


def test_a_worker_starts_although_the_champion_is_damaged_and_works_for_other_models(
    new_site: MakeSite, tmp_path: Path
) -> None:
    site = new_site(broker_url="redis://127.0.0.1:1/0", extra=_SETTINGS)
    other = store_bundle(site.database, _bundle(temperature=1.4), name="other")
    with _changed(site, 1, bundle=b"damaged"):
        champions = site.enqueue(write_posts(tmp_path / "champion.csv", _ROWS, seed=1))
        others = site.world.enqueue(write_posts(tmp_path / "other.csv", _ROWS, seed=2), "--model", str(other))["batch"]
        with site.started("worker", log="worker") as worker:
            site.wait_for(champions)
            site.wait_for(others)
            assert worker.poll() is None
        doctor = site.world.run("newsgate", "doctor", "--json")
    assert doctor.code == 1
    failed = [check for check in json.loads(doctor.out)["checks"] if check["state"] == "FAILED"]
    assert "of model 1 the checksum differs" in [check["detail"] for check in failed]
    assert "model 1 cannot be used" in site.log("worker").read_text()
    assert site.figure("select number from models where state = 'champion'") == 1
    _assert_each_row_says(site, champions, 1, "its checksum differs")
    site.assert_whole(others, rows=_ROWS)


def _bundle(*, temperature: float) -> bytes:
    metadata = replace(read_bundle(starter_bundle()).metadata, temperature=temperature)
    return remade(starter_bundle(), metadata=metadata)


@cache
def _bundle_of_nan() -> bytes:
    weights = weights_of(read_bundle(starter_bundle()))
    broken = replace(weights, output_bias=np.array([np.nan], np.float32))
    return remade(starter_bundle(), weights_npz=weights_to_npz(broken))


@cache
def _older_bundle_of_nan() -> bytes:
    graph = onnx.load_model_from_string(read_bundle(starter_bundle()).onnx_model)
    for tensor in graph.graph.initializer:
        if tensor.name == "output_bias":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.array([np.nan], np.float32), tensor.name))
    return older_bundle(remade(starter_bundle(), onnx_model=graph.SerializeToString()))


class _changed:  # noqa: N801 - it reads as the statement it makes
    """Other values in a model's row, for as long as the block lasts."""

    def __init__(self, site: Site, number: int, **values: object) -> None:
        self._site, self._number, self._values = site, number, values

    def __enter__(self) -> None:
        with self._site.database.read() as connection:
            row = connection.execute(models.select().where(models.c.number == self._number)).one()
        self._before = {name: row._mapping[name] for name in self._values}
        self._set(self._values)

    def __exit__(self, *_: object) -> None:
        self._set(self._before)

    def _set(self, values: dict[str, object]) -> None:
        with self._site.database.write() as connection:
            connection.execute(update(models).where(models.c.number == self._number).values(values))


def _classify(site: Site, folder: Path, model: int) -> int:
    file = write_posts(folder / f"by-{model}.csv", _ROWS, seed=model)
    batch: int = site.world.enqueue(file, "--model", str(model))["batch"]
    site.wait_for(batch)
    return batch


def _assert_each_row_says(site: Site, batch: int, model: int, reason: str) -> None:
    said = "select count(*) from results where batch = :batch and model = :model and error like :reason"
    assert site.figure(said, batch=batch, model=model, reason=f"%{reason}%") == _ROWS


def _assert_sound(site: Site, batch: int) -> None:
    site.assert_whole(batch, rows=_ROWS, failed=_ROWS)
    assert site.figure("select number from models where state = 'champion'") == 1
