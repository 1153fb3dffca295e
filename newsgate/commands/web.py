"""`newsgate web`: the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsgate.console.error_reporting import ErrorReportingCommand
from newsgate.console.parameter_types import UTF8_TEXT, WholeNumberRange
from newsgate.console.parent_process_option import parent_process_option
from newsgate.foundation.errors import NewsgateError
from newsgate.foundation.installation import install_command

if TYPE_CHECKING:
    from newsgate.web.people import Person


class WebNotInstalledError(NewsgateError):
    """The libraries of the page are not installed."""

    def __init__(self) -> None:
        super().__init__("the libraries of the web page are missing", remedy=f"Run: {install_command('web')}")


def require_web_libraries() -> None:
    """See that the page can be served. Raises WebNotInstalledError."""
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("starlette", "uvicorn", "python_multipart")):
        raise WebNotInstalledError


@click.command("web", cls=ErrorReportingCommand)
@click.option("--viewer", "viewers", type=UTF8_TEXT, multiple=True, metavar="NAME", help="Let NAME look at everything.")
@click.option(
    "--reviewer",
    "reviewers",
    type=UTF8_TEXT,
    multiple=True,
    metavar="NAME",
    help="Let NAME also enqueue files and judge texts.",
)
@click.option("--admin", "admins", type=UTF8_TEXT, multiple=True, metavar="NAME", help="Let NAME also promote models.")
@click.option(
    "--users",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep who may use the page there, so that their addresses stay the same. [default: NEWSGATE_WEB_USERS]",
)
@click.option("--host", metavar="ADDRESS", help="Where to listen. [default: NEWSGATE_WEB_HOST, 127.0.0.1]")
@click.option(
    "--port",
    type=WholeNumberRange(0, 65535),
    metavar="N",
    help="On which port; 0: any. [default: NEWSGATE_WEB_PORT, 8765]",
)
@click.option("--public-url", metavar="URL", help="By which address browsers reach it, behind a proxy.")
@click.option("--tls-certificate", metavar="FILE", help="Serve by TLS, with this certificate (PEM).")
@click.option("--tls-key", metavar="FILE", help="The key of the certificate (PEM).")
@parent_process_option
def web(
    *,
    viewers: tuple[str, ...],
    reviewers: tuple[str, ...],
    admins: tuple[str, ...],
    users: Path | None,
    host: str | None,
    port: int | None,
    public_url: str | None,
    tls_certificate: str | None,
    tls_key: str | None,
    parent: int | None,
) -> None:
    """Serve the page: drop files in, watch them, browse verdicts, review by keyboard, compare models.

    It prints an address for each person, with a token in it. Without names the page is for you alone, as admin. It
    listens on this machine only, until Ctrl-C; docs/web.md says how others reach it.

    \b
    Examples:
      newsgate web
      newsgate web --admin Ada --reviewer Bob --reviewer Cid --users people.conf
    """
    require_web_libraries()
    from newsgate.tasks.running.process import begin_program
    from newsgate.web.people import admit
    from newsgate.web.server import serve
    from newsgate.worker.settings import load_settings

    settings = load_settings(
        web_host=host,
        web_port=port,
        web_public_url=public_url,
        web_tls_certificate=tls_certificate,
        web_tls_key=tls_key,
        web_users=None if users is None else str(users),
    )
    file = Path(settings.web_users) if settings.web_users else None
    persons = _persons(viewers, reviewers, admins)
    if not persons and (file is None or not file.exists()):
        persons = [_myself()]
    begin_program(settings, name="web", parent=parent)
    people, invitations = admit(persons, file=file)
    serve(settings, people, invitations)


def _persons(viewers: tuple[str, ...], reviewers: tuple[str, ...], admins: tuple[str, ...]) -> list[Person]:
    from newsgate.web.people import Person

    return [
        *(Person(name.strip(), "viewer") for name in viewers),
        *(Person(name.strip(), "reviewer") for name in reviewers),
        *(Person(name.strip(), "admin") for name in admins),
    ]


def _myself() -> Person:
    from newsgate.console.reviewer_option import reviewer_name
    from newsgate.web.people import Person

    return Person(reviewer_name(None), "admin")
