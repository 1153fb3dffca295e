"""What newsgate serves, what its alerts and its dashboard ask for, and a real Prometheus that reads it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from newsgate.db.session import Database
from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.metrics.server import serving_metrics
from newsgate.worker.metrics_address import parse_metrics_address
from newsgate.worker.queue_sieve import RefusalLog
from newsgate.worker.settings import load_settings
from newsgate.worker.tally import NOTIFICATIONS, TALLY
from tests.desk import Desk
from tests.integration.chunk_steps import LAPSED, take
from tests.prometheus import program, prometheus
from tests.services import free_port, wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
RULES = yaml.safe_load((DEPLOY / "newsgate-alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(database, tmp_path, metrics_address=f"127.0.0.1:{free_port()}")
    yield made
    made.assert_sound()


def _read(address: str) -> dict[str, float]:
    """Every sample, with its labels as they are written."""
    found = {}
    for family in text_string_to_metric_families(_page(address)):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def _page(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        page: str = answer.read().decode()
    return page


def test_what_a_worker_did_and_where_the_system_stands(desk: Desk) -> None:
    address = desk.settings.metrics_address
    with serving_metrics(desk.settings, desk.database, part="worker", stages=desk.context.stages):
        before = _read(address)
        desk.work_off(desk.enqueue(12))
        waiting = desk.enqueue(25, seed=1)
        take(desk, desk.waiting(waiting)[0], lease=LAPSED)
        RefusalLog().add("junk")
        TALLY.add(NOTIFICATIONS, outcome="sent")
        wait_until(lambda: _read(address)["newsgate_waiting_chunks"] == 2, what="the figures are new")
        after = _read(address)
    grown = {name: value - before[name] for name, value in after.items() if name in before and name.endswith("}")}
    assert grown["newsgate_chunks_total{outcome=done}"] == 2
    assert grown["newsgate_rows_total{outcome=done}"] == 12
    assert grown["newsgate_notifications_total{outcome=sent}"] == 1
    assert after["newsgate_refused_messages_total"] - before["newsgate_refused_messages_total"] == 1
    assert all(grown[f"newsgate_stage_seconds_total{{stage={stage}}}"] > 0 for stage in ("claim", "load", "classify"))
    assert (after["newsgate_waiting_rows"], after["newsgate_running_chunks"]) == (15, 1)
    assert after["newsgate_lapsed_chunks"] == 1
    assert (after["newsgate_champion_model"], after["newsgate_database_up"]) == (1, 1)
    assert (after["newsgate_runs{state=running}"], after["newsgate_runs{state=paused}"]) == (1, 0)
    assert 0 <= after["newsgate_oldest_wait_seconds"] < 600


def test_each_process_of_a_host_has_the_next_free_port(desk: Desk) -> None:
    host, port = parse_metrics_address(desk.settings.metrics_address)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(serving_metrics(desk.settings, desk.database, part="up", with_drift=True))
        for offset in range(3):
            assert _read(f"{host}:{port + offset}")["newsgate_database_up"] == 1


def test_without_an_address_nothing_is_served(database: Database, tmp_path: Path) -> None:
    threads = threading.active_count()
    with serving_metrics(Desk(database, tmp_path).settings, database, part="worker"):
        assert threading.active_count() == threads


@pytest.mark.parametrize("address", ["9464", "localhost", "localhost:", ":9464", "localhost:0", "localhost:70000"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(WrongUsageError, match="NEWSGATE_METRICS_ADDRESS"):
        load_settings(metrics_address=address)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_alerts_and_dashboard_ask_for_what_there_is(desk: Desk) -> None:
    with serving_metrics(desk.settings, desk.database, part="up", stages=desk.context.stages, with_drift=True):
        told = _page(desk.settings.metrics_address)
    served = set(re.findall(r"^# TYPE (newsgate_\w+)", told, re.MULTILINE))
    dashboard = json.loads((DEPLOY / "newsgate-dashboard.json").read_text(encoding="utf-8"))
    asked = {name for rule in RULES for name in re.findall(r"newsgate_\w+", rule["expr"])}
    shown = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"newsgate_\w+", target["expr"])
    }
    assert (asked | shown) - served == set()
    documented = set(re.findall(r"^\| `(newsgate_\w+)", PAGE, re.MULTILINE))
    assert documented == served - {name for name in served if name.endswith("_created")}


def test_every_alert_is_explained() -> None:
    assert re.findall(r"^\| `(Newsgate\w+)` \|", PAGE, re.MULTILINE) == [rule["alert"] for rule in RULES]


@pytest.mark.parametrize("file", ["prometheus.yml", "compose/prometheus.yml"])
def test_promtool_finds_nothing_wrong(file: str, tmp_path: Path) -> None:
    # Beside each other, as they stand where Prometheus reads them.
    for each in (DEPLOY / file, DEPLOY / "newsgate-alerts.yml"):
        shutil.copy(each, tmp_path)
    config = tmp_path / Path(file).name
    done = subprocess.run([program("promtool"), "check", "config", str(config)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_real_prometheus_reads_it_and_its_alerts_notice(desk: Desk, tmp_path: Path) -> None:
    batch = desk.enqueue(25)
    with (
        serving_metrics(desk.settings, desk.database, part="worker", stages=desk.context.stages),
        prometheus(tmp_path, targets=[desk.settings.metrics_address], rules=DEPLOY / "newsgate-alerts.yml") as server,
    ):
        wait_until(lambda: server.value("max(newsgate_waiting_rows)") == 25, what="it reads what waits")
        # Pending at first: that no worker lives has to last a minute.
        wait_until(lambda: "NewsgateNoWorker" in server.firing(), what="an alert notices that no worker lives")
        desk.work_off(batch)
        wait_until(lambda: server.value("max(newsgate_waiting_rows)") == 0, what="it reads that nothing waits")
        wait_until(lambda: "NewsgateNoWorker" not in server.firing(), what="the alert is over")
        for rule in RULES:
            server.value(rule["expr"])
