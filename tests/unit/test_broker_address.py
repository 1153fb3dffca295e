"""Broker addresses: the forms that are taken, what each option becomes, and what is refused in one line."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from newsgate.foundation.errors import WrongUsageError
from newsgate.worker.broker_address import parse_broker_addresses
from newsgate.worker.settings import load_settings

_SECRET = "hunter2"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("redis://", {"hosts": (("127.0.0.1", 6379),), "options": {"db": 0}}),
        ("valkey://h:1/2", {"kind": "redis", "hosts": (("h", 1),), "options": {"db": 2}}),
        ("redis://[::1]:7/?db=3", {"hosts": (("::1", 7),), "options": {"db": 3}}),
        ("redis://ann:p%40ss@h", {"options": {"db": 0, "username": "ann", "password": "p@ss"}}),
        ("redis://:first@h?password=second", {"options": {"db": 0, "password": "first"}}),
        ("redis://h?password=p%2520", {"options": {"db": 0, "password": "p%20"}}),
        ("redis://h?socket_timeout=", {"options": {"db": 0}}),
        ("rediss://h", {"is_tls": True, "is_verified": True, "options": {"db": 0, "ssl_cert_reqs": "required"}}),
        ("valkeys://h?ssl_cert_reqs=CERT_NONE", {"kind": "rediss", "is_tls": True, "is_verified": False}),
        ("redis+socket:///run/r%20s.sock?virtual_host=4", {"path": "/run/r s.sock", "options": {"db": 4}}),
        ("unix://ann@/run/r.sock?db=1&password=x", {"options": {"db": 1, "username": "ann", "password": "x"}}),
        (
            "sentinel://:pw@a;sentinel://b:27000/5?master_name=news&sentinel_password=s&socket_timeout=3",
            {
                "kind": "sentinel",
                "hosts": (("a", 26379), ("b", 27000)),
                "master": "news",
                "is_tls": False,
                "options": {"db": 5, "password": "pw", "socket_timeout": 3.0},
                "sentinel_options": {"password": "s", "socket_timeout": 3.0},
                "display": "sentinel://:***@a;sentinel://b:27000/5?master_name=news",
            },
        ),
        (
            "sentinel://a?master_name=news&ssl=yes&ssl_ca_certs=/ca.pem&min_other_sentinels=1",
            {
                "is_tls": True,
                "min_other_sentinels": 1,
                "sentinel_options": {"ssl_ca_certs": "/ca.pem", "ssl_cert_reqs": "required"},
            },
        ),
    ],
)
def test_a_form_that_is_taken(address: str, expected: dict[str, Any]) -> None:
    (parsed,) = load_settings(broker_url=address).broker_addresses
    assert {name: getattr(parsed, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("client_name=news", "news"),
        ("socket_timeout=2.5", 2.5),
        ("socket_connect_timeout=3", 3.0),
        ("socket_read_size=1024", 1024),
        ("socket_keepalive=True", True),
        ("socket_keepalive=no", False),
        ("health_check_interval=7", 7),
        ("health_check_interval=0", 0),
        ("retry_on_timeout=1", True),
        ("max_connections=20", 20),
        ("protocol=2", 2),
        ("ssl_check_hostname=no", False),
        ("ssl_min_version=772", 772),
        ("ssl_ciphers=ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("ssl_include_verify_flags=[VERIFY_X509_STRICT]", [ssl.VerifyFlags.VERIFY_X509_STRICT]),
    ],
)
def test_an_option_is_read_as_redis_py_reads_it(option: str, value: object) -> None:
    from redis.connection import parse_url

    scheme = "rediss" if option.startswith("ssl_") else "redis"
    address = f"{scheme}://h/0?{option}"
    (parsed,) = parse_broker_addresses(address)
    name = option.partition("=")[0]
    assert parsed.options[name] == value
    assert parse_url(address)[name] in (value, str(value))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("redis://h?socket_timeout=soon", "its option socket_timeout must be seconds"),
        ("redis://h?socket_timeout=0", "its option socket_timeout must be seconds"),
        ("redis://h?socket_timeout=nan", "its option socket_timeout must be seconds"),
        ("redis://h?health_check_interval=1.5", "its option health_check_interval must be a whole number"),
        ("redis://h?protocol=4", "its option protocol must be a whole number from 2 to 3"),
        ("redis://h?max_connections=0", "its option max_connections must be a whole number from 1"),
        ("redis://h?retry_on_timeout=perhaps", "its option retry_on_timeout must be yes or no"),
        ("redis://h?client_name=two%20words", "its option client_name must be a name without blanks"),
        ("redis://h?db=1&db=2", "its option db is given twice"),
        ("redis://h?socket_timout=2", "its option number 1 is none that newsgate knows; socket_timeout may be meant"),
        (f"redis://h?db=1&{_SECRET}=2", "its option number 2 is none that newsgate knows"),
        ("redis://h?credential_provider=os:system", "its option credential_provider is not for newsgate"),
        ("redis://h?decode_responses=True", "its option decode_responses is not for newsgate: leave it out"),
        ("redis://h?ssl_ca_certs=/x", "its options for TLS belong to rediss://"),
        ("redis://h?master_name=x", "its option master_name belongs to sentinel://"),
        ("rediss://h?ssl_cert_reqs=maybe", "its option ssl_cert_reqs must be required, optional or none"),
        ("rediss://h?ssl_min_version=12", "its option ssl_min_version must be one of Python's numbers"),
        ("rediss://h?ssl_ciphers=rot13", "its option ssl_ciphers names no cipher"),
        ("rediss://h?ssl_include_verify_flags=ALL", "its option ssl_include_verify_flags must be names"),
        ("unix:///r.sock?socket_keepalive=yes", "its option socket_keepalive means nothing to a Unix socket"),
        ("unix://run/r.sock", "write the whole path of a socket, after three slashes"),
        ("redis+socket://", "write the whole path of a socket, after three slashes"),
        ("redis://h/news", "what follows its host must be the number of a database"),
        ("redis://h/0#x", "write it as redis://"),
        ("redis://h;", "one of its addresses is empty: put ; only between two"),
        ("redis://h:70000", "write it as redis://"),
        ("sentinel://h", "sentinel:// needs the name of the master: write /0?master_name=NAME"),
        ("sentinel://h?master_name=x;redis://h", "write sentinel:// for all of its addresses, or for none"),
        ("sentinel://a/1;sentinel://b/2?master_name=x", "its sentinel:// addresses differ in db"),
        ("sentinel://a?master_name=x&ssl=no&ssl_ca_certs=/x", "its option ssl is no, and others are about TLS"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(address: str, words: str) -> None:
    with pytest.raises(WrongUsageError) as refused:
        load_settings(broker_url=address)
    assert refused.value.what.startswith(f"NEWSGATE_BROKER_URL cannot be what it is: {words}")
    assert _SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_several_servers_are_tried_in_their_order() -> None:
    parsed = parse_broker_addresses("redis://a/0; rediss://b?socket_timeout=1")
    assert [(each.kind, each.hosts) for each in parsed] == [("redis", (("a", 6379),)), ("rediss", (("b", 6379),))]


def test_the_own_socket_may_have_any_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSGATE_HOME", "/srv/100%?#news")
    (parsed,) = load_settings().broker_addresses
    assert parsed.path == "/srv/100%?#news/redis/redis.sock"


def test_whatever_names_a_broker_says_which_of_its_databases() -> None:
    for url in ("", "redis://one", "unix:///run/redis.sock", "redis+socket:///run/redis.sock", "rediss://one/3"):
        for address in load_settings(broker_url=url).broker_addresses:
            assert isinstance(address.options["db"], int), url
