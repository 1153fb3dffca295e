"""A batch is classified again on its page, by whoever may, and once however often it is asked; on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from newsgate.db.batch_status import batch_runs
from newsgate.db.model_registry import add_model
from newsgate.tasks.classifying.steer_batch import cancel_batch
from tests.desk import Desk
from tests.web import Browser, WebSite, closing_site

ROWS = 12


@pytest.fixture
def web(desk: Desk) -> Iterator[WebSite]:
    with closing_site(WebSite(desk.settings, desk.database)) as made:
        yield made


@pytest.fixture
def batch(desk: Desk) -> int:
    """A batch that model 1 has classified, where there are two more models."""
    made = desk.enqueue(ROWS)
    desk.finish(made)
    with desk.database.write() as connection:
        for name in ("second", "third"):
            add_model(connection, name=name, bundle=name.encode(), metadata={})
    return made


def _offered(browser: Browser) -> list[str]:
    """The models that the form on the page has."""
    form = re.search(r'action="/batches/\d+/reclassify".*?</form>', browser.html, re.DOTALL)
    return [] if form is None else re.findall(r'<option value="(\d+)"', form[0])


def _runs(desk: Desk, batch: int) -> list[tuple[int, str]]:
    with desk.database.read() as connection:
        return [(run.model, run.state) for run in reversed(batch_runs(connection, batch))]


def test_another_model_classifies_it_and_what_changed_is_told(web: WebSite, desk: Desk, batch: int) -> None:
    ada, path = web.browser("Ada"), f"/batches/{batch}/reclassify"
    ada.get(f"/batches/{batch}")
    assert _offered(ada) == ["3", "2"]
    form = ada.fill_in(path, model="2")
    ada.send(path, filled_in=form)
    assert "Model 2 classifies it. The verdicts of other models stay." in ada.shown
    assert f"queued : 0 of {ROWS} rows have a verdict" in ada.shown
    assert "Verdicts of several models: model 2 (queued), model 1 ." in ada.shown
    assert "What changed" not in ada.shown
    # A second click begins nothing.
    ada.send(path, filled_in=form)
    assert "Model 2 classifies it." in ada.shown
    assert (_runs(desk, batch), _offered(ada)) == ([(1, "done"), (2, "queued")], ["3"])
    desk.finish(batch, failing=(5,))
    vera = web.browser("Vera")
    vera.get(f"/batches/{batch}")
    assert f"done : {ROWS} of {ROWS} rows have a verdict . 1 failed ." in vera.shown
    assert _offered(vera) == []
    vera.get(re.findall(r'href="(/batches/\d+/flips[^"]*)"', vera.html)[0].replace("&amp;", "&"))
    assert f"0 of {ROWS - 1} labels differ (0.0%): 0 from real to fake, 0 from fake to real." in vera.shown
    assert "On 1 row, model 2 alone gave no label." in vera.shown
    # Who asks for what is done already is told so, and shown it.
    ada.send(path, filled_in=form)
    assert "Nothing is changed: it was so already, or the batch is over." in ada.shown
    assert _runs(desk, batch) == [(1, "done"), (2, "done")]


def test_a_form_about_an_older_run_steers_no_newer_one(web: WebSite, desk: Desk, batch: int) -> None:
    ada, other = web.browser("Ada"), web.browser("Ada")
    for browser in (ada, other):
        browser.get(f"/batches/{batch}")
    ada.send(f"/batches/{batch}/reclassify", model="2")
    other.get(f"/batches/{batch}")
    old = other.fill_in(f"/batches/{batch}/cancel")
    ada.send(f"/batches/{batch}/reclassify", model="3")
    other.send(f"/batches/{batch}/cancel", status=400, filled_in=old)
    assert f"Model 3 classifies batch {batch} again since this page was loaded." in other.shown
    assert [state for _, state in _runs(desk, batch)] == ["done", "queued", "queued"]
    # The runs that are not the latest are shown, and cannot be steered.
    other.get(f"/batches/{batch}?model=2")
    assert f'action="/batches/{batch}/cancel"' not in other.html


def test_a_run_that_was_cancelled_goes_on(web: WebSite, desk: Desk, batch: int) -> None:
    ada = web.browser("Ada")
    ada.get(f"/batches/{batch}")
    ada.send(f"/batches/{batch}/reclassify", model="2")
    cancel_batch(desk.database, batch)
    ada.get(f"/batches/{batch}")
    # The latest run has its button for that.
    assert (_offered(ada), f"Try {ROWS} rows again" in ada.shown) == (["3"], True)
    ada.send(f"/batches/{batch}/reclassify", model="3")
    assert _offered(ada) == ["2"]
    ada.send(f"/batches/{batch}/reclassify", model="2")
    assert "Model 2 classifies it." in ada.shown
    assert _runs(desk, batch)[1] == (2, "running")


@pytest.mark.parametrize("model", ["", "9", "first"])
def test_a_model_that_is_none_begins_nothing(model: str, web: WebSite, desk: Desk, batch: int) -> None:
    ada = web.browser("Ada")
    ada.get(f"/batches/{batch}")
    ada.send(f"/batches/{batch}/reclassify", status=404 if model == "9" else 400, model=model)
    assert _runs(desk, batch) == [(1, "done")]


def test_where_there_is_one_model_nothing_is_offered(web: WebSite, desk: Desk) -> None:
    batch = desk.enqueue(ROWS)
    ada = web.browser("Ada")
    ada.get(f"/batches/{batch}")
    assert _offered(ada) == []
