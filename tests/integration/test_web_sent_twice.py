"""Forms that are sent twice, late, or from another tab: each counts once, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from newsgate.db.judgement_tables import labels, retracted_labels
from newsgate.db.labels import add_label, text_hash
from newsgate.db.review import add_suspects, suspect_texts
from newsgate.tasks.labelling.label_item import ItemChoice, label_item
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.worker.settings import load_settings
from tests.review_queue import Queue, text_of
from tests.web import Browser, WebSite, closing_site


@pytest.fixture
def web(queue: Queue) -> Iterator[WebSite]:
    ensure_champion(queue.database)
    with closing_site(WebSite(load_settings(), queue.database)) as made:
        yield made


@pytest.fixture
def item(queue: Queue) -> int:
    """The item of row 2."""
    with queue.database.read() as connection:
        found: int = connection.exec_driver_sql("select min(id) from items").scalar_one()
    return found


def _given(queue: Queue) -> list[tuple[str, str]]:
    """Every judgement that counts: who says what, in the order of their ids."""
    with queue.database.read() as connection:
        found = connection.execute(labels.select().order_by(labels.c.id))
        return [(row.labelled_by, row.label) for row in found]


def _taken_back(queue: Queue) -> int:
    with queue.database.read() as connection:
        return len(connection.execute(retracted_labels.select()).all())


def test_a_judgement_that_is_sent_twice_counts_once(queue: Queue, web: WebSite, item: int) -> None:
    rita, path = web.browser("Rita"), f"/items/{item}/label"
    rita.get(f"/items/{item}")
    form = rita.fill_in(path, label="fake")
    for _ in range(2):
        rita.send(path, filled_in=form)
        assert "Recorded." in rita.shown
    assert _given(queue) == [("Rita", "fake")]


def test_two_clicks_at_the_same_moment_count_once(queue: Queue, web: WebSite, item: int) -> None:
    with ThreadPoolExecutor(4) as threads:
        for sent in [
            threads.submit(label_item, queue.database, ItemChoice(item), "fake", by="Rita", seen=0) for _ in range(8)
        ]:
            sent.result()
    assert _given(queue) == [("Rita", "fake")]


def test_a_form_sent_again_does_not_speak_after_somebody_else(queue: Queue, web: WebSite, item: int) -> None:
    rita, rob, path = web.browser("Rita"), web.browser("Rob"), f"/items/{item}/label"
    rita.get(f"/items/{item}")
    rob.get(f"/items/{item}")
    form = rita.fill_in(path, label="fake")
    rita.send(path, filled_in=form)
    rob.send(path, label="real")
    rita.send(path, filled_in=form)
    assert _given(queue) == [("Rita", "fake"), ("Rob", "real")]
    # Who has seen what Rob says, and says the same as before, means it.
    rita.send(path, label="fake")
    assert _given(queue) == [("Rita", "fake"), ("Rob", "real"), ("Rita", "fake")]


def test_who_says_something_else_in_another_tab_has_changed_their_mind(queue: Queue, web: WebSite, item: int) -> None:
    rita, path = web.browser("Rita"), f"/items/{item}/label"
    rita.get(f"/items/{item}")
    fake, real = rita.fill_in(path, label="fake"), rita.fill_in(path, label="real")
    rita.send(path, filled_in=fake)
    rita.send(path, filled_in=real)
    assert _given(queue) == [("Rita", "fake"), ("Rita", "real")]


def test_a_suspect_is_judged_once_more_by_whoever_judged_it(queue: Queue, item: int) -> None:
    label_item(queue.database, ItemChoice(item), "fake", by="Rita")
    with queue.database.write() as connection:
        add_suspects(connection, [text_hash(text_of(2))])
    assert not label_item(queue.database, ItemChoice(item), "fake", by="Rita").known
    assert label_item(queue.database, ItemChoice(item), "fake", by="Rita").known
    assert _given(queue) == [("Rita", "fake"), ("Rita", "fake")]
    with queue.database.read() as connection:
        assert suspect_texts(connection) == frozenset()


def test_what_a_file_said_in_the_name_of_a_person_is_no_judgement_of_theirs(queue: Queue, item: int) -> None:
    with queue.database.write() as connection:
        add_label(connection, text_of(2), "fake", labelled_by="Rita", chosen="file")
    assert not label_item(queue.database, ItemChoice(item), "fake", by="Rita").known
    assert len(_given(queue)) == 2


def test_taking_back_twice_takes_one_judgement_back(queue: Queue, web: WebSite, item: int) -> None:
    rita, path = web.browser("Rita"), f"/items/{item}/label"
    rita.get(f"/items/{item}")
    for label in ("fake", "real"):
        rita.send(path, label=label)
    assert "Take back what I said last: real" in rita.shown
    form = rita.fill_in(f"/items/{item}/undo")
    for _ in range(2):
        rita.send(f"/items/{item}/undo", filled_in=form)
        assert "Your judgement is taken back." in rita.shown
    assert (_given(queue), _taken_back(queue)) == ([("Rita", "fake")], 1)


def test_an_old_page_does_not_take_back_what_was_said_since(queue: Queue, web: WebSite, item: int) -> None:
    rita, path = web.browser("Rita"), f"/items/{item}/label"
    rita.get(f"/items/{item}")
    rita.send(path, label="fake")
    old = rita.fill_in(f"/items/{item}/undo")
    rita.send(path, label="real")
    rita.send(f"/items/{item}/undo", status=400, filled_in=old)
    assert "This is not what you said last of this text. Nothing is changed:" in rita.shown
    rita.post(f"/items/{item}/undo", status=400)
    assert _given(queue) == [("Rita", "fake"), ("Rita", "real")]


def test_a_second_click_on_undo_undoes_no_second_answer(queue: Queue, web: WebSite) -> None:
    rita = web.browser("Rita")
    rita.get("/review")
    for _ in range(3):
        _answer(rita, "fake")
    form = _filled_in(rita, "undo")
    for _ in range(2):
        rita.send("/review/answer", filled_in=form)
    assert "That was undone already. Undo once more to take back what was before it." in rita.shown
    assert len(_given(queue)) == 2
    _answer(rita, "undo")
    assert len(_given(queue)) == 1


def _answer(browser: Browser, action: str) -> None:
    browser.send("/review/answer", filled_in=_filled_in(browser, action))


def _filled_in(browser: Browser, action: str) -> dict[str, str]:
    assert re.search(r'name="item" value="\d+"', browser.html)
    return browser.fill_in("/review/answer", action=action)
