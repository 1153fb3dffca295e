"""The switch between the hosts: a process that takes IP packets from each host's cable and puts them on another's.

Linux can delay and lose packets by itself (netem), but not every kernel has that. Each host has a TUN interface, whose
packets are bytes to be read and written here.
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
import select
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace

from benchmarks.hosts.cable import Cable, Quality

_PACKET_BYTES = 65_536
# Read from one host before the others have their turn.
_PACKETS_A_TURN = 64
_DESTINATION = slice(16, 20)
_IPV4 = 4
_COMMIT = b"COMMIT"
# A worker's chunk is committed by one statement (db/commit_at_once.py), which takes several packets: its text is in the
# first, and the last ends with PostgreSQL's word that the client has said all.
_VERDICTS, _SYNC = b"INSERT INTO verdicts", b"S\x00\x00\x00\x04"


class Switch:
    """Moves packets between TUN devices.

    devices: the open file of each host's device, by its IPv4 address; reading it must not block.
    """

    def __init__(self, devices: Mapping[bytes, int]) -> None:
        self._devices = dict(devices)
        self._from = {address: Cable(seed=2 * place) for place, address in enumerate(devices)}
        self._to = {address: Cable(seed=2 * place + 1) for place, address in enumerate(devices)}
        self._under_way: list[tuple[float, int, bytes, bytes]] = []
        self._numbers = itertools.count()
        self._committing: set[bytes] = set()

    def set_quality(self, address: bytes, quality: Quality) -> None:
        """Change both directions of a host's cable."""
        self._from[address].quality = self._to[address].quality = quality

    def quality(self, address: bytes) -> Quality:
        """Return what a host's cable is like now."""
        return self._from[address].quality

    def take(self, address: bytes) -> None:
        """Take what a host has sent."""
        for _ in range(_PACKETS_A_TURN):
            try:
                packet = os.read(self._devices[address], _PACKET_BYTES)
            except BlockingIOError:
                return
            self._send(address, packet)

    def deliver(self) -> float | None:
        """Give the hosts what has arrived; returns the seconds until the next packet does, None where none is sent."""
        while self._under_way:
            wait = self._under_way[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, target, packet = heapq.heappop(self._under_way)
            try:
                os.write(self._devices[target], packet)
            except BlockingIOError:
                # A host that is not listening loses it, as at a full network card.
                continue
        return None

    def _send(self, address: bytes, packet: bytes) -> None:
        target = packet[_DESTINATION]
        if packet[0] >> 4 != _IPV4 or target not in self._to:
            return
        now = time.monotonic()
        arrival = self._from[address].arrival(packet_bytes=len(packet), now=now)
        if arrival is not None:
            arrival = self._to[target].arrival(packet_bytes=len(packet), now=arrival)
        if arrival is None:
            return
        heapq.heappush(self._under_way, (arrival, next(self._numbers), target, packet))
        if self.quality(address).cut_at_commit and self._ends_commit(address, packet):
            self.set_quality(address, replace(self.quality(address), is_cut=True))

    def _ends_commit(self, address: bytes, packet: bytes) -> bool:
        if _VERDICTS in packet:
            self._committing.add(address)
        ends = _COMMIT in packet or (address in self._committing and packet.endswith(_SYNC))
        if ends:
            self._committing.discard(address)
        return ends


def main() -> None:
    """Serve until the standard input ends; each of its lines is a change, or a question: `{"host": ..., ...}`.

    The first argument names the devices: `{"10.83.0.2": 5, ...}`, addresses and open files.
    """
    devices = {_packed(address): number for address, number in json.loads(sys.argv[1]).items()}
    switch = Switch(devices)
    hosts = {number: address for address, number in devices.items()}
    poll = select.epoll()
    for number in (*hosts, sys.stdin.fileno()):
        poll.register(number, select.EPOLLIN)
    while True:
        wait = switch.deliver()
        for number, _ in poll.poll(wait):
            if number in hosts:
                switch.take(hosts[number])
            elif not _obey(switch, sys.stdin.readline()):
                return


def _obey(switch: Switch, line: str) -> bool:
    if not line:
        return False
    told = json.loads(line)
    address = _packed(told.pop("host"))
    if told:
        switch.set_quality(address, Quality(**told))
    print(json.dumps(asdict(switch.quality(address))), flush=True)
    return True


def _packed(address: str) -> bytes:
    return bytes(int(part) for part in address.split("."))


if __name__ == "__main__":
    main()
