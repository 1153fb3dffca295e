"""Where metrics are served: a host, and the first port of its processes."""

from __future__ import annotations


def parse_metrics_address(address: str) -> tuple[str, int]:
    """Host and first port. Raises ValueError with a sentence for people."""
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("it is not a host and a port; write one such as 127.0.0.1:9464")
    return host.strip("[]"), int(port)
