"""Looks at the broker: whether it answers, is new enough, and keeps its messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from newsgate.tasks.inspecting.doctor.check import Check, failure, first_line, major_and_minor
from newsgate.tasks.running.local_system import is_up
from newsgate.worker.broker_address import BrokerAddress
from newsgate.worker.embedded_redis import BrokerStartError, answers, find_server
from newsgate.worker.settings import Settings

_OLDEST_BROKER = (6, 2)


def look_at_broker(settings: Settings) -> Iterator[Check]:
    """Yield whether each of its addresses answers, and is fit for messages."""
    if settings.broker_is_private and not is_up(settings) and not answers(settings.broker_socket):
        try:
            yield Check("broker", "ok", f"private, not started; `newsgate up` starts {find_server()}")
        except BrokerStartError as error:
            yield failure("broker", error)
        return
    if not all(address.is_verified for address in settings.broker_addresses):
        yield Check("broker", "warning", "its certificate is not verified", "Leave ssl_cert_reqs=none out")
    for address in settings.broker_addresses:
        yield from _one_broker(settings, address)


def _one_broker(settings: Settings, address: BrokerAddress) -> Iterator[Check]:
    import redis

    from newsgate.worker.broker_connections import open_client

    name = address.display
    try:
        with open_client(address, patience_seconds=settings.broker_timeout_seconds) as client:
            about: Mapping[str, Any] = client.info()
    except redis.exceptions.NoPermissionError:
        yield Check("broker", "warning", f"{name} answers, but this user may not ask its version", "ACL: allow +info")
        return
    except redis.AuthenticationError as error:
        yield Check("broker", "FAILED", f"{name}: {error}", "Check user and password in NEWSGATE_BROKER_URL")
        return
    except (redis.RedisError, OSError) as error:
        remedy = "Rows are safe meanwhile, and workers find them. Check that it runs and NEWSGATE_BROKER_URL is right"
        yield Check("broker", "FAILED", f"{name} does not answer: {first_line(error)}", remedy)
        return
    yield from _fitness(name, about)


def _fitness(name: str, about: Mapping[str, Any]) -> Iterator[Check]:
    version = str(about.get("redis_version", "0"))
    shown = f"valkey {about['valkey_version']}" if "valkey_version" in about else f"redis {version}"
    if major_and_minor(version) < _OLDEST_BROKER:
        yield Check("broker", "FAILED", f"{name} answers, but is {shown}", "Use Redis 6.2 or newer, or Valkey")
        return
    yield Check("broker", "ok", f"{name} answers ({shown})")
    policy = str(about.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        yield Check("broker memory", "ok", "maxmemory-policy is noeviction")
    else:
        detail = f"maxmemory-policy is {policy}: messages may be dropped, and found again only by the sweeper"
        yield Check("broker memory", "warning", detail, "Set maxmemory-policy noeviction")
