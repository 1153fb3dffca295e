"""What a person is told where something goes wrong that is not theirs: no way ends there, and nothing is lost."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from newsgate.web import rows
from tests.desk import Desk
from tests.web import Browser, WebSite, closing_site

ROWS = 12


@pytest.fixture
def web(desk: Desk) -> Iterator[WebSite]:
    with closing_site(WebSite(desk.settings, desk.database)) as made:
        yield made


def _failing(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def _item(desk: Desk) -> int:
    batch = desk.enqueue(1)
    desk.finish(batch)
    return desk.results(batch)[0].item


def test_a_full_disk_is_told_as_such(web: WebSite, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = desk.enqueue(ROWS)
    desk.finish(batch)
    vera = web.browser("Vera")
    # A device on which every write finds the disk full.
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: Path("/dev/full").open("r+b", buffering=0))  # noqa: SIM115
    vera.get(f"/batches/{batch}/download", status=507)
    assert "The disk of the machine that serves this page is full." in vera.shown
    assert vera.client.get(f"/batches/{batch}/download").headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("error", [ValueError("a defect"), OSError(errno.EIO, "a broken disk")])
def test_a_defect_is_a_page_with_a_way_on(
    error: Exception, web: WebSite, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    item = _item(desk)
    vera = web.browser("Vera")
    monkeypatch.setattr(rows, "tell_story", _failing(error))
    vera.get(f"/items/{item}", status=500)
    assert "This is a defect of newsgate. Tell whoever runs the page: its log says more." in vera.shown
    assert "To the batches" in vera.shown
    assert vera.client.get(f"/items/{item}").headers["content-security-policy"].startswith("default-src 'none'")
    assert [record.exc_info is not None for record in caplog.records if "went wrong" in record.message] == [True, True]


def test_a_file_that_the_disk_has_no_room_for_is_kept(
    web: WebSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rita = web.browser("Rita")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with monkeypatch.context() as patched:
        patched.setattr("newsgate.web.upload_jobs.enqueue", _failing(full))
        rita.upload("posts.csv", b"text\nThe bridge closes\n", status=422)
        assert "posts.csv: it cannot be read or stored: No space left on device." in rita.shown
        assert "Tell whoever runs the page, then send it again" in rita.shown
    rita.answer_about_upload()
    assert "How far it is" in rita.shown


def _sign_in(browser: Browser, token: str) -> str:
    """Give the token to the page that asks for it; gives where the browser goes then."""
    browser.send("/sign-in", filled_in=browser.fill_in("/sign-in", token=token))
    return unescape(browser.html.split('content="0; url=')[1].split('"')[0])


def test_who_signs_in_comes_to_the_page_that_was_asked_for(web: WebSite) -> None:
    stranger = web.stranger()
    stranger.get("/batches/2/verdicts?verdict=fake&text=a+b", status=401)
    assert 'href="/batches/2/verdicts?verdict=fake&amp;text=a+b"' in stranger.html
    stranger.send("/sign-in", status=403, token="guessed")
    assert _sign_in(stranger, web.tokens["Vera"]) == "/batches/2/verdicts?verdict=fake&text=a+b"


def test_who_was_signed_out_hears_that_the_form_was_not_taken(web: WebSite, desk: Desk) -> None:
    item = _item(desk)
    rita = web.browser("Rita")
    rita.get(f"/items/{item}")
    rita.client.headers["referer"] = f"{web.address.rstrip('/')}/items/{item}"
    web.site.sessions.end_all()
    rita.send(f"/items/{item}/label", status=401, label="fake")
    assert "You were signed out, and what you sent was not taken." in rita.shown
    assert _sign_in(rita, web.tokens["Rita"]) == f"/items/{item}"


@pytest.mark.parametrize(
    "place", ["//evil.example", "/\\evil.example", "https://evil.example", "/sign-in", "/a\nb", "é"]
)
def test_nobody_is_led_to_another_site(place: str, web: WebSite) -> None:
    stranger = web.stranger()
    stranger.get("/sign-in")
    stranger.send("/sign-in", token=web.tokens["Vera"], place=place)
    assert 'content="0; url=/batches"' in stranger.html
