"""docker-compose.yml without containers: what a service is told, with the tests' servers in place of its names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import yaml
from sqlalchemy import make_url

from tests.services import RedisServer, free_port, wait_until

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# Those that are newsgate's own programs.
OURS = ("migrate", "worker", "trainer", "beat", "web")
# Not the one that a wrong address would lead to.
REDIS_DATABASE = 7
_INTERPOLATION = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def filled(value: str, variables: Mapping[str, str]) -> str:
    """A value with its variables in place, as compose reads it."""
    return _INTERPOLATION.sub(lambda found: variables.get(found[1]) or found[2] or "", value)


def make_secrets(folder: Path, **variables: str) -> None:
    """Make the folder of secrets as a person does."""
    subprocess.run(
        ["sh", str(ROOT / "deploy" / "make-secrets.sh"), str(folder)],
        env={"PATH": os.environ["PATH"], **variables},
        check=True,
        capture_output=True,
    )


def rewrite(file: Path, **changed: str) -> None:
    """Put something else into a secret, whose file nobody may write."""
    content = file.read_text(encoding="utf-8")
    for old, new in changed.items():
        content = content.replace(old, new)
    file.unlink()
    file.write_text(content, encoding="utf-8")


@dataclass(frozen=True)
class Place:
    """A folder in which services run natively, each with a home folder of its own. secrets: where those are."""

    folder: Path
    secrets: Path

    def point_at(self, *, database: str, redis_port: int) -> None:
        """Let the secrets name these servers. database: an address of SQLAlchemy."""
        empty = make_url(database)
        server = f"{empty.host}:{empty.port}/{empty.database}"
        rewrite(self.secrets / "database_url", **{"postgres:5432/newsgate": server})
        rewrite(self.secrets / "broker_url", **{"redis:6379/0": f"127.0.0.1:{redis_port}/{REDIS_DATABASE}"})

    @property
    def database_url(self) -> str:
        """The address that services are told."""
        return (self.secrets / "database_url").read_text(encoding="utf-8").strip()

    def path(self, inside: str, service: str) -> str:
        """A path of a container as a path of the test."""
        moved = inside.replace("/run/secrets/", f"{self.secrets}/")
        return moved.replace("/var/lib/newsgate", str(self.folder / f"home-{service}"))

    def command(self, service: str) -> list[str]:
        """What the service runs."""
        return [self.path(filled(each, {}), service) for each in SERVICES[service]["command"]]

    def environment(self, service: str, **changed: str) -> dict[str, str]:
        """What its processes see. changed: settings of the test."""
        told = {name: self.path(filled(value, {}), service) for name, value in SERVICES[service]["environment"].items()}
        # As the container has it, by tmpfs or volume.
        Path(told["NEWSGATE_HOME"]).mkdir(mode=0o700, exist_ok=True)
        # The processes of one machine cannot have one port.
        told["NEWSGATE_METRICS_ADDRESS"] = f"127.0.0.1:{free_port()}"
        # What is installed beside this interpreter, as in the image.
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**told, "PATH": path, "HOME": str(self.folder), **changed}

    def run(self, service: str, *command: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the service's place, its own where none is given."""
        return subprocess.run(
            command or self.command(service),
            env=self.environment(service, **changed),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def is_healthy(self, service: str) -> bool:
        """What the service's health check says."""
        kind, *test = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        return self.run(service, *test).returncode == 0

    def log(self, service: str) -> str:
        """What a service that runs has said so far."""
        return (self.folder / f"{service}.log").read_text(encoding="utf-8")

    @contextmanager
    def running(self, service: str, **changed: str) -> Iterator[subprocess.Popen[bytes]]:
        """The service's command, for as long as the block lasts."""
        with (self.folder / f"{service}.log").open("wb") as output:
            process = subprocess.Popen(
                self.command(service),
                env=self.environment(service, **changed),
                cwd=self.folder,
                stdout=output,
                stderr=output,
            )
        try:
            yield process
        except BaseException:
            print(f"{service} said:\n{self.log(service)}")
            raise
        finally:
            process.kill()
            process.wait()


@contextmanager
def running_redis(folder: Path, secrets: Path, service: str = "redis") -> Iterator[RedisServer]:
    """The Redis of the compose file, run by its own command."""
    program, *flags = SERVICES[service]["command"]
    assert program == "redis-server"
    assert flags[flags.index("--dir") + 1] == "/data"
    # The tests' server has a folder of its own.
    del flags[flags.index("--dir") : flags.index("--dir") + 2]
    moved = tuple(each.replace("/run/secrets", str(secrets)) for each in flags)
    server = RedisServer(folder / service, flags=moved)
    server.start(ready=False)
    try:
        with client_of(server, secrets) as client:
            wait_until(lambda: answers(client), what="Redis answers")
        yield server
    finally:
        server.stop()


def client_of(server: RedisServer, secrets: Path, user: str = "newsgate") -> redis.Redis:
    """A client of it, as one of its users."""
    file = {"newsgate": "redis_password", "replica": "redis_replica_password"}[user]
    return redis.Redis(
        port=server.port, username=user, password=(secrets / file).read_text().strip(), decode_responses=True
    )


def answers(client: redis.Redis) -> bool:
    """Whether it lets the client in."""
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
