"""TCP relays that stand before a real server: one cuts connections during COMMIT, one is far away, one speaks TLS."""

from __future__ import annotations

import random
import select
import socket
import ssl
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_BLOCK_BYTES = 65_536
# A simple query of PostgreSQL's protocol: its letter, its length, its text.
_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
# What is stored in one statement (db/commit_at_once.py, db/rows_at_once.py), and what ends all that a client says at a
# time.
_AT_ONCE, _SYNC = (b"INSERT INTO verdicts", b"INSERT INTO items"), b"S\x00\x00\x00\x04"
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


class Relay:
    """Passes bytes between its own port and the server on `target`, until the block ends."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._listener, *self._open):
            _end(each)

    def greet(self, client: socket.socket) -> socket.socket:
        """Speak to a new client before anything is passed on; gives what to go on with."""
        return client

    def answer_is_lost(self, sent: bytes) -> bool:
        """Whether the connection ends when the server has answered what the client just sent, up to an end."""
        return False

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        try:
            client = self.greet(raw)
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            _end(raw)
            return
        self._open += [client, server]
        # One thread for both ways: a TLS connection must not be read and written at the same time. A socket that the
        # block's end has closed has no number any more.
        with suppress(OSError, ValueError):
            self._pass_on(client, server)
        _end(client)
        _end(server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        lost = False
        # Of what is said in several blocks, the beginning.
        began = b""
        while True:
            for each in _readable(client, server):
                data = each.recv(_BLOCK_BYTES)
                if not data or (lost and each is server):
                    return
                if each is client:
                    lost = lost or self.answer_is_lost(began + data)
                    began = b"" if data.endswith(_SYNC) else began or data
                    server.sendall(data)
                else:
                    client.sendall(data)


class CommitCutter(Relay):
    """Before PostgreSQL: of every `one_in` commits it loses the answer to one, until it has cut `limit` of them."""

    def __init__(self, target: int, *, one_in: int, limit: int, seed: int) -> None:
        super().__init__(target)
        self.cuts = 0
        self._one_in, self._limit = one_in, limit
        self._random = random.Random(seed)
        self._turn = threading.Lock()

    def answer_is_lost(self, sent: bytes) -> bool:
        if not (sent.endswith(_COMMIT) or (any(each in sent for each in _AT_ONCE) and sent.endswith(_SYNC))):
            return False
        with self._turn:
            cut = self.cuts < self._limit and self._random.randrange(self._one_in) == 0
            self.cuts += cut
        return cut


class Distance(Relay):
    """Before PostgreSQL: as far away as `way_seconds`, one way; counts how often somebody waits for an answer.

    trips: how often a client has sent something after it had heard something, on all connections together.
    """

    def __init__(self, target: int, *, way_seconds: float = 0.0) -> None:
        super().__init__(target)
        self.trips = 0
        self.way_seconds = way_seconds
        self._counting = threading.Lock()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        asking = False
        # What is on its way: where to, when it is there, and what.
        under_way: deque[tuple[socket.socket, float, bytes]] = deque()
        while True:
            patience = max(0.0, under_way[0][1] - time.monotonic()) if under_way else None
            for each in select.select([client, server], [], [], patience)[0]:
                data = each.recv(_BLOCK_BYTES)
                if not data:
                    return
                if each is client and not asking:
                    with self._counting:
                        self.trips += 1
                asking = each is client
                under_way.append((server if asking else client, time.monotonic() + self.way_seconds, data))
            while under_way and under_way[0][1] <= time.monotonic():
                to, _, data = under_way.popleft()
                to.sendall(data)


class TlsFront(Relay):
    """Before Redis or PostgreSQL: takes TLS connections, for the name `localhost` alone, and no others."""

    def __init__(self, target: int, *, folder: Path, postgres: bool = False) -> None:
        super().__init__(target)
        self.certificate = folder / "certificate.pem"
        self.certificate.write_text(_CERTIFICATE)
        key = folder / "key.pem"
        key.write_text(_KEY)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key)
        self._postgres = postgres

    def greet(self, client: socket.socket) -> socket.socket:
        if self._postgres:
            if client.recv(len(_SSL_REQUEST), socket.MSG_WAITALL) != _SSL_REQUEST:
                raise ConnectionAbortedError("the client would speak without TLS")
            client.sendall(b"S")
        return self._context.wrap_socket(client, server_side=True)


def _readable(client: socket.socket, server: socket.socket) -> list[socket.socket]:
    if isinstance(client, ssl.SSLSocket) and client.pending():
        return [client]
    return select.select([client, server], [], [])[0]


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        each.close()


# For the tests alone: of no machine, trusted by none, and good until the year 2120.
_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/ZlDmVo3vBxsy+8a
otKLbsEukmIgM9ZFkfWt5kAHtoihRANCAATS10C6nAtRR83HqEjYlasW2CNORoti
SN6HMCgVsEpOnz8z2Vv/NENgIq2bXPbaUSAemcA/noxs4zuwkijhD23p
-----END PRIVATE KEY-----
"""
_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1uZXdzZ2F0
ZSB0ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAYMRYwFAYD
VQQDDA1uZXdzZ2F0ZSB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0tdA
upwLUUfNx6hI2JWrFtgjTkaLYkjehzAoFbBKTp8/M9lb/zRDYCKtm1z22lEgHpnA
P56MbOM7sJIo4Q9t6aNYMFYwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMC
AoQwFAYDVR0RBA0wC4IJbG9jYWxob3N0MB0GA1UdDgQWBBS44WdviJeYGQwOWKYM
19beqF7YrTAKBggqhkjOPQQDAgNIADBFAiBANV+yNhmEhHvLvHD6kSpb7htSiHQS
nT/Uxb15QoN/SQIhAP9OxDGkgsF/8LuPrM61QsJ8GIqAwtvPUJnrIQIUqQbq
-----END CERTIFICATE-----
"""
