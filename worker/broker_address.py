"""Where the broker is: the forms that its address takes, and what they mean.

Nothing of Celery, kombu or redis-py reads the address: each takes it in its own way, and some options in none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from newsgate.worker.broker_options import parse_options

Kind = Literal["redis", "rediss", "unix", "sentinel"]

_KIND_OF: Final[Mapping[str, Kind]] = {
    "redis": "redis",
    "valkey": "redis",
    "rediss": "rediss",
    "valkeys": "rediss",
    "unix": "unix",
    "redis+socket": "unix",
    "sentinel": "sentinel",
}
# Where an address says nothing else.
HEALTH_CHECK_SECONDS: Final = 25
_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379
_FORM: Final = "write it as redis://user:password@host:port/0, special characters in percent codes"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """One broker, as redis-py connects to it.

    display: the address without its secrets and options. hosts: the server, or the Sentinels that know it; none for a
    Unix socket, which `path` names. master: what the Sentinels call it, empty without them. options, sentinel_options:
    arguments of redis-py's connections to the server and to Sentinels, credentials and database among them.
    """

    kind: Kind
    display: str
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    master: str = ""
    min_other_sentinels: int = 0
    # Not in `repr`: they hold passwords.
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    sentinel_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_tls(self) -> bool:
        """Whether connections to it are encrypted."""
        return "ssl_cert_reqs" in self.options

    @property
    def is_verified(self) -> bool:
        """Whether its certificate is verified; True where it shows none."""
        return self.options.get("ssl_cert_reqs") != "none"


def parse_broker_addresses(text: str) -> tuple[BrokerAddress, ...]:
    """The brokers that a setting names, in the order in which they are tried: `;` stands between them.

    Several `sentinel://` are one broker. Raises ValueError, whose words show no secret.
    """
    addresses = [each.strip() for each in text.split(";")]
    if any(addresses) and not all(addresses):
        raise ValueError("one of its addresses is empty: put ; only between two")
    parts = [_split(each) for each in addresses]
    kinds = {_KIND_OF[each.scheme] for each in parts}
    if kinds == {"sentinel"}:
        return (_behind_sentinels(parts),)
    if "sentinel" in kinds:
        raise ValueError("write sentinel:// for all of its addresses, or for none")
    return tuple(_single(each) for each in parts)


def private_broker(socket: Path) -> BrokerAddress:
    """The broker on newsgate's own socket."""
    return BrokerAddress(kind="unix", display=f"redis+socket://{socket}", path=str(socket), options={"db": 0})


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _KIND_OF and (parts.port or 0) >= 0 and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(_FORM)
    return parts


def _single(parts: SplitResult) -> BrokerAddress:
    kind = _KIND_OF[parts.scheme]
    options = parse_options(parts.query, kind=kind)
    options |= _credentials(parts)
    if kind == "unix":
        if parts.hostname or not parts.path.strip("/"):
            raise ValueError("write the whole path of a socket, after three slashes: unix:///run/redis.sock")
        options.setdefault("db", options.pop("virtual_host", 0))
        return BrokerAddress(kind=kind, display=_display(parts), path=unquote(parts.path), options=options)
    options.setdefault("db", _database(parts))
    if kind == "rediss":
        options.setdefault("ssl_cert_reqs", "required")
    return BrokerAddress(kind=kind, display=_display(parts), hosts=(_host(parts, port=_PORT),), options=options)


def _behind_sentinels(all_parts: Sequence[SplitResult]) -> BrokerAddress:
    options: dict[str, Any] = {}
    for parts in all_parts:
        database = {"db": _database(parts)} if parts.path.strip("/") else {}
        for name, value in {**database, **parse_options(parts.query, kind="sentinel"), **_credentials(parts)}.items():
            if options.setdefault(name, value) != value:
                raise ValueError(f"its sentinel:// addresses differ in {name}")
    options.setdefault("db", 0)
    master = options.pop("master_name", "")
    if not master:
        raise ValueError("sentinel:// needs the name of the master: write /0?master_name=NAME behind the last address")
    own = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    min_other_sentinels = options.pop("min_other_sentinels", 0)
    encrypted = options.pop("ssl", None)
    if encrypted is False and any(name.startswith("ssl_") for name in options):
        raise ValueError("its option ssl is no, and others are about TLS")
    if encrypted or any(name.startswith("ssl_") for name in options):
        options.setdefault("ssl_cert_reqs", "required")
    shared = {name: value for name, value in options.items() if name.startswith(("ssl_", "socket_"))}
    return BrokerAddress(
        kind="sentinel",
        display=f"{';'.join(_display(parts) for parts in all_parts)}?master_name={master}",
        hosts=tuple(_host(parts, port=_SENTINEL_PORT) for parts in all_parts),
        master=master,
        min_other_sentinels=min_other_sentinels,
        options=options,
        sentinel_options={**shared, **{name: value for name, value in own.items() if value is not None}},
    )


def _credentials(parts: SplitResult) -> dict[str, str]:
    given = {"username": parts.username, "password": parts.password}
    return {name: unquote(value) for name, value in given.items() if value}


def _host(parts: SplitResult, *, port: int) -> tuple[str, int]:
    return (unquote(parts.hostname or "127.0.0.1"), parts.port or port)


def _database(parts: SplitResult) -> int:
    number = unquote(parts.path).strip("/")
    if not number:
        return 0
    if not (number.isascii() and number.isdigit()):
        raise ValueError("what follows its host must be the number of a database, like /0")
    return int(number[:9])


def _display(parts: SplitResult) -> str:
    login, at, server = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    return f"{parts.scheme}://{user}{colon and ':***'}{at}{server}{parts.path}"
