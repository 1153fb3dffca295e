"""deploy/kubernetes/, without a cluster: valid by the published schemas, and the same programs as compose runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from sqlalchemy import text

from newsgate import __version__
from newsgate.db.steering import pause_run
from newsgate.worker.settings import SETTINGS
from tests.compose import ROOT, SERVICES
from tests.lifecycle import System

FOLDER = ROOT / "deploy" / "kubernetes"
FILES = sorted(FOLDER.rglob("*.yaml"))
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    (each["kind"], each["metadata"]["name"]): each
    for file in FILES
    for each in yaml.safe_load_all(file.read_text(encoding="utf-8"))
}
PODS = {
    name.removeprefix("newsgate-"): each["spec"]["template"]["spec"]
    for (_, name), each in OBJECTS.items()
    if "template" in each["spec"]
}
_SCHEMAS = {"ScaledObject": "keda-scaledobject", "TriggerAuthentication": "keda-triggerauthentication"}


def schema_of(kind: str) -> Any:
    file = ROOT / "tests" / "data" / f"{_SCHEMAS.get(kind, 'kubernetes-1.37')}.json"
    return json.loads(file.read_text(encoding="utf-8"))


def container_of(pod: str) -> dict[str, Any]:
    (container,) = PODS[pod]["containers"]
    found: dict[str, Any] = container
    return found


def environment_of(pod: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container_of(pod)["env"]}


@pytest.mark.parametrize("key", OBJECTS, ids=lambda key: f"{key[0]} {key[1]}")
def test_every_object_is_valid_by_the_schema_of_its_kind(key: tuple[str, str]) -> None:
    validator = Draft202012Validator(schema_of(key[0]))
    assert [error.message for error in validator.iter_errors(OBJECTS[key])] == []


def test_the_schema_notices_a_mistake() -> None:
    wrong = json.loads(json.dumps(OBJECTS["Deployment", "newsgate-worker"]))
    wrong["spec"]["template"]["spec"]["containers"][0]["comand"] = ["newsgate"]
    assert list(Draft202012Validator(schema_of("Deployment")).iter_errors(wrong))


def test_the_pods_run_what_the_services_of_compose_run() -> None:
    assert PODS.keys() == {"migrate", "worker", "trainer", "beat"}
    for name in PODS:
        assert container_of(name)["command"] == SERVICES[name]["command"]
        image = container_of(name)["image"].rpartition("/")[2]
        assert image == f"{SERVICES[name]['image']}:{__version__}"
        told = SERVICES[name]["environment"]
        assert environment_of(name).keys() <= told.keys()
        assert environment_of(name)["NEWSGATE_HOME"] == told["NEWSGATE_HOME"]


@pytest.mark.parametrize("name", PODS)
def test_no_pod_has_rights_that_it_does_not_need(name: str) -> None:
    pod, container = PODS[name], container_of(name)
    user = int(SERVICES[name]["user"].split(":")[0])
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert {pod["securityContext"][each] for each in ("runAsUser", "runAsGroup", "fsGroup")} == {user}
    assert pod["automountServiceAccountToken"] is False
    # Kubernetes would set variables such as NEWSGATE_WEB_PORT after services of those names.
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", PODS)
def test_a_pod_may_write_where_newsgate_writes_and_reads_its_addresses_from_the_secret(name: str) -> None:
    volumes = {each["name"]: each for each in PODS[name]["volumes"]}
    mounts = {each["mountPath"]: each for each in container_of(name)["volumeMounts"]}
    assert [path for path, mount in mounts.items() if "emptyDir" in volumes[mount["name"]]] == [
        environment_of(name)["NEWSGATE_HOME"],
        "/tmp",
    ]
    files = [value for variable, value in environment_of(name).items() if variable.endswith("_FILE")]
    assert len(files) == 2
    for file in files:
        mount = mounts[str(Path(file).parent)]
        assert volumes[mount["name"]]["secret"]["secretName"] == "newsgate"
        # Others must not be able to write it.
        assert volumes[mount["name"]]["secret"]["defaultMode"] & 0o022 == 0


@pytest.mark.parametrize("name", ["worker", "trainer", "beat"])
def test_a_probe_asks_whether_it_gets_on(name: str) -> None:
    for probe in ("startupProbe", "livenessProbe"):
        assert container_of(name)[probe]["exec"]["command"] == ["newsgate", "health"]


def test_a_worker_may_finish_the_chunk_in_hand() -> None:
    assert PODS["worker"]["terminationGracePeriodSeconds"] > SETTINGS["lease_seconds"].default


def test_every_selector_chooses_the_pods_that_it_should() -> None:
    templates = {name: each["spec"]["template"] for (_, name), each in OBJECTS.items() if "template" in each["spec"]}
    labels = {name: template["metadata"]["labels"] for name, template in templates.items()}
    for (_, name), each in OBJECTS.items():
        selector = each["spec"].get("selector")
        if selector:
            chosen = [pod for pod, has in labels.items() if selector["matchLabels"].items() <= has.items()]
            assert chosen == [name]
    scaled = OBJECTS["ScaledObject", "newsgate-worker"]["spec"]
    assert ("Deployment", scaled["scaleTargetRef"]["name"]) in OBJECTS
    assert "replicas" not in OBJECTS["Deployment", "newsgate-worker"]["spec"]
    (trigger,) = scaled["triggers"]
    assert ("TriggerAuthentication", trigger["authenticationRef"]["name"]) in OBJECTS


def test_the_backlog_is_what_waits_in_line_or_is_worked_on(system: System) -> None:
    (trigger,) = OBJECTS["ScaledObject", "newsgate-worker"]["spec"]["triggers"]

    def backlog() -> Any:
        with system.database.read() as connection:
            return connection.execute(text(trigger["metadata"]["query"])).scalar_one()

    assert backlog() == 0
    stored = system.load(3, 2, 1)
    claim = system.take(stored.chunks[0])
    assert backlog() == 3
    system.commit(claim)
    assert backlog() == 2
    with system.database.write() as connection:
        assert pause_run(connection, stored.loading.run)
    assert backlog() == 0


def test_the_page_names_every_file() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    named = set(re.findall(r"deploy/kubernetes/([\w/]+\.yaml)", page))
    assert named == {str(file.relative_to(FOLDER)) for file in FILES}
