"""Hosts for a benchmark: what a cable does to packets, and who gets them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from benchmarks.hosts.cable import Cable, Quality
from benchmarks.hosts.switch import Switch

ONE, TWO, NOBODY = bytes([10, 83, 0, 2]), bytes([10, 83, 0, 3]), bytes([10, 83, 0, 9])


def packet(*, to: bytes, content: bytes = b"") -> bytes:
    """An IPv4 packet as far as a switch looks at it."""
    return b"\x45" + bytes(11) + ONE + to + content


def cable(quality: Quality) -> Cable:
    made = Cable(seed=1)
    made.quality = quality
    return made


def test_a_packet_takes_the_delay() -> None:
    assert cable(Quality(delay_seconds=0.025)).arrival(packet_bytes=1500, now=10.0) == pytest.approx(10.025)


def test_so_many_are_lost() -> None:
    lossy = cable(Quality(loss=0.1))
    lost = sum(lossy.arrival(packet_bytes=1500, now=0.0) is None for _ in range(10_000))
    # Four standard errors around a thousand.
    assert abs(lost - 1000) < 4 * (10_000 * 0.1 * 0.9) ** 0.5


def test_nothing_comes_through_a_cut_cable() -> None:
    assert cable(Quality(is_cut=True)).arrival(packet_bytes=40, now=0.0) is None


def test_packets_wait_for_each_other_on_a_narrow_cable_and_what_does_not_fit_into_the_queue_is_lost() -> None:
    narrow = cable(Quality(bytes_a_second=1000, delay_seconds=1))
    assert [narrow.arrival(packet_bytes=500, now=0.0) for _ in range(3)] == [1.5, 2.0, 2.5]
    # Later, when it is free again.
    assert narrow.arrival(packet_bytes=500, now=100.0) == 101.5
    arrivals = [narrow.arrival(packet_bytes=1000, now=200.0) for _ in range(1000)]
    assert arrivals[500] is not None
    assert arrivals[600] is None


@pytest.fixture
def hosts() -> Iterator[dict[bytes, socket.socket]]:
    """What each host holds in its hand; the switch has the other ends."""
    made = {address: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for address in (ONE, TWO)}
    for near, far in made.values():
        near.settimeout(5)
        far.setblocking(False)
    yield {address: near for address, (near, _) in made.items()} | {
        address + b"switch": far for address, (_, far) in made.items()
    }
    for pair in made.values():
        for end in pair:
            end.close()


@pytest.fixture
def switch(hosts: dict[bytes, socket.socket]) -> Switch:
    return Switch({address: hosts[address + b"switch"].fileno() for address in (ONE, TWO)})


def test_a_packet_goes_to_the_host_whose_address_it_has(hosts: dict[bytes, socket.socket], switch: Switch) -> None:
    for target in (TWO, NOBODY):
        hosts[ONE].send(packet(to=target, content=target))
    # No address can be read in it.
    hosts[ONE].send(b"\x60" + bytes(39))
    switch.take(ONE)
    assert switch.deliver() is None
    assert hosts[TWO].recv(100)[20:] == TWO
    hosts[TWO].setblocking(False)
    with pytest.raises(BlockingIOError):
        hosts[TWO].recv(100)


def test_both_directions_of_a_cable_delay(hosts: dict[bytes, socket.socket], switch: Switch) -> None:
    switch.set_quality(TWO, Quality(delay_seconds=0.05))
    began = time.monotonic()
    hosts[ONE].send(packet(to=TWO))
    switch.take(ONE)
    wait = switch.deliver()
    assert wait is not None
    assert wait <= 0.05
    time.sleep(wait)
    assert switch.deliver() is None
    assert hosts[TWO].recv(100)
    assert time.monotonic() - began >= 0.05


# Sync is the end of what a client says at a time.
_SYNC = b"S\x00\x00\x00\x04"


@pytest.mark.parametrize(
    "commit", [(b"BEGIN", b"COMMIT"), (b"SELECT" + _SYNC, b"P INSERT INTO verdicts", b"B 17", b"E" + _SYNC)]
)
def test_a_cable_is_cut_once_a_commit_has_gone_over_it(
    commit: tuple[bytes, ...], hosts: dict[bytes, socket.socket], switch: Switch
) -> None:
    switch.set_quality(ONE, Quality(cut_at_commit=True))
    for content in (*commit, b"SELECT"):
        hosts[ONE].send(packet(to=TWO, content=content))
    switch.take(ONE)
    switch.deliver()
    assert tuple(hosts[TWO].recv(100)[20:] for _ in commit) == commit
    assert switch.quality(ONE).is_cut
    # The answer is lost too.
    hosts[TWO].send(packet(to=ONE))
    switch.take(TWO)
    switch.deliver()
    hosts[ONE].setblocking(False)
    with pytest.raises(BlockingIOError):
        hosts[ONE].recv(100)
