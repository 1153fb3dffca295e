"""The page in the test's own process: a site on a database, and browsers that are signed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from newsgate.db.session import Database
from newsgate.web.app import make_app
from newsgate.web.people import People, Person, Role, invite
from newsgate.web.server import make_site
from newsgate.worker.settings import Settings
from tests.services import wait_until

ADDRESS = "http://127.0.0.1:8765/"


class WebSite:
    """A page with a viewer, a reviewer called Rita, another called Rob, and an admin."""

    def __init__(self, settings: Settings, database: Database, *, address: str = ADDRESS) -> None:
        roles: dict[str, Role] = {"Vera": "viewer", "Rita": "reviewer", "Rob": "reviewer", "Ada": "admin"}
        invited = [invite(Person(name, role)) for name, role in roles.items()]
        self.tokens = {invitation.person.name: invitation.token for _, invitation in invited}
        self.site = make_site(settings, database, People(entry for entry, _ in invited), address=address)
        self.app: Starlette = make_app(self.site)
        self.address = address

    def stranger(self) -> Browser:
        """A browser that is not signed in."""
        return Browser(TestClient(self.app, base_url=self.address, follow_redirects=False))

    def browser(self, name: str = "Ada") -> Browser:
        """A browser that is signed in."""
        made = self.stranger()
        assert made.client.get(f"/sign-in?token={self.tokens[name]}").status_code == 200
        return made


class Browser:
    """What a person does, without a script."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.html = ""

    def get(self, path: str, *, status: int = 200) -> str:
        """Open an address; gives the page."""
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == status, answer.text
        self.html = answer.text
        return self.html

    def post(self, path: str, *, status: int = 200, csrf: str | None = None, files: Any = None, **fields: str) -> str:
        """Send a form of the page that was opened last, following where it leads."""
        token = self.csrf if csrf is None else csrf
        answer = self.client.post(path, data={"csrf": token, **fields}, files=files, follow_redirects=True)
        assert answer.status_code == status, answer.text
        self.html = answer.text
        return self.html

    def fill_in(self, path: str, **fields: str) -> dict[str, str]:
        """What a form of the page that was opened last sends: what the page put into it, and these fields."""
        found = re.search(rf'<form[^>]* action="{re.escape(path)}".*?</form>', self.html, re.DOTALL)
        assert found is not None, f"no form leads to {path}: {self.shown}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found[0]))
        return {**{name: unescape(value) for name, value in hidden.items()}, **fields}

    def send(self, path: str, *, status: int = 200, filled_in: dict[str, str] | None = None, **fields: str) -> str:
        """Send a form of the page that was opened last, or one that was filled in before; gives what comes."""
        data = self.fill_in(path, **fields) if filled_in is None else filled_in
        answer = self.client.post(path, data=data, follow_redirects=True)
        assert answer.status_code == status, answer.text
        self.html = answer.text
        return self.html

    def upload(self, name: str, content: bytes, *, status: int = 200, **fields: str) -> str:
        """Give the page a file, and look at what comes until it is read; gives the last page."""
        answer = self.client.post(
            "/upload", data={"csrf": self.csrf, **fields}, files={"file": (name, content)}, follow_redirects=True
        )
        return self._until_read(answer, status)

    def answer_about_upload(self, *, status: int = 200, **fields: str) -> str:
        """Send the form again that asks about a file."""
        upload = self.html.split('action="/uploads/')[1].split('"')[0]
        answer = self.client.post(f"/uploads/{upload}", data={"csrf": self.csrf, **fields}, follow_redirects=True)
        return self._until_read(answer, status)

    def _until_read(self, answer: Any, status: int) -> str:
        address = str(answer.url)
        if "/uploads/" in address:

            def is_read() -> bool:
                nonlocal answer
                answer = self.client.get(address, follow_redirects=True)
                return 'http-equiv="refresh"' not in answer.text

            wait_until(is_read, what="the file is read")
        assert answer.status_code == status, answer.text
        self.html = answer.text
        return self.html

    @property
    def csrf(self) -> str:
        """What the forms of the last page carry."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.html or self.get("/batches"))
        assert found is not None
        return found[1]

    @property
    def shown(self) -> str:
        """The words of the last page, without its markup."""
        body = re.sub(r"<script.*?</script>|<style.*?</style>", " ", self.html, flags=re.DOTALL)
        return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@contextmanager
def closing_site(made: WebSite) -> Iterator[WebSite]:
    """The site, and nothing of it in anybody's hands when the block ends."""
    try:
        yield made
    finally:
        made.site.sessions.end_all()
        made.site.uploads.close()
