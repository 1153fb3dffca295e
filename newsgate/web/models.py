"""Models side by side, with the decisions about them; promoting one, and going back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsgate.db.model_registry import ModelRecord, champion_number, list_models
from newsgate.db.promotions import Promotion, decisions_about
from newsgate.db.promotions import promote as make_champion
from newsgate.db.promotions import roll_back as go_back
from newsgate.model.recorded_facts import RecordedFacts, recorded_facts
from newsgate.pages.accuracy_chart import draw_accuracies, draw_error_curves
from newsgate.tasks.inspecting.model_figures import PromotionFigures, error_curve, promotion_figures
from newsgate.tasks.running.open_database import ensure_champion
from newsgate.web.query import number_of, typed
from newsgate.web.rendering import page
from newsgate.web.site import OldFormError, check_csrf, require_role, session_of, site_of

_MODELS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about a model, and the figures of the test that it rests on; None where a person decided."""

    promotion: Promotion
    figures: PromotionFigures | None


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model beside the others. decisions: in which it was the challenger, newest first."""

    record: ModelRecord
    facts: RecordedFacts
    decisions: tuple[Decided, ...]


def models_page(request: Request) -> Response:
    """The latest models side by side, or those that are chosen."""
    database = site_of(request).database
    ensure_champion(database)
    wanted = {number_of(each) for each in request.query_params.getlist("model")}
    with database.read() as connection:
        everything = list_models(connection)
        chosen = [each for each in everything if each.number in wanted] or everything[:_MODELS_SHOWN]
        champion = next((each for each in everything if each.state == "champion"), None)
        if champion is not None and not wanted and champion not in chosen:
            chosen = [*chosen[: _MODELS_SHOWN - 1], champion]
        views = [
            ModelView(
                each,
                recorded_facts(each.metadata),
                tuple(
                    Decided(decision, promotion_figures(decision))
                    for decision in reversed(decisions_about(connection, each.number))
                    if decision.challenger == each.number
                ),
            )
            for each in chosen[:_MODELS_SHOWN]
        ]
    judged = [(f"model {each.record.number}", each.facts.judged) for each in reversed(views) if each.facts.judged]
    curves = [(f"model {each.record.number}", error_curve(each.record)) for each in reversed(views)]
    return page(
        request,
        "models.html.j2",
        models=views,
        is_compared=any(decided.figures for view in views for decided in view.decisions),
        everything=everything,
        champion=champion.number if champion is not None else None,
        accuracies=draw_accuracies([(name, facts.accuracy, facts.rows) for name, facts in judged]) if judged else None,
        curves=draw_error_curves([(name, curve) for name, curve in curves if curve]),
        said=request.query_params.get("said", ""),
    )


async def promote(request: Request) -> Response:
    """Make a model the champion, as `newsgate promote`."""
    form = await _admins_form(request)
    number = number_of(str(form.get("model", "")))
    if number is None:
        raise HTTPException(400, "Choose a model.")
    reason = _reason(request, form)

    def change(connection: Any) -> None:
        _check_champion(connection, form)
        make_champion(connection, number, reason=reason, figures={})

    await run_in_threadpool(_write, request, change)
    return RedirectResponse("/models?said=promoted", status_code=303)


async def roll_back(request: Request) -> Response:
    """Go back to the champion before, as `newsgate rollback`."""
    form = await _admins_form(request)
    reason = _reason(request, form)

    def change(connection: Any) -> None:
        _check_champion(connection, form)
        go_back(connection, reason=reason)

    await run_in_threadpool(_write, request, change)
    return RedirectResponse("/models?said=rolled-back", status_code=303)


async def _admins_form(request: Request) -> Mapping[str, Any]:
    form = await request.form()
    check_csrf(request, form)
    require_role(request, "admin")
    return form


def _check_champion(connection: Any, form: Mapping[str, Any]) -> None:
    """Refuse a form in which another model stands as champion: it is old, or was sent twice and would go back twice."""
    seen, found = number_of(str(form.get("champion", ""))), champion_number(connection)
    if seen is not None and seen != found:
        raise OldFormError(
            f"model {found} is champion by now, no longer model {seen}",
            remedy="Nothing is changed: look at the page of the models again",
        )


def _reason(request: Request, form: Mapping[str, Any]) -> str:
    reason = typed(str(form.get("reason", "")))
    if not reason:
        raise HTTPException(400, "Say why: the reason is recorded with the decision.")
    return f"{reason} ({session_of(request).person.name}, on the page)"


def _write(request: Request, change: Callable[[Any], object]) -> None:
    with site_of(request).database.write() as connection:
        change(connection)
