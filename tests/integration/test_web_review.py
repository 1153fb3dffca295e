"""Review on the page: the queue of `newsgate review`, several people at once, and what a second press of a key does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.settings import load_settings
from tests.review_queue import ROWS, Queue, text_of
from tests.web import Browser, WebSite, closing_site


@pytest.fixture
def web(queue: Queue) -> Iterator[WebSite]:
    ensure_champion(queue.database)
    with closing_site(WebSite(load_settings(), queue.database)) as made:
        yield made
    assert queue.leases() == 0


def asked(browser: Browser) -> str:
    """The text that the page asks about."""
    found = re.search(r"<blockquote[^>]*>(.*?)</blockquote>", browser.html, re.DOTALL)
    assert found is not None, browser.shown
    return found[1].strip()


def act(browser: Browser, action: str) -> str:
    """Press a key; gives the next text."""
    item = re.search(r'name="item" value="(\d+)"', browser.html)
    browser.post("/review/answer", action=action, item=item[1] if item else "", batch="")
    return asked(browser)


def test_each_answer_is_stored_under_the_name_of_whoever_gave_it(queue: Queue, web: WebSite) -> None:
    rita = web.browser("Rita")
    rita.get("/review")
    first = asked(rita)
    second = act(rita, "fake")
    third = act(rita, "real")
    assert len({first, second, third}) == 3
    said = queue.said()
    assert (said[first][0], said[first][2]) == ("fake", "Rita")
    assert (said[second][0], said[second][2]) == ("real", "Rita")
    assert "2 labelled, 0 skipped" in rita.shown
    # Neither what the model says nor what others said.
    assert "p_fake" not in rita.html


def test_two_people_are_never_shown_the_same_text(queue: Queue, web: WebSite) -> None:
    browsers = [web.browser("Rita"), web.browser("Rob"), web.browser("Rob")]
    for browser in browsers:
        browser.get("/review")
    seen = []
    for _ in range(4):
        now = [asked(browser) for browser in browsers]
        assert len(set(now)) == 3
        seen += now
        for browser in browsers:
            act(browser, "fake")
    assert len(set(seen)) == len(seen)


def test_skip_and_undo_are_those_of_the_command(queue: Queue, web: WebSite) -> None:
    rita = web.browser("Rita")
    rita.get("/review")
    first = asked(rita)
    second = act(rita, "skip")
    assert act(rita, "fake") not in (first, second)
    assert act(rita, "undo") == second
    assert queue.said() == {}
    assert act(rita, "undo") == first
    rita.post("/review/answer", action="undo", item="", batch="")
    assert "There is nothing to undo in this session." in rita.shown


def test_a_key_that_is_pressed_twice_answers_one_text(queue: Queue, web: WebSite) -> None:
    rita = web.browser("Rita")
    rita.get("/review")
    item = re.search(r'name="item" value="(\d+)"', rita.html)
    assert item is not None
    first = asked(rita)
    for _ in range(2):
        rita.post("/review/answer", action="fake", item=item[1], batch="")
    assert set(queue.said()) == {first}
    assert "That text was judged or passed on already" in rita.shown


def test_a_person_who_signs_out_gives_back_what_they_hold(queue: Queue, web: WebSite) -> None:
    rita, rob = web.browser("Rita"), web.browser("Rob")
    rita.get("/review")
    held = asked(rita)
    assert queue.leases() == 1
    rita.post("/sign-out", status=200)
    assert queue.leases() == 0
    rob.get(f"/review?batch={queue.batch}")
    assert asked(rob) in {held, *(text_of(row) for row in range(2, ROWS + 2))}


def test_a_queue_that_is_empty_is_asked_anew_on_the_next_visit(queue: Queue, web: WebSite) -> None:
    rita = web.browser("Rita")
    rita.get("/review?batch=1")
    for _ in range(ROWS):
        item = re.search(r'name="item" value="(\d+)"', rita.html)
        assert item is not None
        rita.post("/review/answer", action="real", item=item[1], batch="1")
    assert "Nothing is left to review." in rita.shown
    queue.classified(["a new text"])
    rita.get("/review")
    assert asked(rita) == "a new text"


def test_a_row_that_holds_a_label_does_not_show_it(web: WebSite) -> None:
    browser = web.browser("Rita")
    browser.get("/review")
    assert browser.client.post("/review/answer", data={"csrf": browser.csrf, "action": "maybe"}).status_code == 400
