"""A batch is steered on its page as by the commands, on both databases, by whoever may."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from newsgate.db.batch_status import batch_status
from newsgate.db.batches import queued_chunks
from tests.desk import Desk
from tests.web import Browser, WebSite, closing_site

ROWS = 12


@pytest.fixture
def web(desk: Desk) -> Iterator[WebSite]:
    with closing_site(WebSite(desk.settings, desk.database)) as made:
        yield made


def _offered(browser: Browser, batch: int) -> set[str]:
    """What the page of the batch offers to do."""
    browser.get(f"/batches/{batch}")
    return set(re.findall(rf'action="/batches/{batch}/(\w+)"', browser.html)) - {"verdicts", "download"}


def _state(desk: Desk, batch: int) -> str:
    with desk.database.read() as connection:
        return batch_status(connection, batch).state


def test_a_batch_is_paused_goes_on_gets_a_priority_is_cancelled_and_tried_again(web: WebSite, desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    browser = web.browser("Ada")
    assert _offered(browser, batch) == {"pause", "priority", "cancel"}
    browser.post(f"/batches/{batch}/pause")
    assert "It is paused: no more rows are begun until somebody lets it go on." in browser.shown
    assert (_state(desk, batch), _offered(browser, batch)) == ("paused", {"resume", "priority", "cancel"})
    browser.post(f"/batches/{batch}/pause")
    assert "Nothing is changed" in browser.shown
    browser.post(f"/batches/{batch}/priority", priority="50")
    assert "It has priority 50 from now on." in browser.shown
    assert "<li>priority 50</li>" in browser.html
    browser.post(f"/batches/{batch}/resume")
    assert "It goes on." in browser.shown
    assert _state(desk, batch) == "queued"
    browser.post(f"/batches/{batch}/cancel")
    assert "It is cancelled. The verdicts that it has stay." in browser.shown
    assert (_state(desk, batch), _offered(browser, batch)) == ("cancelled", {"requeue"})
    assert f"Try {ROWS} rows again" in browser.shown
    browser.post(f"/batches/{batch}/requeue")
    assert f"{ROWS} rows are tried again." in browser.shown
    desk.work_off(batch)
    assert (_state(desk, batch), _offered(browser, batch)) == ("done", set())
    for verb in ("pause", "resume", "cancel", "requeue"):
        browser.post(f"/batches/{batch}/{verb}")
        assert "Nothing is changed" in browser.shown
    desk.assert_sound()


def test_rows_that_failed_are_tried_again_in_the_middle_of_work(web: WebSite, desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    desk.finish(batch, failing=(5,), only=desk.waiting(batch)[:1])
    browser = web.browser("Ada")
    assert _offered(browser, batch) == {"pause", "priority", "cancel", "requeue"}
    assert "Try 1 row again" in browser.shown
    browser.post(f"/batches/{batch}/requeue")
    assert "One row is tried again." in browser.shown
    with desk.database.read() as connection:
        assert batch_status(connection, batch).failed == 0
        assert len(queued_chunks(connection, batch_status(connection, batch).run)) == 2
    desk.assert_sound()


def test_what_was_said_is_not_said_again_when_it_is_no_longer_true(web: WebSite, desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    browser = web.browser("Ada")
    browser.get(f"/batches/{batch}")
    browser.post(f"/batches/{batch}/pause")
    browser.post(f"/batches/{batch}/resume")
    for said in ("paused", "cancelled", "nonsense"):
        browser.get(f"/batches/{batch}?said={said}")
        assert 'role="status"' not in browser.html


@pytest.mark.parametrize("priority", ["", "0", "101", "much"])
def test_a_priority_that_none_can_have_changes_nothing(priority: str, web: WebSite, desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    browser = web.browser("Ada")
    browser.get(f"/batches/{batch}")
    browser.post(f"/batches/{batch}/priority", status=400, priority=priority)
    with desk.database.read() as connection:
        assert batch_status(connection, batch).priority == 10


@pytest.mark.parametrize("name", ["Vera", "Rita"])
def test_who_may_not_steer_is_offered_nothing_and_changes_nothing(name: str, web: WebSite, desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    browser = web.browser(name)
    assert _offered(browser, batch) == set()
    for verb in ("pause", "cancel", "requeue", "resume", "priority"):
        browser.get(f"/batches/{batch}")
        browser.post(f"/batches/{batch}/{verb}", status=403, priority="50")
        assert "This needs the role admin." in browser.shown
    with desk.database.read() as connection:
        status = batch_status(connection, batch)
    assert (status.state, status.priority) == ("queued", 10)


def test_a_batch_that_is_not_there_cannot_be_steered(web: WebSite) -> None:
    browser = web.browser("Ada")
    browser.get("/batches")
    browser.post("/batches/9/pause", status=404)
