"""What may stand behind the `?` of a broker's address: the options that redis-py takes and newsgate honours.

Every other one is refused before anything starts. A worker that met it when it connects would end, be started again and
end again.
"""

from __future__ import annotations

import difflib
import math
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

# Longer ones are slips of the pen.
_WEEK_SECONDS: Final = 604_800
_LARGEST_INTEGER: Final = 2**31 - 1
# As redis-py reads them; it takes every other word for yes, so other words are refused.
_YES: Final = ("1", "T", "TRUE", "Y", "YES")
_NO: Final = ("0", "F", "FALSE", "N", "NO")
# Celery's names for them are known too.
_CERTIFICATE_WORDS: Final = {
    "required": "required",
    "optional": "optional",
    "none": "none",
    "CERT_REQUIRED": "required",
    "CERT_OPTIONAL": "optional",
    "CERT_NONE": "none",
}


def _word(text: str) -> str:
    return text


def _yes_or_no(text: str) -> bool:
    if text.upper() in _YES:
        return True
    if text.upper() in _NO:
        return False
    raise ValueError("must be yes or no")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _WEEK_SECONDS:
        raise ValueError(f"must be seconds, more than 0 and at most {_WEEK_SECONDS}, like 2.5")
    return seconds


def _integer(*, least: int, most: int = _LARGEST_INTEGER) -> Callable[[str], int]:
    def read(text: str) -> int:
        # Not int(): it takes "1_000" and digits of every script.
        if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def _name(text: str) -> str:
    # The server refuses others, and cuts the connection.
    if not all("!" <= letter <= "~" for letter in text):
        raise ValueError("must be a name without blanks, in ASCII")
    return text


def _certificate_word(text: str) -> str:
    if text not in _CERTIFICATE_WORDS:
        raise ValueError("must be required, optional or none")
    return _CERTIFICATE_WORDS[text]


def _tls_version(text: str) -> int:
    known = {int(version): version.name for version in ssl.TLSVersion if version > 0}
    if not text.isdigit() or int(text[:20]) not in known:
        raise ValueError(f"must be one of Python's numbers: {', '.join(f'{n} ({name})' for n, name in known.items())}")
    return int(text)


def _ciphers(text: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_ciphers(text)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("names no cipher that OpenSSL has") from error
    return text


def _verify_flags(text: str) -> list[ssl.VerifyFlags]:
    try:
        return [ssl.VerifyFlags[name.strip()] for name in text.strip("[]").split(",")]
    except KeyError as error:
        raise ValueError("must be names of Python's ssl.VerifyFlags, with commas between them") from error


_ANYWHERE: Final[Mapping[str, Callable[[str], Any]]] = {
    "db": _integer(least=0),
    "username": _word,
    "password": _word,
    "client_name": _name,
    "socket_timeout": _seconds,
    "socket_connect_timeout": _seconds,
    "socket_read_size": _integer(least=1),
    "health_check_interval": _integer(least=0, most=_WEEK_SECONDS),
    "retry_on_timeout": _yes_or_no,
    "max_connections": _integer(least=1),
    "protocol": _integer(least=2, most=3),
}
_TCP: Final = {"socket_keepalive": _yes_or_no}
_TLS: Final = {
    "ssl_cert_reqs": _certificate_word,
    "ssl_ca_certs": _word,
    "ssl_ca_path": _word,
    "ssl_ca_data": _word,
    "ssl_certfile": _word,
    "ssl_keyfile": _word,
    "ssl_password": _word,
    "ssl_check_hostname": _yes_or_no,
    "ssl_min_version": _tls_version,
    "ssl_ciphers": _ciphers,
    "ssl_include_verify_flags": _verify_flags,
    "ssl_exclude_verify_flags": _verify_flags,
}
_SENTINEL: Final = {
    "master_name": _word,
    "sentinel_username": _word,
    "sentinel_password": _word,
    "min_other_sentinels": _integer(least=0),
    "ssl": _yes_or_no,
}
_KINDS: Final[Mapping[str, Mapping[str, Callable[[str], Any]]]] = {
    "redis": {**_ANYWHERE, **_TCP},
    "rediss": {**_ANYWHERE, **_TCP, **_TLS},
    "unix": {**_ANYWHERE, "virtual_host": _ANYWHERE["db"]},
    "sentinel": {**_ANYWHERE, **_TCP, **_TLS, **_SENTINEL},
}
# Known to redis-py or kombu, but not a person's to choose here.
_REFUSED: Final = (
    "cache_config",
    "connection_class",
    "credential_provider",
    "decode_responses",
    "driver_info",
    "encoding",
    "encoding_errors",
    "host",
    "legacy_responses",
    "lib_name",
    "lib_version",
    "parser_class",
    "path",
    "port",
    "retry",
    "retry_on_error",
    "sentinel_kwargs",
    "socket_keepalive_options",
    "ssl_ocsp_context",
    "ssl_ocsp_expected_cert",
    "ssl_validate_ocsp",
    "ssl_validate_ocsp_stapled",
    "timeout",
    "visibility_timeout",
)


def parse_options(query: str, *, kind: str) -> dict[str, Any]:
    """The options of a query, each as redis-py wants it; one without a value is none, as for redis-py.

    kind: redis, rediss, unix or sentinel. Raises ValueError, whose words show no value: it may be a secret.
    """
    known = _KINDS[kind]
    options: dict[str, Any] = {}
    for place, (name, text) in enumerate(parse_qsl(query), start=1):
        if name not in known:
            raise ValueError(_unknown(name, place=place, kind=kind))
        if name in options:
            raise ValueError(f"its option {name} is given twice")
        try:
            options[name] = known[name](text)
        except ValueError as error:
            raise ValueError(f"its option {name} {error}") from None
    return options


def _unknown(name: str, *, place: int, kind: str) -> str:
    """Why an option is none; its name is shown only where it is no part of a secret with an `&` in it."""
    if name in _REFUSED:
        return f"its option {name} is not for newsgate: leave it out"
    if name in _TLS or name == "ssl":
        return "its options for TLS belong to rediss://, or to sentinel:// with ssl=yes"
    if name in _TCP:
        return f"its option {name} means nothing to a Unix socket: leave it out"
    if name in _SENTINEL:
        return f"its option {name} belongs to sentinel://"
    near = difflib.get_close_matches(name, _KINDS[kind], n=1)
    meant = f"; {near[0]} may be meant" if near else ""
    return f"its option number {place} is none that newsgate knows{meant}"
