"""The process that serves the page: its socket, its people, and its end."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import socket
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvicorn

from newsgate.db.session import Database
from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.running.open_database import open_database
from newsgate.web.app import make_app
from newsgate.web.people import Invitation, People
from newsgate.web.progress import ProgressFeed
from newsgate.web.sessions import Sessions
from newsgate.web.site import Site
from newsgate.web.upload_jobs import UploadJobs
from newsgate.worker.health import HealthFile, Pulse
from newsgate.worker.settings import Settings, prepare_home
from newsgate.worker.supervisor import tell_supervisor

log = logging.getLogger("newsgate.web")

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
# What is being sent is sent to its end, and no browser that looks on can hold the process.
_LAST_SECONDS = 3
_IDLE_LOOK_SECONDS = 60.0
_BEAT_SECONDS = 5.0
# What is slow is done in threads. A loop that stands still for so long answers nobody.
_LONGEST_TURN_SECONDS = 30.0


def serve(settings: Settings, people: People, invitations: Sequence[Invitation], *, tell: Sequence[str] = ()) -> None:
    """Serve the page until SIGTERM or Ctrl-C. Raises WrongUsageError where that cannot be, and DatabaseError.

    tell: lines to print before the addresses.
    """
    tls = _tls_of(settings)
    _refuse_open_text(settings, has_tls=tls)
    with closing(open_database(settings)) as database, _own_temporary_files(settings), _listening(settings) as listener:
        address = _address(settings, port=listener.getsockname()[1], has_tls=tls)
        site = make_site(settings, database, people, address=address)
        server = _Server(
            uvicorn.Config(
                make_app(site),
                log_config=None,
                access_log=False,
                server_header=False,
                # Who asks is of no interest here, and a proxy's word for it of none either.
                proxy_headers=False,
                timeout_graceful_shutdown=_LAST_SECONDS,
                ssl_certfile=settings.web_tls_certificate or None,
                ssl_keyfile=settings.web_tls_key or None,
            )
        )
        site.feed.is_ending = lambda: server.should_exit
        for line in (*tell, *_lines(address, invitations)):
            print_line(line)
        tell_supervisor()
        asyncio.run(server.serve_until_told(site, listener))


def make_site(settings: Settings, database: Database, people: People, *, address: str) -> Site:
    """What the application works with. address: by which browsers reach it."""
    name = urlsplit(address).hostname or ""
    hosts = {settings.web_host.lower(), name.lower(), f"[{name.lower()}]"}
    if settings.web_host in _LOOPBACK and not settings.web_public_url:
        hosts |= _LOOPBACK
    return Site(
        settings=settings,
        database=database,
        people=people,
        sessions=Sessions(),
        feed=ProgressFeed(database, settings),
        uploads=UploadJobs(database, settings),
        hosts=frozenset(hosts),
        is_secure=address.startswith("https:"),
    )


def print_line(line: str) -> None:
    """Print a line on standard error."""
    import sys

    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class _Server(uvicorn.Server):
    """Uvicorn's server, whose signals are this process's own: it ends as every program of newsgate does."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def serve_until_told(self, site: Site, listener: socket.socket) -> None:
        """Serve until SIGINT, SIGTERM or SIGHUP."""
        loop = asyncio.get_running_loop()
        told = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in told:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._stop)
        pulse = Pulse(limit_seconds=_LONGEST_TURN_SECONDS)
        beside = [asyncio.create_task(_forget_what_is_idle(site)), asyncio.create_task(_keep_beating(pulse))]
        try:
            with HealthFile(site.settings, part="web", look=pulse.state):
                await self.serve(sockets=[listener])
        finally:
            for task in beside:
                task.cancel()

    def _stop(self) -> None:
        self.should_exit = True


async def _keep_beating(pulse: Pulse) -> None:
    while True:
        pulse.beat()
        await asyncio.sleep(_BEAT_SECONDS)


async def _forget_what_is_idle(site: Site) -> None:
    while True:
        await asyncio.sleep(_IDLE_LOOK_SECONDS)
        await asyncio.to_thread(site.sessions.end_idle)
        await asyncio.to_thread(site.uploads.forget_old)


def _lines(address: str, invitations: Sequence[Invitation]) -> Iterator[str]:
    if not invitations:
        yield f"newsgate web: {address} for everybody who has a token. Ctrl-C stops it."
    for each in invitations:
        yield f"newsgate web: {address}sign-in?token={each.token} is for {each.person.name} ({each.person.role})"
    if invitations:
        yield "Whoever has such an address is that person. Ctrl-C stops it."


def _tls_of(settings: Settings) -> bool:
    if bool(settings.web_tls_certificate) != bool(settings.web_tls_key):
        raise WrongUsageError(
            "a certificate and its key belong together", remedy="Give both --tls-certificate and --tls-key"
        )
    if not settings.web_tls_certificate:
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.web_tls_certificate, settings.web_tls_key)
    except (OSError, ssl.SSLError) as error:
        raise WrongUsageError(
            f"certificate and key cannot be used: {error}", where=settings.web_tls_certificate
        ) from error
    return True


def _refuse_open_text(settings: Settings, *, has_tls: bool) -> None:
    is_loopback = settings.web_host in _LOOPBACK
    if not is_loopback and not has_tls and not settings.web_public_url.startswith("https:"):
        raise WrongUsageError(
            f"{settings.web_host} is open to other machines, and tokens and texts would travel without TLS",
            remedy="Give --tls-certificate and --tls-key, or say with --public-url https://... that a proxy has them",
        )


def _address(settings: Settings, *, port: int, has_tls: bool) -> str:
    if settings.web_public_url:
        return settings.web_public_url.rstrip("/") + "/"
    host = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    return f"{'https' if has_tls else 'http'}://{host}:{port}/"


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
        listener = socket.create_server((settings.web_host, settings.web_port), family=family)
    except OSError as error:
        raise WrongUsageError(
            f"port {settings.web_port} of {settings.web_host} cannot be listened on: {error.strerror or error}",
            remedy="Choose another with --port, or 0 for any that is free",
        ) from error
    with listener:
        yield listener


@contextmanager
def _own_temporary_files(settings: Settings) -> Iterator[None]:
    """Let uploads and downloads under way be in the home folder, which others cannot read; gone with this process."""
    folder = Path(tempfile.mkdtemp(prefix="web-", dir=prepare_home(settings)))
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
