"""Looks at the broker: whether it answers, is new enough, and keeps its messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from newsgate.tasks.inspecting.doctor.check import Check, failure, major_and_minor
from newsgate.tasks.running.local_system import is_up
from newsgate.worker.broker_address import BrokerAddress
from newsgate.worker.broker_outage import fault_of
from newsgate.worker.embedded_redis import BrokerStartError, find_server
from newsgate.worker.private_broker_line import answers
from newsgate.worker.settings import Settings

_OLDEST_BROKER = (6, 2)
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


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

    from newsgate.worker.broker_connections import open_client, require_writable

    name = address.display
    unreadable = _unreadable_file(address)
    if unreadable is not None:
        yield unreadable
        return
    try:
        with open_client(address, patience_seconds=settings.broker_timeout_seconds) as client:
            require_writable(client)
            try:
                about: Mapping[str, Any] = client.info()
            except redis.exceptions.NoPermissionError:
                yield Check(
                    "broker", "warning", f"{name} answers, but this user may not ask its version", "ACL: allow +info"
                )
                return
    except (redis.RedisError, OSError) as error:
        yield _unusable(name, error)
        return
    yield from _fitness(name, about)


def _unreadable_file(address: BrokerAddress) -> Check | None:
    """What a file that TLS needs would be told as otherwise: the server cannot be connected to."""
    for option in _FILES:
        file = address.options.get(option)
        try:
            if file is not None:
                Path(file).open("rb").close()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            detail = f"{address.display}: {option} names {file}, which cannot be read: {reason}"
            return Check(
                "broker", "FAILED", detail, f"Correct {option} in NEWSGATE_BROKER_URL, or let this user read it"
            )
    return None


def _unusable(name: str, error: Exception) -> Check:
    import redis

    fault = fault_of(error)
    if isinstance(error, redis.AuthenticationError):
        return Check("broker", "FAILED", f"{name}: {fault.reason}", "Check user and password in NEWSGATE_BROKER_URL")
    if isinstance(error, redis.exceptions.NoPermissionError):
        return Check("broker", "FAILED", f"{name}: {fault.reason}", "docs/security.md has the line for its ACL file")
    safe = "Rows are safe meanwhile, and workers find them."
    if "CERTIFICATE_VERIFY_FAILED" in fault.reason:
        remedy = f"{safe} Let ssl_ca_certs in NEWSGATE_BROKER_URL name a file with the certificate of whoever signed it"
        return Check("broker", "FAILED", f"{name} does not answer: {fault.reason}", remedy)
    if fault.is_away:
        remedy = f"{safe} Check that it runs and NEWSGATE_BROKER_URL is right"
        return Check("broker", "FAILED", f"{name} does not answer: {fault.reason}", remedy)
    return Check("broker", "FAILED", f"{name} takes no messages: {fault.reason}", f"{safe} Mend it, or name another")


def _fitness(name: str, about: Mapping[str, Any]) -> Iterator[Check]:
    version = str(about.get("redis_version", "0"))
    shown = f"valkey {about['valkey_version']}" if "valkey_version" in about else f"redis {version}"
    if major_and_minor(version) < _OLDEST_BROKER:
        yield Check("broker", "FAILED", f"{name} answers, but is {shown}", "Use Redis 6.2 or newer, or Valkey")
        return
    if 0 < int(about.get("maxmemory", 0)) < int(about.get("used_memory", 0)):
        remedy = "Rows are safe meanwhile, and workers find them. Raise maxmemory"
        yield Check("broker", "FAILED", f"{name} takes no messages: its memory is full (OOM)", remedy)
        return
    if int(about.get("cluster_enabled", 0)):
        remedy = "Use one without cluster mode"
        detail = f"{name} takes no messages: it belongs to a cluster, which newsgate cannot use"
        yield Check("broker", "FAILED", detail, remedy)
        return
    yield Check("broker", "ok", f"{name} answers ({shown})")
    policy = str(about.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        yield Check("broker memory", "ok", "maxmemory-policy is noeviction")
    else:
        detail = f"maxmemory-policy is {policy}: messages may be dropped, and found again only by the sweeper"
        yield Check("broker memory", "warning", detail, "Set maxmemory-policy noeviction")
