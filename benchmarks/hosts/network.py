"""Hosts of their own on one machine: network namespaces, each with an address, and a cable to a common switch."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from benchmarks.hosts.cable import Quality
from benchmarks.shared.processes import ROOT, BenchmarkError, clean_environment

# From the ioctl numbers and flags of linux/if_tun.h.
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
_DEVICE: Final = "/dev/net/tun"
_PREFIX: Final = "newsgate-"
_NETWORK: Final = "10.83.0."
_LIMIT_SECONDS: Final = 10


@dataclass(frozen=True)
class Host:
    """A network namespace. name: what people call it. address: IPv4. namespace: None for the one of this process."""

    name: str
    address: str
    namespace: str | None

    def command(self, command: Sequence[str]) -> list[str]:
        """Return what runs `command` on this host."""
        return [*([] if self.namespace is None else ["ip", "netns", "exec", self.namespace]), *command]


class Network:
    """Hosts and their cables. Made by `network_of`."""

    def __init__(self, hosts: Sequence[Host], switch: subprocess.Popen[str]) -> None:
        self.hosts = {host.name: host for host in hosts}
        self._switch = switch

    def set_cable(self, name: str, quality: Quality) -> None:
        """Change what the cable of a host is like."""
        self._ask({"host": self.hosts[name].address, **asdict(quality)})

    def cable(self, name: str) -> Quality:
        """Return what the cable of a host is like now."""
        return self._ask({"host": self.hosts[name].address})

    def _ask(self, told: dict[str, object]) -> Quality:
        assert self._switch.stdin is not None
        assert self._switch.stdout is not None
        self._switch.stdin.write(json.dumps(told) + "\n")
        self._switch.stdin.flush()
        answer = self._switch.stdout.readline()
        if not answer:
            raise BenchmarkError("the switch between the hosts has ended")
        return Quality(**json.loads(answer))


@contextlib.contextmanager
def network_of(desk: str, *others: str) -> Iterator[Network]:
    """Make hosts for as long as the block lasts. desk: the name of this process's own one.

    Raises BenchmarkError where this machine or this user may not make them.
    """
    _check_possible()
    with contextlib.ExitStack() as stack:
        hosts = [Host(desk, f"{_NETWORK}1", None)]
        hosts += [Host(name, f"{_NETWORK}{place}", f"{_PREFIX}{name}") for place, name in enumerate(others, 2)]
        devices = {host.address: stack.enter_context(_plugged_in(host)) for host in hosts}
        yield Network(hosts, stack.enter_context(_running_switch(devices)))


def _check_possible() -> None:
    missing = [
        what
        for what, is_there in (
            ("root", os.geteuid() == 0),
            (_DEVICE, Path(_DEVICE).exists()),
            ("the command `ip` (Debian: apt-get install iproute2)", shutil.which("ip") is not None),
        )
        if not is_there
    ]
    if missing:
        raise BenchmarkError(f"hosts of their own need {', '.join(missing)}, which this machine does not give")


@contextlib.contextmanager
def _plugged_in(host: Host) -> Iterator[int]:
    """Make the namespace of a host with its interface, and yield the file of that interface."""
    with contextlib.ExitStack() as stack:
        if host.namespace is not None:
            # Left behind by one that was killed.
            subprocess.run(["ip", "netns", "delete", host.namespace], capture_output=True, check=False)
            _ip("netns", "add", host.namespace)
            stack.callback(_ip, "netns", "delete", host.namespace)
        device = f"ng-{host.name}"
        number = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK)
        # The interface goes with its file.
        stack.callback(os.close, number)
        fcntl.ioctl(number, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
        if host.namespace is not None:
            _ip("link", "set", device, "netns", host.namespace)
        for arguments in (
            ("address", "add", f"{host.address}/24", "dev", device),
            ("link", "set", device, "up"),
            # Its own address is on the loopback interface, as on any host.
            ("link", "set", "lo", "up"),
        ):
            _run(host.command(["ip", *arguments]))
        yield number


@contextlib.contextmanager
def _running_switch(devices: dict[str, int]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.hosts.switch", json.dumps(devices)],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=tuple(devices.values()),
        # Ctrl-C is for the benchmark, which then ends the hosts in order.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _close(process.stdin)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LIMIT_SECONDS)
        process.kill()
        process.wait()
        _close(process.stdout)


def _close(stream: IO[str] | None) -> None:
    if stream is not None:
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def _ip(*arguments: str) -> None:
    _run(["ip", *arguments])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS)
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command)}: {done.stderr.strip()}")
